//! An OTLP/HTTP collector that keeps what it receives, for tests of what leaves (feature `collector`).

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{KeyValue, any_value::Value},
    logs::v1::LogRecord,
    metrics::v1::Metric,
    trace::v1::Span,
};
use prost::Message;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::task::JoinHandle;

/// All that came, flat.
#[derive(Default)]
pub struct Received {
    /// Who sent it.
    pub resources: Vec<Vec<KeyValue>>,
    /// Traces.
    pub spans: Vec<Span>,
    /// Logs.
    pub logs: Vec<LogRecord>,
    /// Metrics, once for each time that they left.
    pub metrics: Vec<Metric>,
}

type Kept = Arc<Mutex<Received>>;

/// A collector that listens until it is dropped.
pub struct Collector {
    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub url: String,
    kept: Kept,
    serving: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Collector {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    #[expect(clippy::disallowed_methods, reason = "it ends with the collector")]
    pub async fn start() -> anyhow::Result<Self> {
        let kept = Kept::default();
        let routes = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/logs", post(logs))
            .route("/v1/metrics", post(metrics))
            .layer(DefaultBodyLimit::disable())
            .with_state(kept.clone());
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Ok(Self { url, kept, serving })
    }

    /// What came since it was last taken.
    #[must_use]
    pub fn take(&self) -> Received {
        std::mem::take(&mut *locked(&self.kept))
    }

    /// Looks at what came so far.
    pub fn look<T>(&self, look: impl FnOnce(&Received) -> T) -> T {
        look(&locked(&self.kept))
    }
}

fn locked(kept: &Kept) -> MutexGuard<'_, Received> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The text of an attribute.
#[must_use]
pub fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    if let Value::StringValue(text) = found.value.clone()?.value? { Some(text) } else { None }
}

/// What is no OTLP is an error that the sender's log tells of.
fn decode<M: Message + Default>(headers: &HeaderMap, body: Bytes) -> Result<M, StatusCode> {
    if headers.get("content-type").is_none_or(|kind| kind != "application/x-protobuf") {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    M::decode(body).map_err(|_| StatusCode::BAD_REQUEST)
}

async fn traces(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) -> Result<(), StatusCode> {
    let mut kept = locked(&kept);
    for of in decode::<ExportTraceServiceRequest>(&headers, body)?.resource_spans {
        kept.resources.extend(of.resource.map(|resource| resource.attributes));
        kept.spans.extend(of.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
    Ok(())
}

async fn logs(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) -> Result<(), StatusCode> {
    let mut kept = locked(&kept);
    for of in decode::<ExportLogsServiceRequest>(&headers, body)?.resource_logs {
        kept.resources.extend(of.resource.map(|resource| resource.attributes));
        kept.logs.extend(of.scope_logs.into_iter().flat_map(|scope| scope.log_records));
    }
    Ok(())
}

async fn metrics(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) -> Result<(), StatusCode> {
    let mut kept = locked(&kept);
    for of in decode::<ExportMetricsServiceRequest>(&headers, body)?.resource_metrics {
        kept.resources.extend(of.resource.map(|resource| resource.attributes));
        kept.metrics.extend(of.scope_metrics.into_iter().flat_map(|scope| scope.metrics));
    }
    Ok(())
}
