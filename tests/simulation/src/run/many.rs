//! Many seeds, on several threads. Which thread runs a seed does not matter to it.

use super::{Failure, Options, one};
use crate::coverage::Coverage;
use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

/// Seeds that a thread takes at a time.
const CHUNK: u64 = 32;

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Report {
    /// Seeds that were run.
    pub seeds: u64,
    /// Steps of all of them.
    pub steps: u64,
    /// What they reached.
    pub coverage: Coverage,
    /// The lowest seed that failed.
    pub failure: Option<Box<Failure>>,
}

/// Runs these seeds, until one fails; `progress` is told of every few that were run.
pub fn many(seeds: Range<u64>, threads: usize, options: &Options, progress: impl Fn(u64) + Sync) -> Report {
    let (next, failed) = (AtomicU64::new(seeds.start), AtomicU64::new(u64::MAX));
    let work = || {
        let mut report = Report::default();
        loop {
            let first = next.fetch_add(CHUNK, Ordering::Relaxed);
            // A lower seed than the failed one is still of interest.
            if first >= seeds.end.min(failed.load(Ordering::Relaxed)) {
                return report;
            }
            for seed in first..(first + CHUNK).min(seeds.end) {
                report.seeds += 1;
                match one(seed, options) {
                    Ok(run) => {
                        report.steps += run.steps;
                        report.coverage.add(&run.coverage);
                    }
                    Err(failure) => {
                        failed.fetch_min(seed, Ordering::Relaxed);
                        report.failure = Some(failure);
                        return report;
                    }
                }
            }
            progress(CHUNK);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let reports = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        reports.fold(Report::default(), Report::with)
    })
}

impl Report {
    fn with(mut self, other: Self) -> Self {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.coverage.add(&other.coverage);
        let failures = [self.failure, other.failure].into_iter().flatten();
        self.failure = failures.min_by_key(|failure| failure.seed);
        self
    }
}
