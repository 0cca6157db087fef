//! Cancelling an order at each stage of its way: what was done for it is undone, once.

use chassis::Outgoing;
use contracts::{Caller, CancelOrder, CustomerId, Message, MessageId, OrderId, PlaceOrder, Role};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tests::{Client, Flock, Order, eventually};
use uuid::Uuid;

/// Cancels an order as its customer; it must end so, for that reason, and leave no trace.
async fn check_cancelled(flock: &Flock, customer: &Client, order: &str, sku: &str) -> tests::Story {
    assert_eq!(customer.cancel(order).await, 202);
    let view = customer.until(order, "cancelled").await;
    assert_eq!(view["reason"], json!({"code": "by_customer"}));
    flock.until_undone(order, sku).await;
    let story = flock.story(order).await;
    story.assert_sound();
    story
}

#[tokio::test]
async fn an_order_can_be_cancelled_before_it_is_placed() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let hold = flock.hold("orders", "customer_order").await;
    let order = customer.place(&Order::of(&sku, 2)).await;
    let view = customer.order(&order).await;
    assert_eq!(
        view,
        json!({"order_id": order, "status": "accepted"}),
        "accepted, and not known to orders yet"
    );
    let stranger = flock.customer().get(&format!("/v1/orders/{order}")).await;
    assert_eq!(stranger.status, 404, "another's accepted order does not exist either");
    assert_eq!(flock.customer().cancel(&order).await, 404);

    assert_eq!(customer.cancel(&order).await, 202);
    drop(hold);
    customer.until(&order, "cancelled").await;
    flock.until_undone(&order, &sku).await;
    let story = flock.story(&order).await;
    story.assert_sound();
    assert_eq!(story.data("order.cancelled")["reason"], json!({"code": "by_customer"}));
    assert!(!story.has("order.confirmed"));
}

/// Publishes a command as the gateway would.
async fn publish<M: Message>(flock: &Flock, id: MessageId, about: OrderId, command: &M) {
    let message = Outgoing::new(id, about, command).expect("a command can be written");
    let mut headers = async_nats::HeaderMap::new();
    headers.insert(contracts::HEADER_ID, message.id.to_string());
    headers.insert(contracts::HEADER_TYPE, message.ce_type.as_ref());
    headers.insert(contracts::HEADER_SUBJECT, message.about.to_string());
    let jetstream = async_nats::jetstream::new(flock.nats().await);
    let sent = jetstream.publish_with_headers(M::INFO.subject, headers, message.body).await;
    let stored = sent.expect("sent").await;
    assert!(stored.is_ok(), "{stored:?}");
}

#[tokio::test]
async fn a_cancellation_that_overtakes_its_order_leaves_a_tombstone() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order_id = OrderId::from_v7(Uuid::now_v7());
    let by = |id: Uuid| Caller { id: CustomerId(id), role: Role::Customer };
    // Another's wish comes first, and counts for nothing.
    for caller in [Uuid::new_v4(), customer.id] {
        let cancel = CancelOrder { order_id, by: by(caller) };
        publish(flock, MessageId(Uuid::now_v7()), order_id, &cancel).await;
    }
    let mut body = Order::of(&sku, 2).0;
    body["order_id"] = json!(order_id);
    body["customer_id"] = json!(customer.id);
    body["idempotency_key"] = json!(order_id.to_string());
    body["body_hash"] = json!("0".repeat(64));
    let place: PlaceOrder = serde_json::from_value(body).expect("a placement");
    publish(flock, MessageId::about(order_id.0, PlaceOrder::INFO.code, 0), order_id, &place).await;

    let order = order_id.to_string();
    let view = customer.until(&order, "cancelled").await;
    assert_eq!(view["reason"], json!({"code": "by_customer"}));
    // Payments remembers that there is nothing to charge; nobody else has anything to say.
    let story = flock.until_event(&order, "payment.voided").await;
    assert_eq!(story.events(), ["order.cancelled", "payment.voided"], "it was never created");
    assert_eq!(flock.stock(&sku).await["reserved"], 0);
}

