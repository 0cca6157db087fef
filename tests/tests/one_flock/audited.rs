//! Everything at once, and then the audit: every law over all services, the provider's and the carrier's books.
//!
//! This flock is its own, since an audit wants rest.

use contracts::Role;
use futures_util::{StreamExt, stream};
use payments::sandbox::Settlement;
use serde_json::json;
use std::time::Duration;
use tests::{Client, Flock, Order, Shape, eventually};

const ORDERS: usize = 240;
const AT_ONCE: usize = 24;

/// Ways to pay, some of them twice as likely to be interesting.
const METHODS: [&str; 9] = [
    "sandbox.succeeds",
    "sandbox.succeeds",
    "sandbox.pending",
    "sandbox.declined",
    "sandbox.answer_lost",
    "sandbox.slow",
    "sandbox.down",
    "sandbox.refund_fails_once",
    "sandbox.insufficient_funds",
];
/// What the carrier does, by the first line of the address.
const MOODS: [&str; 5] = ["1 Test Road", "1 Test Road", "sandbox:lost", "sandbox:slow", "sandbox:refuse"];

/// What somebody does to an order while it is on its way, or after.
async fn meddle(flock: &Flock, client: &Client, order: &str, method: &str, number: usize) {
    let pause = Duration::from_millis(u64::try_from(number * 37 % 400).expect("small"));
    tokio::time::sleep(pause).await;
    match number % 7 {
        0 => {
            eventually("the wish is stored", async || client.cancel(order).await == 202).await;
        }
        1 => drop(client.pay(order, "sandbox.succeeds").await),
        2 => drop(client.refund(order, Some(Order::PRICE / 2)).await),
        3 => {
            drop(client.put_status(order, "dispatched").await);
            let _either: reqwest::StatusCode = client.cancel(order).await;
        }
        4 => drop(client.verify(order).await),
        _ => {}
    }
    if method == "sandbox.pending" {
        settle_at_the_bank(flock, client, order, number).await;
    }
}

/// The customer pays at the bank, or does not, unless the charge was called off before it could be.
async fn settle_at_the_bank(flock: &Flock, client: &Client, order: &str, number: usize) {
    let charged = async || !flock.charges(order).await.is_empty();
    // A free one is confirmed without the bank.
    let settled = async || {
        let status = client.order(order).await["status"].clone();
        status == "cancelled" || status == "confirmed"
    };
    eventually("charged or settled", async || charged().await || settled().await).await;
    let books = flock.database("sandbox_provider").await;
    let secret = chassis::signature::webhook_secret(&flock.secret(), payments::sandbox::NAME);
    let outcome = if number.is_multiple_of(3) { Settlement::Declined } else { Settlement::Captured };
    if let Ok(webhook) = payments::sandbox::settle(&books, &secret, &format!("{order}-1"), outcome).await {
        assert_eq!(client.webhook(&webhook).await.status, 202);
    }
}

#[tokio::test]
async fn after_everything_at_once_every_law_holds() {
    let flock = Flock::start_own(Shape::Together, &[]).await;
    let client = flock.client(Role::Service);
    // Not enough for all.
    let (sku, free) = (flock.product(150).await, flock.product_for(0, "GBP", 1_000).await);
    let one = async |number: usize| {
        let method = METHODS[number % METHODS.len()];
        let order =
            Order::of(&sku, 1).paid_by(method).with("/address/line1", json!(MOODS[number % MOODS.len()]));
        let order = match number % 11 {
            0 => Order::of(&free, 1).with("/lines/0/unit_price", json!(0)),
            1 => order.with("/address/country", json!("AQ")),
            2 => order.with("/address/country", json!("JP")).with("/slot", json!("2030-01-01-am")),
            3 => order.with("/lines/0/unit_price", json!(1)),
            4 => order.with("/payment/on_decline", json!("wait")),
            _ => order,
        };
        let order = client.place(&order).await;
        meddle(&flock, &client, &order, method, number).await;
        order
    };
    let orders: Vec<String> = stream::iter(0..ORDERS).map(one).buffer_unordered(AT_ONCE).collect().await;

    // Those that wait for their customer to pay another way are given up.
    let ends = ["confirmed", "cancelled", "dispatched", "completed"];
    for order in &orders {
        let mut cancelled = false;
        eventually("settled", async || {
            let view = client.order(order).await;
            let status = view["status"].as_str().unwrap_or_default().to_owned();
            if status == "stock_reserved" && !cancelled && client.payment(order).await["state"] == "declined"
            {
                cancelled = client.cancel(order).await == 202;
            }
            ends.contains(&status.as_str())
        })
        .await;
    }
    for order in &orders {
        flock.story(order).await.assert_sound();
    }
    tokio::task::spawn_blocking(move || flock.audit()).await.expect("the audit passes");
}

/// The audit's own test: a flock that is not sound is found out, and the order at fault is named.
#[tokio::test]
async fn the_audit_finds_what_is_wrong_and_names_it() {
    let flock = Flock::start_own(Shape::Together, &[]).await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 1)).await;
    let flock = tokio::task::spawn_blocking(move || {
        flock.audit();
        flock
    })
    .await
    .expect("sound at first");
    let audit = async |flock: Flock| {
        let run = move || {
            let output = flock.try_starling(&["audit", "--quiet-for", "30"]);
            (flock, output)
        };
        let (flock, output) = tokio::task::spawn_blocking(run).await.expect("it runs");
        (flock, output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };

    let books = flock.database("sandbox_provider").await;
    let charge_twice = "insert into charge (key, method, amount, currency, state)
        select $1 || '-2', method, amount, currency, 'captured' from charge where key = $1 || '-1'";
    sqlx::query(charge_twice)
        .bind(&order)
        .execute(&books)
        .await
        .expect("a second charge in the bank's books");
    let (flock, code, said) = audit(flock).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&order), "the order is named: {said}");
    sqlx::query("delete from charge where key = $1 || '-2'")
        .bind(&order)
        .execute(&books)
        .await
        .expect("undone");

    let inventory = flock.database("inventory").await;
    sqlx::query("update stock set on_hand = on_hand + 1 where sku = $1")
        .bind(&sku)
        .execute(&inventory)
        .await
        .expect("a piece from nowhere");
    let (flock, code, said) = audit(flock).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&sku), "the SKU is named: {said}");
    sqlx::query("update stock set on_hand = on_hand - 1 where sku = $1")
        .bind(&sku)
        .execute(&inventory)
        .await
        .expect("undone");
    let (_flock, code, said) = audit(flock).await;
    assert_eq!(code, Some(0), "{said}");
}
