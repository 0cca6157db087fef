//! The test of the test: every planted bug is found.

use simulation::{Mutant, Options, many};
use std::{num::NonZero, thread::available_parallelism};

/// Within so many seeds, or it has survived.
const SEEDS: u64 = 20_000;

#[test]
fn every_planted_bug_is_found() {
    let threads = available_parallelism().map_or(1, NonZero::get);
    let mut survivors = vec![];
    for mutant in Mutant::ALL {
        let options = Options { mutant: *mutant, ..Options::default() };
        let report = many(0..SEEDS, threads, &options, |_| {});
        let Some(failure) = report.failure else {
            survivors.push(mutant.name());
            continue;
        };
        println!("{:>6} seeds  {:<22} {}", failure.seed + 1, mutant.name(), failure.broken.law);
        assert!(failure.same, "{}: {failure}", mutant.name());
    }
    assert!(survivors.is_empty(), "survived {SEEDS} seeds: {survivors:?}");
}
