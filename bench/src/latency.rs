//! Percentiles.

use crate::results::Latency;
use std::time::Duration;

/// What stands for these latencies; none for none.
#[must_use]
pub fn summary(mut latencies: Vec<Duration>) -> Option<Latency> {
    latencies.sort_unstable();
    let ms = |share: f64| percentile(&latencies, share).map(|found| found.as_secs_f64() * 1e3);
    Some(Latency {
        samples: latencies.len(),
        p50_ms: ms(0.5)?,
        p95_ms: ms(0.95)?,
        p99_ms: ms(0.99)?,
        p999_ms: ms(0.999)?,
        max_ms: ms(1.0)?,
    })
}

/// The nearest rank: the smallest value that at least this share of all values does not exceed. Never a value that
/// was not measured.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank between 1 and the number of values"
)]
fn percentile(sorted: &[Duration], share: f64) -> Option<Duration> {
    // Without the subtraction 0.999 of 1,000 would be a hair above 999, and so rank 1,000.
    let rank = (share * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: impl Iterator<Item = u64>, expected: [f64; 5]) {
        let found = summary(values.map(Duration::from_millis).collect()).unwrap();
        assert_eq!([found.p50_ms, found.p95_ms, found.p99_ms, found.p999_ms, found.max_ms], expected);
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        check(1..=100, [50.0, 95.0, 99.0, 100.0, 100.0]);
        check(1..=1_000, [500.0, 950.0, 990.0, 999.0, 1_000.0]);
        check(1..=10_000, [5_000.0, 9_500.0, 9_900.0, 9_990.0, 10_000.0]);
        check(1..=3, [2.0, 3.0, 3.0, 3.0, 3.0]);
    }

    #[test]
    fn the_order_of_the_values_does_not_matter() {
        check((1..=100).rev(), [50.0, 95.0, 99.0, 100.0, 100.0]);
    }

    #[test]
    fn one_value_is_every_percentile_and_none_has_no_percentiles() {
        check(std::iter::once(7), [7.0; 5]);
        assert_eq!(summary(vec![]), None);
    }
}
