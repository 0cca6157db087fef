//! Stock: what there is, what is set aside, and that nothing is ever sold twice.

use contracts::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Client, Flock, Order, Passed, eventually, line};
use uuid::Uuid;

async fn adjust(admin: &Client, reference: &str, sku: &str, delta: i64) {
    let adjustment = json!({"reference": reference, "sku": sku, "delta": delta, "reason": "counted"});
    let answer = admin.post("/v1/stock/adjustments", &adjustment).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

async fn receive(admin: &Client, reference: &str, sku: &str, quantity: i64) {
    let receipt = json!({"reference": reference, "lines": [{"sku": sku, "quantity": quantity}]});
    assert_eq!(admin.post("/v1/stock/receipts", &receipt).await.status, 202);
}

/// Waits until a later receipt is on the shelf: whatever was commanded before is decided then.
async fn until_decided(flock: &Flock) {
    flock.product(1).await;
}

#[tokio::test]
async fn a_receipt_adds_and_the_same_reference_adds_nothing_more() {
    let flock = Flock::shared_by_all().await;
    let (admin, sku, reference) =
        (flock.client(Role::Admin), flock.product(5).await, Uuid::new_v4().to_string());
    receive(&admin, &reference, &sku, 10).await;
    eventually("received", async || flock.stock(&sku).await["on_hand"] == 15).await;
    // Again, also with another content: a reference is booked once, for ever.
    receive(&admin, &reference, &sku, 10).await;
    receive(&admin, &reference, &sku, 99).await;
    until_decided(flock).await;
    assert_eq!(flock.stock(&sku).await["on_hand"], 15);
}

#[tokio::test]
async fn an_adjustment_goes_both_ways_once() {
    let flock = Flock::shared_by_all().await;
    let (admin, sku) = (flock.client(Role::Admin), flock.product(10).await);
    let reference = Uuid::new_v4().to_string();
    adjust(&admin, &reference, &sku, -3).await;
    adjust(&admin, &reference, &sku, -3).await;
    eventually("adjusted", async || flock.stock(&sku).await["on_hand"] == 7).await;
    adjust(&admin, &Uuid::new_v4().to_string(), &sku, 5).await;
    eventually("adjusted", async || flock.stock(&sku).await["on_hand"] == 12).await;
}

#[tokio::test]
async fn no_less_is_left_than_is_set_aside() {
    let flock = Flock::shared_by_all().await;
    let (admin, sku) = (flock.client(Role::Admin), flock.product(10).await);
    let order = flock.customer().place_confirmed(&Order::of(&sku, 8)).await;
    let mut refused = flock.tap(&["stock.command_refused"]).await;
    let reference = Uuid::new_v4().to_string();
    adjust(&admin, &reference, &sku, -3).await;
    let passed =
        refused.until("refused", |passed: &Passed| passed.body["reference"] == reference.as_str()).await;
    assert_eq!(passed.body["why"], "below_reserved");
    assert_eq!(flock.stock(&sku).await["on_hand"], 10);
    adjust(&admin, &Uuid::new_v4().to_string(), &sku, -2).await;
    eventually("adjusted", async || flock.stock(&sku).await["available"] == 0).await;
    assert_eq!(admin.order(&order).await["status"], "confirmed");
}

#[tokio::test]
async fn stock_changes_are_told_with_their_version() {
    let flock = Flock::shared_by_all().await;
    let sku = flock.product(0).await;
    let mut told = flock.tap(&["stock.level_changed"]).await;
    for (quantity, on_hand) in [(5, 5), (7, 12)] {
        flock.receive(&sku, quantity).await;
        let fits = |passed: &Passed| passed.body["sku"] == sku && passed.body["on_hand"] == on_hand;
        told.until("the new level", fits).await;
    }
    let versions: Vec<i64> =
        told.with(&sku).iter().filter_map(|passed| passed.body["version"].as_i64()).collect();
    assert!(versions.is_sorted() && versions[0] < versions[1], "{versions:?}");
}

#[tokio::test]
async fn the_last_piece_is_sold_once_however_many_want_it() {
    let flock = Flock::shared_by_all().await;
    let sku = flock.product(1).await;
    let buy = async |_| flock.customer().place_and_wait(&Order::of(&sku, 1)).await;
    let views: Vec<Value> = join_all((0..25).map(buy)).await;
    let sold = views.iter().filter(|view| view["status"] == "confirmed").count();
    let short = views.iter().filter(|view| view["reason"]["code"] == "out_of_stock").count();
    assert_eq!((sold, short), (1, 24));
    let stock = flock.stock(&sku).await;
    assert_eq!(
        (&stock["on_hand"], &stock["reserved"], &stock["available"]),
        (&json!(1), &json!(1), &json!(0))
    );
}

#[tokio::test]
async fn orders_of_the_same_goods_in_any_sequence_of_lines_do_not_block_each_other() {
    let flock = Flock::shared_by_all().await;
    let mut skus = vec![];
    for _ in 0..5 {
        skus.push(flock.product(1_000).await);
    }
    let buyer = flock.client(Role::Service);
    let buy = async |number: usize| {
        let mut order = Order::of(&skus[number % 5], 1);
        for step in 1..5 {
            // Some go up the list, some down.
            let at = if number.is_multiple_of(2) { number + step } else { number + 5 - step };
            order = order.with(&format!("/lines/{step}"), line(&skus[at % 5], 1));
        }
        buyer.place_and_wait(&order).await
    };
    let views = join_all((0..60).map(buy)).await;
    assert!(views.iter().all(|view| view["status"] == "confirmed"), "{views:?}");
    for sku in &skus {
        assert_eq!(flock.stock(sku).await["reserved"], 60);
    }
}

#[tokio::test]
async fn what_a_cancelled_order_gives_back_is_sold_to_the_next() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(3).await);
    for _ in 0..4 {
        let order = customer.place_confirmed(&Order::of(&sku, 3)).await;
        assert_eq!(customer.place_and_wait(&Order::of(&sku, 1)).await["reason"]["code"], "out_of_stock");
        assert_eq!(customer.cancel(&order).await, 202);
        customer.until(&order, "cancelled").await;
        flock.until_undone(&order, &sku).await;
    }
    assert_eq!(flock.stock(&sku).await["available"], 3);
}
