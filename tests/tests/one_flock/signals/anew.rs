//! What no message leads to, in a process that was started anew: calls to the outside and timers find the order's trace.

use super::{flock, marked, placed, trace};
use chassis::clock;
use serde_json::json;
use std::time::Duration;
use tests::{Flock, eventually};
use tokio::task::block_in_place;
use tools::collector::{Collector, Received};

const CALL: &str = "call payment_provider";
const TIMER: &str = "create cmd.order.expire";
/// Later than the first call, and than what follows it here.
const DEADLINE_S: &str = "25";

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_killed_goes_on_in_the_traces_of_its_orders() {
    let collector = Collector::start().await.expect("a port is free");
    let flock = flock(&collector, ("ORDER_DEADLINE_S", DEADLINE_S)).await;
    let (customer, sku) = (flock.customer(), flock.product(1_000).await);
    let (down, down_trace) = placed(&customer, &marked(&sku).paid_by("sandbox.down")).await;
    let waits = marked(&sku).paid_by("sandbox.declined").with("/payment/on_decline", json!("wait"));
    let (unpaid, unpaid_trace) = placed(&customer, &waits).await;
    flock.until_event(&unpaid, "payment.declined").await;
    let mut got = Received::default();
    until(&collector, &mut got, CALL, |got| trace::has(got, &down_trace, CALL, 0)).await;

    let since = kill(&flock);
    flock.process("all").start_again().expect("it starts");
    until(&collector, &mut got, "the next call", |got| trace::has(got, &down_trace, CALL, since)).await;
    until(&collector, &mut got, TIMER, |got| trace::is_linked(got, &unpaid_trace, TIMER, since)).await;
    customer.until(&down, "confirmed").await;
    customer.until(&unpaid, "cancelled").await;
}

/// Kills all services; the time after that, in nanoseconds since 1970, as spans have it.
fn kill(flock: &Flock) -> u64 {
    block_in_place(|| flock.process("all").kill()).expect("it can be killed");
    u64::try_from(clock::now().millis()).expect("it is after 1970") * 1_000_000
}

async fn until(collector: &Collector, got: &mut Received, what: &str, is_there: impl Fn(&Received) -> bool) {
    eventually(&format!("{what} came"), async || {
        trace::keep(collector, got);
        tokio::time::sleep(Duration::from_millis(200)).await;
        is_there(got)
    })
    .await;
}
