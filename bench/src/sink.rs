//! Takes what a flock tells of itself (OTLP over HTTP) and throws it away: a collector would cost CPU that is not the
//! flock's.

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Listens until it is dropped.
pub struct Sink {
    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub url: String,
    bytes: Arc<AtomicU64>,
    listening: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Sink {
    /// Listens on a free port.
    #[expect(clippy::disallowed_methods, reason = "it ends with the sink")]
    pub async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("the sink of telemetry")?;
        let url = format!("http://{}", listener.local_addr()?);
        let bytes = Arc::new(AtomicU64::new(0));
        let listening = tokio::spawn(listen(listener, bytes.clone()));
        Ok(Self { url, bytes, listening })
    }

    /// Bytes that came so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

#[expect(clippy::disallowed_methods, reason = "a connection ends with who made it")]
async fn listen(listener: TcpListener, bytes: Arc<AtomicU64>) {
    while let Ok((stream, _)) = listener.accept().await {
        drop(tokio::spawn(serve(stream, bytes.clone())));
    }
}

async fn serve(stream: TcpStream, bytes: Arc<AtomicU64>) {
    let service = service_fn(|request| take(request, &bytes));
    // Who exports comes back with another connection.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn take(request: Request<Incoming>, bytes: &AtomicU64) -> Result<Response<Empty<Bytes>>, Infallible> {
    let mut body = request.into_body();
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        bytes.fetch_add(u64::try_from(length).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
    Ok(Response::new(Empty::new()))
}
