//! Lines as an operator's tools read them.

use super::{super::context::About, layer};
use contracts::Timestamp;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use serde_json::{Value, json};
use std::{
    io::Write,
    sync::{Arc, Mutex},
};
use tracing_subscriber::layer::SubscriberExt;
use uuid::Uuid;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What `said` writes, its lines parsed; the time is checked here and taken out.
fn lines(said: impl FnOnce()) -> Vec<Value> {
    let sink = Sink::default();
    let to = sink.clone();
    let subscriber = tracing_subscriber::registry().with(layer("starling", move || to.clone()));
    tracing::subscriber::with_default(subscriber, said);
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert!(text.ends_with('\n'));
    let parsed = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        let time = time.as_str().unwrap();
        assert!(time.ends_with('Z'), "{time} is not UTC");
        Timestamp::parse(time).unwrap();
        line
    });
    parsed.collect()
}

#[track_caller]
fn check(said: impl FnOnce(), expected: Value) {
    assert_eq!(lines(said), [expected]);
}

const TARGET: &str = module_path!();

#[test]
fn a_line_is_flat_and_its_numbers_are_numbers() {
    let said = || {
        tracing::warn!(order_id = "7", duration_ms = 12_u128, share = 0.5, late = true, "slow \"order\"\n")
    };
    let expected = json!({"level": "WARN", "service": "starling", "target": TARGET, "message": "slow \"order\"\n",
        "order_id": "7", "duration_ms": 12, "share": 0.5, "late": true});
    check(said, expected);
}

#[test]
fn an_event_that_names_its_service_is_that_services() {
    let said = || tracing::info!(service = "orders", "started");
    check(said, json!({"level": "INFO", "service": "orders", "target": TARGET, "message": "started"}));
}

#[test]
fn fields_of_the_spans_around_are_on_the_line_and_the_innermost_counts() {
    let said = || {
        let _outer = tracing::info_span!("outer", order_id = 1, attempt = 1).entered();
        let _inner = tracing::info_span!("inner", attempt = 2).entered();
        tracing::info!("called");
    };
    let expected = json!({"level": "INFO", "service": "starling", "target": TARGET, "message": "called",
        "order_id": 1, "attempt": 2});
    check(said, expected);
}

#[test]
fn inside_a_trace_the_line_carries_its_ids() {
    let (trace, span) = (TraceId::from(0xabc), SpanId::from(0xdef));
    let remote = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE);
    let said = || {
        let _entered = Context::new().with_remote_span_context(remote).attach();
        tracing::info!("inside");
    };
    let expected = json!({"level": "INFO", "service": "starling", "target": TARGET, "message": "inside",
        "trace_id": "00000000000000000000000000000abc", "span_id": "0000000000000def"});
    check(said, expected);
}

#[test]
fn what_is_done_about_an_order_names_it_once() {
    let (order, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
    let said = || {
        let _entered = Context::new().with_value(About(order)).attach();
        tracing::info!("held");
        tracing::info!(order_id = %other, "held");
    };
    let line = |order: Uuid| {
        json!({"level": "INFO", "service": "starling", "target": TARGET, "message": "held",
            "order_id": order.to_string()})
    };
    assert_eq!(lines(said), [line(order), line(other)]);
}

#[test]
fn a_field_cannot_pass_for_a_part_of_the_line() {
    let said = || tracing::info!(level = "FATAL", trace_id = "forged", "told");
    let expected = json!({"level": "INFO", "service": "starling", "target": TARGET, "message": "told",
        "level_": "FATAL", "trace_id_": "forged"});
    check(said, expected);
}

#[test]
fn an_error_is_told_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("no answer")]
    struct NoAnswer(#[source] std::io::Error);
    let error = NoAnswer(std::io::Error::other("connection reset"));
    let said = || tracing::error!(error = &error as &dyn std::error::Error, "failed");
    let expected = json!({"level": "ERROR", "service": "starling", "target": TARGET, "message": "failed",
        "error": "no answer: connection reset"});
    check(said, expected);
}
