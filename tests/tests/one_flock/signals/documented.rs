//! The metrics that `docs/metrics.md` names.

use std::collections::BTreeSet;

/// The first cells of its tables' rows.
pub fn documented() -> BTreeSet<String> {
    let text = include_str!("../../../../docs/metrics.md");
    let names = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let names: Vec<String> = names.map(str::to_owned).collect();
    let unique: BTreeSet<String> = names.iter().cloned().collect();
    assert_eq!(unique.len(), names.len(), "each has one row");
    assert!(names.len() > 30, "the tables were read: {names:?}");
    unique
}
