//! What providers tell of their own accord: acted on once, and only if they really said it.

use chassis::{Secret, signature};
use contracts::Role;
use payments::sandbox::{NAME, Settlement, SignedWebhook};
use serde_json::json;
use tests::{Client, Flock, Order};

async fn pending(flock: &Flock, customer: &Client, sku: &str) -> String {
    let order = customer.place(&Order::of(sku, 1).paid_by("sandbox.pending")).await;
    flock.until_event(&order, "payment.pending").await;
    order
}

#[tokio::test]
async fn a_pending_order_paid_by_webhook_is_confirmed() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = pending(flock, &customer, &sku).await;
    assert_eq!(customer.payment(&order).await["state"], "pending");
    flock.bank_says(&order, Settlement::Captured).await;
    customer.until(&order, "confirmed").await;
    let story = flock.story(&order).await;
    story.assert_sound();
    assert!(story.is_before("payment.pending", "payment.captured"));
    assert_eq!(flock.kept(&order).await, Order::PRICE);
}

#[tokio::test]
async fn the_command_line_plays_the_bank() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    for (outcome, status) in [("captured", "confirmed"), ("declined", "cancelled"), ("expired", "cancelled")]
    {
        let order = pending(flock, &customer, &sku).await;
        let named = order.clone();
        let said = tokio::task::spawn_blocking(move || flock.starling(&["sandbox-pay", &named, outcome]));
        drop(said.await.expect("it succeeds"));
        customer.until(&order, status).await;
    }
}

/// The bank says no: the order is cancelled for `why`.
async fn check_declined(outcome: Settlement, why: &str) {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = pending(flock, &customer, &sku).await;
    flock.bank_says(&order, outcome).await;
    let view = customer.until(&order, "cancelled").await;
    assert_eq!(view["reason"], json!({"code": "declined", "why": why}));
    flock.until_undone(&order, &sku).await;
    flock.story(&order).await.assert_sound();
}

#[tokio::test]
async fn a_pending_order_that_the_bank_declines_is_cancelled() {
    check_declined(Settlement::Declined, "declined").await;
}

#[tokio::test]
async fn a_pending_order_that_the_bank_gives_up_is_cancelled() {
    check_declined(Settlement::Expired, "expired").await;
}

#[tokio::test]
async fn a_webhook_that_comes_many_times_is_acted_on_once() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = pending(flock, &customer, &sku).await;
    let webhook = flock.settle(&order, Settlement::Captured).await;
    let posts = futures_util::future::join_all((0..10).map(|_| customer.webhook(&webhook))).await;
    assert!(posts.iter().all(|answer| answer.status == 202), "{posts:?}");
    customer.until(&order, "confirmed").await;
    assert_eq!(customer.webhook(&webhook).await.status, 202);
    customer.place_confirmed(&Order::of(&sku, 1)).await;
    let story = flock.story(&order).await;
    story.assert_sound();
    assert_eq!(
        (story.count("payment.captured"), story.count("payment.refunded")),
        (1, 0),
        "{:?}",
        story.events()
    );
}

/// Refused at the door for what is wrong with it, and nothing is published.
async fn check_forged(flock: &Flock, forged: &SignedWebhook) {
    let mut commands = flock.tap(&["cmd.payment.webhook"]).await;
    let answer = flock.customer().webhook(forged).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.body["type"], "/problems/forged-signature");
    assert_eq!(answer.body["field"], "Starling-Signature");
    // An honest one passes after it: the tap hears what is published.
    let (customer, sku) = (flock.customer(), flock.product(1).await);
    let honest = pending(flock, &customer, &sku).await;
    flock.bank_says(&honest, Settlement::Captured).await;
    commands.until("the honest one", |passed| passed.text.contains(&honest)).await;
    assert!(commands.passed.iter().all(|passed| passed.body["signature"] != forged.signature.as_str()));
}

#[tokio::test]
async fn a_forged_webhook_is_refused_and_nothing_is_published() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = pending(flock, &customer, &sku).await;
    let body = json!({"event_id": "evt_x", "key": format!("{order}-1"), "outcome": "captured"}).to_string();
    let (now_s, secret) =
        (chassis::clock::now().millis() / 1000, signature::webhook_secret(&flock.secret(), NAME));

    let another = Secret::from("another".to_owned());
    let signature = signature::sign(&another, now_s, &body);
    check_forged(flock, &SignedWebhook { signature, body: body.clone() }).await;

    let signature = signature::sign(&secret, now_s - 3_600, &body);
    check_forged(flock, &SignedWebhook { signature, body: body.clone() }).await;

    let signature = signature::sign(&secret, now_s, &body.replace("captured", "declined"));
    check_forged(flock, &SignedWebhook { signature, body }).await;

    assert_eq!(customer.payment(&order).await["state"], "pending", "nobody was fooled");
}

#[tokio::test]
async fn a_webhook_needs_a_signature_a_known_provider_and_a_small_body() {
    let flock = Flock::shared_by_all().await;
    let customer = flock.customer();
    let post = async |path: &str, signature: Option<&str>, body: String| {
        let mut request = customer.anonymous(reqwest::Method::POST, path).body(body);
        if let Some(signature) = signature {
            request = request.header("starling-signature", signature);
        }
        customer.send(request).await
    };
    let unsigned = post("/v1/payments/webhook/sandbox", None, "{}".into()).await;
    assert_eq!((unsigned.status.as_u16(), &unsigned.body["field"]), (400, &json!("Starling-Signature")));
    let unknown = post("/v1/payments/webhook/nobody", Some("t=1,v1=00"), "{}".into()).await;
    assert_eq!(unknown.status, 404);
    let large = post("/v1/payments/webhook/sandbox", Some("t=1,v1=00"), " ".repeat(17 << 10)).await;
    assert_eq!(large.status, 413);
}

#[tokio::test]
async fn a_webhook_about_no_order_is_taken_in_and_harms_nobody() {
    let flock = Flock::shared_by_all().await;
    let secret = signature::webhook_secret(&flock.secret(), NAME);
    let order = contracts::OrderId::from_v7(uuid::Uuid::now_v7());
    let body =
        json!({"event_id": "evt_early", "key": format!("{order}-1"), "outcome": "captured"}).to_string();
    let signature = signature::sign(&secret, chassis::clock::now().millis() / 1000, &body);
    let told = flock.customer().webhook(&SignedWebhook { body, signature }).await;
    assert_eq!(told.status, 202);
    let (customer, sku) = (flock.client(Role::Admin), flock.product(1).await);
    customer.place_confirmed(&Order::of(&sku, 1)).await;
    assert_eq!(customer.get(&format!("/v1/payments/{order}")).await.status, 404);
}
