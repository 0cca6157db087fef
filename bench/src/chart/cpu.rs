//! What an order costs.

use super::svg::{Anchor, LEFT, Panel, RIGHT, ROW, colour};
use crate::results::{Results, Scenario};

/// One bar for each scenario, made of its processes. Services on their own are one colour each, so they have a bar of
/// their own only where they ran apart.
pub fn panel(results: &Results) -> Panel {
    let measured: Vec<&Scenario> =
        results.scenarios.iter().filter(|found| found.not_measured.is_none()).collect();
    // Half-empty batches make an order at a low rate so dear that no other bar would be seen.
    let shown: Vec<&&Scenario> = measured.iter().filter(|found| found.offered_s.is_none()).collect();
    let names = super::processes(results);
    let most = shown.iter().map(|found| found.cpu_ms_per_order).fold(0.01, f64::max);
    let mut panel = Panel::new("CPU of an order by process, in ms, at saturation");
    for found in &shown {
        let (y, mut x) = (panel.height(), LEFT);
        panel.text(LEFT - 10.0, y + ROW / 2.0 - 3.0, Anchor::End, &found.name);
        for process in &found.processes {
            let width = (RIGHT - LEFT) * process.cpu_ms_per_order / most;
            let number = names.iter().position(|name| *name == process.name.as_str()).unwrap_or(0);
            panel.bar(x, y, width, colour(number));
            x += width;
        }
        panel.text(x + 8.0, y + ROW / 2.0 - 3.0, Anchor::Start, &format!("{:.2}", found.cpu_ms_per_order));
    }
    let seen =
        |name: &str| shown.iter().any(|found| found.processes.iter().any(|process| process.name == name));
    panel.legend(names.into_iter().enumerate().filter(|(_, name)| seen(name)));
    panel
}
