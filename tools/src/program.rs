//! Any other program as a child: it dies with us, and its output goes to a file.

use std::path::Path;
use std::process::Command;

use crate::launch::Launch;
use crate::process::Process;

/// Starts the command as a child that dies with this process, even when this process is killed.
///
/// Its stdout and stderr go to `<folder>/<name>.log`. Arguments, environment and current folder
/// of the command are kept for [`Process::start_again`]; `env_clear` and redirections are not.
///
/// # Errors
/// When the program can't be started or the log can't be written.
pub fn program(command: &Command, name: &str, folder: &Path) -> anyhow::Result<Process> {
    Process::start(Launch::new(command, name, folder))
}
