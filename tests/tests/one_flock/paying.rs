//! Paying an order another way: at most one charge is kept, whatever is tried at the same time.

use futures_util::future::{join, join_all};
use payments::sandbox::Settlement;
use serde_json::json;
use tests::{Client, Flock, Order, Passed, Tap, eventually};

/// An order whose payment is pending at the bank.
async fn pending(flock: &Flock, customer: &Client, sku: &str) -> String {
    let order = customer.place(&Order::of(sku, 1).paid_by("sandbox.pending")).await;
    flock.until_event(&order, "payment.pending").await;
    order
}

/// Waits for payments to refuse a command about an order for this reason.
async fn until_refused(tap: &mut Tap, order: &str, why: &str) -> Passed {
    let fits = |passed: &Passed| {
        passed.subject == "payment.command_refused"
            && passed.body["order_id"] == order
            && passed.body["why"] == why
    };
    tap.until(&format!("{order} refused: {why}"), fits).await
}

#[tokio::test]
async fn a_declined_order_that_waits_can_be_paid_another_way() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order =
        Order::of(&sku, 2).paid_by("sandbox.insufficient_funds").with("/payment/on_decline", json!("wait"));
    let order = customer.place(&order).await;
    flock.until_event(&order, "payment.declined").await;
    customer.until(&order, "stock_reserved").await;
    assert_eq!(customer.payment(&order).await["state"], "declined");

    // A second card is declined too, a third is good.
    assert_eq!(customer.pay(&order, "sandbox.declined").await.status, 202);
    flock.until_events(&order, "payment.declined", 2).await;
    assert_eq!(customer.pay(&order, "sandbox.succeeds").await.status, 202);
    customer.until(&order, "confirmed").await;
    flock.story(&order).await.assert_sound();
    let states: Vec<String> = flock.charges(&order).await.into_iter().map(|charge| charge.state).collect();
    assert_eq!(states, ["declined", "declined", "captured"]);
    assert_eq!(flock.kept(&order).await, 2 * Order::PRICE);
}

#[tokio::test]
async fn a_pending_payment_is_voided_before_another_way_is_tried() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = pending(flock, &customer, &sku).await;
    assert_eq!(customer.pay(&order, "sandbox.succeeds").await.status, 202);
    customer.until(&order, "confirmed").await;
    let story = flock.story(&order).await;
    story.assert_sound();
    assert!(story.is_before("payment.voided", "payment.captured"));
    let states: Vec<String> = flock.charges(&order).await.into_iter().map(|charge| charge.state).collect();
    assert_eq!(states, ["voided", "captured"]);
    assert_eq!(flock.kept(&order).await, Order::PRICE);
}

#[tokio::test]
async fn a_pending_payment_that_the_bank_has_taken_already_ends_the_search_for_another() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = pending(flock, &customer, &sku).await;
    // Paid at the bank, whose word has not come yet, while the customer tries another card.
    let webhook = flock.settle(&order, Settlement::Captured).await;
    assert_eq!(customer.pay(&order, "sandbox.succeeds").await.status, 202);
    customer.until(&order, "confirmed").await;
    assert_eq!(customer.webhook(&webhook).await.status, 202);
    customer.place_confirmed(&Order::of(&sku, 1)).await;
    let charges = flock.charges(&order).await;
    assert_eq!(charges.len(), 1, "the other card was never charged: {charges:?}");
    assert_eq!(flock.kept(&order).await, Order::PRICE);
    flock.story(&order).await.assert_sound();
}

#[tokio::test]
async fn two_ways_of_paying_at_once_charge_once() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = pending(flock, &customer, &sku).await;
    let ways = join_all((0..6).map(|_| customer.pay(&order, "sandbox.succeeds"))).await;
    assert!(ways.iter().all(|answer| answer.status == 202), "{ways:?}");
    customer.until(&order, "confirmed").await;
    customer.place_confirmed(&Order::of(&sku, 1)).await;
    let charges = flock.charges(&order).await;
    let captured = charges.iter().filter(|charge| charge.state == "captured").count();
    assert_eq!(captured, 1, "{charges:?}");
    assert_eq!(flock.kept(&order).await, Order::PRICE);
    assert_eq!(flock.story(&order).await.count("payment.captured"), 1);
}

#[tokio::test]
async fn the_bank_and_another_card_at_the_same_moment_keep_one_charge() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(50).await);
    let race = async |number: usize| {
        let order = pending(flock, &customer, &sku).await;
        let bank = async {
            // The bank may find its charge called off already: then it takes nothing.
            let books = flock.database("sandbox_provider").await;
            let secret = chassis::signature::webhook_secret(&flock.secret(), payments::sandbox::NAME);
            let key = format!("{order}-1");
            if let Ok(webhook) = payments::sandbox::settle(&books, &secret, &key, Settlement::Captured).await
            {
                assert_eq!(customer.webhook(&webhook).await.status, 202);
            }
        };
        let card = async {
            assert_eq!(customer.pay(&order, "sandbox.succeeds").await.status, 202);
        };
        let ((), ()) = if number.is_multiple_of(2) { join(bank, card).await } else { join(card, bank).await };
        order
    };
    for order in join_all((0..10).map(race)).await {
        customer.until(&order, "confirmed").await;
        // A surplus, if there was one, goes back.
        eventually("one charge is kept", async || flock.kept(&order).await == Order::PRICE).await;
        let payment = customer.payment(&order).await;
        assert_eq!((&payment["captured"], &payment["refunded"]), (&json!(Order::PRICE), &json!(0)));
        flock.story(&order).await.assert_sound();
    }
}

#[tokio::test]
async fn a_paid_order_is_not_paid_again() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 1)).await;
    let mut tap = flock.tap(&["payment.command_refused"]).await;
    assert_eq!(customer.pay(&order, "sandbox.succeeds").await.status, 202);
    until_refused(&mut tap, &order, "captured").await;
    assert_eq!(flock.charges(&order).await.len(), 1);
}

#[tokio::test]
async fn an_order_that_is_being_charged_is_not_charged_another_way() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let mut tap = flock.tap(&["payment.command_refused"]).await;
    let order = customer.place(&Order::of(&sku, 1).paid_by("sandbox.slow")).await;
    eventually("charged", async || !flock.charges(&order).await.is_empty()).await;
    assert_eq!(customer.pay(&order, "sandbox.succeeds").await.status, 202);
    until_refused(&mut tap, &order, "charging").await;
    customer.until(&order, "confirmed").await;
    assert_eq!(flock.charges(&order).await.len(), 1);
}

#[tokio::test]
async fn a_cancelled_order_cannot_be_paid() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = pending(flock, &customer, &sku).await;
    assert_eq!(customer.cancel(&order).await, 202);
    flock.until_event(&order, "payment.voided").await;
    let mut tap = flock.tap(&["payment.command_refused"]).await;
    assert_eq!(customer.pay(&order, "sandbox.succeeds").await.status, 202);
    until_refused(&mut tap, &order, "cancelled").await;
    assert_eq!(flock.kept(&order).await, 0);
}

#[tokio::test]
async fn nobody_pays_for_anothers_order_or_sees_its_payment() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku, other) = (flock.customer(), flock.product(5).await, flock.customer());
    let order = pending(flock, &customer, &sku).await;
    assert_eq!(other.pay(&order, "sandbox.succeeds").await.status, 404);
    assert_eq!(other.verify(&order).await.status, 404);
    for path in ["payments", "shipments", "orders"] {
        assert_eq!(other.get(&format!("/v1/{path}/{order}")).await.status, 404, "{path}");
    }
    assert_eq!(flock.charges(&order).await.len(), 1);
}
