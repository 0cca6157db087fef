//! `cargo xtask servers`: only the servers, for who runs services by hand.

use std::time::Duration;

use crate::flock::variables;
use crate::state::{State, compose_file};
use crate::stop::Stop;

/// How often we look whether we should stop.
const LOOK: Duration = Duration::from_secs(3600);

/// Start only NATS, Postgres, Redis and MongoDB (or FerretDB), and wait for Ctrl-C.
///
/// They have the data and the ports of `cargo xtask up`, and can't run beside it. The lines on
/// stdout set the environment that `starling` reads.
#[derive(clap::Args)]
pub struct Servers {
    /// Wipe the data of earlier starts first
    #[arg(long)]
    fresh: bool,
    /// A file with NATS' authorization, as `starling nats-auth` prints it; without it anyone may do anything
    #[arg(long, value_name = "FILE")]
    auth: Option<std::path::PathBuf>,
}

impl Servers {
    /// Runs until it is asked to stop.
    pub fn run(self) -> anyhow::Result<()> {
        let stop = Stop::listen()?;
        let state = State::open(self.fresh)?;
        let authorization = self.auth.map(std::fs::read_to_string).transpose()?.unwrap_or_default();
        let parts = tools::step("starting NATS, Postgres, Redis and MongoDB", || {
            tools::parts(&state.place()?, &authorization, &compose_file()?)
        })?;
        for (name, value) in variables(&parts) {
            println!("export {name}='{value}'");
        }
        println!("export STARLING_SECRET='{}'", state.secret()?);
        while !stop.within(LOOK) {}
        tools::step("stopping the servers", || {
            drop(parts);
            Ok(())
        })
    }
}
