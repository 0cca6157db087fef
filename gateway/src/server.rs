//! Connections: accepted up to a limit, served, and ended in order.

mod connection;
mod crowd;
mod pulse;
mod tls;

pub(crate) use pulse::Pulse;
pub(crate) use tls::Tls;

use crate::{Settings, edge::Edge, proxies::Proxies};
use chassis::{Tasks, telemetry};
use connection::Manner;
use crowd::Crowd;
use futures_util::FutureExt;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;
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

/// Serves until `stop`, and then until the requests under way are answered, which takes seconds at most.
pub(crate) async fn serve(
    listener: TcpListener,
    edge: Arc<Edge>,
    tls: Option<Arc<Tls>>,
    proxies: Proxies,
    settings: &Settings,
    stop: &CancellationToken,
) {
    let connections = Tasks::child_of(stop);
    if let Some(tls) = &tls {
        connections.spawn(tls.clone().follow(stop.clone()));
    }
    let manner = Arc::new(Manner::new(edge, tls, settings, &connections));
    let places = Arc::new(Semaphore::new(settings.gateway_connections.min(Semaphore::MAX_PERMITS)));
    let crowd = Crowd::new(settings.gateway_connections_per_address);
    let begin = |place, stream, peer: SocketAddr| {
        // A proxy brings many clients; who they are is known only by their requests.
        let one_of_its = if proxies.trusts(peer.ip()) { None } else { Some(crowd.admit(peer.ip())) };
        if matches!(one_of_its, Some(None)) {
            telemetry::refused("connections");
            return tracing::debug!("an address has too many connections");
        }
        let manner = manner.clone();
        connections.spawn(async move {
            manner.serve(stream, peer.ip()).await;
            drop((place, one_of_its));
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
