//! Money that goes back: never more than came in, each reference once, and all of it when the order is cancelled.

use contracts::Role;
use futures_util::future::join_all;
use serde_json::json;
use tests::{Flock, Order, Passed, Tap, eventually};

const TOTAL: i64 = 4 * Order::PRICE;

/// A confirmed order that cost [`TOTAL`], and its SKU.
async fn paid(flock: &Flock, method: &str) -> (String, String) {
    let sku = flock.product(100).await;
    let order = flock.customer().place_confirmed(&Order::of(&sku, 4).paid_by(method)).await;
    (order, sku)
}

async fn until_refused(tap: &mut Tap, reference: &str, why: &str) {
    let fits = |passed: &Passed| passed.body["reference"] == reference && passed.body["why"] == why;
    tap.until(&format!("{reference} refused: {why}"), fits).await;
}

#[tokio::test]
async fn a_refund_of_all_gives_all_back_and_leaves_the_order_as_it_is() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.client(Role::Admin);
    let (order, _) = paid(flock, "sandbox.succeeds").await;
    assert_eq!(admin.refund(&order, None).await.status, 202);
    let story = flock.until_event(&order, "payment.refunded").await;
    story.assert_sound();
    assert_eq!(story.data("payment.refunded")["amount"], TOTAL);
    assert_eq!(flock.kept(&order).await, 0);
    assert_eq!(admin.order(&order).await["status"], "confirmed");
    eventually("refunded", async || admin.payment(&order).await["state"] == "refunded").await;
}

#[tokio::test]
async fn a_cancelled_order_gets_the_rest_back_after_a_partial_refund() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.client(Role::Admin);
    let (order, sku) = paid(flock, "sandbox.succeeds").await;
    assert_eq!(admin.refund(&order, Some(1_000)).await.status, 202);
    flock.until_event(&order, "payment.refunded").await;
    assert_eq!(flock.kept(&order).await, TOTAL - 1_000);
    let payment = admin.payment(&order).await;
    assert_eq!((&payment["captured"], &payment["refunded"]), (&json!(TOTAL), &json!(1_000)));

    assert_eq!(admin.cancel(&order).await, 202);
    let story = flock.until_events(&order, "payment.refunded", 2).await;
    story.assert_sound();
    let amounts: Vec<_> = story.0.iter().filter(|entry| entry.event == "payment.refunded").collect();
    assert_eq!(amounts[1].data.as_ref().expect("its body")["amount"], TOTAL - 1_000, "the rest, and no more");
    flock.until_undone(&order, &sku).await;
    assert_eq!(flock.charges(&order).await[0].refunded, TOTAL);
}

#[tokio::test]
async fn a_refund_and_a_cancellation_at_once_give_back_exactly_what_came_in() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.client(Role::Admin);
    let one = async |_| {
        let (order, sku) = paid(flock, "sandbox.succeeds").await;
        let wishes =
            async { drop(futures_util::join!(admin.refund(&order, Some(2_000)), admin.cancel(&order))) };
        wishes.await;
        admin.until(&order, "cancelled").await;
        flock.until_undone(&order, &sku).await;
        assert_eq!(flock.charges(&order).await[0].refunded, TOTAL);
        flock.story(&order).await.assert_sound();
    };
    join_all((0..8).map(one)).await;
}

#[tokio::test]
async fn no_more_is_refunded_than_was_captured() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.client(Role::Admin);
    let (order, _) = paid(flock, "sandbox.succeeds").await;
    let mut tap = flock.tap(&["payment.command_refused"]).await;
    let reference = format!("{order} too much");
    assert_eq!(admin.refund_as(&reference, &order, Some(TOTAL + 1)).await.status, 202);
    until_refused(&mut tap, &reference, "more_than_captured").await;
    assert_eq!(flock.kept(&order).await, TOTAL);

    assert_eq!(admin.refund(&order, Some(TOTAL)).await.status, 202);
    flock.until_event(&order, "payment.refunded").await;
    let reference = format!("{order} once more");
    assert_eq!(admin.refund_as(&reference, &order, None).await.status, 202);
    until_refused(&mut tap, &reference, "more_than_captured").await;
    assert_eq!(flock.charges(&order).await[0].refunded, TOTAL);
}

#[tokio::test]
async fn many_refunds_at_once_never_give_back_more_than_was_captured() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.client(Role::Admin);
    let (order, _) = paid(flock, "sandbox.succeeds").await;
    let mut tap = flock.tap(&["payment.command_refused"]).await;
    let references: Vec<String> = (0..8).map(|number| format!("{order} {number}")).collect();
    // Each is a quarter of the total: four of eight fit.
    let answers = join_all(references.iter().map(|r| admin.refund_as(r, &order, Some(TOTAL / 4)))).await;
    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
    let story = flock.until_events(&order, "payment.refunded", 4).await;
    let refunded = |reference: &str| {
        story.0.iter().any(|entry| entry.data.as_ref().is_some_and(|data| data["reference"] == reference))
    };
    for reference in references.iter().filter(|reference| !refunded(reference)) {
        until_refused(&mut tap, reference, "more_than_captured").await;
    }
    assert_eq!(flock.charges(&order).await[0].refunded, TOTAL);
    assert_eq!(flock.story(&order).await.count("payment.refunded"), 4);
}

#[tokio::test]
async fn a_reference_refunds_once() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.client(Role::Admin);
    let (order, sku) = paid(flock, "sandbox.succeeds").await;
    let reference = format!("{order} again");
    let answers = join_all((0..5).map(|_| admin.refund_as(&reference, &order, Some(1_000)))).await;
    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
    flock.until_event(&order, "payment.refunded").await;
    assert_eq!(admin.refund_as(&reference, &order, Some(1_000)).await.status, 202);
    admin.place_confirmed(&Order::of(&sku, 1)).await;
    assert_eq!(flock.charges(&order).await[0].refunded, 1_000);
    assert_eq!(flock.story(&order).await.count("payment.refunded"), 1);
}

#[tokio::test]
async fn nothing_is_refunded_that_was_not_captured() {
    let flock = Flock::shared_by_all().await;
    let (admin, sku) = (flock.client(Role::Admin), flock.product(5).await);
    let order = admin.place(&Order::of(&sku, 1).paid_by("sandbox.pending")).await;
    flock.until_event(&order, "payment.pending").await;
    let mut tap = flock.tap(&["payment.command_refused"]).await;
    let reference = format!("{order} early");
    assert_eq!(admin.refund_as(&reference, &order, Some(1)).await.status, 202);
    until_refused(&mut tap, &reference, "not_captured").await;
}

#[tokio::test]
async fn a_refund_that_fails_stays_open_until_another_reference_succeeds() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.client(Role::Admin);
    let (order, sku) = paid(flock, "sandbox.refund_fails_once").await;
    assert_eq!(admin.cancel(&order).await, 202);
    let story = flock.until_event(&order, "payment.refund_failed").await;
    assert_eq!(story.data("payment.refund_failed")["amount"], TOTAL);
    admin.until(&order, "cancelled").await;
    assert_eq!(admin.payment(&order).await["state"], "refunding", "an operator sees that it is open");
    assert_eq!(flock.kept(&order).await, TOTAL);

    assert_eq!(admin.refund(&order, None).await.status, 202);
    flock.until_event(&order, "payment.refunded").await.assert_sound();
    flock.until_undone(&order, &sku).await;
    eventually("refunded", async || admin.payment(&order).await["state"] == "refunded").await;
}
