//! `cargo xtask bench`: the bench in release, as a process of its own. It writes its results beside its README.

use crate::cargo;

/// Measure the machine's limits and the flock beside them, in release; write bench/results.json and results.svg.
#[derive(clap::Args)]
pub struct Bench {
    /// What the bench itself takes (`cargo xtask bench -- --help` lists it)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    /// Runs the bench to its end.
    pub fn run(self) -> anyhow::Result<()> {
        tools::step("preparing the servers", tools::Servers::prepare)?;
        let starling = tools::step("building starling", || cargo::build_starling(true))?;
        let mut bench = cargo::cargo()?;
        bench.args(["run", "--quiet", "--release", "--package", "bench", "--"]);
        bench.arg("--out").arg(cargo::root()?.join("bench")).args(self.arguments);
        cargo::run(bench.env("STARLING_BIN", starling))
    }
}
