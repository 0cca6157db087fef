//! `cargo xtask test`: all tests, with servers of their own.

use std::time::Duration;

use crate::cargo;
use crate::limit::run_within;
use crate::stop::Stop;

/// Run all tests, with servers of their own on free ports: safe beside a running `up`.
#[derive(clap::Args)]
pub struct Test {
    /// Only tests with this in their names
    filter: Option<String>,
    /// Only this package's tests
    #[arg(long, short, value_name = "NAME")]
    package: Option<String>,
    /// After how many minutes the tests are killed
    #[arg(long, value_name = "MINUTES", default_value_t = 75)]
    limit: u64,
    /// For the test programs: --nocapture, --test-threads N, …
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Test {
    /// Runs the tests to their end.
    pub fn run(self) -> anyhow::Result<()> {
        let stop = Stop::listen()?;
        tools::step("preparing the servers", tools::Servers::prepare)?;
        let binary = tools::step("building starling", || cargo::build_starling(false))?;
        stop.check()?;
        let mut tests = cargo::cargo()?;
        tests.arg("test").env("STARLING_BIN", binary);
        match &self.package {
            Some(package) => tests.args(["--package", package]),
            None => tests.arg("--workspace"),
        };
        tests.args(&self.filter).arg("--").args(&self.arguments);
        run_within(&mut tests, Duration::from_secs(self.limit * 60), Some(&stop))
    }
}
