//! One real server as a child process, on a port that stays its own while it restarts.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;

use crate::deadline::Deadline;
use crate::launch::Launch;
use crate::port::Port;
use crate::process::Process;

/// How long a server may take until it answers; recovery after a kill is part of it.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How often it is asked meanwhile.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks a server for a sign of life in its own protocol.
pub(crate) type Hello = fn(SocketAddr) -> io::Result<()>;

/// A running server; [`Process`] has what can be done to any child. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    url: String,
    socket_dir: Option<PathBuf>,
    process: Process,
    hello: Hello,
    /// The ports are released last, when the process is gone.
    port: Port,
    monitor: Option<Port>,
    peers: Vec<Port>,
}

impl Server {
    /// Starts the server and waits until it answers.
    pub(crate) fn start(launch: Launch, port: Port, url: String, hello: Hello) -> anyhow::Result<Self> {
        let process = Process::start(launch)?;
        let server = Self { url, socket_dir: None, process, hello, port, monitor: None, peers: vec![] };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Says where its Unix socket is.
    pub(crate) fn with_socket_dir(self, folder: PathBuf) -> Self {
        Self { socket_dir: Some(folder), ..self }
    }

    /// Says where it answers questions about itself.
    pub(crate) fn with_monitor(self, port: Port) -> Self {
        Self { monitor: Some(port), ..self }
    }

    /// Keeps one more port of its own, such as the one where it is reached by servers of its kind.
    pub(crate) fn with_peers(mut self, port: Port) -> Self {
        self.peers.push(port);
        self
    }

    /// Where clients connect to, with user and password where it has them.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The base URL (`http://…`) where it answers questions about itself; only NATS has one.
    pub fn monitor_url(&self) -> Option<String> {
        self.monitor.as_ref().map(|port| format!("http://127.0.0.1:{}", port.number()))
    }

    pub(crate) fn monitor_port(&self) -> Option<u16> {
        self.monitor.as_ref().map(Port::number)
    }

    /// The folder of its Unix socket; only Postgres has one.
    pub fn socket_dir(&self) -> Option<&Path> {
        self.socket_dir.as_deref()
    }

    /// Starts it again, after [`Process::kill`] or [`Process::terminate`], on the same port and
    /// with the same data, and waits until it answers.
    ///
    /// # Errors
    /// When it is still running, can't be started, or does not answer within two minutes.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.process.start_again()?;
        self.wait_until_ready()
    }

    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let name = self.name();
        let deadline = Deadline::after(READY_LIMIT);
        loop {
            let running = self.is_running();
            let Err(silence) = (self.hello)(self.port.address()) else {
                return Ok(());
            };
            if !running {
                bail!("{name} ended before it was ready:\n{}", self.log_tail());
            }
            if !deadline.sleep(PAUSE) {
                bail!("{name} does not answer ({silence}):\n{}", self.log_tail());
            }
        }
    }
}

impl Deref for Server {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}
