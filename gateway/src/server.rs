//! Connections: accepted up to a limit, served, and ended in order.

use crate::edge::{Edge, FromPeer};
use chassis::Tasks;
use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;

/// How long a connection may take for a request's head, or be idle.
const HEAD: Duration = Duration::from_secs(75);
/// The most bytes of heads and bodies that are buffered for a connection.
const BUFFER: usize = 64 << 10;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;
/// How long a connection on which nothing is under way stays open after the stop: a client may just be about to use
/// it, and would not know whether its request was heard. The next answer closes it.
const LAST_CALL: Duration = Duration::from_secs(1);
/// How long requests may go on after that.
const FINISH: Duration = Duration::from_secs(8);
/// Pause after a failure to accept: no file descriptors, most likely.
const PAUSE: Duration = Duration::from_millis(50);

/// Listens on the address; `shared`: together with whoever else does so and says so (`SO_REUSEPORT`).
pub(crate) fn listen(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    // Or the port of a gateway that has just ended could not be taken.
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(shared)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop`, and then until the requests under way are answered, at most [`FINISH`].
pub(crate) async fn serve(listener: TcpListener, edge: Arc<Edge>, most: usize, stop: &CancellationToken) {
    let connections = Tasks::child_of(stop);
    let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let begin = |place, stream, peer| {
        let (edge, stop) = (edge.clone(), stop.clone());
        connections.spawn(async move {
            serve_one(stream, peer, edge, stop).await;
            drop(place);
        });
    };
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
            Ok((stream, peer)) => begin(place, stream, peer),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    // Who was let in by the system already would be cut off with the listener.
    while let (Ok(place), Some(Ok((stream, peer)))) =
        (places.clone().try_acquire_owned(), listener.accept().now_or_never())
    {
        begin(Ok(place), stream, peer);
    }
    drop(listener);
    connections.ended().await;
}

async fn serve_one(stream: TcpStream, peer: SocketAddr, edge: Arc<Edge>, stop: CancellationToken) {
    // Answers are small and written at once: waiting for more to send only delays them.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = FromPeer { edge, peer: peer.ip(), stop: stop.clone() };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let last_call = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_CALL).await;
    };
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = last_call => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_those_who_say_so_share_an_address() {
        let free = || SocketAddr::from(([127, 0, 0, 1], 0));
        let first = listen(free(), true).unwrap();
        let address = first.local_addr().unwrap();
        listen(address, true).unwrap();
        assert_eq!(listen(address, false).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let alone = listen(free(), false).unwrap();
        let taken = listen(alone.local_addr().unwrap(), true);
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
