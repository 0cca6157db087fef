//! The flock beside the limits, and beside the aims.

use crate::results::{Ratio, Results, Verdict};

/// Orders a second that shall be settled at saturation.
const ORDERS_S: f64 = 2_500.0;
/// CPU that an order may cost, over all processes.
const CPU_MS: f64 = 0.75;
/// The least share of the tighter of the two storage limits.
const OF_STORAGE: f64 = 0.6;
/// The highest p50 at 200 orders a second.
const P50_MS: f64 = 30.0;
/// The highest p99 at half load.
const P99_MS: f64 = 150.0;

/// Adds the ratios and the aims to what was measured.
pub fn judge(results: &mut Results) {
    results.ratios = ratios(results);
    results.aims = aims(results);
}

fn ratios(results: &Results) -> Vec<Ratio> {
    let Some((limits, flock)) = results.limits.zip(results.measured("saturation")) else { return vec![] };
    let ratio = |(limit, limit_s): (&str, f64)| Ratio {
        limit: limit.into(),
        limit_s,
        flock_s: flock.orders_s,
        ratio: flock.orders_s / limit_s,
    };
    let limits = [
        ("syncs of the disk", limits.syncs_s),
        ("Postgres writing the same rows", limits.postgres_orders_s),
        ("JetStream storing the same messages", limits.jetstream_orders_s),
        ("the tighter of the two", limits.storage_orders_s()),
        ("the gateway answering /health/live", limits.http_live_s),
        ("the gateway refusing orders", limits.http_refused_s),
    ];
    limits.map(ratio).into()
}

fn aims(results: &Results) -> Vec<Verdict> {
    let mut aims = vec![];
    if let Some(found) = results.measured("saturation") {
        aims.push(Verdict::at_least("at saturation", found.orders_s, ORDERS_S, "orders/s"));
        aims.push(Verdict::at_most("CPU of an order at saturation", found.cpu_ms_per_order, CPU_MS, "ms"));
        if let Some(limits) = results.limits {
            let share = found.orders_s / limits.storage_orders_s();
            aims.push(Verdict::at_least("at saturation", share, OF_STORAGE, "of the tighter storage limit"));
        }
    }
    if let Some(latency) = results.measured("rate-200").and_then(|found| found.latency) {
        aims.push(Verdict::at_most("p50 at 200 orders a second", latency.p50_ms, P50_MS, "ms"));
    }
    if let Some(latency) = results.measured("latency-50").and_then(|found| found.latency) {
        aims.push(Verdict::at_most("p99 at half load", latency.p99_ms, P99_MS, "ms"));
    }
    aims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Latency, Limits, Scenario};

    fn results() -> Results {
        let scenario = |name: &str, orders_s, p50_ms, p99_ms| Scenario {
            name: name.into(),
            orders_s,
            cpu_ms_per_order: 0.8,
            latency: Some(Latency { p50_ms, p99_ms, ..Latency::default() }),
            ..Scenario::default()
        };
        let limits = Limits {
            syncs_s: 8_000.0,
            postgres_orders_s: 5_000.0,
            jetstream_orders_s: 4_000.0,
            ..Limits::default()
        };
        Results {
            limits: Some(limits),
            scenarios: vec![
                scenario("saturation", 2_500.0, 900.0, 1_000.0),
                scenario("rate-200", 200.0, 30.0, 90.0),
                scenario("latency-50", 1_250.0, 60.0, 151.0),
            ],
            ..Results::default()
        }
    }

    #[test]
    fn the_flock_is_compared_with_each_limit_and_with_the_tighter_of_storage() {
        let mut results = results();
        judge(&mut results);
        let ratio = |limit: &str| results.ratios.iter().find(|ratio| ratio.limit == limit).unwrap().ratio;
        assert_eq!(ratio("Postgres writing the same rows"), 0.5);
        assert_eq!(ratio("JetStream storing the same messages"), 0.625);
        assert_eq!(ratio("the tighter of the two"), 0.625);
        let holds: Vec<bool> = results.aims.iter().map(|aim| aim.holds).collect();
        assert_eq!(holds, [true, false, true, true, false]);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let mut results = results();
        results.scenarios[0].not_measured = Some("the disk is full".into());
        judge(&mut results);
        assert!(results.ratios.is_empty());
        assert_eq!(results.aims.len(), 2);
    }
}
