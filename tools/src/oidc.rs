//! An OpenID provider, built from `tools/oidc`: a certified library behind a page with name and password.

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

/// The id and the secret of the one client that it knows.
pub const CLIENT: (&str, &str) = ("starling-shop", "a secret of the test");

/// Starts a provider with these users (JSON, by id) that sends browsers back to these addresses. Its URL is its issuer.
///
/// # Errors
/// When it can't be built (there is no way to the module proxy, say), or does not start.
pub fn start(place: &Path, users: &str, redirects: &[String]) -> anyhow::Result<Server> {
    let program = go::build(&go::OIDC, "oidc-provider", ".")?;
    let port = Port::claim(None)?;
    fs::create_dir_all(place)?;
    let file = place.join("users.json");
    fs::write(&file, users)?;
    let (client, secret) = CLIENT;
    let mut command = Command::new(program);
    command.arg("-listen").arg(port.address().to_string()).arg("-users").arg(file);
    command.args(["-client", client, "-secret", secret, "-redirects", &redirects.join(",")]);
    let issuer = format!("http://{}/", port.address());
    Server::start(Launch::new(&command, "oidc-provider", place), port, issuer, hello)
}

/// Asks what it says of itself.
fn hello(address: SocketAddr) -> io::Result<()> {
    let mut stream = connect(address)?;
    let path = "/.well-known/openid-configuration";
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if answer == *b"HTTP/1.1 200" { Ok(()) } else { Err(io::Error::other("this is no OpenID provider")) }
}
