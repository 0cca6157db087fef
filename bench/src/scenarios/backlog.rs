//! A backlog: orders are accepted while no service runs, then all of them are drained at once.

use crate::{
    bench::Bench,
    figures::{count, per_order},
    flock::Shape,
    load::{Pace, Running},
    mix::Mix,
    results::Scenario,
    schedule::Sample,
};
use anyhow::{Context, ensure};
use std::time::Instant;

/// Measures it. The gateway is a process of its own, so that it can be there alone; the services are another.
pub async fn run(bench: &mut Bench) -> anyhow::Result<Vec<Scenario>> {
    let orders = bench.plan.backlog();
    bench.flock.run(Shape::GatewayAlone).await?;
    let load = bench.load(Pace::Burst(orders), Mix::default());
    let mut running = Running::begin(&bench.flock, &load).await?;
    running.placed().await?;
    let accepting = running.began.elapsed().as_secs_f64();
    let accepted = running.tracker.accepted();
    ensure!(running.tracker.samples().is_empty(), "orders were settled though no service ran");
    ensure!(accepted > 0, "no order was accepted");
    let (before, services) = (bench.flock.used(), Instant::now());
    bench.flock.run(Shape::Split).await?;
    running.settled().await?;
    let used = bench.flock.used().since(&before);
    let mut settled: Vec<Instant> =
        running.tracker.samples().iter().map(|Sample { settled, .. }| *settled).collect();
    settled.sort_unstable();
    let last = *settled.last().context("orders were settled")?;
    let seconds = last.duration_since(services).as_secs_f64();
    // Without the beginning, in which processes start, and the end, in which batches are small.
    let (early, late) = (settled[settled.len() / 10], settled[settled.len() * 9 / 10]);
    let steady = count(settled.len()) * 0.8 / late.duration_since(early).as_secs_f64().max(1e-3);
    let more = [
        ("accepted", count(usize::try_from(accepted)?)),
        ("accepted_s", count(usize::try_from(accepted)?) / accepting),
        ("drained_in_s", seconds),
        ("drained_s_between_10_and_90_percent", steady),
    ];
    Ok(vec![Scenario {
        name: "backlog".into(),
        what: format!("{orders} orders accepted without services, then drained"),
        seconds,
        orders_s: count(settled.len()) / seconds,
        failed: running.tracker.failed(),
        more: more.map(|(name, value)| (name.to_owned(), value)).into(),
        ..per_order(&used, count(settled.len()))
    }])
}
