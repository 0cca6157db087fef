//! Parcels that leave and arrive; and the race with a customer who wants the order back.

use contracts::Role;
use futures_util::future::{join, join_all};
use serde_json::json;
use tests::{Client, Flock, Order, eventually};

#[tokio::test]
async fn nothing_is_dispatched_before_it_is_confirmed_and_nothing_delivered_before_it_left() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let mut refused = flock.tap(&["shipment.command_refused"]).await;
    let order = customer.place(&Order::of(&sku, 1).paid_by("sandbox.pending")).await;
    flock.until_event(&order, "payment.pending").await;

    let mut check = async |status: &str, why: &str| {
        let said = flock.client(Role::Admin).put_status(&order, status).await;
        assert_eq!(said.status, 202, "{said:?}");
        let fits = |passed: &tests::Passed| passed.body["order_id"] == order && passed.body["why"] == why;
        let passed = refused.until(&format!("{status}: {why}"), fits).await;
        let verb = if status == "dispatched" { "dispatch" } else { "deliver" };
        assert_eq!(passed.body["command"], format!("cmd.shipment.{verb}"));
    };
    check("dispatched", "not_scheduled").await;
    check("delivered", "not_dispatched").await;

    flock.bank_says(&order, payments::sandbox::Settlement::Captured).await;
    customer.until(&order, "confirmed").await;
    flock.say(&order, "dispatched").await;
    customer.until(&order, "dispatched").await;
    check("dispatched", "already_done").await;
    flock.say(&order, "delivered").await;
    customer.until(&order, "completed").await;
    let story = flock.story(&order).await;
    story.assert_sound();
    assert_eq!((story.count("shipment.dispatched"), story.count("shipment.delivered")), (1, 1));
}

#[tokio::test]
async fn a_cancelled_order_is_not_dispatched() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 1)).await;
    assert_eq!(customer.cancel(&order).await, 202);
    customer.until(&order, "cancelled").await;
    let mut refused = flock.tap(&["shipment.command_refused"]).await;
    flock.say(&order, "dispatched").await;
    let passed = refused.until("refused", |passed| passed.body["order_id"] == order).await;
    assert_eq!(passed.body["why"], "cancelled");
    flock.until_undone(&order, &sku).await;
    assert_eq!(customer.order(&order).await["status"], "cancelled");
}

/// Both at once; says whether the customer won.
async fn race(flock: &Flock, customer: &Client, sku: &str, number: usize) -> (String, bool) {
    let order = customer.place_confirmed(&Order::of(sku, 1)).await;
    let (cancel, dispatch) = (customer.cancel(&order), flock.say(&order, "dispatched"));
    let (asked, ()) = if number.is_multiple_of(2) {
        join(cancel, dispatch).await
    } else {
        let ((), asked) = join(dispatch, cancel).await;
        (asked, ())
    };
    assert_eq!(asked, 202);
    let mut status = json!(null);
    eventually("decided", async || {
        status = customer.order(&order).await["status"].clone();
        status == "cancelled" || status == "dispatched"
    })
    .await;
    let won = status == "cancelled";
    (order, won)
}

#[tokio::test]
async fn cancelling_and_dispatching_at_once_ends_in_exactly_one_of_both() {
    const RACES: usize = 60;
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.client(Role::Service), flock.product(1_000).await);
    let ended = join_all((0..RACES).map(|number| race(flock, &customer, &sku, number))).await;

    let mut gone = 0;
    for (order, cancelled) in &ended {
        let last = if *cancelled { "stock.released" } else { "stock.committed" };
        let story = flock.until_event(order, last).await;
        story.assert_sound();
        let (asked, refused) = (story.has("order.cancel_requested"), story.has("order.cancel_refused"));
        if *cancelled {
            flock.until_event(order, "payment.refunded").await;
            assert!(!story.has("shipment.dispatched") && !refused && asked, "{:?}", story.events());
            assert_eq!((flock.kept(order).await, flock.parcels(order).await), (0, 0), "{order}");
        } else {
            gone += 1;
            let story = flock.until_event(order, "order.cancel_refused").await;
            assert!(
                !story.has("order.cancelled") && !story.has("shipment.cancelled"),
                "{:?}",
                story.events()
            );
            assert_eq!((flock.kept(order).await, flock.parcels(order).await), (Order::PRICE, 1), "{order}");
        }
    }
    let stock = flock.stock(&sku).await;
    assert_eq!((&stock["on_hand"], &stock["reserved"]), (&json!(1_000 - gone), &json!(0)));
    println!("{gone} of {RACES} were dispatched");
}
