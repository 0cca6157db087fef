//! An OTLP/HTTP collector that keeps what it receives.

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
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
use std::sync::{Arc, Mutex};

/// All that came, flat.
#[derive(Default)]
pub struct Received {
    pub resources: Vec<Vec<KeyValue>>,
    pub spans: Vec<Span>,
    pub logs: Vec<LogRecord>,
    pub metrics: Vec<Metric>,
}

type Kept = Arc<Mutex<Received>>;

pub struct Collector {
    pub url: String,
    kept: Kept,
    _tasks: chassis::Tasks,
}

impl Collector {
    pub async fn start() -> Self {
        let kept = Kept::default();
        let routes = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/logs", post(logs))
            .route("/v1/metrics", post(metrics))
            .with_state(kept.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let tasks = chassis::Tasks::default();
        tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, kept, _tasks: tasks }
    }

    pub fn take(&self) -> Received {
        std::mem::take(&mut self.kept.lock().unwrap())
    }
}

/// The text of an attribute.
pub fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    if let Value::StringValue(text) = found.value.clone()?.value? { Some(text) } else { None }
}

fn decode<M: Message + Default>(headers: &HeaderMap, body: Bytes) -> M {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    M::decode(body).unwrap()
}

async fn traces(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) {
    let mut kept = kept.lock().unwrap();
    for of in decode::<ExportTraceServiceRequest>(&headers, body).resource_spans {
        kept.resources.push(of.resource.unwrap().attributes);
        kept.spans.extend(of.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
}

async fn logs(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) {
    let mut kept = kept.lock().unwrap();
    for of in decode::<ExportLogsServiceRequest>(&headers, body).resource_logs {
        kept.resources.push(of.resource.unwrap().attributes);
        kept.logs.extend(of.scope_logs.into_iter().flat_map(|scope| scope.log_records));
    }
}

async fn metrics(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) {
    let mut kept = kept.lock().unwrap();
    for of in decode::<ExportMetricsServiceRequest>(&headers, body).resource_metrics {
        kept.resources.push(of.resource.unwrap().attributes);
        kept.metrics.extend(of.scope_metrics.into_iter().flat_map(|scope| scope.metrics));
    }
}
