//! A store that speaks S3, built from `tools/s3`: versitygw, its objects in files.

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::deadline::connect;
use crate::go;
use crate::launch::Launch;
use crate::port::Port;
use crate::server::Server;

/// The access key and the secret key of its one user.
pub const KEYS: (&str, &str) = ("starling", "a secret of the test");
/// The bucket that there is from the start.
pub const BUCKET: &str = "pictures";

/// Starts a server with its data in `place`. Its URL is the endpoint.
///
/// # Errors
/// When it can't be built (there is no way to the module proxy, say), or does not start.
pub fn start(place: &Path) -> anyhow::Result<Server> {
    let program = go::build(&go::S3, "s3", ".")?;
    let port = Port::claim(None)?;
    fs::create_dir_all(place)?;
    let (access, secret) = KEYS;
    let mut command = Command::new(program);
    command.arg("-listen").arg(port.address().to_string()).arg("-folder").arg(place);
    command.args(["-access", access, "-secret", secret, "-bucket", BUCKET]);
    let url = format!("http://{}", port.address());
    Server::start(Launch::new(&command, "s3", place), port, url, hello)
}

/// Asks how it is.
fn hello(address: SocketAddr) -> io::Result<()> {
    let mut stream = connect(address)?;
    write!(stream, "GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if answer == *b"HTTP/1.1 200" { Ok(()) } else { Err(io::Error::other("this is no store")) }
}
