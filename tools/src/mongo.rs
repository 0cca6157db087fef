//! MongoDB's wire protocol: `mongod` where there is one, else FerretDB, built from `tools/go`.

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::deadline::connect;
use crate::launch::Launch;
use crate::packages;
use crate::port::Port;
use crate::server::Server;
use crate::{find, go};

/// A program that answers MongoDB's wire protocol.
#[derive(Debug)]
pub enum Program {
    /// MongoDB itself.
    Mongod(PathBuf),
    /// FerretDB on SQLite.
    FerretDb(PathBuf),
}

/// FerretDB's heap may grow to five times of what lives in it before it is swept: 15 MB more, a quarter less CPU.
const GARBAGE: &str = "400";

/// Starts a server with its data in `place`, on this port or on a free one.
///
/// # Errors
/// When there is no program to be had, or it does not start.
pub fn start(place: &Path, port: Option<u16>) -> anyhow::Result<Server> {
    let program = provide()?;
    let port = Port::claim(port)?;
    let data = place.join("data");
    fs::create_dir_all(&data)?;
    let command = match program {
        Program::Mongod(path) => {
            let mut command = Command::new(path);
            command.args(["--bind_ip", "127.0.0.1", "--port", &port.number().to_string()]);
            command.arg("--dbpath").arg(&data);
            command
        }
        Program::FerretDb(path) => {
            let mut command = Command::new(path);
            command.arg("-listen").arg(port.address().to_string()).arg("-sqlite").arg(&data);
            command.env("GOGC", GARBAGE);
            command
        }
    };
    let url = format!("mongodb://127.0.0.1:{}/", port.number());
    Server::start(Launch::new(&command, "mongo", place), port, url, hello)
}

/// The program, built first if it must be.
///
/// # Errors
/// When it is not there and can't be built; the message says why and what to do.
pub fn provide() -> anyhow::Result<Program> {
    if let Some(mongod) = on_path() {
        return Ok(Program::Mongod(mongod));
    }
    go::build(&go::PARTS, "ferretdb", "./ferretdb").map(Program::FerretDb).map_err(|why| {
        let none = anyhow::anyhow!("there is no mongod");
        packages::missing(
            "MongoDB (or FerretDB)",
            &[("a program on PATH", none), ("tools/go", why)],
            "MONGODB_URL",
        )
    })
}

/// The `mongod` on `PATH`.
pub(crate) fn on_path() -> Option<PathBuf> {
    find::on_path("mongod")
}

/// The message `{hello: 1, $db: "admin"}`: header (length, id, answers to, `OP_MSG`), flags, section, BSON.
const HELLO: &[u8; 52] = b"\x34\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\
    \0\0\0\0\0\
    \x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";

/// Asks the server who it is.
pub(crate) fn hello(address: SocketAddr) -> io::Result<()> {
    let mut stream = connect(address)?;
    stream.write_all(HELLO)?;
    let mut header = [0; 16];
    stream.read_exact(&mut header)?;
    let answers_us = header[8..16] == *b"\x01\0\0\0\xdd\x07\0\0";
    if answers_us { Ok(()) } else { Err(io::Error::other("this is no MongoDB")) }
}
