//! Memory over time.

use super::svg::{Anchor, LEFT, Panel, RIGHT, colour};
use crate::results::Results;

/// Height of the plot.
const HEIGHT: f64 = 220.0;

/// One line for each process, and one for all of them, of the scenario that looked.
pub fn panel(results: &Results) -> Panel {
    let Some(found) = results.scenarios.iter().find(|found| !found.memory.is_empty()) else {
        return Panel::default();
    };
    let names = super::processes(results);
    let seen = |name: &str| found.memory.iter().any(|look| look.mb.contains_key(name));
    let seen: Vec<(usize, &str)> = names.into_iter().enumerate().filter(|(_, name)| seen(name)).collect();
    let whole: Vec<(f64, f64)> =
        found.memory.iter().map(|look| (look.second, look.mb.values().sum())).collect();
    let most = whole.iter().map(|(_, mb)| *mb).fold(1.0, f64::max);
    let last = whole.last().map_or(1.0, |(second, _)| second.max(1.0));
    let place =
        |(second, mb): (f64, f64)| (LEFT + (RIGHT - LEFT) * second / last, HEIGHT * (1.0 - mb / most));
    let mut panel = Panel::new(&format!("Memory over time, in MB: {}", found.what));
    for (mb, label) in [(most, format!("{most:.0} MB")), (0.0, "0".to_owned())] {
        let (left, right) = (place((0.0, mb)), place((last, mb)));
        panel.line(&[left, right], "#cccccc", false);
        panel.text(LEFT - 10.0, left.1, Anchor::End, &label);
    }
    for (number, name) in &seen {
        let points: Vec<(f64, f64)> = found
            .memory
            .iter()
            .filter_map(|look| look.mb.get(*name).map(|mb| place((look.second, *mb))))
            .collect();
        panel.line(&points, colour(*number), false);
    }
    panel.line(&whole.into_iter().map(place).collect::<Vec<_>>(), "#333333", true);
    panel.text(RIGHT, HEIGHT + 12.0, Anchor::End, &format!("{last:.0} s; dashed: the whole system"));
    panel.legend(seen);
    panel
}
