//! How long faults last: a moment in every test run, long on demand (`cargo xtask faults`); and what was measured.

use std::{fs::OpenOptions, io::Write, time::Duration};

/// Set by `cargo xtask faults`: the file to which measurements are added, and the sign that faults last long.
const REPORT: &str = "STARLING_FAULTS_REPORT";

/// Whether faults last as long as `docs/faults.md` says, and not only a moment.
#[must_use]
pub fn is_long() -> bool {
    std::env::var_os(REPORT).is_some()
}

/// How long a fault lasts.
#[must_use]
pub fn lasting(moment: Duration, long: Duration) -> Duration {
    if is_long() { long } else { moment }
}

/// Prints what was measured in a scenario, such as how long a recovery took, and adds it to the report.
pub fn measured(scenario: &str, what: &str, value: impl std::fmt::Display) {
    println!("measured: {scenario}: {what}: {value}");
    if let Some(path) = std::env::var_os(REPORT) {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let mut file = file.expect("the report can be opened");
        writeln!(file, "{scenario}\t{what}\t{value}").expect("the report can be written");
    }
}
