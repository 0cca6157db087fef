//! The scenarios, one a file.

mod backlog;
mod cancels;
mod growth;
mod latency;
mod lines;
mod product_reads;
mod reads;
pub mod saturation;
mod search;
mod services;
mod skus;
mod soak;
mod telemetry;

use crate::{bench::Bench, results::Scenario};
use anyhow::bail;

/// All of them by name, in the order in which they are measured; `growth` last, since it begins with a flock of its own.
pub const SCENARIOS: [(&str, &str); 17] = [
    ("saturation", "as many orders as are settled"),
    ("latency-10", "open loop at 10 % of saturation"),
    ("latency-50", "open loop at 50 % of saturation"),
    ("latency-80", "open loop at 80 % of saturation"),
    ("rate-200", "open loop at 200 orders a second"),
    ("services", "saturation, each service a process of its own"),
    ("hot-sku", "saturation, all orders of one SKU"),
    ("1000-skus", "saturation, 1,000 SKUs"),
    ("lines-1-20", "saturation, orders of 1 to 20 lines"),
    ("cancels", "saturation, one order in ten is cancelled by its customer"),
    ("reads", "open loop at 50 % of saturation, two reads for each order"),
    ("backlog", "orders accepted while the services are stopped, then drained"),
    ("product-reads", "listings that are remembered, as many as are answered"),
    ("search", "100,000 listings: words, filters and facets, open loop"),
    ("telemetry", "saturation without telemetry, with 5 % of traces, with all"),
    ("soak", "a steady rate: memory over time"),
    ("growth", "saturation before and after the tables are filled with orders"),
];

/// Measures one.
pub async fn run(name: &str, bench: &mut Bench) -> anyhow::Result<Vec<Scenario>> {
    match name {
        "saturation" => saturation::run(bench).await,
        "latency-10" => latency::at_share(bench, name, 0.1).await,
        "latency-50" => latency::at_share(bench, name, 0.5).await,
        "latency-80" => latency::at_share(bench, name, 0.8).await,
        "rate-200" => latency::at_rate(bench, name, 200.0).await,
        "services" => services::run(bench).await,
        "hot-sku" => skus::run(bench, name, 1).await,
        "1000-skus" => skus::run(bench, name, crate::shelves::SKUS).await,
        "lines-1-20" => lines::run(bench).await,
        "cancels" => cancels::run(bench).await,
        "reads" => reads::run(bench).await,
        "backlog" => backlog::run(bench).await,
        "product-reads" => product_reads::run(bench).await,
        "search" => search::run(bench).await,
        "telemetry" => telemetry::run(bench).await,
        "soak" => soak::run(bench).await,
        "growth" => growth::run(bench).await,
        other => bail!("no scenario is called {other}"),
    }
}

/// Measures a load, with nothing else to do meanwhile.
async fn measure(
    bench: &Bench,
    name: &str,
    what: &str,
    load: &crate::load::Load,
) -> anyhow::Result<Scenario> {
    let measured = crate::load::run(&bench.flock, load, async |_| ()).await?;
    Ok(measured.figures(name, what, load))
}
