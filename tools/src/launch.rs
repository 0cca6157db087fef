//! How a child is started: all that is needed to start it a second time in the same way.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;

use crate::spawner;

/// The user that a child runs as, when it may not be ours.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    pub user: u32,
    pub group: u32,
}

/// A recipe for a child process.
#[derive(Debug)]
pub struct Launch {
    /// What it is called in messages and in the log's file name.
    pub name: String,
    /// Where its stdout and stderr are appended to.
    pub log: PathBuf,
    /// The signal that asks it to stop in order.
    pub stop: Signal,
    /// Who it runs as: ourselves, unless said otherwise.
    pub account: Option<Account>,
    program: OsString,
    arguments: Vec<OsString>,
    /// Variables that are set, or with `None` removed, beyond our own environment.
    environment: Vec<(OsString, Option<OsString>)>,
    folder: Option<PathBuf>,
}

impl Launch {
    /// Takes over program, arguments, environment and folder of the command;
    /// the log goes to `<folder>/<name>.log`.
    ///
    /// Redirections and `env_clear` of the command can't be read back, and are lost.
    pub fn new(command: &Command, name: &str, folder: &Path) -> Self {
        Self {
            name: name.to_owned(),
            log: folder.join(format!("{name}.log")),
            stop: Signal::SIGTERM,
            account: None,
            program: command.get_program().to_owned(),
            arguments: command.get_args().map(ToOwned::to_owned).collect(),
            environment: command
                .get_envs()
                .map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))
                .collect(),
            folder: command.get_current_dir().map(ToOwned::to_owned),
        }
    }

    /// Starts a child in a process group of its own, so that Ctrl-C on a terminal reaches only
    /// us, who then stop the children in order.
    pub fn spawn(&self) -> io::Result<Child> {
        if let Some(folder) = self.log.parent() {
            fs::create_dir_all(folder)?;
        }
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = spawner::mortal(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        spawner::spawn(command)
    }
}
