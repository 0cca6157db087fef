//! Redis (or Valkey, its free successor): found on `PATH` or installed from the distribution.

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::deadline::connect;
use crate::find;
use crate::launch::Launch;
use crate::packages;
use crate::port::Port;
use crate::server::Server;

/// Room for what the last 100,000 orders and more leave there.
const MEMORY: &str = "48mb";

/// Starts a server with its data in `place`, on this port or on a free one.
///
/// It appends to a file that is synced every second: a kill loses nothing, a power cut a second.
///
/// # Errors
/// When there is no Redis to be had, or it does not start.
pub fn start(place: &Path, port: Option<u16>) -> anyhow::Result<Server> {
    let program = provide()?;
    let port = Port::claim(port)?;
    fs::create_dir_all(place)?;
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--port", &port.number().to_string()]);
    command.args(["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]);
    // What is kept here is a convenience, so what nobody asked for longest goes when there is no more room. (Not what
    // would end first: that is what was accepted just now, beside keys that live for a day.)
    command.args(["--maxmemory", MEMORY, "--maxmemory-policy", "allkeys-lru"]);
    command.arg("--dir").arg(place);
    let url = format!("redis://127.0.0.1:{}", port.number());
    Server::start(Launch::new(&command, "redis", place), port, url, hello)
}

/// The program, installed first if it must be.
///
/// # Errors
/// When it is not there and can't be installed; the message says why and what to do.
pub fn provide() -> anyhow::Result<PathBuf> {
    packages::find_or_install("Redis", on_path, "redis-server", "REDIS_URL")
}

/// Redis or Valkey on `PATH`.
pub(crate) fn on_path() -> Option<PathBuf> {
    find::on_path("redis-server").or_else(|| find::on_path("valkey-server"))
}

/// Answers PING, or asks for a password: either way it is there.
pub(crate) fn hello(address: SocketAddr) -> io::Result<()> {
    let mut stream = connect(address)?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    match &answer {
        b"+PONG\r\n" | b"-NOAUTH" => Ok(()),
        other => Err(io::Error::other(format!("it says {}", String::from_utf8_lossy(other)))),
    }
}
