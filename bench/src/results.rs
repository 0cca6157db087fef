//! What the bench found, as it stands in `results.json`; the chart and the table are made of this alone.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One run of the bench.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// When it began, RFC 3339.
    pub date: String,
    /// The checkout's commit; with `+` when files were changed since.
    pub commit: String,
    /// Where it ran.
    pub machine: Machine,
    /// How long and with how much it was measured.
    pub settings: BTreeMap<String, f64>,
    /// What the machine can do at best.
    pub limits: Option<Limits>,
    /// Memory of each process before any order, in MB.
    pub at_rest_mb: BTreeMap<String, f64>,
    /// What was measured, in order.
    pub scenarios: Vec<Scenario>,
    /// The flock beside the limits.
    pub ratios: Vec<Ratio>,
    /// The aims that were set, and whether this run meets them.
    pub aims: Vec<Verdict>,
}

/// Where the bench ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Cores that may be used.
    pub cores: usize,
    /// Memory, in MB.
    pub memory_mb: u64,
    /// The kernel's version.
    pub kernel: String,
}

/// What the machine can do at best, with nothing of the flock around.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// 8 KiB written and synced, one after the other, a second.
    pub syncs_s: f64,
    /// Orders whose rows Postgres commits a second.
    pub postgres_orders_s: f64,
    /// Orders whose messages JetStream acknowledges a second.
    pub jetstream_orders_s: f64,
    /// Messages of an order.
    pub messages_per_order: f64,
    /// `GET /health/live` answered a second.
    pub http_live_s: f64,
    /// Orders that the gateway refuses a second, after it has checked the token.
    pub http_refused_s: f64,
}

impl Limits {
    /// The tighter of the two storage limits, in orders a second.
    #[must_use]
    pub const fn storage_orders_s(&self) -> f64 {
        self.postgres_orders_s.min(self.jetstream_orders_s)
    }
}

/// One scenario's figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Its short name, as `--only` takes it.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// For how long it was measured.
    pub seconds: f64,
    /// Orders settled a second.
    pub orders_s: f64,
    /// Open loop: the rate at which orders were meant to be placed.
    pub offered_s: Option<f64>,
    /// From the intended moment of placing an order (closed loop: from placing it) to its end.
    pub latency: Option<Latency>,
    /// Answers that were refusals, and orders that ended otherwise than meant.
    pub failed: u64,
    /// CPU of all processes, in milliseconds an order; the generator's is not in it.
    pub cpu_ms_per_order: f64,
    /// Written to the disk, in bytes an order; none where the system does not tell.
    pub written_per_order: Option<f64>,
    /// Each process.
    pub processes: Vec<Process>,
    /// Figures of this scenario alone, by name.
    pub more: BTreeMap<String, f64>,
    /// Memory over time.
    pub memory: Vec<Memory>,
    /// What was to be found out.
    pub verdicts: Vec<Verdict>,
    /// Why it was not measured.
    pub not_measured: Option<String>,
}

/// Latency in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Orders that it is made of.
    pub samples: usize,
    // Percentiles.
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

/// One process's share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Its name.
    pub name: String,
    /// CPU, in milliseconds an order.
    pub cpu_ms_per_order: f64,
    /// Memory at the end, in MB.
    pub memory_mb: f64,
}

/// Memory at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Seconds since the beginning.
    pub second: f64,
    /// Of each process, in MB.
    pub mb: BTreeMap<String, f64>,
}

/// The flock beside one limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// Which limit.
    pub limit: String,
    /// The limit, a second.
    pub limit_s: f64,
    /// Orders that the flock settled a second, at saturation.
    pub flock_s: f64,
    /// The second by the first.
    pub ratio: f64,
}

/// Whether something is as it should be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What should be.
    pub what: String,
    /// What is.
    pub found: String,
    /// Whether it is.
    pub holds: bool,
}

impl Verdict {
    /// That a figure is at most so much, or why not.
    #[must_use]
    pub fn at_most(what: &str, found: f64, most: f64, unit: &str) -> Self {
        let what = format!("{what} at most {most} {unit}");
        Self { what, found: format!("{found:.2} {unit}"), holds: found <= most }
    }

    /// That a figure is at least so much, or why not.
    #[must_use]
    pub fn at_least(what: &str, found: f64, least: f64, unit: &str) -> Self {
        let what = format!("{what} at least {least} {unit}");
        Self { what, found: format!("{found:.2} {unit}"), holds: found >= least }
    }
}

impl Scenario {
    /// One that could not be measured.
    #[must_use]
    pub fn not_measured(name: &str, what: &str, why: String) -> Self {
        Self { name: name.into(), what: what.into(), not_measured: Some(why), ..Self::default() }
    }
}

impl Results {
    /// The scenario of this name, if it was measured.
    #[must_use]
    pub fn measured(&self, name: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.name == name && scenario.not_measured.is_none())
    }
}
