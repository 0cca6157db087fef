//! Every service in a process of its own, stopped or killed one after the other while orders are being placed:
//! nothing is lost, nothing is done twice.
//!
//! A kill under load hits every place between commit, publish and acknowledgement sooner or later; what counts is
//! that all books are exact afterwards.

use crate::selling::{BETWEEN, Selling};
use std::time::Duration;
use tests::{SERVICES, Shape};
use tokio::{task::block_in_place, time::sleep};

/// How long a service is away.
const AWAY: Duration = Duration::from_millis(700);

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
    for _ in 0..4 {
        load.accepts(BETWEEN).await;
        block_in_place(|| flock.process("all").kill()).expect("it can be killed");
        flock.process("all").start_again().expect("it starts");
    }
    selling.end_exactly().await;
}
