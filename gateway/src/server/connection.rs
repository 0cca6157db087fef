//! One connection, from its handshake to its end.

use super::{
    pulse::{Limits, Pulse, Verdict, Watched},
    tls::{H2, Tls},
};
use crate::{
    Settings,
    edge::{Edge, FromPeer},
};
use chassis::Tasks;
use hyper::rt::Executor;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use std::{net::IpAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// The most bytes of heads and bodies that are buffered for a connection, or for a stream of HTTP/2.
const BUFFER: usize = 64 << 10;
/// Requests that may be under way at once on a connection of HTTP/2.
const STREAMS: u32 = 128;
/// The most bytes of a request's head in HTTP/2.
const HEADERS: u32 = 32 << 10;
/// How often a client that says nothing is asked whether it is there, and how long it has to answer (HTTP/2).
const PING: Duration = Duration::from_secs(20);
/// How long a connection on which nothing is under way stays open after the stop: a client may just be about to use
/// it, and would not know whether its request was heard. The next answer closes it.
const LAST_CALL: Duration = Duration::from_secs(1);
/// How long requests may go on after that.
const FINISH: Duration = Duration::from_secs(8);

/// How connections are served.
pub(super) struct Manner {
    edge: Arc<Edge>,
    tls: Option<Arc<Tls>>,
    limits: Limits,
    http1: auto::Builder<OnTasks>,
    http2: auto::Builder<OnTasks>,
    stop: CancellationToken,
}

/// Where the requests of HTTP/2 run.
#[derive(Clone)]
struct OnTasks(Tasks);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for OnTasks {
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}

impl Manner {
    pub fn new(edge: Arc<Edge>, tls: Option<Arc<Tls>>, settings: &Settings, tasks: &Tasks) -> Self {
        let limits = Limits {
            head: Duration::from_millis(settings.gateway_head_ms),
            idle: Duration::from_millis(settings.gateway_idle_ms),
        };
        let stop = tasks.stop().clone();
        let builder = || auto::Builder::new(OnTasks(tasks.clone()));
        let (mut http1, mut http2) = (builder().http1_only(), builder().http2_only());
        // Heads have a time limit of ours, which tells a slow one from one that nobody has begun.
        http1.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(BUFFER);
        http2
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEADERS)
            .max_send_buf_size(BUFFER)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        Self { edge, tls, limits, http1, http2, stop }
    }

    /// Serves until the client goes away or is cut off, or until the stop and what is under way then is answered.
    pub async fn serve(&self, stream: TcpStream, peer: IpAddr) {
        // Answers are small and written at once: waiting for more to send only delays them.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let Some(tls) = &self.tls else { return self.talk(stream, peer, false).await };
        let shaken = tokio::select! {
            shaken = timeout(self.limits.head, tls.acceptor().accept(stream)) => shaken,
            () = self.last_call() => return,
        };
        match shaken {
            Ok(Ok(stream)) => {
                // HTTP/2 only to those who ask for it in the handshake: there is no other way to it.
                let second = stream.get_ref().1.alpn_protocol() == Some(H2);
                self.talk(stream, peer, second).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn talk<I>(&self, stream: I, peer: IpAddr, second: bool)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let pulse = Pulse::new();
        let service =
            FromPeer { edge: self.edge.clone(), peer, pulse: pulse.clone(), stop: self.stop.clone() };
        let stream = Watched { stream, pulse: pulse.clone(), is_http1: !second };
        let builder = if second { &self.http2 } else { &self.http1 };
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut last_call = pin!(self.last_call());
        let (mut look, mut called, mut end) = (Instant::now(), false, None);
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = connection.as_mut() => break outcome,
                () = last_call.as_mut(), if !called => {
                    called = true;
                    connection.as_mut().graceful_shutdown();
                    end = Some(Instant::now() + FINISH);
                }
                () = sleep_until(look) => {
                    let now = Instant::now();
                    if end.is_some_and(|end| end <= now) {
                        if called {
                            tracing::warn!("a request was not finished when the gateway stopped");
                        }
                        return;
                    }
                    look = match pulse.look(self.limits, now) {
                        Verdict::GoesOn(next) => next,
                        Verdict::CutOff(why) => return tracing::debug!(why, "a connection is cut off"),
                        Verdict::Enough(why, rest) => {
                            if end.is_none() {
                                tracing::debug!(why, "a connection has to end");
                                connection.as_mut().graceful_shutdown();
                                end = Some(now + rest);
                            }
                            now + self.limits.head
                        }
                    };
                }
            }
            look = end.map_or(look, |end| look.min(end));
        };
        if let Err(error) = outcome {
            // A client that goes away is nothing to worry about.
            tracing::debug!(%error, "connection ended");
        }
    }

    async fn last_call(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(LAST_CALL).await;
    }
}
