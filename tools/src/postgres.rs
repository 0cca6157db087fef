//! PostgreSQL 15 or later, with every fsync on: found on this machine or installed from the distribution.

mod account;
mod cluster;
mod installation;
mod shared;

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

pub use cluster::folder;
pub(crate) use installation::find as find_installation;
pub use shared::shared;

use crate::deadline::connect;
use crate::launch::Launch;
use crate::port::Port;
use crate::server::Server;

/// What a server is for, which decides its size; both keep every fsync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Short-lived and small: its data folder is a copy of a prepared one.
    Tests,
    /// `up` and the bench: more memory, rarer checkpoints, a password of its own.
    Work,
}

/// Starts a server with its data in `place`, on this port or on a free one.
///
/// Its URL is a superuser's. Postgres refuses root: as root it runs as `postgres` or `nobody`,
/// and where that user can't reach `place` its data is elsewhere; [`folder`] says where.
///
/// # Errors
/// When there is no Postgres to be had, or it does not start.
pub fn start(place: &Path, port: Option<u16>, purpose: Purpose) -> anyhow::Result<Server> {
    let programs = installation::provide()?;
    let port = Port::claim(port)?;
    fs::create_dir_all(place)?;
    let cluster = cluster::provide(&programs, place, purpose)?;
    let (buffers, wal) = match purpose {
        Purpose::Tests => ("128MB", "1GB"),
        Purpose::Work => ("256MB", "4GB"),
    };
    let mut command = Command::new(programs.postgres());
    command.current_dir(&cluster.data).arg("-D").arg(&cluster.data);
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={}", port.number()),
        format!("unix_socket_directories={}", cluster.sockets.display()),
        format!("shared_buffers={buffers}"),
        format!("max_wal_size={wal}"),
        "max_connections=200".to_owned(),
        "fsync=on".to_owned(),
        "synchronous_commit=on".to_owned(),
    ];
    command.args(settings.iter().flat_map(|setting| ["-c", setting]));
    let url = format!("postgres://postgres:{}@127.0.0.1:{}/postgres", cluster.password, port.number());
    let mut launch = Launch::new(&command, "postgres", place);
    launch.account = cluster.account;
    launch.stop = Signal::SIGINT; // "fast": ends connections, writes a checkpoint
    Ok(Server::start(launch, port, url, hello)?.with_socket_dir(cluster.sockets))
}

/// Finds the programs, installing them first if it must, and prepares the data folder that tests copy.
///
/// # Errors
/// When they are not there and can't be installed; the message says why and what to do.
pub fn prepare() -> anyhow::Result<()> {
    let programs = installation::provide()?;
    cluster::template(&programs).map(drop)
}

/// A connection's first message: length, protocol 3.0, user and database.
const STARTUP: &[u8; 41] = b"\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0";

/// Begins a connection: a server that asks for the password is ready, one that is still
/// starting or recovering answers with an error.
pub(crate) fn hello(address: SocketAddr) -> io::Result<()> {
    let mut stream = connect(address)?;
    stream.write_all(STARTUP)?;
    let mut kind = [0; 1];
    stream.read_exact(&mut kind)?;
    if kind == *b"R" { Ok(()) } else { Err(io::Error::other("it is starting up")) }
}
