//! The results for people.

use crate::results::{Latency, Results, Scenario, Verdict};
use std::fmt::{self, Write};

/// The results as text.
#[must_use]
pub fn table(results: &Results) -> String {
    let mut out = String::new();
    write(results, &mut out).expect("a String takes all");
    out
}

fn write(results: &Results, out: &mut String) -> fmt::Result {
    let machine = &results.machine;
    writeln!(
        out,
        "commit {}, {}, {} cores of {}",
        results.commit, results.date, machine.cores, machine.processor
    )?;
    if let Some(limits) = results.limits {
        writeln!(
            out,
            "limits: {:.0} syncs/s; Postgres {:.0} orders/s; JetStream {:.0} orders/s ({:.0} messages each); gateway {:.0} live/s, {:.0} refused/s",
            limits.syncs_s,
            limits.postgres_orders_s,
            limits.jetstream_orders_s,
            limits.messages_per_order,
            limits.http_live_s,
            limits.http_refused_s
        )?;
    }
    writeln!(
        out,
        "\n{:<14} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7} {:>9} {:>8}",
        "scenario", "orders/s", "p50 ms", "p95 ms", "p99 ms", "p99.9", "failed", "CPU ms/o", "KiB/o"
    )?;
    for scenario in &results.scenarios {
        line(scenario, out)?;
    }
    writeln!(out)?;
    for scenario in &results.scenarios {
        details(scenario, out)?;
    }
    for ratio in &results.ratios {
        writeln!(
            out,
            "{:.2} of {}: {:.0} of {:.0} a second",
            ratio.ratio, ratio.limit, ratio.flock_s, ratio.limit_s
        )?;
    }
    for aim in &results.aims {
        verdict("aim", aim, out)?;
    }
    Ok(())
}

fn line(scenario: &Scenario, out: &mut String) -> fmt::Result {
    if let Some(why) = &scenario.not_measured {
        return writeln!(out, "{:<14} not measured: {why}", scenario.name);
    }
    let Latency { p50_ms, p95_ms, p99_ms, p999_ms, .. } = scenario.latency.unwrap_or_default();
    write!(out, "{:<14} {:>9.0}", scenario.name, scenario.orders_s)?;
    for ms in [p50_ms, p95_ms, p99_ms, p999_ms] {
        if scenario.latency.is_some() { write!(out, " {ms:>8.1}")? } else { write!(out, " {:>8}", "-")? }
    }
    write!(out, " {:>7} {:>9.3}", scenario.failed, scenario.cpu_ms_per_order)?;
    match scenario.written_per_order {
        Some(bytes) => writeln!(out, " {:>8.1}", bytes / 1_024.0),
        None => writeln!(out, " {:>8}", "-"),
    }
}

fn details(scenario: &Scenario, out: &mut String) -> fmt::Result {
    if scenario.not_measured.is_some() {
        return Ok(());
    }
    let process = |process: &crate::results::Process| {
        format!("{} {:.3} ms {:.0} MB", process.name, process.cpu_ms_per_order, process.memory_mb)
    };
    let processes: Vec<String> = scenario.processes.iter().map(process).collect();
    writeln!(out, "{}: {}", scenario.name, processes.join(", "))?;
    if !scenario.more.is_empty() {
        let more: Vec<String> =
            scenario.more.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
        writeln!(out, "  {}", more.join(", "))?;
    }
    scenario.verdicts.iter().try_for_each(|found| verdict("  verdict", found, out))
}

fn verdict(kind: &str, verdict: &Verdict, out: &mut String) -> fmt::Result {
    let holds = if verdict.holds { "met" } else { "NOT MET" };
    writeln!(out, "{kind} {holds}: {}: {}", verdict.what, verdict.found)
}
