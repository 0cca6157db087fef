//! What to measure, and for how long: the command line.

use crate::scenarios::SCENARIOS;
use clap::Parser;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Measure the flock on this machine
#[derive(Debug, Parser)]
#[command(name = "bench", after_help = scenarios())]
pub struct Plan {
    /// The starling binary, built in release
    #[arg(long, env = "STARLING_BIN")]
    pub starling: PathBuf,
    /// Only `limits`, or scenarios whose name contains this
    #[arg(long, default_value = "")]
    pub only: String,
    /// See that all of it works: everything short and small, in about two minutes. The figures mean nothing
    #[arg(long)]
    pub quick: bool,
    /// Write results.json and results.svg also when only a part was measured, or quickly
    #[arg(long)]
    pub write: bool,
    /// The folder that they are written to; without it they are not
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// Seconds that each scenario is measured, after its warm-up [default: 20; quick: 2]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: Option<u32>,
    /// Orders in flight at saturation [default: 4000; quick: 100]
    #[arg(long)]
    pub window: Option<usize>,
    /// HTTP connections
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub connections: u32,
    /// Orders a second of the soak [default: 1000; quick: 100]
    #[arg(long)]
    pub rate: Option<f64>,
    /// Orders a second at saturation, for the latency at parts of it; without it, it is measured first
    #[arg(long)]
    pub saturation: Option<f64>,
    /// Orders that are accepted before the services run [default: 100000; quick: 1000]
    #[arg(long)]
    pub backlog_orders: Option<u64>,
    /// Listings that are searched [default: 100000; quick: 1000]
    #[arg(long)]
    pub listings: Option<usize>,
    /// Orders that the tables are filled with [default: 5000000; quick: 5000]
    #[arg(long)]
    pub growth_orders: Option<u64>,
}

impl Plan {
    /// Whether a scenario (or `limits`) is wanted.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    /// Whether the results are those of a whole run, or shall be written all the same.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.write || (self.only.is_empty() && !self.quick)
    }

    /// For how long each scenario is measured.
    #[must_use]
    pub fn measured(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(self.or_quick(20, 2)).into())
    }

    /// How long each scenario runs before it is measured.
    #[must_use]
    pub fn warm_up(&self) -> Duration {
        Duration::from_secs(self.or_quick(5, 1))
    }

    /// For how long each limit is measured.
    #[must_use]
    pub fn limit_time(&self) -> Duration {
        Duration::from_secs(self.or_quick(10, 1))
    }

    /// Orders in flight at saturation.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.window.unwrap_or(self.or_quick(4_000, 100))
    }

    /// Orders a second of the soak.
    #[must_use]
    pub fn soak_rate(&self) -> f64 {
        self.rate.unwrap_or(self.or_quick(1_000.0, 100.0))
    }

    /// Orders of the backlog.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        self.backlog_orders.unwrap_or(self.or_quick(100_000, 1_000))
    }

    /// Listings that are searched.
    #[must_use]
    pub fn listings(&self) -> usize {
        self.listings.unwrap_or(self.or_quick(100_000, 1_000))
    }

    /// Orders that the tables are filled with.
    #[must_use]
    pub fn growth(&self) -> u64 {
        self.growth_orders.unwrap_or(self.or_quick(5_000_000, 5_000))
    }

    /// As it is noted in the results.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "numbers of orders, far below 2^52")]
    pub fn noted(&self) -> BTreeMap<String, f64> {
        let noted = [
            ("seconds", self.measured().as_secs_f64()),
            ("warm_up_seconds", self.warm_up().as_secs_f64()),
            ("window", self.in_flight() as f64),
            ("connections", f64::from(self.connections)),
        ];
        noted.map(|(name, value)| (name.to_owned(), value)).into()
    }

    const fn or_quick<T: Copy>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

fn scenarios() -> String {
    let lines = SCENARIOS.iter().map(|(name, what)| format!("  {name:<14} {what}\n"));
    format!("Scenarios:\n  {:<14} what the machine can do at best\n{}", "limits", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(args: &[&str], writes: bool) {
        let plan = Plan::parse_from([&["bench", "--starling", "x"], args].concat());
        assert_eq!(plan.writes(), writes, "{args:?}");
    }

    #[test]
    fn a_part_or_a_quick_run_does_not_overwrite_the_results_unless_told_to() {
        check(&[], true);
        check(&["--seconds", "60"], true);
        check(&["--only", "soak"], false);
        check(&["--quick"], false);
        check(&["--only", "soak", "--write"], true);
        check(&["--quick", "--write"], true);
    }
}
