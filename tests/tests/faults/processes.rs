//! Every service in a process of its own, stopped or killed one after the other while orders are being placed:
//! nothing is lost, nothing is done twice.
//!
//! A kill under load hits every place between commit, publish and acknowledgement sooner or later; what counts is
//! that all books are exact afterwards.

mod gateway;

use crate::selling::{BETWEEN, Selling};
use std::time::Duration;
use tests::{Flock, SERVICES, Shape, is_long};
use tokio::{task::block_in_place, time::sleep};

/// How long a service is away.
const AWAY: Duration = Duration::from_millis(700);
/// How often all are killed at once; in the long run.
const ROUNDS: [usize; 2] = [4, 30];
/// Kills of some services in the long run.
const KILLS: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_stopped_and_started_under_load_loses_nothing() {
    let selling = Selling::begin(Shape::Apart, &[]).await;
    let Selling { flock, load, .. } = &selling;
    for name in SERVICES {
        let service = flock.process(name);
        let status = block_in_place(|| service.terminate()).expect("it can be stopped");
        assert!(status.success(), "{name} ends in order: {status}\n{}", service.log_tail());
        sleep(AWAY).await;
        service.start_again().expect("it starts");
        load.accepts(BETWEEN).await;
    }
    selling.end_exactly().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_killed_under_load_loses_nothing_and_does_nothing_twice() {
    let selling = Selling::begin(Shape::Apart, &[]).await;
    let Selling { flock, load, .. } = &selling;
    for name in SERVICES {
        let service = flock.process(name);
        // Twice: once from among the batches, once while it catches up.
        for away in [AWAY, Duration::ZERO] {
            block_in_place(|| service.kill()).expect("it can be killed");
            sleep(away).await;
            service.start_again().expect("it starts");
            sleep(Duration::from_secs(1)).await;
        }
        load.accepts(BETWEEN).await;
    }
    let sales = selling.end_exactly().await;
    assert!(!sales.retries().is_empty(), "customers noticed that the gateway was away, and asked again");
}

/// All services at the same moment, as when the machine loses its power (the servers go on).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_services_killed_at_once_under_load_lose_nothing_and_do_nothing_twice() {
    let selling = Selling::begin(Shape::Together, &[]).await;
    let Selling { flock, load, .. } = &selling;
    for _ in 0..ROUNDS[usize::from(is_long())] {
        load.accepts(BETWEEN).await;
        block_in_place(|| flock.process("all").kill()).expect("it can be killed");
        flock.process("all").start_again().expect("it starts");
    }
    selling.end_exactly().await;
}

/// The same with each in a process of its own: they come back one after the other, in any order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn all_processes_killed_at_once_come_back_in_any_order_and_lose_nothing() {
    let selling = Selling::begin(Shape::Apart, &[]).await;
    let Selling { flock, load, .. } = &selling;
    for round in 0..SERVICES.len() {
        load.accepts(BETWEEN).await;
        kill_all(flock, &SERVICES);
        for number in 0..SERVICES.len() {
            let name = SERVICES[(number + round) % SERVICES.len()];
            flock.process(name).start_again().expect("it starts");
            sleep(Duration::from_millis(300)).await;
        }
    }
    selling.end_exactly().await;
}

/// Some of them at a time, again and again, often before the last is caught up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn services_killed_again_and_again_in_every_combination_lose_nothing() {
    let selling = Selling::begin(Shape::Apart, &[]).await;
    let Selling { flock, load, .. } = &selling;
    for round in 1..=KILLS {
        // Read as bits, the round says who; the gateway only now and then.
        let chosen = SERVICES.iter().enumerate().filter(|(bit, _)| round >> bit & 1 == 1);
        let chosen: Vec<&'static str> = chosen.map(|(_, name)| *name).collect();
        kill_all(flock, &chosen);
        sleep(AWAY * u32::from(round % 3 == 0)).await;
        for name in &chosen {
            flock.process(name).start_again().expect("it starts");
        }
        load.accepts(BETWEEN / 3).await;
    }
    selling.end_exactly().await;
}

/// All of these as nearly at the same moment as can be.
fn kill_all(flock: &Flock, names: &[&str]) {
    block_in_place(|| {
        std::thread::scope(|scope| {
            for name in names {
                scope.spawn(|| flock.process(name).kill().expect("it can be killed"));
            }
        });
    });
}
