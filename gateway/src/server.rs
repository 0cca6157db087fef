//! Connections: accepted up to a limit, served, and ended in order.

use crate::edge::{Edge, FromPeer};
use chassis::Tasks;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;

/// How long a connection may take for a request's head, or be idle.
const HEAD: Duration = Duration::from_secs(75);
/// The most bytes of heads and bodies that are buffered for a connection.
const BUFFER: usize = 64 << 10;
/// How long requests may go on after the stop.
const FINISH: Duration = Duration::from_secs(8);
/// Pause after a failure to accept: no file descriptors, most likely.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`, and then until the requests under way are answered, at most [`FINISH`].
pub(crate) async fn serve(listener: TcpListener, edge: Arc<Edge>, most: usize, stop: &CancellationToken) {
    let connections = Tasks::child_of(stop);
    let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (edge, stop) = (edge.clone(), stop.clone());
                connections.spawn(async move {
                    serve_one(stream, peer, edge, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.ended().await;
}

async fn serve_one(stream: TcpStream, peer: SocketAddr, edge: Arc<Edge>, stop: CancellationToken) {
    // Answers are small and written at once: waiting for more to send only delays them.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = FromPeer { edge, peer: peer.ip() };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
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
