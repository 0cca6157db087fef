//! As many orders as are settled: always the same number in flight.

use super::measure;
use crate::{bench::Bench, mix::Mix, results::Scenario};

/// Measures it, and notes what saturation is.
pub async fn run(bench: &mut Bench) -> anyhow::Result<Vec<Scenario>> {
    let load = bench.saturated(Mix::default());
    let what = format!("{} orders in flight, of two lines, 200 SKUs", bench.plan.in_flight());
    let scenario = measure(bench, "saturation", &what, &load).await?;
    bench.saturates_at(scenario.orders_s);
    Ok(vec![scenario])
}
