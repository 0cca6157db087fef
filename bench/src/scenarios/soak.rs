//! A steady rate for long: does any process's memory grow without end?

use crate::{
    bench::Bench,
    load::{self, Load, Pace},
    mix::Mix,
    results::{Memory, Scenario, Verdict},
    tracker::Tracker,
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// What each process may have, in MB (10^6 bytes).
const BUDGETS: [(&str, f64); 5] =
    [("starling", 200.0), ("nats-server", 430.0), ("postgres", 470.0), ("redis", 100.0), ("mongodb", 70.0)];
/// What all of them may have together, in MB: less than the sum, since they do not have their most at the same moment (the
/// flock when orders queue up, Redis while it writes its file anew).
const WHOLE: f64 = 1_200.0;
/// How often memory is looked at: as often as the chart has points, but not more than once a second.
const LOOKS: u32 = 240;
/// Orders that are placed to see how much room one takes on the disk.
const PILOT: Duration = Duration::from_secs(5);

/// Measures it.
pub async fn run(bench: &Bench) -> anyhow::Result<Vec<Scenario>> {
    let rate = bench.plan.soak_rate();
    let load = bench.load(Pace::Rate(rate), Mix::default());
    let what = format!("{rate:.0} orders a second, open loop");
    if let Err(why) = has_room(bench, &load, rate).await? {
        return Ok(vec![Scenario::not_measured("soak", &what, why)]);
    }
    let mut memory = vec![];
    let measured = load::run(&bench.flock, &load, async |from| {
        let every = (load.measured / LOOKS).max(Duration::from_secs(1));
        memory.push(look(bench, from));
        while from.elapsed() + every <= load.measured {
            tokio::time::sleep(every).await;
            memory.push(look(bench, from));
        }
    });
    // What was seen of an hour is not thrown away for what happened in its last minute.
    let scenario = match measured.await {
        Ok(measured) => measured.figures("soak", &what, &load),
        Err(why) => Scenario::not_measured("soak", &what, format!("{why:#}")),
    };
    let verdicts = verdicts(&memory);
    Ok(vec![Scenario { memory, verdicts, ..scenario }])
}

fn look(bench: &Bench, from: Instant) -> Memory {
    let used = bench.flock.used();
    Memory {
        second: from.elapsed().as_secs_f64(),
        mb: used.processes.iter().map(|(name, usage)| ((*name).to_owned(), usage.memory_mb())).collect(),
    }
}

/// Whether all orders of the soak find room on the disk: a short load shows how much one takes.
async fn has_room(bench: &Bench, load: &Load, rate: f64) -> anyhow::Result<Result<(), String>> {
    let data = &bench.flock.data;
    let pilot = Load { warm_up: Duration::ZERO, measured: PILOT.min(load.measured), ..*load };
    let before = data.used()?;
    let measured = load::run(&bench.flock, &pilot, async |_| ()).await?;
    let accepted = accepted(&measured.tracker);
    data.has_room_for((load.warm_up + load.measured).as_secs_f64() * rate, (data.used()? - before) / accepted)
}

#[expect(clippy::cast_precision_loss, reason = "a number of orders, far below 2^52")]
fn accepted(tracker: &Tracker) -> f64 {
    tracker.accepted().max(1) as f64
}

/// The most that each process ever had, beside its budget.
fn verdicts(memory: &[Memory]) -> Vec<Verdict> {
    let mut most: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, mb) in memory.iter().flat_map(|memory| &memory.mb) {
        let most = most.entry(name).or_default();
        *most = mb.max(*most);
    }
    let whole = memory.iter().map(|memory| memory.mb.values().sum()).fold(0.0, f64::max);
    let budgets = BUDGETS.iter().filter_map(|(name, budget)| {
        Some(Verdict::at_most(&format!("memory of {name}"), *most.get(name)?, *budget, "MB"))
    });
    budgets.chain([Verdict::at_most("memory of the whole system", whole, WHOLE, "MB")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(second: f64, starling: f64, postgres: f64) -> Memory {
        Memory { second, mb: [("starling".to_owned(), starling), ("postgres".to_owned(), postgres)].into() }
    }

    #[test]
    fn the_most_that_was_ever_had_is_judged_and_the_whole_at_one_moment() {
        let found = verdicts(&[memory(1.0, 201.0, 100.0), memory(2.0, 110.0, 470.0)]);
        let found: Vec<(bool, &str)> =
            found.iter().map(|verdict| (verdict.holds, verdict.found.as_str())).collect();
        assert_eq!(found, [(false, "201.00 MB"), (true, "470.00 MB"), (true, "580.00 MB")]);
    }
}
