//! `cargo xtask faults`: the tests that break something, for long; and what they measured.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use crate::cargo;
use crate::limit::run_within;
use crate::stop::Stop;

/// Where the measurements of the last run are, in the workspace.
const REPORT: &str = "target/faults.tsv";

/// Break servers, services, connections and messages under load, for as long as docs/faults.md says.
#[derive(clap::Args)]
pub struct Faults {
    /// Only scenarios with this in their names
    scenario: Option<String>,
    /// After how many minutes the scenarios are killed
    #[arg(long, value_name = "MINUTES", default_value_t = 90)]
    limit: u64,
    /// With `starling` built in release, as it runs in a shop: for recovery times
    #[arg(long)]
    release: bool,
    /// List the scenarios
    #[arg(long)]
    list: bool,
}

impl Faults {
    /// Runs the scenarios one after the other, and prints what was measured.
    pub fn run(self) -> anyhow::Result<()> {
        let stop = Stop::listen()?;
        let mut tests = cargo::cargo()?;
        tests.args(["test", "--package", "tests", "--test", "faults"]).args(&self.scenario);
        if self.list {
            return run_within(tests.args(["--", "--list"]), Duration::from_secs(600), Some(&stop));
        }
        tools::step("preparing the servers", tools::Servers::prepare)?;
        let binary = tools::step("building starling", || cargo::build_starling(self.release))?;
        let report = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(REPORT);
        fs::create_dir_all(report.parent().context("the report is in a folder")?)?;
        fs::write(&report, "")?;
        tests.env("STARLING_BIN", binary).env("STARLING_FAULTS_REPORT", &report);
        // One at a time, as each takes the machine; what they print is the progress.
        tests.args(["--", "--include-ignored", "--nocapture", "--test-threads", "1"]);
        let outcome = run_within(&mut tests, Duration::from_secs(self.limit * 60), Some(&stop));
        let measured = fs::read_to_string(&report)?;
        println!("\nmeasured ({REPORT}):\n{measured}");
        outcome
    }
}
