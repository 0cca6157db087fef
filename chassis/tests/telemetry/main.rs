//! Telemetry as a collector receives it: a real HTTP server in this process decodes what is exported.
//!
//! Telemetry is started once a process, so this is one test.

use chassis::{
    settings,
    telemetry::{self, Came, Letter},
};
use opentelemetry_proto::tonic::{
    common::v1::any_value::Value,
    logs::v1::LogRecord,
    metrics::v1::{metric::Data, number_data_point},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use std::time::Duration;
use tools::collector::{Collector, Received, attribute};
use uuid::Uuid;

const UNSAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

#[tokio::test(flavor = "multi_thread")]
async fn the_three_signals_of_one_order_reach_the_collector_and_fit_together() {
    let collector = Collector::start().await.unwrap();
    let settings = settings::Telemetry {
        otlp_endpoint: Some(format!("{}/", collector.url)),
        trace_ratio: 1.0,
        log: "info".into(),
        health_listen: None,
    };
    let guard = telemetry::start(&settings, "flock").unwrap();
    assert!(telemetry::start(&settings, "flock").is_err(), "telemetry is started once");

    signalled("USR1", true).await;
    signalled("USR2", false).await;

    let order = Uuid::now_v7();
    let root = telemetry::root(None, "POST /v1/orders", "POST", "/v1/orders").unwrap();
    let from_root = root.step().traceparent();
    let letter = |trace| Letter { service: "orders", subject: "order.created", about: Some(order), trace };
    let step = telemetry::process(&letter(Some(&from_root)), Came::First).unwrap();
    {
        let _entered = step.enter();
        tracing::info!(service = "orders", order_id = %order, "created");
        tracing::info!(target: "hyper_util::client", "must not be exported");
        tracing::debug!("below the level");
    }
    root.step().around(async { tracing::info!("accepted") }).await;
    tracing::info_span!("inner work").in_scope(|| {});
    let from_step = step.traceparent();
    let undone = Letter { service: "inventory", subject: "stock.released", ..letter(Some(&from_step)) };
    telemetry::process(&undone, Came::Again).unwrap().failed("impossible");
    let sent = telemetry::send(&undone).unwrap();
    drop((step, sent));
    root.answered(503);
    drop(telemetry::root(Some(&from_step), "GET /v1/orders", "GET", "/v1/orders"));
    for unsampled in [Some(UNSAMPLED), None] {
        assert!(telemetry::process(&letter(unsampled), Came::First).is_none());
        assert!(telemetry::process(&letter(unsampled), Came::Again).is_none());
        assert!(telemetry::send(&letter(unsampled)).is_none());
    }
    assert!(telemetry::root(Some(UNSAMPLED), "GET /v1/orders", "GET", "/v1/orders").is_none());

    telemetry::consumed("orders", "order.created", "accepted", 3);
    telemetry::consumed("orders", "order.created", "accepted", 2);
    telemetry::consumed("orders", "order.created", "journal_hit", 1);
    telemetry::batch("orders", 200, Duration::from_millis(4));
    telemetry::published("orders", "batch", 200, Duration::from_millis(7));
    telemetry::redelivered("orders", "order.created");
    telemetry::dead("orders", 1);
    telemetry::called("provider", "answered", Duration::from_millis(250));
    telemetry::breaker("provider", true);
    guard.shutdown().await;

    let got = collector.take();
    for resource in &got.resources {
        assert_eq!(attribute(resource, "service.name"), Some("flock".to_owned()));
        assert_eq!(attribute(resource, "service.namespace"), Some("starling".to_owned()));
    }

    let span = |name: &str| got.spans.iter().find(|span| span.name == name).unwrap();
    let (request, process) = (span("POST /v1/orders"), span("process order.created"));
    assert_eq!((request.kind, process.kind), (SpanKind::Server as i32, SpanKind::Consumer as i32));
    assert_eq!(traceparent(request), from_root);
    assert_eq!(traceparent(process), from_step);
    assert_eq!(request.trace_id, process.trace_id);
    assert_eq!(process.parent_span_id, request.span_id);
    assert!(request.parent_span_id.is_empty());
    let attributes = [
        ("messaging.system", "nats"),
        ("messaging.operation.type", "process"),
        ("messaging.operation.name", "process"),
        ("messaging.destination.name", "order.created"),
        ("starling.service", "orders"),
        ("order.id", &order.to_string()),
    ];
    for (name, value) in attributes {
        assert_eq!(attribute(&process.attributes, name).as_deref(), Some(value), "{name}");
    }
    span("inner work");
    assert_eq!(request.status.as_ref().unwrap().code, StatusCode::Error as i32);
    assert_eq!(attribute(&request.attributes, "http.request.method").as_deref(), Some("POST"));
    assert_eq!(attribute(&request.attributes, "http.route").as_deref(), Some("/v1/orders"));
    assert_eq!(value(request, "http.response.status_code"), Some(Value::IntValue(503)));
    assert_eq!(span("GET /v1/orders").status.as_ref().unwrap().message, "not answered");

    let (again, sent) = (span("process stock.released"), span("send stock.released"));
    assert!(again.parent_span_id.is_empty() && again.trace_id != process.trace_id, "a root of its own");
    assert_eq!((&again.links[0].trace_id, &again.links[0].span_id), (&process.trace_id, &process.span_id));
    assert_eq!(again.status.as_ref().unwrap().message, "impossible");
    for mark in ["starling.redelivered", "starling.compensation"] {
        assert_eq!(value(again, mark), Some(Value::BoolValue(true)), "{mark}");
        assert_eq!(value(process, mark), None, "{mark}");
    }
    assert_eq!((&sent.trace_id, &sent.parent_span_id), (&process.trace_id, &process.span_id));
    assert_eq!(sent.kind, SpanKind::Producer as i32);
    assert_eq!(got.spans.len(), 6, "{:?}", got.spans);

    let log = |body: &str| got.logs.iter().find(|log| body_of(log.body.as_ref()) == Some(body)).unwrap();
    let created = log("created");
    assert_eq!((&created.trace_id, &created.span_id), (&process.trace_id, &process.span_id));
    assert_eq!(created.severity_text, "INFO");
    assert_eq!(attribute(&created.attributes, "order_id"), Some(order.to_string()));
    assert_eq!(log("accepted").span_id, request.span_id);
    let changed = "the level of logs was changed by a signal";
    let is_told = |log: &&LogRecord| body_of(log.body.as_ref()) == Some(changed);
    assert_eq!(got.logs.iter().filter(is_told).count(), 2);
    assert_eq!(got.logs.len(), 4, "{:?}", got.logs);

    let accepted = [("service", "orders"), ("subject", "order.created"), ("outcome", "accepted")];
    assert_eq!(number(&got, "starling.messages.consumed", &accepted), Some(5));
    assert_eq!(number(&got, "starling.messages.consumed", &[("outcome", "journal_hit")]), Some(1));
    assert_eq!(
        number(&got, "starling.messages.published", &[("service", "orders"), ("how", "batch")]),
        Some(200)
    );
    assert_eq!(number(&got, "starling.messages.dead", &[("service", "orders")]), Some(1));
    assert_eq!(number(&got, "starling.messages.redelivered", &[("subject", "order.created")]), Some(1));
    assert_eq!(number(&got, "starling.breaker.open", &[("outside", "provider")]), Some(1));
    assert_eq!(sum_of_histogram(&got, "starling.call.duration"), Some(0.25));
    assert_eq!(sum_of_histogram(&got, "starling.batch.messages"), Some(200.0));
    assert_eq!(sum_of_histogram(&got, "starling.batch.duration"), Some(0.004));
    assert_eq!(sum_of_histogram(&got, "starling.publish.duration"), Some(0.007));
}

/// A signal makes the process tell more, or less again.
async fn signalled(signal: &str, more: bool) {
    let kill =
        std::process::Command::new("kill").args(["-s", signal, &std::process::id().to_string()]).status();
    assert!(kill.is_ok_and(|status| status.success()));
    let limit = tokio::time::Instant::now() + Duration::from_secs(30);
    while tracing::enabled!(tracing::Level::DEBUG) != more {
        assert!(tokio::time::Instant::now() < limit, "{signal} was not heard");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn traceparent(span: &Span) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id))
}

