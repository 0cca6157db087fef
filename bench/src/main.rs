//! The bench: orders a second from accept to confirmed through HTTP, latency, CPU and memory by process, beside
//! the physical limits of the machine measured in the same run.

mod flock;
mod http;
mod limits;
mod load;
mod report;
mod usage;

use clap::Parser;
use flock::Flock;
use load::{Load, Pace};
use report::Report;
use std::{path::PathBuf, time::Duration};

/// Measure the flock on this machine.
#[derive(Debug, Parser)]
struct Args {
    /// The starling binary, built in release
    #[arg(long, env = "STARLING_BIN")]
    starling: PathBuf,
    /// Seconds that each scenario is measured, after its warm-up
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Orders in flight at saturation
    #[arg(long, default_value_t = 4_000)]
    window: usize,
    /// HTTP connections
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Only scenarios whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let measured = Duration::from_secs(args.seconds);
    let scratch = tools::scratch::Scratch::new("bench")?;
    let mut report = Report::default();
    if "limits".contains(&args.only) {
        report.limits = Some(limits::measure(scratch.path()).await?);
    }
    let flock = Flock::start(&args.starling, scratch.path()).await?;
    report.idle(&flock);
    let scenarios = [
        ("low: 50 orders a second", Pace::Rate(50.0), 200),
        ("200 orders a second", Pace::Rate(200.0), 200),
        ("half: 750 orders a second", Pace::Rate(750.0), 200),
        ("saturation", Pace::Window(args.window), 200),
        ("saturation, one hot SKU", Pace::Window(args.window), 1),
    ];
    for (name, pace, skus) in scenarios {
        if name.contains(&args.only) {
            eprintln!("measuring: {name}");
            let load = Load { pace, skus, connections: args.connections, measured };
            report.add(name, load::run(&flock, &load).await?);
        }
    }
    print!("{}", if args.json { report.json()? } else { report.table() });
    Ok(())
}
