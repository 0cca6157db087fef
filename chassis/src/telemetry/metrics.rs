//! What the runtime counts and measures of its own accord, for every service.

use super::instrument::{Counter, Gauge, Histogram, is_measured};
use contracts::MESSAGES;
use std::time::Duration;

static CONSUMED: Counter =
    Counter::new("starling.messages.consumed", "{message}", "Messages by what came of them");
static REDELIVERED: Counter =
    Counter::new("starling.messages.redelivered", "{message}", "Messages that came again");
static BATCH_MESSAGES: Histogram =
    Histogram::messages("starling.batch.messages", "Messages in one transaction");
static BATCH_DURATION: Histogram =
    Histogram::seconds("starling.batch.duration", "From a batch's begin to its commit");
static PUBLISHED: Counter =
    Counter::new("starling.messages.published", "{message}", "Messages that JetStream acknowledged");
static PUBLISH_DURATION: Histogram =
    Histogram::seconds("starling.publish.duration", "From sending to JetStream's acknowledgement");
static DEAD: Counter = Counter::new("starling.messages.dead", "{message}", "Messages given up: dead letters");
static CALL_DURATION: Histogram =
    Histogram::seconds("starling.call.duration", "Calls to the outside by outcome");
static BREAKER: Gauge =
    Gauge::new("starling.breaker.open", "{breaker}", "1 while the circuit breaker keeps calls back, else 0");
static CACHED: Counter =
    Counter::new("starling.cache.lookups", "{lookup}", "Lookups in a cache by where it was found");
static REQUEST_DURATION: Histogram =
    Histogram::seconds("starling.request.duration", "Answers to requests on NATS by outcome");
static SWEEP_DURATION: Histogram = Histogram::seconds("starling.sweep.duration", "One look of a timer");

/// Counts a lookup by where it was found: `near`, `redis`, or `miss`.
pub fn cached(cache: &'static str, outcome: &'static str) {
    CACHED.add(1, [("cache", cache), ("outcome", outcome)]);
}

/// Counts messages by outcome: `accepted`, `ignored_repeat`, `ignored_too_late`, `parked`, `journal_hit`.
pub fn consumed(service: &'static str, subject: &str, outcome: &'static str, n: usize) {
    if is_measured() {
        CONSUMED.add(count(n), [("service", service), ("subject", known(subject)), ("outcome", outcome)]);
    }
}

/// Counts a message that came again.
pub fn redelivered(service: &'static str, subject: &str) {
    if is_measured() {
        REDELIVERED.add(1, [("service", service), ("subject", known(subject))]);
    }
}

/// Records a batch that was committed: its size, and how long its transaction took.
pub fn batch(service: &'static str, messages: usize, took: Duration) {
    BATCH_MESSAGES.record(f64::from(u32::try_from(messages).unwrap_or(u32::MAX)), [("service", service)]);
    BATCH_DURATION.record(took.as_secs_f64(), [("service", service)]);
}

/// Records messages that JetStream acknowledged; `how` is `batch` or `single`.
pub fn published(service: &'static str, how: &'static str, n: usize, took: Duration) {
    let of = [("service", service), ("how", how)];
    PUBLISHED.add(count(n), of);
    PUBLISH_DURATION.record(took.as_secs_f64(), of);
}

/// Counts dead letters that were committed.
pub fn dead(service: &'static str, n: usize) {
    DEAD.add(count(n), [("service", service)]);
}

/// Records a call to the outside world; `outside` is the callee's kind, `outcome` is `answered` or `unknown`.
pub fn called(outside: &'static str, outcome: &'static str, took: Duration) {
    CALL_DURATION.record(took.as_secs_f64(), [("outside", outside), ("outcome", outcome)]);
}

/// Says whether a circuit breaker keeps calls back.
pub fn breaker(outside: &'static str, open: bool) {
    BREAKER.set(u64::from(open), [("outside", outside)]);
}

/// Records an answer to a request: `answered`, `refused` (the asker's fault), or `failed` (ours).
pub fn requested(service: &'static str, subject: &'static str, outcome: &'static str, took: Duration) {
    let of = [("service", service), ("subject", subject), ("outcome", outcome)];
    REQUEST_DURATION.record(took.as_secs_f64(), of);
}

/// Records one look of a timer.
pub fn swept(service: &'static str, sweep: &'static str, took: Duration) {
    SWEEP_DURATION.record(took.as_secs_f64(), [("service", service), ("sweep", sweep)]);
}

/// The subject as the contracts have it: what strangers send gets no time series of its own.
fn known(subject: &str) -> &'static str {
    match MESSAGES.iter().find(|info| info.subject == subject) {
        Some(info) => info.subject,
        None if subject.ends_with(".redrive") => "cmd.*.redrive",
        None => "other",
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_that_is_no_message_of_ours_makes_no_time_series() {
        for info in MESSAGES {
            assert_eq!(known(info.subject), info.subject);
        }
        assert_eq!(known("cmd.orders.redrive"), "cmd.*.redrive");
        assert_eq!(known("order.0197f5c3-1111-7000-8000-000000000000"), "other");
    }
}
