//! Each way in which an order can end, seen from its customer, from every service, and from the books outside.

use contracts::OrderStatus;
use serde_json::{Value, json};
use tests::{Flock, Order, line};

#[tokio::test]
async fn a_confirmed_order_was_held_reserved_paid_and_booked() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(10).await);
    let order = customer.place(&Order::of(&sku, 3)).await;
    let view = customer.until(&order, "confirmed").await;

    assert_eq!(view["order_id"], order);
    assert_eq!(view["customer_id"], customer.id.to_string());
    assert_eq!((&view["total"], &view["currency"]), (&json!(3 * Order::PRICE), &json!("GBP")));
    assert_eq!(view["lines"], json!([line(&sku, 3)]));
    assert_eq!((&view["deadline"], &view["reason"]), (&Value::Null, &Value::Null));

    let story = flock.story(&order).await;
    story.assert_sound();
    let mut events = story.events();
    assert_eq!((events[0], events[events.len() - 1]), ("order.created", "order.confirmed"));
    assert!(story.is_before("stock.reserved", "payment.captured"));
    assert!(story.is_before("payment.captured", "shipment.scheduled"));
    events.sort_unstable();
    let expected = [
        "order.confirmed",
        "order.created",
        "payment.captured",
        "shipment.held",
        "shipment.scheduled",
        "stock.reserved",
    ];
    assert_eq!(events, expected, "each event once");
    assert_eq!(story.0.last().map(|entry| entry.status), Some(OrderStatus::Confirmed));
    assert_eq!(story.data("payment.captured")["parts"][0]["method"], "sandbox.succeeds");

    let payment = customer.payment(&order).await;
    assert_eq!((&payment["state"], &payment["captured"]), (&json!("captured"), &json!(3 * Order::PRICE)));
    let charges = flock.charges(&order).await;
    assert_eq!(charges.len(), 1, "{charges:?}");
    assert_eq!((charges[0].state.as_str(), charges[0].amount), ("captured", 3 * Order::PRICE));

    let shipment = customer.shipment(&order).await;
    assert_eq!(shipment["state"], "scheduled");
    assert_eq!(shipment["tracking"], story.data("shipment.scheduled")["tracking"]);
    assert_eq!(flock.parcels(&order).await, 1);

    let stock = flock.stock(&sku).await;
    assert_eq!(
        (&stock["on_hand"], &stock["reserved"], &stock["available"]),
        (&json!(10), &json!(3), &json!(7))
    );
}

#[tokio::test]
async fn a_delivered_order_is_completed_and_its_goods_have_left_the_shelf() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(10).await);
    let order = customer.place_confirmed(&Order::of(&sku, 4)).await;
    flock.say(&order, "dispatched").await;
    customer.until(&order, "dispatched").await;
    flock.say(&order, "delivered").await;
    customer.until(&order, "completed").await;
    let story = flock.until_event(&order, "stock.committed").await;
    story.assert_sound();
    assert!(story.is_before("shipment.dispatched", "shipment.delivered"));
    assert!(story.is_before("shipment.delivered", "order.completed"));
    let stock = flock.stock(&sku).await;
    assert_eq!((&stock["on_hand"], &stock["reserved"]), (&json!(6), &json!(0)));
    assert_eq!(customer.shipment(&order).await["state"], "delivered");
    assert_eq!(flock.kept(&order).await, 4 * Order::PRICE);
}

#[tokio::test]
async fn an_order_beyond_the_stock_is_cancelled_with_its_shortages_and_takes_nothing() {
    let flock = Flock::shared_by_all().await;
    let customer = flock.customer();
    let (plenty, scarce) = (flock.product(10).await, flock.product(2).await);
    // Two lines of one SKU count together.
    let order = Order::of(&plenty, 1).with("/lines/1", line(&scarce, 2)).with("/lines/2", line(&scarce, 1));
    let view = customer.place_and_wait(&order).await;

    assert_eq!(view["status"], "cancelled");
    let shortages = json!([{"sku": scarce, "wanted": 3, "available": 2}]);
    assert_eq!(view["reason"], json!({"code": "out_of_stock", "shortages": shortages}));
    let order = view["order_id"].as_str().expect("an id");
    flock.until_event(order, "payment.voided").await.assert_sound();
    for (sku, on_hand) in [(&plenty, 10), (&scarce, 2)] {
        let stock = flock.stock(sku).await;
        assert_eq!(
            (&stock["on_hand"], &stock["reserved"]),
            (&json!(on_hand), &json!(0)),
            "nothing was taken"
        );
    }
    assert!(flock.charges(order).await.is_empty(), "nothing was charged");
    assert!(flock.bookings(order).await.is_empty(), "nothing was booked");
    assert_eq!(customer.payment(order).await["state"], "voided");
}

