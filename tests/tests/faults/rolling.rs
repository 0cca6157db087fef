//! Every service replaced by a new process while orders are being placed, and two complete flocks at the same work:
//! customers notice nothing, or are told when to come again.

mod reader;
mod replica;

use crate::selling::{BETWEEN, Selling};
use reader::Reader;
use replica::Replicas;
use std::time::Duration;
use tests::{Beats, Pulse, SERVICES, Shape, is_long, lasting, measured};
use tokio::{task::block_in_place, time::sleep};

/// A new gateway listens before the old one stops.
const SHARED_PORT: &[(&str, &str)] = &[("GATEWAY_REUSE_PORT", "true")];
/// Customers who order one thing after the other, and note how long it took.
const CUSTOMERS: usize = 8;
/// Orders of theirs whose time is measured before anything happens; in the long run.
const CALM: [usize; 2] = [20, 400];
/// Rolling restarts of all services.
const ROUNDS: [usize; 2] = [1, 5];
/// Orders that are accepted between two restarts.
const PAUSE: usize = 20;
/// How long a frozen flock is frozen: past every lease and every wait for an acknowledgement.
const FROZEN: Duration = Duration::from_secs(45);

/// Each service's successor is ready before it is told to stop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_is_answered_with_nothing_worse_than_come_again() {
    let mut selling = Selling::begin(Shape::Apart, SHARED_PORT).await;
    let calm = Pulse::of(&selling.flock, CUSTOMERS).await;
    calm.beats(CALM[usize::from(is_long())]).await;
    let calm = calm.end().await;
    let (pulse, reader) = (Pulse::of(&selling.flock, CUSTOMERS).await, Reader::begin(&selling.flock).await);
    for round in 1..=ROUNDS[usize::from(is_long())] {
        for name in SERVICES {
            let next = selling.flock.replica(name, &format!("{name}-{round}"));
            let old = selling.flock.processes.insert(name, next).expect("it ran before");
            let status = block_in_place(|| old.terminate()).expect("it can be stopped");
            assert!(status.success(), "{name} ends in order: {status}\n{}", old.log_tail());
            selling.load.accepts(PAUSE).await;
        }
    }
    let (rolling, reads) = (pulse.end().await, reader.end().await);
    report("rolling restart", &calm, &rolling);
    println!("{} reads; refused: {:?}; orders refused: {:?}", reads.count, reads.refusals, rolling.refusals);
    assert_orderly(reads.refusals.iter().map(String::as_str));
    assert_orderly(rolling.refusals.iter().map(String::as_str));
    let sales = selling.end_exactly().await;
    assert_orderly(sales.retries().into_keys());
}

/// Everything twice on the same servers; then one of the two dies, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_flocks_do_the_work_of_one_and_each_of_them_may_die() {
    let mut selling = Selling::begin(Shape::Together, SHARED_PORT).await;
    let mut pulse = Pulse::begin(&selling.flock).await;
    let rounds = ROUNDS[usize::from(is_long())];
    for round in 1..=rounds {
        // The first dies, then the second; the other goes on without it.
        for (survivor, dies) in [("other", "all"), ("all", "other")] {
            let new = selling.flock.replica("all", &format!("{survivor}-{round}"));
            drop(selling.flock.processes.insert(survivor, new));
            let both = std::mem::replace(&mut pulse, Pulse::begin(&selling.flock).await).end().await;
            selling.load.accepts(BETWEEN).await;
            block_in_place(|| selling.flock.process(dies).kill()).expect("it can be killed");
            selling.load.accepts(BETWEEN).await;
            pulse.beats(5).await;
            let one = std::mem::replace(&mut pulse, Pulse::begin(&selling.flock).await).end().await;
            println!("two flocks: {both}; one was killed: {one}");
        }
    }
    drop(pulse.end().await);
    let new = selling.flock.replica("all", "last");
    drop(selling.flock.processes.insert("other", new));
    selling.end_exactly().await;
}

/// One of two flocks is frozen, as a machine that swaps or a paused virtual machine is, and wakes up when the other
/// has long done its work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn a_flock_that_was_frozen_wakes_up_and_does_nothing_twice() {
    // Not its gateway: whoever is connected to a frozen one waits.
    let mut selling = Selling::begin(Shape::Apart, &[]).await;
    for name in SERVICES.into_iter().filter(|name| *name != "gateway") {
        let frozen = selling.flock.replica(name, &format!("{name}-frozen"));
        selling.load.accepts(BETWEEN).await;
        frozen.pause().expect("it can be frozen");
        sleep(lasting(Duration::from_secs(8), FROZEN)).await;
        frozen.resume().expect("it goes on");
        selling.load.accepts(BETWEEN).await;
        let old = selling.flock.processes.insert(name, frozen).expect("it ran before");
        let status = block_in_place(|| old.terminate()).expect("it can be stopped");
        assert!(status.success(), "{name} ends in order: {status}");
    }
    selling.end_exactly().await;
}

/// All that a customer may be told instead of an acceptance or an answer.
#[track_caller]
fn assert_orderly<'a>(refusals: impl IntoIterator<Item = &'a str>) {
    for refusal in refusals {
        assert!(refusal.contains("503 /problems/") && !refusal.contains("no Retry-After"), "{refusal}");
    }
}

fn report(scenario: &str, calm: &Beats, under: &Beats) {
    let added = under.percentile(99).saturating_sub(calm.percentile(99));
    println!("{scenario}: before: {calm}");
    println!("{scenario}: meanwhile: {under}");
    measured(scenario, "added to p99 from request to confirmed", format_args!("{} ms", added.as_millis()));
    measured(
        scenario,
        "longest from request to confirmed",
        format_args!("{} ms", under.percentile(100).as_millis()),
    );
}
