//! The payment provider and the carrier misbehave while orders are being placed: no customer is turned away, nothing
//! is charged or booked twice, and what waits is done when they are back.

mod webhooks;

use crate::selling::{BETWEEN, Selling};
use futures_util::future::join_all;
use payments::sandbox::Settlement;
use std::time::{Duration, Instant};
use tests::{
    Client, Flock, Order, Outsider, Shape, Temper, eventually, eventually_within, lasting, measured,
};
use tokio::{task::block_in_place, time::sleep};

const OPENS: &str = "circuit breaker opens";
const STAYS_OPEN: &str = "circuit breaker stays open";
const CLOSES: &str = "circuit breaker closes";
const UNKNOWN: &str = "outcome unknown, to be asked again";
/// An outsider that misbehaves has to be noticed in so many calls.
const SEEN: usize = 20;
/// How long it may take until all that waited is done, on a busy machine.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(120);
/// Charges of which the provider tells again, though it has answered.
const TOLD_AGAIN: i64 = 50;

/// The provider, and then the carrier, cannot be reached at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outsider_that_is_down_is_left_alone_and_every_order_is_settled_once_it_is_back() {
    let selling = Selling::begin(Shape::Together, &[]).await;
    for outsider in Outsider::ALL {
        goes_down(&selling, outsider).await;
    }
    selling.end_exactly().await;
}

async fn goes_down(Selling { flock, load, .. }: &Selling, outsider: Outsider) {
    let name = outsider.name();
    let earlier = flock.log("all").about(name).messages().len();
    let log = || -> Vec<String> {
        let lines = block_in_place(|| flock.log("all")).about(name);
        lines.messages().into_iter().skip(earlier).map(ToOwned::to_owned).collect()
    };
    let count = |message: &str| log().iter().filter(|one| *one == message).count();
    // A SKU of its own: the load's counts are about the load.
    let (customer, sku) = (flock.customer(), flock.product(2).await);
    flock.temper(outsider, Temper { down: true, ..Temper::default() }).await;
    eventually(&format!("the breaker of {name} opens"), async || count(OPENS) > 0).await;
    let waits = customer.place(&Order::of(&sku, 1)).await;
    load.accepts(BETWEEN).await;
    sleep(lasting(Duration::ZERO, Duration::from_secs(60))).await;
    eventually(&format!("{name} is tried again"), async || count(STAYS_OPEN) >= 2).await;

    // While the breaker is open there is one call at a time, and each keeps it open.
    let messages = log();
    let tries: Vec<_> = messages.split(|message| message == STAYS_OPEN).skip(1).collect();
    let (last, tries) = tries.split_last().expect("the breaker stayed open");
    assert!(tries.iter().all(|calls| *calls == [UNKNOWN]), "one call each time: {tries:?}");
    assert!(last.len() <= 1, "{last:?}");
    assert_eq!(count(CLOSES), 0, "{messages:?}");
    let status = customer.order(&waits).await["status"].take();
    assert!(status != "confirmed" && status != "cancelled", "it waits: {status}");

    flock.temper(outsider, Temper::default()).await;
    let back = Instant::now();
    let fresh = customer.place(&Order::of(&sku, 1)).await;
    eventually(&format!("the breaker of {name} closes"), async || count(CLOSES) > 0).await;
    measured(&format!("{name} down"), "the breaker is closed after", format_args!("{:.1?}", back.elapsed()));
    confirmed(&customer, &fresh).await;
    measured(
        &format!("{name} down"),
        "a new order is confirmed after",
        format_args!("{:.1?}", back.elapsed()),
    );
    confirmed(&customer, &waits).await;
}

/// Waits until an order is confirmed: there may be many before it.
async fn confirmed(customer: &Client, order: &str) {
    eventually_within(CAUGHT_UP_WITHIN, &format!("{order} is confirmed"), async || {
        customer.order(order).await["status"] == "confirmed"
    })
    .await;
}

/// Both misbehave in the same way, at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outsiders_that_are_slow_fail_lose_answers_or_answer_twice_do_everything_once() {
    // So that what is late is too late half the time.
    let impatient = &[("PAYMENT_CALL_TIMEOUT_MS", "1000"), ("CARRIER_TIMEOUT_MS", "1000")];
    let selling = Selling::begin(Shape::Together, impatient).await;
    let Selling { flock, load, .. } = &selling;
    for (temper, why) in [
        (Temper { late_ms: 2_000, ..Temper::default() }, "no answer in time"),
        (Temper { fails_percent: 50, ..Temper::default() }, "the sandbox failed"),
        (Temper { loses_percent: 50, ..Temper::default() }, "the sandbox did it and lost its answer"),
    ] {
        let began = Instant::now();
        for outsider in Outsider::ALL {
            flock.temper(outsider, temper).await;
        }
        load.accepts(BETWEEN).await;
        sleep(lasting(Duration::ZERO, Duration::from_secs(60))).await;
        for outsider in Outsider::ALL {
            let log = || block_in_place(|| flock.log("all")).about(outsider.name());
            let what = format!("calls of {}: {why}", outsider.name());
            eventually(&what, async || log().count_where("why", why) >= SEEN).await;
            println!("{what}: {} in {:.1?}", log().count_where("why", why), began.elapsed());
        }
    }
    for outsider in Outsider::ALL {
        flock.temper(outsider, Temper::default()).await;
    }
    let back = Instant::now();
    let (customer, sku) = (flock.customer(), flock.product(1).await);
    let fresh = customer.place(&Order::of(&sku, 1)).await;
    confirmed(&customer, &fresh).await;
    measured("outsiders fail", "a new order is confirmed after", format_args!("{:.1?}", back.elapsed()));
    answers_twice(flock).await;
    selling.end_exactly().await;
}

/// What the provider has answered it tells by webhook as well, and that twice.
async fn answers_twice(flock: &Flock) {
    let books = flock.database("sandbox_provider").await;
    let charged = sqlx::query_scalar("select key from charge where state = 'captured' limit $1");
    let charged: Vec<String> = charged.bind(TOLD_AGAIN).fetch_all(&books).await.expect("the books");
    assert_eq!(i64::try_from(charged.len()), Ok(TOLD_AGAIN), "there were as many");
    join_all(charged.iter().map(|key| async {
        flock.bank_says(key, Settlement::Captured).await;
        flock.bank_says(key, Settlement::Captured).await;
    }))
    .await;
}
