//! The bench: orders a second from accept to confirmed through HTTP, latency, CPU and memory by process, bytes written,
//! beside the physical limits of the machine measured in the same run.

mod bench;
mod chart;
mod disk;
mod figures;
mod flock;
mod http;
mod latency;
mod limits;
mod listings;
mod load;
mod machine;
mod mix;
mod place;
mod plan;
mod read;
mod results;
mod rows;
mod scenarios;
mod schedule;
mod shelves;
mod sink;
mod table;
mod template;
mod tracker;
mod usage;
mod verdicts;

use bench::Bench;
use clap::Parser;
use plan::Plan;
use results::Results;
use std::path::Path;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let plan = Plan::parse();
    let (json, out) = (plan.json, plan.out.clone().filter(|_| plan.writes()));
    let scratch = tools::scratch::Scratch::new("bench")?;
    let mut bench = Box::pin(Bench::start(plan, scratch.path().to_owned())).await?;
    Box::pin(bench.run()).await?;
    let results = &bench.results;
    print!("{}", if json { write_json(results)? } else { table::table(results) });
    if let Some(out) = out {
        write(results, &out)?;
    }
    anyhow::ensure!(!bench.broken, "not all of it could be measured; the reasons are above");
    Ok(())
}

/// Writes `results.json`, and `results.svg`, which is made of what stands in it.
fn write(results: &Results, out: &Path) -> anyhow::Result<()> {
    let json = write_json(results)?;
    std::fs::write(out.join("results.json"), &json)?;
    std::fs::write(out.join("results.svg"), chart::chart(&serde_json::from_str(&json)?))?;
    eprintln!("written: {0}/results.json, {0}/results.svg", out.display());
    Ok(())
}

fn write_json(results: &Results) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(results)? + "\n")
}
