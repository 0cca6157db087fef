//! nats-server with JetStream, every write synced: found on `PATH` or built from `tools/go`.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use nix::sys::signal::Signal;

use crate::deadline::{Deadline, connect};
use crate::launch::Launch;
use crate::packages;
use crate::port::Port;
use crate::server::Server;
use crate::{find, go};

/// The first version that syncs an atomic batch once instead of once a message.
const OLDEST: (u32, u32) = (2, 15);
/// Bounds the memory at no cost in speed; half of it makes the collector eat the CPU.
const MEMORY_LIMIT: &str = "400MiB";
/// How long a server may take to read changed authorization.
const RELOAD_LIMIT: Duration = Duration::from_secs(10);
/// How often its log is looked at meanwhile.
const PAUSE: Duration = Duration::from_millis(5);
const AUTHORIZATION: &str = "authorization.conf";
/// The folder of its streams, in the server's own.
pub(crate) const STORE: &str = "jetstream";

/// Starts a server with its data in `place`, on this port or on a free one.
///
/// `auth` is put into the server's configuration as it is: an `authorization { … }` or
/// `accounts { … }` block, or nothing, and then anyone may do anything.
///
/// # Errors
/// When there is no nats-server to be had, or it does not start.
pub fn start(place: &Path, port: Option<u16>, auth: &str) -> anyhow::Result<Server> {
    start_as("nats", place, port, auth, "")
}

/// The same under a name, and with more lines of configuration.
pub(crate) fn start_as(
    name: &str,
    place: &Path,
    port: Option<u16>,
    auth: &str,
    more: &str,
) -> anyhow::Result<Server> {
    let program = provide()?;
    let port = Port::claim(port)?;
    let monitor = Port::claim(None)?;
    fs::create_dir_all(place)?;
    write_private(&place.join(AUTHORIZATION), auth)?;
    let configuration = place.join("nats.conf");
    fs::write(&configuration, configure(&port, &monitor, &place.join(STORE)) + more)?;
    let mut command = Command::new(program);
    command.arg("-c").arg(&configuration).env("GOMEMLIMIT", MEMORY_LIMIT);
    let url = format!("nats://127.0.0.1:{}", port.number());
    Ok(Server::start(Launch::new(&command, name, place), port, url, hello)?.with_monitor(monitor))
}

/// Replaces the authorization of a running server, which closes connections that lose their rights.
///
/// # Errors
/// When the server refuses the new authorization (it goes on with the old one), or says nothing.
pub fn authorize(server: &Server, auth: &str) -> anyhow::Result<()> {
    let log = server.log_path();
    let place = log.parent().context("the log is in the server's folder")?;
    write_private(&place.join(AUTHORIZATION), auth)?;
    let before = fs::read(log)?.len();
    server.signal(Signal::SIGHUP)?;
    let deadline = Deadline::after(RELOAD_LIMIT);
    loop {
        let printed = fs::read(log)?;
        let news = String::from_utf8_lossy(&printed[before..]);
        if news.contains("Reloaded server configuration") {
            return Ok(());
        }
        if let Some(line) = news.lines().find(|line| line.contains("Failed to reload")) {
            bail!("nats-server refuses the authorization: {line}");
        }
        ensure!(deadline.sleep(PAUSE), "nats-server does not say that it read the new authorization");
    }
}

/// The program, built first if it must be.
///
/// # Errors
/// When it is not there and can't be built; the message says why and what to do.
pub fn provide() -> anyhow::Result<PathBuf> {
    on_path().or_else(|none| {
        go::build(&go::PARTS, "nats-server", "github.com/nats-io/nats-server/v2").map_err(|why| {
            packages::missing(
                "NATS (nats-server 2.15 or later)",
                &[("a program on PATH", none), ("tools/go", why)],
                "NATS_URL",
            )
        })
    })
}

/// The nats-server on `PATH`, if it is new enough.
pub(crate) fn on_path() -> anyhow::Result<PathBuf> {
    let program = find::on_path("nats-server").context("there is no nats-server")?;
    match find::version(&program, "--version") {
        Some(version) if version >= OLDEST => Ok(program),
        Some((major, minor)) => bail!("{} is version {major}.{minor}", program.display()),
        None => bail!("{} does not tell its version", program.display()),
    }
}

/// Reads the greeting that a server sends to whoever connects.
pub(crate) fn hello(address: SocketAddr) -> io::Result<()> {
    let mut greeting = [0; 5];
    connect(address)?.read_exact(&mut greeting)?;
    if &greeting == b"INFO " { Ok(()) } else { Err(io::Error::other("this is no NATS server")) }
}

fn configure(port: &Port, monitor: &Port, store: &Path) -> String {
    format!(
        r#"listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
jetstream {{
  store_dir: "{store}"
  # Every acknowledged message is on the disk: the default, every two minutes, loses them in a power cut.
  sync_interval: always
  max_memory_store: 256MB
  max_file_store: 40GB
}}
include "{AUTHORIZATION}"
"#,
        port = port.number(),
        monitor = monitor.number(),
        store = store.display(),
    )
}

/// Writes a file that only we can read: it has passwords in it.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}
