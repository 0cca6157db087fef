//! A command that runs to its end, within a time limit.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{bail, ensure};

use crate::home;
use crate::launch::{Account, Launch};
use crate::process::Process;

/// Runs the command, as another user if one is given.
///
/// # Errors
/// When it can't be started, takes longer than `limit` (it is killed then), or ends with
/// another status than 0; the message has the end of what it printed.
pub fn run(command: &Command, account: Option<Account>, limit: Duration) -> anyhow::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program);
    let unique = format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut launch = Launch::new(command, &unique, &home::temporary()?.join("errands"));
    launch.account = account;
    let process = Process::start(launch)?;
    let status = process.wait(limit)?;
    let printed = process.log_tail();
    fs::remove_file(process.log_path())?;
    let Some(status) = status else {
        process.kill()?;
        bail!("{name} was not done after {} s:\n{printed}", limit.as_secs());
    };
    ensure!(status.success(), "{name} failed ({status}):\n{printed}");
    Ok(())
}
