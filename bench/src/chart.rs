//! The chart `results.svg`, made of `results.json` alone.

mod cpu;
mod latency;
mod memory;
mod svg;
mod throughput;

use crate::results::Results;
use svg::Panel;

/// The chart, as SVG.
#[must_use]
pub fn chart(results: &Results) -> String {
    let machine = &results.machine;
    let title = format!(
        "Starling, commit {}, {}: {} cores of {}",
        results.commit, results.date, machine.cores, machine.processor
    );
    let panels =
        [throughput::panel(results), latency::panel(results), cpu::panel(results), memory::panel(results)];
    svg::document(&title, &panels.into_iter().filter(Panel::has_something).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
