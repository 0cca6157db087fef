//! Orders that are not paid in time. Their flock has a deadline of two seconds.

use payments::sandbox::Settlement;
use serde_json::{Value, json};
use tests::{Flock, Order, Shape, eventually};
use tokio::sync::OnceCell;

/// How such a flock is told.
const HASTY: &[(&str, &str)] = &[("ORDER_DEADLINE_S", "2")];

/// The flock with the short deadline that these tests share.
async fn hasty() -> &'static Flock {
    static SHARED: OnceCell<Flock> = OnceCell::const_new();
    SHARED.get_or_init(|| Flock::start_own(Shape::Together, HASTY)).await
}

#[tokio::test]
async fn a_payment_that_stays_pending_expires_and_everything_is_undone() {
    let flock = hasty().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 2).paid_by("sandbox.pending_short")).await;
    let pending = flock.until_event(&order, "payment.pending").await;
    assert_eq!(
        customer.order(&order).await["deadline"],
        pending.data("payment.pending")["expires_at"],
        "the deadline is the later of the shop's and the provider's",
    );
    let view = customer.until(&order, "cancelled").await;
    assert_eq!(view["reason"], json!({"code": "expired"}));
    flock.until_undone(&order, &sku).await;
    let story = flock.until_event(&order, "payment.voided").await;
    story.assert_sound();
    assert!(!story.has("payment.captured"));
    assert_eq!(flock.charges(&order).await[0].state, "voided");
}

#[tokio::test]
async fn an_order_paid_after_it_expired_is_refunded() {
    let flock = hasty().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 2).paid_by("sandbox.pending_short")).await;
    flock.until_event(&order, "payment.pending").await;
    // The customer pays at the bank, but the bank's word is late.
    let webhook = flock.settle(&order, Settlement::Captured).await;
    let view = customer.until(&order, "cancelled").await;
    assert_eq!(view["reason"], json!({"code": "expired"}));

    // The attempt to void it finds out; the webhook then tells nothing new.
    flock.until_event(&order, "payment.refunded").await;
    assert_eq!(customer.webhook(&webhook).await.status, 202);
    flock.until_undone(&order, &sku).await;
    customer.place_confirmed(&Order::of(&sku, 1)).await;
    let story = flock.story(&order).await;
    story.assert_sound();
    assert_eq!(
        (story.count("payment.captured"), story.count("payment.refunded")),
        (1, 1),
        "{:?}",
        story.events()
    );
    assert!(story.is_before("order.cancelled", "payment.captured"));
    let charges = flock.charges(&order).await;
    assert_eq!((charges[0].state.as_str(), charges[0].refunded), ("captured", 2 * Order::PRICE));
}

#[tokio::test]
async fn a_declined_order_that_may_be_paid_another_way_waits_only_until_its_deadline() {
    let flock = hasty().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let waits = Order::of(&sku, 1).paid_by("sandbox.declined").with("/payment/on_decline", json!("wait"));
    let order = customer.place(&waits).await;
    flock.until_event(&order, "payment.declined").await;
    let view = customer.until(&order, "cancelled").await;
    assert_eq!(view["reason"], json!({"code": "expired"}));
    flock.until_undone(&order, &sku).await;
    let answer = customer.pay(&order, "sandbox.succeeds").await;
    assert_eq!(answer.status, 202, "the wish is taken in");
    customer.place_confirmed(&Order::of(&sku, 1)).await;
    assert_eq!(flock.kept(&order).await, 0, "and refused: the order is cancelled");
}

#[tokio::test]
async fn a_paid_order_does_not_expire() {
    let flock = hasty().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    // Paid at once; the carrier takes longer than the deadline.
    let order = customer.place(&Order::of(&sku, 1).with("/address/line1", json!("sandbox:down"))).await;
    customer.until(&order, "confirmed").await;
    let confirmed = customer.place_confirmed(&Order::of(&sku, 1)).await;
    // Long enough for the timer to look at it.
    tokio::time::sleep(std::time::Duration::from_secs(8)).await;
    assert_eq!(customer.order(&confirmed).await["status"], "confirmed");
    let story = flock.story(&order).await;
    story.assert_sound();
    assert!(!story.has("order.cancelled"), "{:?}", story.events());
}

/// What `starling stuck` says, and whether it found anything.
async fn stuck(flock: &Flock) -> (Option<i32>, Vec<Value>) {
    let mut ask = flock.command(&["stuck", "--grace-s", "1", "--json"]);
    let output =
        tokio::task::spawn_blocking(move || ask.output()).await.expect("it runs").expect("it starts");
    (output.status.code(), serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[tokio::test]
async fn an_order_that_sits_past_its_deadline_is_named_with_what_is_missing() {
    // Its own flock: the carrier keeps everybody waiting.
    let flock = Flock::start_own(Shape::Together, HASTY).await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let hold = flock.hold("sandbox_carrier", "booking").await;
    let order = customer.place(&Order::of(&sku, 1)).await;
    customer.until(&order, "paid").await;
    let mut named = json!(null);
    eventually("named", async || {
        let (code, orders) = stuck(&flock).await;
        assert_eq!(code, Some(if orders.is_empty() { 0 } else { 1 }), "{orders:?}");
        named = orders.into_iter().find(|stuck| stuck["order_id"] == order).unwrap_or_default();
        !named.is_null()
    })
    .await;
    assert_eq!((&named["status"], &named["missing"]), (&json!("paid"), &json!(["shipment.scheduled"])));
    drop(hold);
    customer.until(&order, "confirmed").await;
    let (_, orders) = stuck(&flock).await;
    assert!(orders.iter().all(|stuck| stuck["order_id"] != order), "{orders:?}");
}
