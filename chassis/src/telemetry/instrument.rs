//! Instruments: each is a constant where it is used, and made when it is first told something.
//!
//! Without an endpoint telling one something is one load. Labels are words of the program's own or small numbers, by
//! their type: an id, a name or a path cannot become one, and each new value would be a time series that never ends.

use opentelemetry::{KeyValue, Value, metrics};
use std::sync::OnceLock;

/// Upper bounds of the buckets for durations, in seconds.
const SECONDS: &[f64] =
    &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0];
/// Upper bounds of the buckets for numbers of messages.
const MESSAGES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_000.0];

/// Empty without an endpoint.
static METER: OnceLock<metrics::Meter> = OnceLock::new();

pub(super) fn switch_on(meter: metrics::Meter) {
    METER.get_or_init(|| meter);
}

/// Whether measurements are taken: where finding out what to tell costs something.
#[must_use]
pub fn is_measured() -> bool {
    METER.get().is_some()
}

/// What a label says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// A word that stands in the program.
    Word(&'static str),
    /// A status or the like.
    Number(u16),
}

impl From<&'static str> for Label {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<Label> for Value {
    fn from(label: Label) -> Self {
        match label {
            Label::Word(word) => word.into(),
            Label::Number(number) => i64::from(number).into(),
        }
    }
}

/// No labels.
pub const PLAIN: [(&str, Label); 0] = [];

fn attributes<const N: usize, L: Into<Label>>(labels: [(&'static str, L); N]) -> [KeyValue; N] {
    labels.map(|(name, label)| KeyValue::new(name, Value::from(label.into())))
}

/// What an instrument is called, in what it counts, and what it means.
#[derive(Debug)]
struct Named<I> {
    name: &'static str,
    unit: &'static str,
    what: &'static str,
    made: OnceLock<I>,
}

impl<I> Named<I> {
    const fn new(name: &'static str, unit: &'static str, what: &'static str) -> Self {
        Self { name, unit, what, made: OnceLock::new() }
    }
}

/// A number that only grows.
#[derive(Debug)]
pub struct Counter(Named<metrics::Counter<u64>>);

impl Counter {
    /// To be a static.
    #[must_use]
    pub const fn new(name: &'static str, unit: &'static str, what: &'static str) -> Self {
        Self(Named::new(name, unit, what))
    }

    /// Counts `n` more.
    pub fn add<const N: usize, L: Into<Label>>(&self, n: u64, labels: [(&'static str, L); N]) {
        let Some(meter) = METER.get() else { return };
        let Named { name, unit, what, made } = &self.0;
        let make = || meter.u64_counter(*name).with_unit(*unit).with_description(*what).build();
        made.get_or_init(make).add(n, &attributes(labels));
    }
}

/// A number that grows and shrinks, by what is told.
#[derive(Debug)]
pub struct UpDown(Named<metrics::UpDownCounter<i64>>);

impl UpDown {
    /// To be a static.
    #[must_use]
    pub const fn new(name: &'static str, unit: &'static str, what: &'static str) -> Self {
        Self(Named::new(name, unit, what))
    }

    /// Counts so many more, or fewer.
    pub fn add(&self, n: i64) {
        let Some(meter) = METER.get() else { return };
        let Named { name, unit, what, made } = &self.0;
        let make = || meter.i64_up_down_counter(*name).with_unit(*unit).with_description(*what).build();
        made.get_or_init(make).add(n, &[]);
    }
}

/// How something stands.
#[derive(Debug)]
pub struct Gauge(Named<metrics::Gauge<u64>>);

impl Gauge {
    /// To be a static.
    #[must_use]
    pub const fn new(name: &'static str, unit: &'static str, what: &'static str) -> Self {
        Self(Named::new(name, unit, what))
    }

    /// Says how it stands now.
    pub fn set<const N: usize, L: Into<Label>>(&self, n: u64, labels: [(&'static str, L); N]) {
        let Some(meter) = METER.get() else { return };
        let Named { name, unit, what, made } = &self.0;
        let make = || meter.u64_gauge(*name).with_unit(*unit).with_description(*what).build();
        made.get_or_init(make).record(n, &attributes(labels));
    }
}

/// How often something was how large.
#[derive(Debug)]
pub struct Histogram {
    named: Named<metrics::Histogram<f64>>,
    bounds: &'static [f64],
}

impl Histogram {
    /// Of durations in seconds, a millisecond to a quarter of an hour; to be a static.
    #[must_use]
    pub const fn seconds(name: &'static str, what: &'static str) -> Self {
        Self { named: Named::new(name, "s", what), bounds: SECONDS }
    }

    /// Of numbers of messages; to be a static.
    pub(super) const fn messages(name: &'static str, what: &'static str) -> Self {
        Self { named: Named::new(name, "{message}", what), bounds: MESSAGES }
    }

    /// Adds one.
    pub fn record<const N: usize, L: Into<Label>>(&self, value: f64, labels: [(&'static str, L); N]) {
        let Some(meter) = METER.get() else { return };
        let Named { name, unit, what, made } = &self.named;
        let make = || {
            let histogram = meter.f64_histogram(*name).with_unit(*unit).with_description(*what);
            histogram.with_boundaries(self.bounds.to_vec()).build()
        };
        made.get_or_init(make).record(value, &attributes(labels));
    }
}
