//! A scenario's figures, from what was measured.

use crate::{
    latency,
    load::{Load, Measured, Pace},
    results::{Process, Scenario},
    schedule,
    usage::{Usage, Used},
};

impl Measured {
    /// The scenario's figures.
    #[must_use]
    pub fn figures(&self, name: &str, what: &str, load: &Load) -> Scenario {
        let samples = self.tracker.samples();
        let settled = samples.iter().filter(|sample| self.window.holds(sample.settled)).count();
        let seconds = self.window.to.duration_since(self.window.from).as_secs_f64();
        let offered_s = if let Pace::Rate(rate) = load.pace { Some(rate) } else { None };
        let latencies = schedule::latencies(&samples, self.window, offered_s.is_some());
        Scenario {
            name: name.into(),
            what: what.into(),
            seconds,
            orders_s: count(settled) / seconds,
            offered_s,
            latency: latency::summary(latencies),
            failed: self.tracker.failed(),
            ..per_order(&self.used, count(settled))
        }
    }
}

/// What was used, by order.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub fn per_order(used: &Used, orders: f64) -> Scenario {
    let per_order = |amount: u64| amount as f64 / orders.max(1.0);
    let process = |(name, usage): &(&str, Usage)| Process {
        name: (*name).into(),
        cpu_ms_per_order: per_order(usage.cpu_ms),
        memory_mb: usage.memory_mb(),
    };
    Scenario {
        cpu_ms_per_order: per_order(used.processes.iter().map(|(_, usage)| usage.cpu_ms).sum()),
        written_per_order: used.written.map(per_order),
        processes: used.processes.iter().map(process).collect(),
        ..Scenario::default()
    }
}

/// A number as a figure.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "numbers of orders, far below 2^52")]
pub const fn count(number: usize) -> f64 {
    number as f64
}
