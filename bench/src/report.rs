//! The report: a table for people, JSON for programs.

use crate::{
    flock::Flock,
    limits::{Limits, MESSAGES_PER_ORDER},
    load::Measured,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// What was measured so far.
#[derive(Default)]
pub struct Report {
    /// The machine's limits.
    pub limits: Option<Limits>,
    idle: Vec<(&'static str, u64)>,
    scenarios: Vec<(String, Measured)>,
}

impl Report {
    /// Notes the memory of the flock at rest.
    pub fn idle(&mut self, flock: &Flock) {
        self.idle = flock.usage().into_iter().map(|(name, usage)| (name, usage.rss_kib / 1024)).collect();
    }

    /// Notes a scenario.
    pub fn add(&mut self, name: &str, measured: Measured) {
        self.scenarios.push((name.to_owned(), measured));
    }

    /// For programs.
    pub fn json(&self) -> anyhow::Result<String> {
        let scenarios: Vec<Value> =
            self.scenarios.iter().map(|(name, measured)| scenario(name, measured)).collect();
        let limits =
            self.limits.map(|limits| json!({"syncs_s": limits.syncs, "messages_s": limits.messages}));
        let idle: Vec<Value> =
            self.idle.iter().map(|(name, mib)| json!({"process": name, "rss_mib": mib})).collect();
        Ok(serde_json::to_string_pretty(&json!({"limits": limits, "idle": idle, "scenarios": scenarios}))?
            + "\n")
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).expect("a String takes all");
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        if let Some(limits) = self.limits {
            writeln!(
                out,
                "limits: {:.0} syncs/s; JetStream {:.0} messages/s in atomic batches, which is {:.0} orders/s of {MESSAGES_PER_ORDER} messages",
                limits.syncs,
                limits.messages,
                limits.messages / MESSAGES_PER_ORDER
            )?;
        }
        let idle: Vec<String> = self.idle.iter().map(|(name, mib)| format!("{name} {mib}")).collect();
        writeln!(out, "memory at rest, MiB: {}", idle.join(", "))?;
        writeln!(
            out,
            "{:<28} {:>9} {:>8} {:>8} {:>7}  CPU ms/order (sum: by process) · RSS MiB",
            "scenario", "orders/s", "p50 ms", "p99 ms", "failed"
        )?;
        for (name, measured) in &self.scenarios {
            let orders = per_second(measured);
            let cpu: Vec<String> = measured
                .usage
                .iter()
                .map(|(name, usage)| format!("{name} {:.3}", per_order(usage.cpu_ms, measured)))
                .collect();
            let rss: Vec<String> = measured
                .usage
                .iter()
                .map(|(name, usage)| format!("{name} {}", usage.rss_kib / 1024))
                .collect();
            let sum = per_order(measured.usage.iter().map(|(_, usage)| usage.cpu_ms).sum(), measured);
            writeln!(
                out,
                "{name:<28} {orders:>9.0} {:>8.1} {:>8.1} {:>7}  {sum:.3}: {} · {}",
                percentile(measured, 0.50),
                percentile(measured, 0.99),
                measured.failed,
                cpu.join(", "),
                rss.join(", ")
            )?;
            if let Some(limits) = self.limits {
                writeln!(
                    out,
                    "{:<28} {:.2} of JetStream's limit",
                    "",
                    orders * MESSAGES_PER_ORDER / limits.messages
                )?;
            }
        }
        Ok(())
    }
}

fn scenario(name: &str, measured: &Measured) -> Value {
    let usage: Vec<Value> = measured
        .usage
        .iter()
        .map(|(name, usage)| json!({"process": name, "cpu_ms_per_order": per_order(usage.cpu_ms, measured), "rss_mib": usage.rss_kib / 1024}))
        .collect();
    json!({
        "name": name, "orders_s": per_second(measured), "failed": measured.failed, "processes": usage,
        "p50_ms": percentile(measured, 0.5), "p95_ms": percentile(measured, 0.95), "p99_ms": percentile(measured, 0.99),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn per_second(measured: &Measured) -> f64 {
    measured.confirmed as f64 / measured.seconds
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn per_order(cpu_ms: u64, measured: &Measured) -> f64 {
    cpu_ms as f64 / (measured.confirmed.max(1)) as f64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index within the list"
)]
fn percentile(measured: &Measured, share: f64) -> f64 {
    let last = measured.latencies_ms.len().saturating_sub(1);
    measured.latencies_ms.get((last as f64 * share) as usize).copied().unwrap_or(f64::NAN)
}
