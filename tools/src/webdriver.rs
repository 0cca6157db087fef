//! A browser for tests: Chromium, driven over WebDriver (W3C) by its chromedriver.

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::deadline::connect;
use crate::file_lock::FileLock;
use crate::launch::Launch;
use crate::port::Port;
use crate::server::Server;
use crate::{cache, find, packages};

/// Debian's package; it brings the browser of the same version.
const PACKAGE: &str = "chromium-driver";

/// Starts a driver; each session that is asked of it is a browser of its own, whose profile is in `place`.
///
/// # Errors
/// When it is not there and can't be installed, or does not start.
pub fn start(place: &Path) -> anyhow::Result<Server> {
    let program = provide()?;
    let port = Port::claim(None)?;
    fs::create_dir_all(place)?;
    let mut command = Command::new(program);
    command.arg(format!("--port={}", port.number())).env("TMPDIR", place);
    let url = format!("http://{}", port.address());
    Server::start(Launch::new(&command, "chromedriver", place), port, url, hello)
}

fn provide() -> anyhow::Result<PathBuf> {
    let on_path = || find::on_path("chromedriver");
    if let Some(found) = on_path() {
        return Ok(found);
    }
    // Several tests at once must not call the package manager at once.
    let _lock = FileLock::wait(&cache::folder()?.join("packages.lock"))?;
    if on_path().is_none() {
        packages::install(PACKAGE).context("there is no chromedriver on PATH, nor can it be installed")?;
    }
    on_path().with_context(|| format!("package {PACKAGE} is installed, but holds no chromedriver"))
}

/// Asks whether it takes sessions.
fn hello(address: SocketAddr) -> io::Result<()> {
    let mut stream = connect(address)?;
    write!(stream, "GET /status HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if answer == *b"HTTP/1.1 200" { Ok(()) } else { Err(io::Error::other("this is no WebDriver")) }
}
