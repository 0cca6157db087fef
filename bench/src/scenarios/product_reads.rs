//! Many look at the same thousand listings: what is remembered is answered without the catalog.

use crate::{
    bench::Bench,
    limits::gateway::{LISTINGS, measure_reads},
    listings,
    results::{Scenario, Verdict},
};

/// Reads a second that two cores shall answer, the generator on them.
const READS_S: f64 = 20_000.0;

/// Measures it, beside the same HTTP stack with nothing to do.
pub async fn run(bench: &mut Bench) -> anyhow::Result<Vec<Scenario>> {
    bench.anew().await?;
    listings::fill(&bench.flock.gateway, &bench.flock.tokens[0], LISTINGS).await?;
    // Once, so that all are remembered.
    let (connections, warm_up) = (bench.plan.connections, bench.plan.warm_up());
    measure_reads(&bench.flock, connections, warm_up).await?;
    let (live, reads) = measure_reads(&bench.flock, connections, bench.plan.measured()).await?;
    let mut scenario = Scenario {
        name: "product-reads".into(),
        what: format!("{LISTINGS} listings, shown again and again, closed loop"),
        seconds: bench.plan.measured().as_secs_f64(),
        ..Scenario::default()
    };
    let more = [("reads_s", reads), ("http_live_s", live), ("of_the_bare_http_stack", reads / live)];
    scenario.more.extend(more.map(|(name, value)| (name.to_owned(), value)));
    scenario.verdicts.push(Verdict::at_least("listings shown", reads, READS_S, "a second"));
    Ok(vec![scenario])
}