#[tokio::test]
async fn what_was_never_received_is_out_of_stock() {
    let flock = Flock::shared_by_all().await;
    let sku = flock.product(0).await;
    let view = flock.customer().place_and_wait(&Order::of(&sku, 1)).await;
    let shortages = json!([{"sku": sku, "wanted": 1, "available": 0}]);
    assert_eq!(view["reason"], json!({"code": "out_of_stock", "shortages": shortages}));
}

/// The order is cancelled for `why`, its stock released, its shipment called off, and nothing charged.
async fn check_declined(method: &str, why: &str) {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let view = customer.place_and_wait(&Order::of(&sku, 2).paid_by(method)).await;
    assert_eq!(view["reason"], json!({"code": "declined", "why": why}), "{view}");
    let order = view["order_id"].as_str().expect("an id");
    let story = flock.until_event(order, "stock.released").await;
    story.assert_sound();
    assert_eq!(story.data("payment.declined")["why"], why);
    flock.until_undone(order, &sku).await;
    assert_eq!(flock.stock(&sku).await["available"], 5);
    assert!(!story.has("payment.captured") && !story.has("shipment.scheduled"));
}

#[tokio::test]
async fn a_declined_order_is_cancelled_and_its_stock_released() {
    check_declined("sandbox.declined", "declined").await;
}

#[tokio::test]
async fn an_order_beyond_the_customers_funds_is_cancelled_for_that_reason() {
    check_declined("sandbox.insufficient_funds", "insufficient_funds").await;
}

#[tokio::test]
async fn a_method_that_no_provider_has_is_declined_without_asking_one() {
    check_declined("gold.coins", "unknown_method").await;
}

#[tokio::test]
async fn a_free_order_is_confirmed_without_asking_the_provider() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product_for(0, "GBP", 5).await);
    let free = Order::of(&sku, 1).with("/lines/0/unit_price", json!(0)).paid_by("sandbox.declined");
    let order = customer.place_confirmed(&free).await;
    assert!(flock.charges(&order).await.is_empty());
    assert_eq!(customer.payment(&order).await["captured"], 0);

    // And it can be taken back: nothing is owed, so nothing is refunded.
    assert_eq!(customer.cancel(&order).await, 202);
    customer.until(&order, "cancelled").await;
    flock.until_undone(&order, &sku).await;
    assert!(!flock.story(&order).await.has("payment.refunded"));
}

/// The order is cancelled at once because of its second line, and nobody but `orders` ever heard of it.
async fn check_invalid(order: Order, why: &str, catalog: Value) {
    let flock = Flock::shared_by_all().await;
    let customer = flock.customer();
    let mut created = flock.tap(&["order.>"]).await;
    let view = customer.place_and_wait(&order).await;
    assert_eq!(view["status"], "cancelled", "{view}");
    let reason = &view["reason"];
    assert_eq!(
        (&reason["code"], &reason["line"], &reason["why"]),
        (&json!("invalid"), &json!(1), &json!(why))
    );
    for (field, value) in catalog.as_object().expect("an object") {
        assert_eq!(&reason["catalog"][field], value, "the customer sees what the catalog says: {view}");
    }
    let order = view["order_id"].as_str().expect("an id");
    assert_eq!(customer.order(order).await["reason"], *reason, "shown");
    // Payments remembers that there is nothing to charge; nobody else has anything to say.
    let story = flock.until_event(order, "payment.voided").await;
    assert_eq!(story.events(), ["order.cancelled", "payment.voided"], "nothing else happened to it");
    assert_eq!(story.data("order.cancelled")["reason"], *reason, "told live too");
    let told = created.until("order.cancelled", |passed| passed.text.contains(order)).await;
    assert_eq!(told.subject, "order.cancelled");
    assert_eq!(created.with(order).len(), 1, "never created, so no stock and no money moves");
}

#[tokio::test]
async fn an_unknown_sku_makes_an_order_invalid() {
    let sku = Flock::shared_by_all().await.product(5).await;
    check_invalid(Order::of(&sku, 1).with("/lines/1", line("no-such-thing", 1)), "unknown_sku", json!({}))
        .await;
}

