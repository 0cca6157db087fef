//! Customers look at their orders and at the shop while others order.

use crate::{
    bench::Bench,
    figures::count,
    latency,
    load::{self, Pace},
    mix::Mix,
    results::Scenario,
    schedule,
};

/// Share of saturation at which orders are placed.
const SHARE: f64 = 0.5;
/// Reads for each order.
const READS_PER_ORDER: f64 = 2.0;

/// Measures it.
pub async fn run(bench: &mut Bench) -> anyhow::Result<Vec<Scenario>> {
    let rate = (bench.saturation().await? * SHARE).max(1.0);
    let mut load = bench.load(Pace::Rate(rate), Mix::default());
    load.reads_per_order = READS_PER_ORDER;
    let measured = load::run(&bench.flock, &load, async |_| ()).await?;
    let what = format!("{rate:.0} orders and {:.0} reads a second, open loop", rate * READS_PER_ORDER);
    let mut scenario = measured.figures("reads", &what, &load);
    let (reads, refused) = measured.reads.all();
    let waits = schedule::latencies(&reads, measured.window, true);
    scenario.more.insert("reads_s".into(), count(waits.len()) / scenario.seconds);
    if let Some(waits) = latency::summary(waits) {
        let waits =
            [("read_p50_ms", waits.p50_ms), ("read_p95_ms", waits.p95_ms), ("read_p99_ms", waits.p99_ms)];
        scenario.more.extend(waits.map(|(name, ms)| (name.to_owned(), ms)));
    }
    scenario.failed += refused;
    Ok(vec![scenario])
}
