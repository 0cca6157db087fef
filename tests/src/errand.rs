//! A command that a test has somebody else run to its end.

use std::{fs, path::Path, process::Command, time::Duration};

/// Runs the command, which must succeed within the limit; all that it printed is shown when it does not.
#[track_caller]
pub fn run_to_its_end(command: &Command, name: &str, folder: &Path, limit: Duration) {
    let process = tools::program(command, name, folder).expect("it can be started");
    let status = process.wait(limit).expect("it can be waited for");
    let printed = fs::read_to_string(process.log_path()).unwrap_or_default();
    assert!(status.is_some_and(|status| status.success()), "{name}: {status:?}\n{printed}");
}
