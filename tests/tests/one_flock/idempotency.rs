//! One key, one order: the same request again is the same order, whatever came in between.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;
use tests::{Client, Flock, Order, Shape};
use tokio::sync::OnceCell;
use uuid::Uuid;

fn id(answer: &tests::Answer) -> String {
    answer.body["order_id"].as_str().expect("an order id").to_owned()
}

async fn count_of(client: &Client) -> usize {
    client.get("/v1/orders/me?limit=100").await.body["orders"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn the_same_key_and_body_give_the_same_answer_and_one_order() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = Order::of(&sku, 1);
    let first = customer.place_as("key", &order).await;
    assert_eq!(first.status, StatusCode::ACCEPTED);
    let again = customer.place_as("key", &order).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["location"], first.headers["location"]);
    customer.until(&id(&first), "confirmed").await;
    let late = customer.place_as("key", &order).await;
    assert_eq!((late.status, &late.body), (first.status, &first.body), "also when it is long confirmed");
    assert_eq!(count_of(&customer).await, 1);
    assert_eq!(flock.stock(&sku).await["reserved"], 1);
    assert_eq!(flock.charges(&id(&first)).await.len(), 1);
}

#[tokio::test]
async fn a_body_is_the_same_however_it_is_written() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = Order::of(&sku, 1);
    let first = customer.place_as("key", &order).await;
    // Other order of fields, other white space, a default said aloud.
    let mut fields: Vec<_> = order.0.as_object().expect("an object").iter().collect();
    fields.reverse();
    let fields: Vec<String> =
        fields.into_iter().map(|(name, value)| format!("  \"{name}\" :\n {value}")).collect();
    let body = format!("{{\n{}\n}}", fields.join(",\n"));
    let request = customer.request(Method::POST, "/v1/orders").header("content-type", "application/json");
    let again = customer.send(request.header("idempotency-key", "key").body(body)).await;
    assert_eq!((again.status, id(&again)), (StatusCode::ACCEPTED, id(&first)));
    let aloud =
        customer.place_as("key", &Order::of(&sku, 1).with("/payment/on_decline", json!("cancel"))).await;
    assert_eq!((aloud.status, id(&aloud)), (StatusCode::ACCEPTED, id(&first)));
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let first = customer.place_as("key", &Order::of(&sku, 1)).await;
    let other = customer.place_as("key", &Order::of(&sku, 2)).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{other:?}");
    assert_eq!(other.body["type"], "/problems/idempotency-key-reused");
    assert_eq!(other.body["field"], "Idempotency-Key");
    customer.until(&id(&first), "confirmed").await;
    assert_eq!(count_of(&customer).await, 1);
}

#[tokio::test]
async fn a_key_is_each_customers_own() {
    let flock = Flock::shared_by_all().await;
    let (one, other, sku) = (flock.customer(), flock.customer(), flock.product(5).await);
    let order = Order::of(&sku, 1);
    let (first, second) = (one.place_as("key", &order).await, other.place_as("key", &order).await);
    assert_ne!(id(&first), id(&second));
    one.until(&id(&first), "confirmed").await;
    other.until(&id(&second), "confirmed").await;
}

#[tokio::test]
async fn the_same_order_twenty_times_at_once_is_one_order() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(50).await);
    let order = Order::of(&sku, 1);
    let answers = join_all((0..20).map(|_| customer.place_as("key", &order))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED), "{answers:?}");
    let ids: BTreeSet<String> = answers.iter().map(id).collect();
    assert_eq!(ids.len(), 1, "one id for all: {ids:?}");
    customer.until(&ids.into_iter().next().expect("one"), "confirmed").await;
    customer.place_confirmed(&order).await;
    assert_eq!(count_of(&customer).await, 2, "the one, and the later one under a key of its own");
    assert_eq!(flock.stock(&sku).await["reserved"], 2);
}

#[tokio::test]
async fn a_request_that_waits_is_answered_with_the_same_order_again() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = Order::of(&sku, 1);
    let place = async || {
        let request = customer.request(Method::POST, "/v1/orders").header("idempotency-key", "key");
        customer.send(request.header("prefer", "wait=20").json(&order.0)).await
    };
    let (first, again) = (place().await, place().await);
    assert_eq!((first.status, again.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!(first.body["status"], "confirmed");
    assert_eq!(id(&first), id(&again));
}

/// A flock whose Redis is gone: `orders` decides what a key stands for.
async fn forgetful() -> &'static Flock {
    static FORGETFUL: OnceCell<Flock> = OnceCell::const_new();
    let start = async || {
        let flock = Flock::start_own(Shape::Together, &[("REDIS_PATIENCE_MS", "100")]).await;
        tokio::task::block_in_place(|| flock.servers.redis.kill()).expect("Redis is killed");
        flock
    };
    FORGETFUL.get_or_init(start).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_redis_the_second_id_is_an_alias_of_the_first_order() {
    let flock = forgetful().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = Order::of(&sku, 1);
    let (first, second) = (customer.place_as("key", &order).await, customer.place_as("key", &order).await);
    assert_eq!((first.status, second.status), (StatusCode::ACCEPTED, StatusCode::ACCEPTED));
    let (first, second) = (id(&first), id(&second));
    assert_ne!(first, second, "without memory the gateway gives a new id");

    let original = customer.until(&first, "confirmed").await;
    // Whatever is asked about the alias is answered about the original.
    let alias = customer.until(&second, "confirmed").await;
    assert_eq!(alias, original);
    assert_eq!(count_of(&customer).await, 1);
    assert_eq!(customer.payment(&second).await, customer.payment(&first).await);
    assert_eq!(customer.shipment(&second).await, customer.shipment(&first).await);
    let live = customer.follow(&second, None).await.until("order.confirmed").await;
    assert_eq!(live[0].event, "order.created");
    assert_eq!((flock.charges(&first).await.len(), flock.charges(&second).await.len()), (1, 0));

    // And a wish to cancel it is a wish to cancel the original.
    assert_eq!(customer.cancel(&second).await, 202);
    customer.until(&first, "cancelled").await;
    flock.until_undone(&first, &sku).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_redis_another_body_under_the_same_key_is_cancelled() {
    let flock = forgetful().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let first = id(&customer.place_as("key", &Order::of(&sku, 1)).await);
    let second = id(&customer.place_as("key", &Order::of(&sku, 2)).await);
    customer.until(&first, "confirmed").await;
    let view = customer.until(&second, "cancelled").await;
    assert_eq!(view["reason"], json!({"code": "idempotency_conflict", "first": first}));
    assert_eq!(flock.stock(&sku).await["reserved"], 1);
    assert!(flock.charges(&second).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_redis_the_same_order_twenty_times_at_once_is_one_order() {
    let flock = forgetful().await;
    let (customer, sku) = (flock.customer(), flock.product(50).await);
    let key = Uuid::new_v4().to_string();
    let order = Order::of(&sku, 1);
    let answers = join_all((0..20).map(|_| customer.place_as(&key, &order))).await;
    let ids: BTreeSet<String> = answers.iter().map(id).collect();
    let mut originals = BTreeSet::new();
    for id in &ids {
        let view = customer.until(id, "confirmed").await;
        originals.insert(view["order_id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(originals.len(), 1, "all stand for one: {originals:?}");
    assert_eq!(count_of(&customer).await, 1);
    assert_eq!(flock.stock(&sku).await["reserved"], 1);
    let mut charges = 0;
    for id in &ids {
        charges += flock.charges(id).await.len();
    }
    assert_eq!(charges, 1);
}
