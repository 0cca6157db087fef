//! A provider that misbehaves: an order is charged once, whatever happens to the answers.

use payments::sandbox::Settlement;
use tests::{Flock, Order};

/// The order is confirmed, and the provider has charged it once.
async fn check_charged_once(method: &str) {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 2).paid_by(method)).await;
    customer.until(&order, "confirmed").await;
    let story = flock.story(&order).await;
    story.assert_sound();
    assert_eq!(story.count("payment.captured"), 1);
    let charges = flock.charges(&order).await;
    assert_eq!(charges.len(), 1, "asked again under the same key: {charges:?}");
    assert_eq!((charges[0].state.as_str(), charges[0].amount), ("captured", 2 * Order::PRICE));
}

#[tokio::test]
async fn a_charge_whose_answer_is_lost_is_made_once() {
    check_charged_once("sandbox.answer_lost").await;
}

#[tokio::test]
async fn a_slow_charge_is_made_once() {
    check_charged_once("sandbox.slow").await;
}

#[tokio::test]
async fn a_charge_waits_for_a_provider_that_is_down() {
    check_charged_once("sandbox.down").await;
}

#[tokio::test]
async fn a_pending_payment_is_found_captured_by_looking_it_up() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 1).paid_by("sandbox.pending")).await;
    flock.until_event(&order, "payment.pending").await;
    // The customer has paid, and the bank's webhook never comes.
    drop(flock.settle(&order, Settlement::Captured).await);
    assert_eq!(customer.verify(&order).await.status, 202);
    customer.until(&order, "confirmed").await;
    flock.story(&order).await.assert_sound();
    assert_eq!(flock.kept(&order).await, Order::PRICE);
}

#[tokio::test]
async fn looking_up_a_payment_that_is_still_pending_changes_nothing() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 1).paid_by("sandbox.pending")).await;
    flock.until_event(&order, "payment.pending").await;
    let mut answers = flock.tap(&["payment.answered"]).await;
    assert_eq!(customer.verify(&order).await.status, 202);
    let about =
        |passed: &tests::Passed| passed.body["order_id"] == order && passed.body["purpose"] == "look_up";
    let answer = answers.until("the provider's answer", about).await;
    assert_eq!(answer.body["answer"]["code"], "pending");
    assert_eq!(customer.payment(&order).await["state"], "pending");
    flock.bank_says(&order, Settlement::Captured).await;
    customer.until(&order, "confirmed").await;
}
