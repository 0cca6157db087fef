//! A customer with orders deletes the account: nothing personal is left in any database, and the books are.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use tests::{Flock, Order, eventually};
use uuid::Uuid;

/// The services that keep something of a customer, or hear of an address at least.
const KEEPERS: [&str; 5] = ["identity", "orders", "inventory", "payments", "shipping"];

/// The tables with rows that have this text in them, also as bytes.
async fn with(db: &PgPool, marked: &str) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = 'public' and tablename not like '\\_sqlx%'",
    )
    .fetch_all(db)
    .await
    .expect("the tables");
    let mut found = vec![];
    for table in tables {
        let count = format!(
            "select count(*) from {table} t
             where position($1 in t::text) > 0 or position(encode($1::bytea, 'hex') in t::text) > 0"
        );
        let rows: i64 =
            sqlx::query_scalar(AssertSqlSafe(count)).bind(marked).fetch_one(db).await.expect("a count");
        if rows > 0 {
            found.push(table);
        }
    }
    found
}

#[tokio::test]
async fn who_leaves_leaves_no_address_behind_and_the_books_stay() {
    let flock = Flock::shared_by_all().await;
    let mark = Uuid::new_v4().simple().to_string();
    let (street, token, email) =
        (format!("{mark} Marked Road"), format!("tok_{mark}"), format!("{mark}@example.org"));
    let customer = flock.join(&email).await;
    let sku = flock.product(9).await;
    let marked = |quantity| {
        let order = Order::of(&sku, quantity).with("/address/line1", json!(street));
        order.with("/address/name", json!(format!("Ada {mark}"))).with("/payment/token", json!(token))
    };
    let delivered = customer.place_confirmed(&marked(1)).await;
    flock.say(&delivered, "dispatched").await;
    customer.until(&delivered, "dispatched").await;
    flock.say(&delivered, "delivered").await;
    customer.until(&delivered, "completed").await;
    let cancelled = customer.place_confirmed(&marked(2)).await;
    assert_eq!(customer.cancel(&cancelled).await, 202);
    customer.until(&cancelled, "cancelled").await;
    // Too much: cancelled before shipping did anything.
    let refused = customer.place_and_wait(&marked(1_000)).await;
    assert_eq!(refused["status"], "cancelled", "{refused}");
    flock.until_undone(&cancelled, &sku).await;

    let mut databases = vec![];
    for name in KEEPERS {
        databases.push((name, flock.database(name).await));
    }
    let places = async |marked: &str| {
        let mut found = vec![];
        for (name, db) in &databases {
            found.extend(with(db, marked).await.into_iter().map(|table| format!("{name}.{table}")));
        }
        found
    };
    let before = places(&mark).await;
    for table in ["orders.customer_order", "orders.journal", "shipping.destination", "payments.attempt"] {
        assert!(
            before.iter().any(|found| found == table),
            "the marks are where they are looked for: {before:?}"
        );
    }

    customer.leave().await;
    eventually("all is erased", async || {
        let mut left = places(&mark).await;
        // The farewell itself waits to be sent.
        left.retain(|table| table != "identity.mail");
        println!("left: {left:?}");
        left.is_empty()
    })
    .await;

    let orders = flock.database("orders").await;
    let books: Vec<(String, i64, String)> = sqlx::query_as(
        "select state, total, lines->0->>'sku' from customer_order where customer_id = $1 order by order_id",
    )
    .bind(customer.id)
    .fetch_all(&orders)
    .await
    .expect("the orders");
    let row = |state: &str, pieces: i64| (state.to_owned(), pieces * Order::PRICE, sku.clone());
    assert_eq!(books, [row("completed", 1), row("cancelled", 2), row("cancelled", 1_000)]);
    let payments = flock.database("payments").await;
    let money: Vec<(i64, i64)> = sqlx::query_as(
        "select captured, refunded from payment where customer_id = $1 and captured > 0 order by order_id",
    )
    .bind(customer.id)
    .fetch_all(&payments)
    .await
    .expect("the payments");
    assert_eq!(money, [(Order::PRICE, 0), (2 * Order::PRICE, 2 * Order::PRICE)]);
    // And whoever runs the shop still sees them.
    let shown = flock.client(contracts::Role::Support).order(&delivered).await;
    assert_eq!((&shown["total"], &shown["address"]), (&json!(Order::PRICE), &Value::Null), "{shown}");
}
