//! A TCP proxy on loopback that stands between clients and a server, and behaves as badly as it is told.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! # use tools::proxy::{End, Manner, Proxy};
//! # let scratch = tools::scratch::Scratch::new("my-test")?;
//! let redis = tools::redis::start(scratch.path(), None)?;
//! let proxy = Proxy::before(&redis, 1)?;
//! println!("clients connect to {}", proxy.url());
//! proxy.behave(Manner::Hang)?;
//! proxy.behave(Manner::Pass)?;
//! proxy.cut(End::Reset);
//! # Ok(())
//! # }
//! ```

mod dice;
mod link;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::ensure;

use self::dice::Dice;
pub use self::link::End;
use self::link::Link;
use crate::port::{Port, loopback};
use crate::server::Server;

/// How often a new connection is looked for.
const LOOK: Duration = Duration::from_millis(2);

/// How a proxy treats what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As if it were not there.
    Pass,
    /// Whatever is read is passed on in pieces of 1 to `piece` bytes, after up to `delay`.
    Slow {
        /// Longest wait before what was read is passed on.
        delay: Duration,
        /// Most bytes that are passed on in one write; at least 1.
        piece: usize,
    },
    /// Connections are accepted and stay, and nothing passes; what was sent meanwhile passes when this is over.
    Hang,
    /// What is sent is lost, and with it its connection: it stays silent for ever, whatever comes after, and neither
    /// side learns of the other's end. A firewall that forgot its connections, a host that lost its power.
    Lose {
        /// So long after what a client sent was lost its own system gives the connection up, since nothing is
        /// acknowledged (Linux: `net.ipv4.tcp_retries2`, a quarter of an hour unless told otherwise). A client that
        /// only waits for an answer is never told.
        given_up_after: Duration,
    },
    /// New connections are refused; those that are there go on.
    Refuse,
}

/// A running proxy. Dropping it closes all its connections.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
    /// Released last, when nobody listens on it any more.
    port: Port,
}

/// What the proxy's threads share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    ended: bool,
    /// Whether new connections are accepted right now.
    listens: bool,
    links: BTreeMap<u64, Arc<Link>>,
}

impl Proxy {
    /// Starts a proxy before a server. What it does at random it does as `seed` says, as far as the network does.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn before(server: &Server, seed: u64) -> anyhow::Result<Self> {
        let mut proxy = Self::start(loopback(server.port()), seed)?;
        let place = |port: u16| format!("127.0.0.1:{port}");
        let url = server.url().replace(&place(server.port()), &place(proxy.port()));
        ensure!(url != server.url(), "the server's URL has no port that a proxy could take the place of");
        proxy.url = url;
        Ok(proxy)
    }

    /// Starts a proxy before whatever listens at this address.
    ///
    /// # Errors
    /// As [`Proxy::before`].
    pub fn start(to: SocketAddr, seed: u64) -> anyhow::Result<Self> {
        let port = Port::claim(None)?;
        let listener = listen(port.address())?;
        let state = State { manner: Manner::Pass, ended: false, listens: true, links: BTreeMap::new() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let (own, at) = (shared.clone(), port.address());
        let acceptor = Some(std::thread::spawn(move || own.accept_all(listener, at, to, seed)));
        Ok(Self { url: at.to_string(), shared, acceptor, port })
    }

    /// Where clients connect to: the server's own URL with the proxy's port; host and port when it is before an
    /// address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// From now on it behaves so.
    ///
    /// # Errors
    /// When its port was taken by another while new connections were refused.
    pub fn behave(&self, manner: Manner) -> anyhow::Result<()> {
        let mut state = self.shared.lock();
        state.manner = manner;
        self.shared.changed.notify_all();
        // The port is opened and closed by the thread that accepts.
        while state.listens == (manner == Manner::Refuse) {
            ensure!(!state.ended, "port {} can't be listened on again", self.port());
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Ends all connections that there are, also those that were lost; how many.
    pub fn cut(&self, end: End) -> usize {
        let links = std::mem::take(&mut self.shared.lock().links);
        links.values().for_each(|link| link.end(end));
        self.shared.changed.notify_all();
        links.len()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.shared.lock().links.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.cut(End::Close);
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How to treat what has come: waits while nothing may pass. Nothing when the link has ended meanwhile.
    fn manner(&self, link: &Link) -> Option<Manner> {
        let mut state = self.lock();
        while state.manner == Manner::Hang && !link.has_ended() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (!link.has_ended()).then_some(state.manner)
    }

    fn forget(&self, number: u64) {
        self.lock().links.remove(&number);
    }

    fn accept_all(self: Arc<Self>, listener: TcpListener, at: SocketAddr, to: SocketAddr, seed: u64) {
        let mut listener = Some(listener);
        for number in 0.. {
            let client = loop {
                let mut state = self.lock();
                if state.ended {
                    return;
                }
                let refuses = state.manner == Manner::Refuse;
                if refuses == listener.is_some() {
                    listener = if refuses { None } else { listen(at).ok() };
                    (state.listens, state.ended) = (listener.is_some(), !refuses && listener.is_none());
                    self.changed.notify_all();
                }
                drop(state);
                match listener.as_ref().map(TcpListener::accept) {
                    Some(Ok((client, _))) => break client,
                    Some(Err(error)) if error.kind() != ErrorKind::WouldBlock => {
                        eprintln!("  ! a proxy can't accept: {error}");
                    }
                    Some(Err(_)) | None => {}
                }
                std::thread::sleep(LOOK);
            };
            // Where the server is away the client learns it by the end of its own connection.
            let Ok(link) = Link::new(client, to).map(Arc::new) else { continue };
            self.lock().links.insert(number, link.clone());
            for from_client in [true, false] {
                let (shared, link) = (self.clone(), link.clone());
                let dice = Dice::new(seed, 2 * number + u64::from(from_client));
                std::thread::spawn(move || {
                    Link::pump(&link, from_client, dice, |link| shared.manner(link));
                    if !link.is_lost() {
                        shared.forget(number);
                    }
                });
            }
        }
    }
}

fn listen(at: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(at)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
