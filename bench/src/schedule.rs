//! The open loop: when each order is due, whatever became of those before it.

use std::time::{Duration, Instant};

/// A steady rate, kept by several connections that take turns.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Orders a second, over all connections.
    pub rate: f64,
    /// Connections.
    pub connections: u32,
}

impl Schedule {
    /// When a connection's next order is due, since the beginning: decided before anything is sent, so that an answer
    /// that is late delays no order that comes after it.
    #[must_use]
    pub fn due(&self, connection: u32, round: u32) -> Duration {
        let turn = f64::from(round) * f64::from(self.connections) + f64::from(connection);
        Duration::from_secs_f64(turn / self.rate)
    }
}

/// The time in which it is measured.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// From here on.
    pub from: Instant,
    /// Up to here, and not this moment itself.
    pub to: Instant,
}

impl Window {
    /// Whether a moment is in it.
    #[must_use]
    pub fn holds(&self, moment: Instant) -> bool {
        (self.from..self.to).contains(&moment)
    }
}

/// One order.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// When it was meant to be placed (closed loop: when it was).
    pub intended: Instant,
    /// When it was settled.
    pub settled: Instant,
}

impl Sample {
    /// What its customer waited.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.settled.saturating_duration_since(self.intended)
    }
}

/// The latencies that count. In the open loop these are of the orders that were due in the window, however late they
/// were settled: to leave out those that came after it would leave out the slowest.
#[must_use]
pub fn latencies(samples: &[Sample], window: Window, open_loop: bool) -> Vec<Duration> {
    let counts = |sample: &&Sample| window.holds(if open_loop { sample.intended } else { sample.settled });
    samples.iter().filter(counts).map(Sample::latency).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_connections_together_keep_the_rate_and_no_two_orders_are_due_at_once() {
        let schedule = Schedule { rate: 200.0, connections: 3 };
        let mut due: Vec<Duration> = (0..3)
            .flat_map(|connection| (0..100).map(move |round| schedule.due(connection, round)))
            .collect();
        due.sort_unstable();
        for (number, due) in (0_u32..).zip(&due) {
            assert!(due.abs_diff(5 * MS * number) < Duration::from_nanos(10), "{number}: {due:?}");
        }
    }

    #[test]
    fn a_stall_is_counted_by_every_order_that_was_due_in_it() {
        // One connection, 100 a second for ten seconds; each answer takes a millisecond, but one takes a second.
        let (schedule, began) = (Schedule { rate: 100.0, connections: 1 }, Instant::now());
        let (mut free, mut samples) = (began, vec![]);
        for round in 0..1_000 {
            let intended = began + schedule.due(0, round);
            let service = if round == 500 { 1_000 * MS } else { MS };
            free = free.max(intended) + service;
            samples.push(Sample { intended, settled: free });
        }
        let window = Window { from: began, to: began + 10_000 * MS };
        let found = latency::summary(latencies(&samples, window, true)).unwrap();
        assert_eq!(found.samples, 1_000);
        // About 110 orders were due until the connection had caught up, each a little less late than the last.
        assert!(found.p50_ms < 1.5, "{found:?}");
        assert!((350.0..650.0).contains(&found.p95_ms), "{found:?}");
        assert!(found.p99_ms > 850.0, "{found:?}");
    }

    #[test]
    fn what_is_settled_after_the_window_counts_if_it_was_due_in_it() {
        let began = Instant::now();
        let at = |ms| began + MS * ms;
        let window = Window { from: at(1_000), to: at(2_000) };
        let sample = |from, to| Sample { intended: at(from), settled: at(to) };
        let samples = [sample(999, 1_500), sample(1_000, 1_010), sample(1_990, 9_990), sample(2_000, 2_001)];
        assert_eq!(latencies(&samples, window, true), [10 * MS, 8_000 * MS]);
        assert_eq!(latencies(&samples, window, false), [501 * MS, 10 * MS]);
    }
}
