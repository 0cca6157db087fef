//! Ten thousand buyers for a hundred pieces, through the front door. They have a flock to themselves.

use contracts::Role;
use futures_util::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;
use tests::{Flock, Order, Shape, eventually_within};
use uuid::Uuid;

const BUYERS: usize = 10_000;
const PIECES: i64 = 100;
/// Buyers at the door at the same time.
const AT_ONCE: usize = 64;
/// How long the flock may take for all of them, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

async fn count(flock: &Flock, condition: &str) -> i64 {
    let orders = flock.database("orders").await;
    let sql = format!("select count(*) from customer_order where {condition}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&orders).await.expect("a count")
}

#[tokio::test]
async fn ten_thousand_buyers_for_a_hundred_pieces_get_exactly_a_hundred() {
    let flock = Flock::start_own(Shape::Together, &[]).await;
    let sku = flock.product(PIECES).await;
    let order = Order::of(&sku, 1);
    // A program of the shop's buys for them: ten thousand tokens would measure signatures.
    let buyer = flock.client(Role::Service);
    let buy = async |number: usize| {
        let answer = buyer.place_as(&format!("buyer {number}"), &order).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    };
    stream::iter(0..BUYERS).map(buy).buffer_unordered(AT_ONCE).collect::<()>().await;

    let settled = "state in ('confirmed', 'cancelled')";
    let all = i64::try_from(BUYERS).expect("few");
    eventually_within(PATIENCE, "all are settled", async || count(&flock, settled).await == all).await;
    assert_eq!(count(&flock, "state = 'confirmed'").await, PIECES);
    assert_eq!(count(&flock, "reason ->> 'code' = 'out_of_stock'").await, all - PIECES);
    let stock = flock.stock(&sku).await;
    let left = json!({"on_hand": PIECES, "reserved": PIECES, "available": 0});
    for (field, value) in left.as_object().expect("an object") {
        assert_eq!(&stock[field], value, "{stock}");
    }
    let books = flock.database("sandbox_provider").await;
    let charges: i64 =
        sqlx::query_scalar("select count(*) from charge").fetch_one(&books).await.expect("a count");
    assert_eq!(charges, PIECES, "nobody else was charged");

    // The same keys again add nothing, a new one does.
    let again = async |number: usize| buyer.place_as(&format!("buyer {number}"), &order).await.status;
    let statuses = stream::iter(0..100).map(again).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    assert!(statuses.iter().all(|status| *status == StatusCode::ACCEPTED), "{statuses:?}");
    assert_eq!(buyer.place_as(&Uuid::new_v4().to_string(), &order).await.status, StatusCode::ACCEPTED);
    eventually_within(PATIENCE, "one more", async || count(&flock, settled).await == all + 1).await;
    tokio::task::spawn_blocking(move || flock.audit()).await.expect("the audit passes");
}
