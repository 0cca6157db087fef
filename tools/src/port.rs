//! Free ports that stay ours while a server restarts.
//!
//! "Bind port 0 and let go" hands out ports that any outgoing connection may take before the
//! server does, or while it is down. These lie below the range for outgoing connections, and a
//! locked file keeps other processes that use this crate away.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, bail};

use crate::file_lock::FileLock;
use crate::home;

const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// A port on 127.0.0.1, kept from others of our kind until dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: FileLock,
}

impl Port {
    /// The number to listen on.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Where a client connects to.
    pub fn address(&self) -> SocketAddr {
        loopback(self.number)
    }

    /// This port if a number is given, else a free one.
    ///
    /// # Errors
    /// When the given port is in use, or no free one is left.
    pub fn claim(number: Option<u16>) -> anyhow::Result<Self> {
        match number {
            Some(number) => attempt(number)?.with_context(|| format!("port {number} of 127.0.0.1 is in use")),
            None => free(),
        }
    }
}

/// The address of a port on this machine's loopback.
pub fn loopback(number: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, number))
}

fn free() -> anyhow::Result<Port> {
    // Processes begin at different places, so that they seldom try the same ports.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % u32::from(COUNT)).context("a remainder below 10,000")?;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if let Some(port) = attempt(FIRST + (start + step) % COUNT)? {
            return Ok(port);
        }
    }
    bail!("no free port between {FIRST} and {}", FIRST + COUNT - 1)
}

fn attempt(number: u16) -> anyhow::Result<Option<Port>> {
    let path = home::temporary()?.join("ports").join(number.to_string());
    let Some(lock) = FileLock::attempt(&path)? else {
        return Ok(None);
    };
    let is_free = TcpListener::bind(loopback(number)).is_ok();
    Ok(is_free.then_some(Port { number, _lock: lock }))
}
