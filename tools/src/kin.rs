//! A process and its children, as `/proc` shows them.

use std::fs;
use std::path::Path;

/// Children and their children, where the system tells (Linux does).
pub fn descendants(pid: u32) -> Vec<u32> {
    let children: Vec<u32> = threads(pid)
        .filter_map(|thread| fs::read_to_string(thread.join("children")).ok())
        .flat_map(|line| line.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .collect();
    children.into_iter().flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

/// Whether a process of another parent still runs. One that ended, but that its new parent has
/// not waited for yet ("zombie"), holds nothing any more.
pub fn runs(pid: u32) -> bool {
    state(&Path::new("/proc").join(pid.to_string())).is_some_and(|state| !"ZX".contains(state))
}

/// Whether none of its threads moves (all are stopped, or it has ended).
pub fn is_frozen(pid: u32) -> bool {
    threads(pid).filter_map(|thread| state(&thread)).all(|state| "TtZX".contains(state))
}

fn threads(pid: u32) -> impl Iterator<Item = std::path::PathBuf> {
    fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten().map(|task| task.path())
}

/// The letter of a process' or a thread's state.
fn state(of: &Path) -> Option<char> {
    let stat = fs::read_to_string(of.join("stat")).ok()?;
    // After the name in parentheses, in which anything may stand, comes the state.
    stat.rsplit_once(") ")?.1.chars().next()
}
