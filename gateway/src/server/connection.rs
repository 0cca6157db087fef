//! One connection, from its handshake to its end.

use super::tls::{H2, Tls};
use crate::edge::FromPeer;
use chassis::Tasks;
use hyper::rt::{Executor, Read, Write};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// How long a connection may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may take for a request's head, or be idle.
const HEAD: Duration = Duration::from_secs(75);
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
    tls: Option<Arc<Tls>>,
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
    pub fn new(tls: Option<Arc<Tls>>, tasks: Tasks) -> Self {
        let stop = tasks.stop().clone();
        let builder = || auto::Builder::new(OnTasks(tasks.clone()));
        let (mut http1, mut http2) = (builder().http1_only(), builder().http2_only());
        http1.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER);
        http2
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEADERS)
            .max_send_buf_size(BUFFER)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        Self { tls, http1, http2, stop }
    }

    /// Serves until the client goes away, or until the stop and what is under way then is answered.
    pub async fn serve(&self, stream: TcpStream, service: FromPeer) {
        // Answers are small and written at once: waiting for more to send only delays them.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let Some(tls) = &self.tls else { return self.talk(&self.http1, stream, service).await };
        let shaken = tokio::time::timeout(HANDSHAKE, tls.acceptor().accept(stream));
        let shaken = tokio::select! {
            shaken = shaken => shaken,
            () = self.last_call() => return,
        };
        match shaken {
            Ok(Ok(stream)) => {
                // HTTP/2 only to those who ask for it in the handshake: there is no other way to it.
                let second = stream.get_ref().1.alpn_protocol() == Some(H2);
                let builder = if second { &self.http2 } else { &self.http1 };
                self.talk(builder, stream, service).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn talk<I>(&self, builder: &auto::Builder<OnTasks>, stream: I, service: FromPeer)
    where
        TokioIo<I>: Read + Write + Unpin + Send + 'static,
    {
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = self.last_call() => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(FINISH, connection).await {
                    Ok(outcome) => outcome,
                    Err(_) => return tracing::warn!("a request was not finished when the gateway stopped"),
                }
            }
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
