//! A seed that breaks a law, put so that it can be understood and run again.

use super::Options;
use crate::{broken::Broken, letter::NO_ORDER, mutants::Mutant};
use std::fmt;

/// What broke, and how it came about.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// How it was run.
    pub options: Options,
    /// The law.
    pub broken: Broken,
    /// The last steps that concern the order.
    pub story: Vec<String>,
    /// It came out the same when it was run again.
    pub same: bool,
}

impl Failure {
    /// The command that runs it again.
    #[must_use]
    pub fn command(&self) -> String {
        if let Some(plan) = self.options.undisturbed {
            return format!("cargo test -p simulation --test any_order # plan {plan}, seed {}", self.seed);
        }
        let mut command = format!("cargo xtask sim --seed {} --orders {}", self.seed, self.options.orders);
        if self.options.mutant != Mutant::None {
            command.push_str(" --mutant ");
            command.push_str(self.options.mutant.name());
        }
        command
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken { law, order, found } = &self.broken;
        writeln!(f, "seed {} breaks a law: {law}", self.seed)?;
        writeln!(f, "  {found}")?;
        if *order == NO_ORDER {
            writeln!(f, "what happened at last:")?;
        } else {
            writeln!(f, "the story of order {order}, at last:")?;
        }
        for line in &self.story {
            writeln!(f, "  {line}")?;
        }
        if !self.same {
            writeln!(f, "run again, it came out otherwise: the simulation itself is not deterministic")?;
        }
        write!(f, "replay: {}", self.command())
    }
}
