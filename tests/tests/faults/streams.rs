//! A stream that takes nothing more, as when the disk of its server is full: services wait with what they have
//! committed, and who dies meanwhile tells it afterwards.

use crate::selling::{BACK_WITHIN, BETWEEN, Selling};
use async_nats::jetstream::{self, stream::DiscardPolicy};
use std::time::{Duration, Instant};
use tests::{Order, Shape, eventually_within, is_long, lasting, measured};
use tokio::{task::block_in_place, time::sleep};

/// How long the stream is full.
fn full_for() -> Duration {
    lasting(Duration::from_secs(2), Duration::from_secs(30))
}

/// The streams that are full, one after the other.
fn streams() -> &'static [&'static str] {
    if is_long() { &["ORDER", "STOCK", "PAYMENT", "SHIPMENT"] } else { &["STOCK"] }
}

/// What is decided and not told yet stands in the journals alone: an input that is acknowledged before its outputs are
/// stored is lost here with certainty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_full_is_waited_for_and_services_killed_meanwhile_lose_nothing() {
    let selling = Selling::begin(Shape::Together, &[]).await;
    let Selling { flock, load, .. } = &selling;
    let (customer, other) = (flock.customer(), flock.product(1_000).await);
    let jetstream = jetstream::new(flock.nats().await);
    for name in streams() {
        let stream = jetstream.get_stream(*name).await.expect("the stream");
        let info = stream.get_info().await.expect("its state");
        let roomy = info.config;
        let full = jetstream::stream::Config {
            // Less than it has: it drops nothing, and takes nothing.
            max_bytes: 1,
            discard: DiscardPolicy::New,
            ..roomy.clone()
        };
        jetstream.update_stream(&full).await.expect("it is full");
        let waits = customer.place(&Order::of(&other, 1)).await;
        load.accepts(BETWEEN).await;
        block_in_place(|| flock.process("all").kill()).expect("it can be killed");
        flock.process("all").start_again().expect("it starts");
        sleep(full_for()).await;
        let status = customer.order(&waits).await["status"].clone();
        assert_ne!(status, "confirmed", "{name} cannot have taken what it takes");
        jetstream.update_stream(&roomy).await.expect("it has room again");
        let began = Instant::now();
        eventually_within(BACK_WITHIN * 2, &format!("confirmed once {name} has room"), async || {
            customer.order(&waits).await["status"] == "confirmed"
        })
        .await;
        measured("streams full", &format!("{name}: confirmed after"), format_args!("{:?}", began.elapsed()));
    }
    selling.end_exactly().await;
}
