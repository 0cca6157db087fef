//! The servers that the flock stands on, killed, and frozen, while orders are being placed: what was accepted is
//! kept, what cannot be kept is not accepted, and afterwards everything is settled exactly.

use crate::selling::{BACK_WITHIN, BETWEEN, STOCK, Selling};
use reqwest::{Method, StatusCode};
use std::time::{Duration, Instant};
use tests::{Answer, Client, Order, Shape, eventually, eventually_within, lasting, measured};
use tokio::{
    task::block_in_place,
    time::{sleep, timeout},
};
use tools::Server;
use uuid::Uuid;

/// How long a server is away.
fn away() -> Duration {
    lasting(Duration::from_secs(3), Duration::from_secs(60))
}

/// Within this the gateway answers, whatever is away: its own limit for storing a command, and some.
const ANSWERED_WITHIN: Duration = Duration::from_secs(8);

pub fn kill(server: &Server) {
    block_in_place(|| server.kill()).expect("it can be killed");
}

/// On the same port, with the same data.
pub fn start_again(server: &Server) {
    block_in_place(|| server.start_again()).expect("it starts again");
}

/// Places one order; its answer comes in time.
pub async fn place(customer: &Client, sku: &str) -> Answer {
    let (key, order) = (Uuid::new_v4().to_string(), Order::of(sku, 1));
    timeout(ANSWERED_WITHIN, customer.place_as(&key, &order)).await.expect("the gateway answers in time")
}

pub async fn ready(client: &Client) -> Answer {
    client.send(client.anonymous(Method::GET, "/health/ready")).await
}

/// Refused for now, with when to come again and whether it may be stored all the same.
#[track_caller]
pub fn assert_not_accepted(answer: &Answer, outcomes: &[&str]) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    let seconds = answer.headers["retry-after"].to_str().expect("text").parse::<u64>();
    assert!(seconds.is_ok_and(|seconds| seconds > 0), "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(outcomes.contains(&answer.body["outcome"].as_str().unwrap_or("missing")), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nats_is_away_nothing_is_accepted_and_nothing_that_was_is_lost() {
    let selling = Selling::begin(Shape::Together, &[]).await;
    let Selling { flock, load, .. } = &selling;
    let customer = flock.customer();
    // Not of what the load sells: what has an unknown outcome may stand.
    let sku = &flock.product(STOCK).await;
    kill(&flock.servers.nats);
    // What was on its way when it died has an unknown outcome; soon nothing is sent any more.
    eventually_within(ANSWERED_WITHIN, "told to come again, and that nothing is stored", async || {
        let answer = place(&customer, sku).await;
        assert_not_accepted(&answer, &["not_stored", "unknown"]);
        answer.body["outcome"] == "not_stored"
    })
    .await;
    eventually("not ready", async || ready(&customer).await.status == 503).await;
    let accepted = load.accepted();
    sleep(away()).await;
    assert_not_accepted(&place(&customer, sku).await, &["not_stored"]);
    assert_eq!(load.accepted(), accepted, "nothing was accepted meanwhile");
    start_again(&flock.servers.nats);
    eventually_within(BACK_WITHIN, "ready again", async || ready(&customer).await.status == 200).await;
    selling.end_exactly().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nats_that_hangs_is_answered_with_an_unknown_outcome_and_a_retry_finds_out() {
    let selling = Selling::begin(Shape::Together, &[]).await;
    let Selling { flock, sku, .. } = &selling;
    let (customer, key) = (flock.customer(), Uuid::new_v4().to_string());
    flock.servers.nats.pause().expect("it can be frozen");
    let order = Order::of(sku, 1);
    let asked = customer.place_as(&key, &order);
    let answer = timeout(ANSWERED_WITHIN, asked).await.expect("the gateway answers in time");
    assert_not_accepted(&answer, &["unknown"]);
    flock.servers.nats.resume().expect("it goes on");

    // It was in the server's socket all the time, so it is stored by now; the retry is the same order.
    let mut ids = vec![];
    eventually_within(BACK_WITHIN, "accepted", async || {
        let answer = customer.place_as(&key, &order).await;
        ids.extend(answer.body["order_id"].as_str().map(ToOwned::to_owned));
        answer.status == 202
    })
    .await;
    customer.until(&ids[0], "confirmed").await;
    // By its customer: the load's counts are about its own.
    assert_eq!(customer.cancel(&ids[0]).await, 202);
    customer.until(&ids[0], "cancelled").await;
    let mine = customer.get("/v1/orders/me").await.body;
    assert_eq!(mine["orders"].as_array().map(Vec::len), Some(1), "one order under the key: {mine}");
    selling.end_exactly().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_is_away_orders_are_accepted_and_settled_when_it_is_back() {
    let selling = Selling::begin(Shape::Together, &[]).await;
    let Selling { flock, sku, load, .. } = &selling;
    let customer = flock.customer();
    kill(&flock.servers.postgres);
    let answer = place(&customer, sku).await;
    assert_eq!(answer.status, 202, "taken in all the same: {answer:?}");
    let order = answer.body["order_id"].as_str().expect("an id").to_owned();
    eventually("not ready", async || ready(&customer).await.status == 503).await;
    load.accepts(BETWEEN).await;
    sleep(away()).await;
    start_again(&flock.servers.postgres);
    let back = Instant::now();
    eventually_within(BACK_WITHIN, "ready again", async || ready(&customer).await.status == 200).await;
    eventually("its customer sees it", async || customer.order(&order).await["status"] == "confirmed").await;
    measured(
        "postgres, killed",
        "confirmed what was accepted meanwhile",
        format_args!("{:?}", back.elapsed()),
    );
    assert_eq!(customer.cancel(&order).await, 202);
    customer.until(&order, "cancelled").await;
    selling.end_exactly().await;
}
