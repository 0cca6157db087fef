//! Latency below saturation.

use super::svg::{Anchor, LEFT, Panel, RIGHT, ROW, colour};
use crate::results::{Latency, Results};

/// Bars from p50 to p99.9, on a logarithmic axis from one millisecond on.
pub fn panel(results: &Results) -> Panel {
    let open = results.scenarios.iter().filter(|found| found.offered_s.is_some());
    let found: Vec<(&str, f64, Latency)> =
        open.filter_map(|found| Some((found.name.as_str(), found.offered_s?, found.latency?))).collect();
    let most = found.iter().map(|(_, _, latency)| latency.p999_ms).fold(10.0, f64::max);
    let x = |ms: f64| LEFT + (RIGHT - LEFT) * ms.max(1.0).log10() / most.log10();
    let mut panel =
        Panel::new("Latency from the intended moment of placing an order to its end, in ms (logarithmic)");
    for (name, rate, latency) in &found {
        let y = panel.height();
        panel.text(LEFT - 10.0, y + ROW / 2.0 - 3.0, Anchor::End, &format!("{name} ({rate:.0}/s)"));
        let marks = [latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.p999_ms];
        let mut from = LEFT;
        for (number, ms) in marks.into_iter().enumerate() {
            panel.bar(from, y, x(ms) - from, colour(number));
            from = x(ms);
        }
        let marks = marks.map(|ms| format!("{ms:.0}")).join(" / ");
        panel.text(x(latency.p999_ms) + 8.0, y + ROW / 2.0 - 3.0, Anchor::Start, &marks);
    }
    if !found.is_empty() {
        panel.legend(["up to p50", "to p95", "to p99", "to p99.9"].into_iter().enumerate());
    }
    panel
}
