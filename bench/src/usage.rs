//! CPU time and memory of processes, from /proc.

use std::fs;

/// Ticks of CPU time in a second: Linux counts in hundredths for user space.
const TICKS: u64 = 100;

/// What a process has used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// CPU time, user and system, in milliseconds.
    pub cpu_ms: u64,
    /// Resident memory, in KiB.
    pub rss_kib: u64,
}

impl Usage {
    /// One process; zeros when it is gone.
    pub fn of(pid: u32) -> Self {
        Self { cpu_ms: cpu(pid, false), rss_kib: rss(pid) }
    }

    /// A process with its children, those that ended included.
    pub fn of_family(pid: u32) -> Self {
        let mut all = Self { cpu_ms: cpu(pid, true), rss_kib: rss(pid) };
        for child in children(pid) {
            all.cpu_ms += cpu(child, false);
            all.rss_kib += rss(child);
        }
        all
    }
}

fn cpu(pid: u32, with_ended_children: bool) -> u64 {
    let fields = stat(pid);
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), counted after the name.
    let own = ticks(11) + ticks(12);
    let ended = if with_ended_children { ticks(13) + ticks(14) } else { 0 };
    (own + ended) * 1_000 / TICKS
}

/// Memory that is its own: shared buffers counted once for each backend would say nothing.
fn rss(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

fn children(pid: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|child| stat(*child).get(1).is_some_and(|parent| *parent == pid.to_string())).collect()
}

/// The fields of `/proc/<pid>/stat` after the name: state, parent, …
fn stat(pid: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    after.split_whitespace().map(str::to_owned).collect()
}
