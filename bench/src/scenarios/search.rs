//! A large catalog is searched by words, some of them mistyped, with filters and facets. Hardly any question is asked twice.

use crate::{
    bench::Bench,
    figures::count,
    http::Connection,
    latency, listings,
    mix::Random,
    results::{Scenario, Verdict},
    schedule::{Sample, Schedule, Window, latencies},
};
use anyhow::ensure;
use std::time::Instant;
use tokio::task::JoinSet;

/// Searches a second.
const RATE: f64 = 100.0;
/// Connections that take turns.
const CONNECTIONS: u32 = 16;
/// The highest p99.
const P99_MS: f64 = 50.0;

/// Measures it, with a flock of its own.
pub async fn run(bench: &mut Bench) -> anyhow::Result<Vec<Scenario>> {
    bench.anew().await?;
    let wanted = bench.plan.listings();
    let began = Instant::now();
    listings::fill(&bench.flock.gateway, &bench.flock.tokens[0], wanted).await?;
    let imported_s = count(wanted) / began.elapsed().as_secs_f64();
    let began = Instant::now() + bench.plan.warm_up();
    let window = Window { from: began, to: began + bench.plan.measured() };
    let (mut tasks, schedule) = (JoinSet::new(), Schedule { rate: RATE, connections: CONNECTIONS });
    let start = Instant::now();
    for number in 0..CONNECTIONS {
        let connection = Connection::open(&bench.flock.gateway).await?;
        tasks.spawn(one(connection, number, schedule, start, window, wanted));
    }
    let (mut samples, mut found) = (vec![], 0);
    while let Some(done) = tasks.join_next().await {
        let (waits, hits) = done??;
        samples.extend(waits);
        found += hits;
    }
    let mut scenario = Scenario {
        name: "search".into(),
        what: format!("{wanted} listings, {RATE:.0} searches a second, open loop"),
        seconds: bench.plan.measured().as_secs_f64(),
        offered_s: Some(RATE),
        latency: latency::summary(latencies(&samples, window, true)),
        ..Scenario::default()
    };
    let more =
        [("listings_imported_s", imported_s), ("found_per_search", count(found) / count(samples.len()))];
    scenario.more.extend(more.map(|(name, value)| (name.to_owned(), value)));
    if let Some(latency) = scenario.latency {
        scenario.verdicts.push(Verdict::at_most("p99 of searches", latency.p99_ms, P99_MS, "ms"));
    }
    Ok(vec![scenario])
}

/// What one connection waited, and how many listings it was shown.
async fn one(
    mut connection: Connection,
    number: u32,
    schedule: Schedule,
    start: Instant,
    window: Window,
    listings: usize,
) -> anyhow::Result<(Vec<Sample>, usize)> {
    let (mut samples, mut found, mut random) = (vec![], 0, Random::new(number));
    for round in 0.. {
        let intended = start + schedule.due(number, round);
        if intended >= window.to {
            break;
        }
        tokio::time::sleep_until(intended.into()).await;
        let (status, answer) = connection.get(&listings::question(&mut random, listings), "").await?;
        ensure!(status == 200, "search: {status} {answer}");
        found += answer.matches("\"slug\":").count();
        samples.push(Sample { intended, settled: Instant::now() });
    }
    Ok((samples, found))
}
