//! Orders a second: what the machine could, and what the flock did.

use super::svg::{Anchor, LEFT, Panel, RIGHT, ROW, colour};
use crate::results::Results;

/// One bar for each storage limit and each scenario at saturation. The gateway's own limit is so far above all of
/// them that beside it nothing else would be seen.
pub fn panel(results: &Results) -> Panel {
    let mut bars: Vec<(String, f64, &str)> = vec![];
    if let Some(limits) = results.limits {
        let limits =
            [("limit: Postgres", limits.postgres_orders_s), ("limit: JetStream", limits.jetstream_orders_s)];
        bars.extend(limits.map(|(name, orders_s)| (name.to_owned(), orders_s, colour(6))));
    }
    // At a given rate the bar would show nothing but the rate.
    let saturated = results.scenarios.iter().filter(|found| found.offered_s.is_none());
    let measured = saturated.filter(|found| found.not_measured.is_none());
    bars.extend(measured.map(|found| (found.name.clone(), found.orders_s, colour(0))));
    let most = bars.iter().map(|(_, orders_s, _)| *orders_s).fold(1.0, f64::max);
    let mut panel = Panel::new("Orders settled a second (grey: what the machine could at best)");
    for (name, orders_s, colour) in bars {
        let (y, width) = (panel.height(), (RIGHT - LEFT) * orders_s / most);
        panel.text(LEFT - 10.0, y + ROW / 2.0 - 3.0, Anchor::End, &name);
        panel.bar(LEFT, y, width, colour);
        panel.text(LEFT + width + 8.0, y + ROW / 2.0 - 3.0, Anchor::Start, &format!("{orders_s:.0}"));
    }
    panel
}
