//! One connection through a proxy: a client's socket, a server's socket, and what passes between them.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt::Linger};

use super::Manner;
use super::dice::Dice;
use crate::deadline::{Deadline, connect};

/// What is read at once.
const CHUNK: usize = 16 << 10;
/// How long a write waits for a reader who does not read before it is looked whether the link has ended.
const WRITE_PATIENCE: Duration = Duration::from_millis(200);
/// How often it is looked whether a lost connection has ended.
const LOOK: Duration = Duration::from_millis(100);

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order (FIN): both sides read the end.
    Close,
    /// By force (RST): both sides meet "connection reset", and what was on its way is gone.
    Reset,
}

#[derive(Debug)]
pub(super) struct Link {
    client: TcpStream,
    server: TcpStream,
    ended: AtomicBool,
    lost: AtomicBool,
    given_up: AtomicBool,
}

impl Link {
    /// Connects to the server for a client.
    pub fn new(client: TcpStream, server: SocketAddr) -> io::Result<Self> {
        let server = connect(server)?;
        client.set_nonblocking(false)?;
        for socket in [&client, &server] {
            socket.set_nodelay(true)?;
            socket.set_read_timeout(None)?;
            socket.set_write_timeout(Some(WRITE_PATIENCE))?;
        }
        let (ended, lost, given_up) = Default::default();
        Ok(Self { client, server, ended, lost, given_up })
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Ends both sides. The sockets are closed once the threads that pump have seen it.
    pub fn end(&self, end: End) {
        self.ended.store(true, Ordering::Relaxed);
        for socket in [&self.client, &self.server] {
            // What fails here has ended already.
            drop(match end {
                End::Close => socket.shutdown(Shutdown::Both),
                // Nothing lingers: closing discards what was not sent, and says so by RST. Only readers are woken now,
                // since shutting the sending side would send FIN.
                End::Reset => setsockopt(socket, Linger, &linger { l_onoff: 1, l_linger: 0 })
                    .map_err(io::Error::from)
                    .and_then(|()| socket.shutdown(Shutdown::Read)),
            });
        }
    }

    /// Passes on what one side sends until the link ends; `manner` says how, and waits while nothing may pass.
    pub fn pump(
        link: &Arc<Self>,
        from_client: bool,
        mut dice: Dice,
        manner: impl Fn(&Self) -> Option<Manner>,
    ) {
        let (mut from, to) =
            if from_client { (&link.client, &link.server) } else { (&link.server, &link.client) };
        let mut chunk = vec![0; CHUNK];
        loop {
            let size = match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(size) => size,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let Some(manner) = manner(link) else { break };
            if let Manner::Lose { given_up_after } = manner {
                link.lost.store(true, Ordering::Relaxed);
                if from_client {
                    Self::give_up(link.clone(), given_up_after);
                }
            }
            if !link.is_lost() && link.send(to, &chunk[..size], manner, &mut dice).is_err() {
                break;
            }
        }
        if link.has_ended() {
            return;
        }
        // Of a lost link's end the other side learns nothing. The end itself may come while it is being lost.
        if link.is_lost() || matches!(manner(link), Some(Manner::Lose { .. })) {
            link.lost.store(true, Ordering::Relaxed);
        } else {
            link.end(End::Close);
        }
    }

    /// Ends the client's side, as its own system would, when the time is over.
    fn give_up(link: Arc<Self>, after: Duration) {
        if link.given_up.swap(true, Ordering::Relaxed) {
            return;
        }
        std::thread::spawn(move || {
            let deadline = Deadline::after(after);
            while !link.has_ended() {
                if !deadline.sleep(LOOK) {
                    // It may have ended by itself.
                    drop(link.client.shutdown(Shutdown::Both));
                    return;
                }
            }
        });
    }

    fn send(&self, to: &TcpStream, mut bytes: &[u8], manner: Manner, dice: &mut Dice) -> io::Result<()> {
        let Manner::Slow { delay, piece } = manner else { return self.write(to, bytes) };
        let longest = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        std::thread::sleep(Duration::from_micros(dice.up_to(longest)));
        let most = u64::try_from(piece.saturating_sub(1)).unwrap_or(u64::MAX);
        while !bytes.is_empty() {
            let size = usize::try_from(dice.up_to(most)).unwrap_or(usize::MAX).saturating_add(1);
            let (first, rest) = bytes.split_at(size.min(bytes.len()));
            self.write(to, first)?;
            bytes = rest;
        }
        Ok(())
    }

    fn write(&self, mut to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match to.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(size) => bytes = &bytes[size..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The reader does not read.
                Err(error) if error.kind() == ErrorKind::WouldBlock && !self.has_ended() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