#[tokio::test]
async fn a_placed_order_is_cancelled_while_the_others_have_not_begun() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let hold = flock.hold("inventory", "stock_order").await;
    let order = customer.place(&Order::of(&sku, 2)).await;
    customer.until(&order, "placed").await;
    assert_eq!(customer.cancel(&order).await, 202);
    customer.until(&order, "cancelled").await;
    drop(hold);
    let story = flock.until_event(&order, "payment.voided").await;
    flock.until_undone(&order, &sku).await;
    story.assert_sound();
    assert!(flock.charges(&order).await.is_empty(), "no money moved");
}

#[tokio::test]
async fn an_order_that_waits_for_its_payment_is_cancelled_and_the_charge_voided() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 2).paid_by("sandbox.pending")).await;
    flock.until_event(&order, "payment.pending").await;
    customer.until(&order, "stock_reserved").await;
    check_cancelled(flock, &customer, &order, &sku).await;
    let story = flock.until_event(&order, "payment.voided").await;
    assert!(!story.has("payment.captured"));
    let charges = flock.charges(&order).await;
    assert_eq!(charges[0].state, "voided", "the bank will not wait for the customer any more");
    assert_eq!(customer.payment(&order).await["state"], "voided");
}

#[tokio::test]
async fn an_order_cancelled_while_it_is_charged_gets_its_money_back() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 2).paid_by("sandbox.slow")).await;
    // The charge is in the bank's books, its answer is two seconds away.
    eventually("charged", async || !flock.charges(&order).await.is_empty()).await;
    check_cancelled(flock, &customer, &order, &sku).await;
    let story = flock.until_event(&order, "payment.refunded").await;
    assert!(story.is_before("order.cancelled", "payment.captured"), "{:?}", story.events());
    assert_eq!(flock.kept(&order).await, 0);
    assert_eq!(customer.payment(&order).await["state"], "refunded");
    assert!(flock.bookings(&order).await.is_empty(), "no parcel was booked for a cancelled order");
}

#[tokio::test]
async fn a_paid_order_cancelled_while_the_carrier_is_asked_is_refunded_and_the_booking_voided() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 2).with("/address/line1", json!("sandbox:slow"))).await;
    customer.until(&order, "paid").await;
    check_cancelled(flock, &customer, &order, &sku).await;
    flock.until_event(&order, "payment.refunded").await;
    // The carrier's answer comes after all that, and is undone.
    eventually("the booking is voided", async || {
        flock.bookings(&order).await.first().is_some_and(|booking| booking.state == "voided")
    })
    .await;
    let story = flock.story(&order).await;
    assert!(!story.has("order.confirmed") && !story.has("shipment.scheduled"), "{:?}", story.events());
}

#[tokio::test]
async fn a_confirmed_order_is_called_off_by_shipping_first_then_undone() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 2)).await;
    check_cancelled(flock, &customer, &order, &sku).await;
    flock.until_event(&order, "payment.refunded").await;
    let story = flock.until_event(&order, "stock.released").await;
    assert!(story.is_before("order.confirmed", "order.cancel_requested"));
    assert!(story.is_before("order.cancel_requested", "shipment.cancelled"));
    assert!(story.is_before("shipment.cancelled", "order.cancelled"));
    assert!(story.is_before("order.cancelled", "payment.refunded"));
    assert_eq!(story.data("payment.refunded")["amount"], 2 * Order::PRICE);
    assert_eq!(flock.bookings(&order).await[0].state, "voided", "the carrier does not come");
    assert_eq!(customer.shipment(&order).await["state"], "cancelled");
    assert_eq!(flock.stock(&sku).await["available"], 5);
}

/// An order that has left, or arrived, stays so, and the wish to cancel is refused with `why`.
async fn check_refused(status: &[&str], why: &str) {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 2)).await;
    for said in status {
        flock.say(&order, said).await;
        customer.until(&order, if *said == "delivered" { "completed" } else { said }).await;
    }
    assert_eq!(customer.cancel(&order).await, 202, "the wish is taken in");
    let story = flock.until_event(&order, "order.cancel_refused").await;
    story.assert_sound();
    assert_eq!(story.data("order.cancel_refused"), &json!({"why": why}));
    assert!(!story.has("order.cancelled"));
    assert_eq!(flock.kept(&order).await, 2 * Order::PRICE, "and the money stays");
}

