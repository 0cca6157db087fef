//! Where and when an order can be delivered, and what becomes of it when it cannot.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Flock, Order};

/// To this country and postal code.
fn to(order: Order, country: &str, postal_code: &str) -> Order {
    order.with("/address/country", json!(country)).with("/address/postal_code", json!(postal_code))
}

/// To Japan, which has slots.
fn to_japan(order: Order) -> Order {
    to(order, "JP", "100-0001")
}

fn with_first_line(order: Order, first: &str) -> Order {
    order.with("/address/line1", json!(first))
}

/// The order is cancelled for `why`, before any money moves, and takes nothing.
async fn check_not_deliverable(flock: &Flock, sku: &str, order: Order, why: &str) {
    let customer = flock.customer();
    let view = customer.place_and_wait(&order).await;
    assert_eq!(view["reason"], json!({"code": "not_deliverable", "why": why}), "{view}");
    let order = view["order_id"].as_str().expect("an id");
    flock.until_undone(order, sku).await;
    assert!(flock.charges(order).await.is_empty(), "no money moved");
    assert_eq!(customer.shipment(order).await["state"], "rejected");
    flock.story(order).await.assert_sound();
}

#[tokio::test]
async fn an_order_to_a_country_that_is_not_served_is_cancelled_before_money_moves() {
    let flock = Flock::shared_by_all().await;
    let sku = flock.product(5).await;
    check_not_deliverable(flock, &sku, to(Order::of(&sku, 1), "AQ", "BIQQ 1ZZ"), "not_served").await;
}

#[tokio::test]
async fn an_order_to_a_part_of_a_country_that_is_left_out_is_cancelled() {
    let flock = Flock::shared_by_all().await;
    let sku = flock.product(5).await;
    check_not_deliverable(flock, &sku, to(Order::of(&sku, 1), "GB", "zz9 9ZZ"), "not_served").await;
}

#[tokio::test]
async fn an_order_for_a_slot_that_does_not_exist_is_cancelled() {
    let flock = Flock::shared_by_all().await;
    let sku = flock.product(5).await;
    let order = to_japan(Order::of(&sku, 1)).with("/slot", json!("1999-12-31-pm"));
    check_not_deliverable(flock, &sku, order, "unknown_slot").await;
    let without_slots = Order::of(&sku, 1).with("/slot", json!("2030-01-01-am"));
    check_not_deliverable(flock, &sku, without_slots, "unknown_slot").await;
}

async fn taken(flock: &Flock, slot: &str) -> i64 {
    let shipping = flock.database("shipping").await;
    let taken = sqlx::query_scalar("select taken from slot where zone = 'JP' and slot = $1");
    taken.bind(slot).fetch_one(&shipping).await.expect("the slot")
}

/// The one test that uses this slot.
#[tokio::test]
async fn a_slot_is_never_overbooked_and_a_place_given_back_is_sold_again() {
    const SLOT: &str = "2030-01-02-am";
    const ROOM: usize = 10;
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(100).await);
    let order = || to_japan(Order::of(&sku, 1)).with("/slot", json!(SLOT));

    let all = join_all((0..15).map(|_| {
        let (customer, order) = (customer.clone(), order());
        async move { customer.place_and_wait(&order).await }
    }))
    .await;
    let (confirmed, cancelled): (Vec<&Value>, Vec<&Value>) =
        all.iter().partition(|view| view["status"] == "confirmed");
    assert_eq!((confirmed.len(), cancelled.len()), (ROOM, 5));
    for view in cancelled {
        assert_eq!(view["reason"], json!({"code": "not_deliverable", "why": "slot_full"}));
    }
    assert_eq!(taken(flock, SLOT).await, 10);
    let slots = customer.get("/v1/delivery/slots?country=JP").await.body;
    let listed: Vec<&Value> =
        slots["slots"].as_array().expect("slots").iter().map(|slot| &slot["slot"]).collect();
    assert!(!listed.contains(&&json!(SLOT)) && listed.contains(&&json!("standard")), "{slots}");

    // One is taken back: its place is free, once, for one more.
    let back = confirmed[0]["order_id"].as_str().expect("an id");
    assert_eq!(customer.cancel(back).await, 202);
    customer.until(back, "cancelled").await;
    assert_eq!(taken(flock, SLOT).await, 9);
    assert_eq!(customer.shipment(&customer.place_confirmed(&order()).await).await["slot"], SLOT);
    assert_eq!(customer.place_and_wait(&order()).await["reason"]["why"], "slot_full");
    assert_eq!(taken(flock, SLOT).await, 10);
}

#[tokio::test]
async fn an_order_that_names_no_slot_gets_the_first_with_room() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&to_japan(Order::of(&sku, 1))).await;
    let slot = customer.shipment(&order).await["slot"].clone();
    assert!(slot.is_string(), "a zone with slots gives one: {slot}");
    assert_eq!(flock.story(&order).await.data("shipment.held")["slot"], slot);
}

#[tokio::test]
async fn an_order_that_the_carrier_refuses_is_cancelled_and_paid_back() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let view = customer.place_and_wait(&with_first_line(Order::of(&sku, 2), "sandbox:refuse")).await;
    assert_eq!(view["reason"], json!({"code": "not_deliverable", "why": "carrier_refused"}), "{view}");
    let order = view["order_id"].as_str().expect("an id");
    let story = flock.until_event(order, "payment.refunded").await;
    story.assert_sound();
    assert!(story.is_before("payment.captured", "shipment.rejected"));
    assert_eq!(story.data("payment.refunded")["amount"], 2 * Order::PRICE);
    flock.until_undone(order, &sku).await;
    assert_eq!(customer.payment(order).await["state"], "refunded");
}

/// The order is confirmed, with one parcel, whatever the carrier does.
async fn check_booked_once(first_line: &str) {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&with_first_line(Order::of(&sku, 1), first_line)).await;
    customer.until(&order, "confirmed").await;
    flock.story(&order).await.assert_sound();
    let bookings = flock.bookings(&order).await;
    assert_eq!(bookings.len(), 1, "asked again under the same key: {bookings:?}");
    assert_eq!(bookings[0].state, "booked");
}

#[tokio::test]
async fn a_carriers_answer_that_is_lost_books_one_parcel() {
    check_booked_once("sandbox:lost").await;
}

#[tokio::test]
async fn a_carrier_that_is_slow_books_one_parcel() {
    check_booked_once("sandbox:slow").await;
}

#[tokio::test]
async fn a_carrier_that_is_down_books_one_parcel_when_it_is_up_again() {
    check_booked_once("sandbox:down").await;
}
