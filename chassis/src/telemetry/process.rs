//! The process and its runtime: looked at whenever metrics leave.

use opentelemetry::metrics::Meter;
use std::{
    fs,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::runtime::{Handle, RuntimeMetrics};

/// The unit of CPU times in `/proc` (`USER_HZ`): 100 a second on every Linux, whatever the kernel's own clock.
const TICKS_PER_S: f64 = 100.0;

/// Makes the instruments; the runtime is the caller's.
pub(super) fn switch_on(meter: &Meter) {
    let _cpu = meter
        .f64_observable_counter("process.cpu.time")
        .with_unit("s")
        .with_description("CPU time of this process")
        .with_callback(|tell| cpu_seconds().into_iter().for_each(|seconds| tell.observe(seconds, &[])))
        .build();
    let _memory = meter
        .u64_observable_gauge("process.memory.usage")
        .with_unit("By")
        .with_description("Resident memory of this process")
        .with_callback(|tell| resident_bytes().into_iter().for_each(|bytes| tell.observe(bytes, &[])))
        .build();
    // A test may have no runtime.
    if let Ok(runtime) = Handle::try_current() {
        watch(meter, runtime.metrics());
    }
}

fn watch(meter: &Meter, runtime: RuntimeMetrics) {
    let (workers, queue) = (runtime.clone(), runtime.clone());
    let _workers = meter
        .u64_observable_gauge("starling.runtime.workers")
        .with_unit("{thread}")
        .with_description("Threads that run tasks")
        .with_callback(move |tell| tell.observe(workers.num_workers() as u64, &[]))
        .build();
    let _queue = meter
        .u64_observable_gauge("starling.runtime.queue")
        .with_unit("{task}")
        .with_description("Tasks that wait for a thread in the common queue")
        .with_callback(move |tell| tell.observe(queue.global_queue_depth() as u64, &[]))
        .build();
    let before = Mutex::new((Instant::now(), busy(&runtime)));
    let _busy = meter
        .f64_observable_gauge("starling.runtime.busy")
        .with_unit("1")
        .with_description("Share of the threads' time that was spent running tasks since the last look")
        .with_callback(move |tell| {
            let now = (Instant::now(), busy(&runtime));
            let before = {
                let mut before = before.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::replace(&mut *before, now)
            };
            let all = (now.0 - before.0).as_secs_f64() * runtime.num_workers() as f64;
            let share = now.1.saturating_sub(before.1).as_secs_f64() / all;
            if share.is_finite() {
                tell.observe(share.min(1.0), &[]);
            }
        })
        .build();
}

fn busy(runtime: &RuntimeMetrics) -> Duration {
    (0..runtime.num_workers()).map(|worker| runtime.worker_total_busy_duration(worker)).sum()
}

/// Fields 14 and 15 of `/proc/self/stat` (proc(5)), counted behind the name, which may hold anything.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_S)
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(kilobytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_seen_to_use_memory_and_time() {
        let bytes = resident_bytes().unwrap();
        assert!((1 << 20..1 << 40).contains(&bytes), "{bytes}");
        let began = cpu_seconds().unwrap();
        // 100 ms of CPU time are ten ticks: seen sooner or later.
        while cpu_seconds().unwrap() < began + 0.1 {
            std::hint::spin_loop();
        }
    }
}
