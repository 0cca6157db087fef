//! One child process: killed, stopped, paused and started again, and never left behind.

use std::fs;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::deadline::Deadline;
use crate::kin::{descendants, is_frozen, runs};
use crate::launch::Launch;

/// How long a child may take to stop in order before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How long the children of a killed process may take to be gone.
const DESCENDANTS_LIMIT: Duration = Duration::from_secs(10);
/// How often a child is looked at while waiting for it.
const PAUSE: Duration = Duration::from_millis(5);
/// How much of the log's end an error shows, in lines.
const LOG_TAIL: usize = 15;

/// A running child. Dropping it stops it in order, or by force when that takes too long.
#[derive(Debug)]
pub struct Process {
    launch: Launch,
    child: Mutex<Child>,
}

impl Process {
    pub(crate) fn start(launch: Launch) -> anyhow::Result<Self> {
        let child = Mutex::new(spawn(&launch)?);
        Ok(Self { launch, child })
    }

    /// What the process is called in messages.
    pub fn name(&self) -> &str {
        &self.launch.name
    }

    /// The operating system's id of the process, also after it has ended.
    pub fn pid(&self) -> u32 {
        self.child().id()
    }

    /// The file that collects its stdout and stderr, over all its starts.
    pub fn log_path(&self) -> &Path {
        &self.launch.log
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        matches!(self.child().try_wait(), Ok(None))
    }

    /// Waits for its end, at most `limit`; `None` when it is still running then.
    ///
    /// # Errors
    /// When the operating system can't say.
    pub fn wait(&self, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
        let deadline = Deadline::after(limit);
        loop {
            if let Some(status) = self.child().try_wait()? {
                return Ok(Some(status));
            }
            if !deadline.sleep(PAUSE) {
                return Ok(None);
            }
        }
    }

    /// Kills it and its own children with SIGKILL, as a power cut would, and waits until they are gone.
    ///
    /// # Errors
    /// When a process can't be killed. One that has ended already is no error.
    pub fn kill(&self) -> anyhow::Result<()> {
        let mut child = self.child();
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        let descendants = descendants(child.id());
        child.kill().with_context(|| format!("{} can't be killed", self.name()))?;
        child.wait()?;
        // Postgres' backends hold its shared memory: a new server refuses to start beside them.
        for &pid in &descendants {
            send(pid, Signal::SIGKILL)?;
        }
        let deadline = Deadline::after(DESCENDANTS_LIMIT);
        while descendants.iter().any(|&pid| runs(pid)) {
            ensure!(deadline.sleep(PAUSE), "children of {} outlive it", self.name());
        }
        Ok(())
    }

    /// Asks it to stop, and kills it when it has not within half a minute.
    /// The status is the one it ended with, also when it had ended before.
    ///
    /// # Errors
    /// When it can't be signalled or waited for.
    pub fn terminate(&self) -> anyhow::Result<ExitStatus> {
        self.tell_to_stop()?;
        if let Some(status) = self.wait(STOP_LIMIT)? {
            return Ok(status);
        }
        eprintln!("  ! {} did not stop within {} s, killing it", self.name(), STOP_LIMIT.as_secs());
        self.kill()?;
        Ok(self.child().wait()?)
    }

    /// Asks it to stop, without waiting: of several that stop, none waits for another.
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn tell_to_stop(&self) -> anyhow::Result<()> {
        if self.is_running() {
            self.resume()?;
            send(self.pid(), self.launch.stop)?;
        }
        Ok(())
    }

    /// Starts it again as it was started, without waiting until it is ready.
    ///
    /// # Errors
    /// When it is still running, or can't be started.
    pub fn start_again(&self) -> anyhow::Result<()> {
        let mut child = self.child();
        ensure!(child.try_wait()?.is_some(), "{} is still running", self.name());
        *child = spawn(&self.launch)?;
        Ok(())
    }

    /// Freezes it and its children (SIGSTOP): connections stay open, nobody answers. Once this returns nothing of it
    /// moves: a signal is taken by whichever thread gets a processor first, and until then the others go on.
    ///
    /// # Errors
    /// When it can't be signalled, or goes on all the same.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal_all(Signal::SIGSTOP)?;
        let deadline = Deadline::after(DESCENDANTS_LIMIT);
        while self.is_running()
            && ![vec![self.pid()], descendants(self.pid())].concat().into_iter().all(is_frozen)
        {
            ensure!(deadline.sleep(PAUSE), "{} is not frozen", self.name());
        }
        Ok(())
    }

    /// Lets it go on after [`Process::pause`].
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.signal_all(Signal::SIGCONT)
    }

    /// Sends a signal to the process, unless it has ended.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        if self.is_running() { send(self.pid(), signal) } else { Ok(()) }
    }

    /// The last lines of the log, for error messages.
    pub fn log_tail(&self) -> String {
        let text = fs::read(self.log_path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n")
    }

    fn signal_all(&self, signal: Signal) -> anyhow::Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        let pid = self.pid();
        // The parent first, so that it makes no further children meanwhile.
        send(pid, signal)?;
        descendants(pid).into_iter().try_for_each(|pid| send(pid, signal))
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.terminate() {
            eprintln!("  ! {} was not stopped: {error:#}", self.name());
        }
    }
}

fn spawn(launch: &Launch) -> anyhow::Result<Child> {
    launch.spawn().with_context(|| format!("{} can't be started", launch.name))
}

/// A signal to a process that may be gone already.
fn send(pid: u32, signal: Signal) -> anyhow::Result<()> {
    match kill(id(pid)?, signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("{signal} to process {pid}")),
    }
}

fn id(pid: u32) -> anyhow::Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(pid)?))
}