#[tokio::test]
async fn an_inactive_sku_makes_an_order_invalid() {
    let flock = Flock::shared_by_all().await;
    let (sku, gone) = (flock.product(5).await, flock.product(5).await);
    let inactive =
        json!({"sku": gone, "name": "A thing", "price": Order::PRICE, "currency": "GBP", "active": false});
    flock.import(&[inactive]).await;
    check_invalid(Order::of(&sku, 1).with("/lines/1", line(&gone, 1)), "inactive", json!({"active": false}))
        .await;
}

#[tokio::test]
async fn another_price_makes_an_order_invalid() {
    let sku = Flock::shared_by_all().await.product(5).await;
    let cheaper = json!({"sku": sku, "quantity": 1, "unit_price": Order::PRICE - 1});
    let order = Order::of(&sku, 1).with("/lines/1", cheaper);
    check_invalid(order, "price", json!({"sku": sku, "price": Order::PRICE})).await;
}

#[tokio::test]
async fn another_currency_makes_an_order_invalid() {
    let flock = Flock::shared_by_all().await;
    let (sku, euros) = (flock.product(5).await, flock.product_for(Order::PRICE, "EUR", 5).await);
    check_invalid(
        Order::of(&sku, 1).with("/lines/1", line(&euros, 1)),
        "currency",
        json!({"currency": "EUR"}),
    )
    .await;
}

#[tokio::test]
async fn a_total_beyond_all_amounts_makes_an_order_invalid() {
    const DEAREST: i64 = contracts::MAX_AMOUNT;
    let flock = Flock::shared_by_all().await;
    let (sku, dear) = (flock.product(5).await, flock.product_for(DEAREST, "GBP", 5).await);
    let two = json!({"sku": dear, "quantity": 2, "unit_price": DEAREST});
    check_invalid(Order::of(&sku, 1).with("/lines/1", two), "total", json!({"price": DEAREST})).await;
}

#[tokio::test]
async fn a_changed_price_holds_from_the_moment_the_catalog_says_so() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let dearer = json!({"sku": sku, "name": "A thing", "price": 2 * Order::PRICE, "currency": "GBP"});
    flock.import(&[dearer]).await;
    let stale = customer.place_and_wait(&Order::of(&sku, 1)).await;
    assert_eq!((&stale["reason"]["code"], &stale["reason"]["why"]), (&json!("invalid"), &json!("price")));
    let order = Order::of(&sku, 1).with("/lines/0/unit_price", json!(2 * Order::PRICE));
    customer.place_confirmed(&order).await;
}

#[tokio::test]
async fn an_order_of_a_thousand_lines_is_confirmed() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku, other) = (flock.customer(), flock.product(1_000).await, flock.product(1).await);
    let mut lines: Vec<Value> = (0..999).map(|_| line(&sku, 1)).collect();
    lines.push(line(&other, 1));
    let view = customer.place_and_wait(&Order::of(&sku, 1).with("/lines", json!(lines))).await;
    assert_eq!((&view["status"], &view["total"]), (&json!("confirmed"), &json!(1_000 * Order::PRICE)));
    assert_eq!(flock.stock(&sku).await["reserved"], 999);
    assert_eq!(flock.stock(&other).await["available"], 0);
}

#[tokio::test]
async fn the_command_line_shows_an_orders_life() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 1)).await;
    let ask = move || flock.starling(&["timeline", &order]);
    let shown = tokio::task::spawn_blocking(ask).await.expect("it succeeds");
    let events =
        ["order.created", "stock.reserved", "payment.captured", "shipment.scheduled", "order.confirmed"];
    let lines: Vec<usize> = events.iter().map(|event| line_of(&shown, event)).collect();
    assert!(lines.is_sorted(), "{shown}");
    for (event, service, because) in [
        ("order.created", "orders", "cmd.order.place"),
        ("stock.reserved", "inventory", "#1 order.created"),
        ("payment.captured", "payments", "payment.answered"),
        ("order.confirmed", "orders", "shipment.scheduled"),
    ] {
        let line = shown.lines().nth(line_of(&shown, event)).expect("it was found");
        assert!(line.contains(service) && line.contains(because), "{event}: {shown}");
    }
    assert!(shown.lines().last().is_some_and(|last| last.contains("confirmed")), "{shown}");
    assert!(!shown.contains("Ada") && !shown.contains("Test Road"), "no personal data: {shown}");
}

#[track_caller]
fn line_of(text: &str, word: &str) -> usize {
    text.lines().position(|line| line.contains(word)).unwrap_or_else(|| panic!("{word} is not in {text}"))
}
