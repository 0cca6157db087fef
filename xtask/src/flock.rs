//! The binary `starling` with its environment: runs its commands, and the whole flock as a child.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tools::{Parts, Process};

use crate::stop::Stop;

/// How long the flock may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How long one answer of the gateway may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How often it is asked meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// The binary, and what its commands are told through the environment.
pub struct Flock {
    binary: PathBuf,
    listen: SocketAddr,
    environment: Vec<(&'static str, String)>,
}

impl Flock {
    /// A binary that knows only the secret: enough to derive passwords and keys.
    pub fn new(binary: PathBuf, secret: &str, listen: SocketAddr) -> Self {
        let environment =
            vec![("STARLING_SECRET", secret.to_owned()), ("GATEWAY_LISTEN", listen.to_string())];
        Self { binary, listen, environment }
    }

    /// Tells it where the servers are.
    pub fn with_parts(mut self, parts: &Parts) -> Self {
        self.environment.extend(variables(parts));
        self
    }

    /// Tells it more.
    pub fn with(mut self, more: &[(&'static str, String)]) -> Self {
        self.environment.extend_from_slice(more);
        self
    }

    /// Runs one of its commands to its end and returns what it printed.
    ///
    /// # Errors
    /// When it can't be started or fails; the message has what it said.
    pub fn ask(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = self.command(arguments);
        let output = command.stdin(Stdio::null()).output().context("starling can't be started")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "starling {} failed ({}):\n{said}",
            arguments.join(" "),
            output.status
        );
        String::from_utf8(output.stdout).context("starling prints text")
    }

    /// Starts all services and the gateway as one child, and waits until it is ready.
    ///
    /// # Errors
    /// When it ends before that, takes too long, or we are asked to stop.
    pub fn run(&self, folder: &Path, stop: &Stop) -> anyhow::Result<Process> {
        let process = tools::program(&self.command(&["run", "all"]), "starling", folder)?;
        let start = Instant::now();
        loop {
            stop.check()?;
            let question =
                ureq::get(self.url("/health/ready")).config().timeout_global(Some(ANSWER_LIMIT)).build();
            let silence = match question.call() {
                Ok(_) => return Ok(process),
                Err(silence) => silence,
            };
            let log = process.log_path().display();
            if !process.is_running() {
                bail!("the flock ended before it was ready (all of it: {log}):\n{}", process.log_tail());
            }
            if start.elapsed() > READY_LIMIT {
                bail!("the flock does not get ready ({silence}; all of it: {log}):\n{}", process.log_tail());
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// A URL of the gateway.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listen)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments);
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command
    }
}

/// The variables under which `starling` finds the servers.
pub fn variables(parts: &Parts) -> [(&'static str, String); 4] {
    [
        ("NATS_URL", parts.nats.url.clone()),
        ("POSTGRES_URL", parts.postgres.url.clone()),
        ("REDIS_URL", parts.redis.url.clone()),
        ("MONGODB_URL", parts.mongo.url.clone()),
    ]
}
