//! What is counted and measured. No ids as attributes: each adds a time series that never ends.

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter},
};
use std::{sync::OnceLock, time::Duration};

/// Upper bounds of the buckets for durations, in seconds.
const SECONDS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
/// Upper bounds of the buckets for numbers of messages.
const MESSAGES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_000.0];

/// Empty without an endpoint: then each function here is one load.
static METRICS: OnceLock<Metrics> = OnceLock::new();

struct Metrics {
    consumed: Counter<u64>,
    batch_messages: Histogram<u64>,
    batch_duration: Histogram<f64>,
    published: Counter<u64>,
    publish_duration: Histogram<f64>,
    dead: Counter<u64>,
    calls: Counter<u64>,
    breaker: Gauge<u64>,
    cached: Counter<u64>,
}

pub(super) fn switch_on(meter: &Meter) {
    METRICS.get_or_init(|| {
        let counter =
            |name, unit, what| meter.u64_counter(name).with_unit(unit).with_description(what).build();
        let seconds = |name, what| {
            let histogram = meter.f64_histogram(name).with_unit("s").with_description(what);
            histogram.with_boundaries(SECONDS.to_vec()).build()
        };
        Metrics {
            consumed: counter("starling.messages.consumed", "{message}", "Messages by what came of them"),
            batch_messages: meter
                .u64_histogram("starling.batch.messages")
                .with_unit("{message}")
                .with_description("Messages in one transaction")
                .with_boundaries(MESSAGES.to_vec())
                .build(),
            batch_duration: seconds("starling.batch.duration", "From a batch's begin to its commit"),
            published: counter(
                "starling.messages.published",
                "{message}",
                "Messages that JetStream acknowledged",
            ),
            publish_duration: seconds(
                "starling.publish.duration",
                "From sending to JetStream's acknowledgement",
            ),
            dead: counter("starling.messages.dead", "{message}", "Messages given up: dead letters"),
            cached: counter("starling.cache.lookups", "{lookup}", "Lookups in a cache by outcome"),
            calls: counter("starling.calls", "{call}", "Calls to the outside by outcome"),
            breaker: meter
                .u64_gauge("starling.breaker.open")
                .with_description("1 while the circuit breaker keeps calls back, else 0")
                .build(),
        }
    });
}

/// Counts a lookup by where it was found: `near`, `redis`, or `miss`.
pub fn cached(cache: &'static str, outcome: &'static str) {
    let Some(metrics) = METRICS.get() else { return };
    metrics.cached.add(1, &[KeyValue::new("cache", cache), KeyValue::new("outcome", outcome)]);
}

/// Counts messages by outcome: `accepted`, `ignored_repeat`, `ignored_too_late`, `parked`, `journal_hit`; and
/// `redelivered` besides, for those that came again.
pub fn consumed(service: &'static str, subject: &str, outcome: &'static str, n: usize) {
    let Some(metrics) = METRICS.get() else { return };
    let subject = KeyValue::new("subject", subject.to_owned());
    let of = [KeyValue::new("service", service), subject, KeyValue::new("outcome", outcome)];
    metrics.consumed.add(count(n), &of);
}

/// Records a batch that was committed: its size, and how long its transaction took.
pub fn batch(service: &'static str, messages: usize, took: Duration) {
    let Some(metrics) = METRICS.get() else { return };
    let of = [KeyValue::new("service", service)];
    metrics.batch_messages.record(count(messages), &of);
    metrics.batch_duration.record(took.as_secs_f64(), &of);
}

/// Records messages that JetStream acknowledged; `how` is `batch` or `single`.
pub fn published(service: &'static str, how: &'static str, n: usize, took: Duration) {
    let Some(metrics) = METRICS.get() else { return };
    let of = [KeyValue::new("service", service), KeyValue::new("how", how)];
    metrics.published.add(count(n), &of);
    metrics.publish_duration.record(took.as_secs_f64(), &of);
}

/// Counts a dead letter.
pub fn dead(service: &'static str) {
    let Some(metrics) = METRICS.get() else { return };
    metrics.dead.add(1, &[KeyValue::new("service", service)]);
}

/// Counts a call to the outside world; `outside` is the callee's kind, `outcome` is `answered` or `unknown`.
pub fn called(outside: &'static str, outcome: &'static str) {
    let Some(metrics) = METRICS.get() else { return };
    metrics.calls.add(1, &[KeyValue::new("outside", outside), KeyValue::new("outcome", outcome)]);
}

/// Says whether a circuit breaker keeps calls back.
pub fn breaker(outside: &'static str, open: bool) {
    let Some(metrics) = METRICS.get() else { return };
    metrics.breaker.record(u64::from(open), &[KeyValue::new("outside", outside)]);
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
