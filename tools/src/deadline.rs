//! Waiting with an end: the one place of this crate that looks at the clock.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A moment after which waiting is over.
#[derive(Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// The moment `limit` from now.
    pub fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// Whether the moment has come.
    pub fn is_over(self) -> bool {
        Instant::now() >= self.0
    }

    /// Sleeps `pause` and is true, or is false at once when the moment has come.
    pub fn sleep(self, pause: Duration) -> bool {
        if self.is_over() {
            return false;
        }
        std::thread::sleep(pause);
        true
    }
}

/// Longest wait for one answer of a server that is being asked whether it is there.
const HELLO_LIMIT: Duration = Duration::from_secs(2);

/// A connection that fails rather than hangs when the other side says nothing.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, HELLO_LIMIT)?;
    stream.set_read_timeout(Some(HELLO_LIMIT))?;
    stream.set_write_timeout(Some(HELLO_LIMIT))?;
    Ok(stream)
}

/// Measures how long a step took, in whole milliseconds.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
