//! A command that is killed, with all it started, when its time is over or we are asked to stop.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::cargo::show;
use crate::stop::Stop;

/// How often the command is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Runs a command in a process group of its own, which is killed as a whole when its time is over.
pub fn run_within(command: &mut Command, limit: Duration, stop: Option<&Stop>) -> anyhow::Result<()> {
    let shown = show(command);
    let begun = Instant::now();
    let mut child = command.process_group(0).spawn().with_context(|| format!("{shown} can't be started"))?;
    let group = Pid::from_raw(i32::try_from(child.id())?);
    loop {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "{shown} failed ({status})");
            return Ok(());
        }
        let is_late = begun.elapsed() > limit;
        if is_late || asked(stop) {
            // What these processes started dies with them.
            killpg(group, Signal::SIGKILL)?;
            child.wait()?;
            if is_late {
                bail!("{shown} was not done after {} s", limit.as_secs());
            }
            bail!("{shown} was stopped");
        }
    }
}

/// Waits a moment, and says whether we were asked to stop in it.
fn asked(stop: Option<&Stop>) -> bool {
    match stop {
        Some(stop) => stop.within(LOOK),
        None => {
            std::thread::sleep(LOOK);
            false
        }
    }
}
