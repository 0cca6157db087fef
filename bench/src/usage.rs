//! CPU time and memory of processes, from `/proc` (Linux), and what was written to the disk meanwhile.
//!
//! What each process wrote is not told: the kernel's count for a process (`/proc/PID/io`) takes a whole large folio of the
//! page cache for each page in it that is changed, up to twenty times of what reaches the disk.

use std::fs;

/// Ticks of CPU time in a second: Linux counts in hundredths for user space.
const TICKS: u64 = 100;

/// What a process has used, its children included, also those that have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// CPU time, user and system, in milliseconds.
    pub cpu_ms: u64,
    /// Resident memory, in KiB, where each page counts once, however many of them share it: shared buffers, programs, and
    /// what a child has from its parent until either changes it (Redis rewriting its file, each backend of Postgres).
    pub memory_kib: u64,
}

impl Usage {
    /// Of a process; zeros when it is gone.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let members = family(pid);
        Self {
            cpu_ms: members.iter().map(|&member| cpu(member, member == pid)).sum(),
            memory_kib: members.iter().map(|&member| memory_kib(member)).sum(),
        }
    }

    /// What was used since; the memory as it is now.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self { cpu_ms: self.cpu_ms.saturating_sub(before.cpu_ms), memory_kib: self.memory_kib }
    }

    /// The memory in MB (10^6 bytes).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub fn memory_mb(self) -> f64 {
        (self.memory_kib * 1_024) as f64 / 1e6
    }
}

/// What was used up to one moment, or between two.
#[derive(Debug, Clone, Default)]
pub struct Used {
    /// By each process.
    pub processes: Vec<(&'static str, Usage)>,
    /// Bytes that were written to the disk that the data is on, by whomever; none where the system does not tell.
    pub written: Option<u64>,
}

impl Used {
    /// What was used since; a process that did not run before has used all that it did.
    #[must_use]
    pub fn since(self, before: &Self) -> Self {
        let then = |name: &str| before.processes.iter().find(|(known, _)| *known == name);
        let then = |name: &str| then(name).map(|(_, usage)| *usage).unwrap_or_default();
        let processes = self.processes.into_iter().map(|(name, now)| (name, now.since(then(name)))).collect();
        let written = self.written.zip(before.written).map(|(now, then)| now.saturating_sub(then));
        Self { processes, written }
    }
}

fn cpu(pid: u32, with_ended_children: bool) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // After the name in parentheses, in which anything may stand.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), counted after the name.
    let ended = if with_ended_children { ticks(13) + ticks(14) } else { 0 };
    (ticks(11) + ticks(12) + ended) * 1_000 / TICKS
}

/// The proportional set size (Pss, proc_pid_smaps(5)): of a page that n processes share, an n-th.
fn memory_kib(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// A process, its children, and theirs.
fn family(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|line| line.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    [vec![pid], children.into_iter().flat_map(family).collect()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{process::Command, time::Duration};

    #[test]
    fn a_child_that_has_ended_is_counted_with_its_parent() {
        // The loop runs in a child; once that has ended, its parent becomes `sleep`.
        let script = "sh -c 'i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done'; exec sleep 120";
        let mut parent = Command::new("sh").args(["-c", script]).spawn().unwrap();
        let comm = format!("/proc/{}/comm", parent.id());
        let asleep = || fs::read_to_string(&comm).unwrap() == "sleep\n";
        let ended = (0..6_000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            asleep()
        });
        let used = Usage::of(parent.id());
        parent.kill().unwrap();
        parent.wait().unwrap();
        assert!(ended && used.cpu_ms >= 100 && used.memory_kib > 0, "{used:?}");
    }

    #[test]
    fn what_a_parent_and_its_child_share_counts_once() {
        // 40 MB of text that the subshell has from its parent, and neither changes.
        let script = "a=$(head -c 40000000 /dev/zero | tr '\\0' x); (sleep 120; :) & wait";
        let mut parent = Command::new("bash").args(["-c", script]).spawn().unwrap();
        let forked = (0..6_000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            // bash, its subshell, and that one's `sleep`.
            family(parent.id()).len() == 3
        });
        let used = Usage::of(parent.id());
        let members = family(parent.id());
        parent.kill().unwrap();
        for member in members.into_iter().skip(1).rev() {
            Command::new("kill").arg(member.to_string()).status().unwrap();
        }
        parent.wait().unwrap();
        assert!(forked && (39.0..78.0).contains(&used.memory_mb()), "{used:?}");
    }

    #[test]
    fn what_ran_before_counts_from_then_on_and_what_began_since_counts_whole() {
        let usage = |cpu_ms| Usage { cpu_ms, memory_kib: cpu_ms };
        let before = Used { processes: vec![("old", usage(100))], written: Some(1_000) };
        let now = Used { processes: vec![("old", usage(150)), ("new", usage(30))], written: Some(1_700) };
        let used = now.since(&before);
        assert_eq!(used.processes, [("old", Usage { memory_kib: 150, ..usage(50) }), ("new", usage(30))]);
        assert_eq!(used.written, Some(700));
    }
}
