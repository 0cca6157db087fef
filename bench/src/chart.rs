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

/// The processes in the order of their first appearance: a process has the same colour in each panel.
fn processes(results: &Results) -> Vec<&str> {
    let mut names: Vec<&str> = vec![];
    for found in &results.scenarios {
        let measured = found.processes.iter().map(|process| process.name.as_str());
        for name in measured.chain(found.memory.iter().flat_map(|look| look.mb.keys().map(String::as_str))) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests;