#[tokio::test]
async fn a_dispatched_order_can_no_longer_be_cancelled() {
    check_refused(&["dispatched"], "dispatched").await;
}

#[tokio::test]
async fn a_completed_order_can_no_longer_be_cancelled() {
    check_refused(&["dispatched", "delivered"], "completed").await;
}

#[tokio::test]
async fn cancelling_again_changes_nothing() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 2)).await;
    let wishes = join_all((0..5).map(|_| customer.cancel(&order))).await;
    assert!(wishes.iter().all(|status| *status == 202), "{wishes:?}");
    customer.until(&order, "cancelled").await;
    flock.until_undone(&order, &sku).await;
    assert_eq!(customer.cancel(&order).await, 202);
    let events = flock.until_event(&order, "payment.refunded").await.events().len();
    // Whatever the last wish led to would be there by the time a later order is through.
    customer.place_confirmed(&Order::of(&sku, 1)).await;
    let story = flock.story(&order).await;
    assert_eq!(story.events().len(), events, "{:?}", story.events());
    for once in [
        "order.cancel_requested",
        "shipment.cancelled",
        "order.cancelled",
        "payment.refunded",
        "stock.released",
    ] {
        assert_eq!(story.count(once), 1, "{once}: {:?}", story.events());
    }
}

#[tokio::test]
async fn an_admin_may_cancel_any_order_and_support_none() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 2)).await;
    assert_eq!(flock.client(Role::Support).cancel(&order).await, 403);
    assert_eq!(flock.client(Role::Admin).cancel(&order).await, 202);
    let view = customer.until(&order, "cancelled").await;
    assert_eq!(view["reason"], json!({"code": "by_admin"}));
    flock.until_undone(&order, &sku).await;
}

#[tokio::test]
async fn anothers_order_cannot_be_cancelled_and_does_not_exist() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 2)).await;
    assert_eq!(flock.customer().cancel(&order).await, 404);
    // Even a wish that went past the gateway is ignored.
    let order_id: OrderId = order.parse().expect("an order id");
    let by = Caller { id: CustomerId(Uuid::new_v4()), role: Role::Customer };
    publish(flock, MessageId(Uuid::now_v7()), order_id, &CancelOrder { order_id, by }).await;
    customer.place_confirmed(&Order::of(&sku, 1)).await;
    assert_eq!(customer.order(&order).await["status"], "confirmed");
    assert_eq!(customer.order(&order).await["cancel_requested"], false);
}

#[tokio::test]
async fn orders_cancelled_at_any_moment_leave_no_trace() {
    const ORDERS: u64 = 40;
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.client(Role::Service), flock.product(1_000).await);
    let methods = ["sandbox.succeeds", "sandbox.pending", "sandbox.answer_lost", "sandbox.slow"];
    let one = async |number: u64| {
        let method = methods[usize::try_from(number % 4).expect("small")];
        let order = customer.place(&Order::of(&sku, 1).paid_by(method)).await;
        // Spread over the time that an order needs to be confirmed.
        tokio::time::sleep(Duration::from_millis(number * 7 % 200)).await;
        let cancelled = async || customer.cancel(&order).await;
        eventually("known", async || cancelled().await == 202).await;
        order
    };
    let orders = join_all((0..ORDERS).map(one)).await;
    for order in &orders {
        let view: Value = customer.until(order, "cancelled").await;
        assert_eq!(view["reason"]["code"], "by_customer");
        flock.until_undone(order, &sku).await;
        flock.story(order).await.assert_sound();
    }
    let stock = flock.stock(&sku).await;
    assert_eq!((&stock["on_hand"], &stock["reserved"]), (&json!(1_000), &json!(0)));
}
