//! What telemetry costs: saturation without any, with one trace in twenty, and with every trace, in turns, since the machine
//! itself becomes faster and slower. Metrics and logs leave with the traces.

use super::measure;
use crate::{
    bench::Bench,
    flock::Shape,
    load::Load,
    mix::Mix,
    results::{Scenario, Verdict},
    sink::Sink,
};

/// How often each is measured.
const TURNS: usize = 3;
/// Throughput with one trace in twenty, by that without telemetry.
const LEAST: f64 = 0.9;
/// Name, what it is, and `TRACE_RATIO`; none: no telemetry leaves.
const KINDS: [(&str, &str, Option<&str>); 3] = [
    ("telemetry-off", "saturation, no telemetry leaves", None),
    ("telemetry-5", "saturation, metrics, logs and 5 % of the traces leave", Some("0.05")),
    ("telemetry-100", "saturation, metrics, logs and all traces leave", Some("1")),
];

/// Measures it.
pub async fn run(bench: &mut Bench) -> anyhow::Result<Vec<Scenario>> {
    let load = bench.saturated(Mix::default());
    let mut turns = vec![];
    for _ in 0..TURNS {
        let mut turn = vec![];
        for (name, what, ratio) in KINDS {
            turn.push(one(bench, &load, name, what, ratio).await?);
        }
        turns.push(turn);
    }
    bench.flock.tell(vec![]);
    Ok((0..KINDS.len()).map(|kind| middle(&turns, kind)).collect())
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a minute, far below 2^52")]
async fn one(
    bench: &mut Bench,
    load: &Load,
    name: &str,
    what: &str,
    ratio: Option<&str>,
) -> anyhow::Result<Scenario> {
    let sink = Sink::open().await?;
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", sink.url.clone());
    bench.flock.tell(ratio.map_or(vec![], |ratio| vec![endpoint, ("TRACE_RATIO", ratio.to_owned())]));
    bench.flock.run(Shape::Together).await?;
    let began = sink.bytes();
    let mut scenario = measure(bench, name, what, load).await?;
    // Also of the warm-up: it shows that something came, and how much about.
    scenario.more.insert("exported_mb".into(), (sink.bytes() - began) as f64 / 1e6);
    anyhow::ensure!(ratio.is_none() || sink.bytes() > 0, "{name}: nothing was exported");
    Ok(scenario)
}

/// Of the turns, the one in the middle by its share of what the same turn did without telemetry.
fn middle(turns: &[Vec<Scenario>], kind: usize) -> Scenario {
    let share = |turn: &[Scenario]| turn[kind].orders_s / turn[0].orders_s;
    let cost = |turn: &[Scenario]| turn[kind].cpu_ms_per_order / turn[0].cpu_ms_per_order;
    let mut by_share: Vec<&[Scenario]> = turns.iter().map(Vec::as_slice).collect();
    by_share.sort_by(|one, other| share(one).total_cmp(&share(other)));
    let of = by_share[turns.len() / 2];
    let mut scenario = of[kind].clone();
    let more = [
        ("of_throughput_without", share(of)),
        ("of_throughput_without_least", share(by_share[0])),
        ("of_throughput_without_most", share(by_share[turns.len() - 1])),
        ("of_cpu_without", cost(of)),
    ];
    scenario.more.extend(more.map(|(name, value)| (name.to_owned(), value)));
    if kind == 1 {
        let verdict = Verdict::at_least("throughput with 5 % of traces", share(of), LEAST, "of that without");
        scenario.verdicts.push(verdict);
    }
    scenario
}
