//! Twenty thousand seeds keep all laws, and reach every pair of a state and an event that can be reached.

use simulation::{Options, many};
use std::{num::NonZero, thread::available_parallelism};

/// So many in every test run; `cargo xtask sim --seeds 1000000` for a night.
const SEEDS: u64 = 20_000;

fn threads() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

#[test]
fn all_laws_hold_and_all_that_can_happen_happens() {
    let report = many(0..SEEDS, threads(), &Options::default(), |_| {});
    if let Some(failure) = report.failure {
        panic!("{failure}");
    }
    assert_eq!(report.seeds, SEEDS);
    let faults = report.coverage.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let (reached, all) = report.coverage.reached();
    println!("{} seeds, {} steps, {reached} of {all} pairs of state and event", report.seeds, report.steps);
}

#[test]
fn laws_hold_with_one_order_and_with_many() {
    for orders in [1, 8] {
        let report = many(0..500, threads(), &Options { orders, ..Options::default() }, |_| {});
        if let Some(failure) = report.failure {
            panic!("{failure}");
        }
    }
}
