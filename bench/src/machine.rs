//! Which machine and which commit the figures are of.

use crate::results::Machine;
use std::{fs, path::Path, process::Command};

/// This machine.
#[must_use]
pub fn machine() -> Machine {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (processors, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("", |(_, value)| value).trim().to_owned()
    };
    let kib: u64 = value(&memory, "MemTotal").split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or(0);
    Machine {
        processor: value(&processors, "model name"),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        memory_mb: kib * 1_024 / 1_000_000,
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
    }
}

/// The checkout's commit, with `+` when files were changed since; `unknown` outside a checkout.
#[must_use]
pub fn commit() -> String {
    let git = |args: &[&str]| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = Command::new("git").arg("-C").arg(here).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".into() };
    // What the bench itself writes is no change of what it measures.
    let changed = git(&["status", "--porcelain", "--", ":/", ":!results.json", ":!results.svg"]);
    commit + if changed.is_some_and(|changed| changed.is_empty()) { "" } else { "+" }
}
