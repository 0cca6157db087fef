//! `cargo xtask sim`: the simulation in release, as a process of its own.

use crate::cargo;

/// Simulate the flock with all its faults, from seeds.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Sim {
    /// What the simulation itself takes: --seed S, --seeds N, --orders N, --mutants, … (--help lists it)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Sim {
    /// Runs the simulation to its end.
    pub fn run(self) -> anyhow::Result<()> {
        let mut sim = cargo::cargo()?;
        sim.args(["run", "--quiet", "--release", "--package", "simulation", "--bin", "sim", "--"]);
        cargo::run(sim.args(self.arguments))
    }
}