fn value(span: &Span, name: &str) -> Option<Value> {
    span.attributes.iter().find(|attribute| attribute.key == name)?.value.clone()?.value
}

fn body_of(body: Option<&opentelemetry_proto::tonic::common::v1::AnyValue>) -> Option<&str> {
    if let Value::StringValue(text) = body?.value.as_ref()? { Some(text) } else { None }
}

/// The newest value of a counter or gauge, of the point that has these attributes.
fn number(got: &Received, name: &str, of: &[(&str, &str)]) -> Option<i64> {
    let points =
        got.metrics.iter().rev().filter(|metric| metric.name == name).flat_map(|metric| {
            match metric.data.as_ref() {
                Some(Data::Sum(sum)) => sum.data_points.clone(),
                Some(Data::Gauge(gauge)) => gauge.data_points.clone(),
                _ => vec![],
            }
        });
    let mut points = points.filter(|point| {
        of.iter().all(|(key, value)| attribute(&point.attributes, key).as_deref() == Some(*value))
    });
    match points.next()?.value? {
        number_data_point::Value::AsInt(number) => Some(number),
        number_data_point::Value::AsDouble(_) => None,
    }
}

fn sum_of_histogram(got: &Received, name: &str) -> Option<f64> {
    let mut found = got.metrics.iter().rev().filter(|metric| metric.name == name);
    let Some(Data::Histogram(histogram)) = found.next()?.data.as_ref() else { return None };
    histogram.data_points.first()?.sum
}
