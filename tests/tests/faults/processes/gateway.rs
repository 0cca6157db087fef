//! The gateway killed with requests on their way: nobody knows which of them were stored, and a client that asks again
//! under its key gets its one order.

use crate::selling::Selling;
use reqwest::{Method, StatusCode};
use std::time::{Duration, Instant};
use tests::{Client, Flock, Order, Shape, eventually_within, is_long};
use tokio::{
    task::{JoinSet, block_in_place},
    time::sleep,
};
use uuid::Uuid;

/// Requests on their way at a time.
const AT_ONCE: usize = 20;
/// How often the gateway is killed, at least; in the long run.
const ROUNDS: [usize; 2] = [4, 40];
/// How often it is killed at most, until some requests were really on their way.
const ROUNDS_MAX: usize = 100;
/// Pause before a client asks again.
const PAUSE: Duration = Duration::from_millis(50);
/// Within this all orders of a round are confirmed, on a busy machine.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_on_their_way_when_the_gateway_is_killed_become_one_order_each() {
    let selling = Selling::begin(Shape::Apart, &[]).await;
    let flock = &selling.flock;
    let sku = flock.product(1_000_000).await;
    let (rounds, mut unanswered) = (ROUNDS[usize::from(is_long())], 0);
    for round in 1..=ROUNDS_MAX {
        // At another point of their way each time.
        let away = Duration::from_millis(u64::try_from(round % 12).expect("small"));
        unanswered += killed_meanwhile(flock, &sku, away).await;
        if round >= rounds && unanswered > 0 {
            break;
        }
    }
    println!("{unanswered} requests were left without an answer");
    assert!(unanswered > 0, "no request was on its way");
    selling.end_exactly().await;
}

/// Kills the gateway so long after requests were sent; how many of them were not answered.
async fn killed_meanwhile(flock: &Flock, sku: &str, after: Duration) -> usize {
    let customer = flock.customer();
    let mut placing = JoinSet::new();
    for _ in 0..AT_ONCE {
        placing.spawn(place(customer.clone(), sku.to_owned()));
    }
    sleep(after).await;
    let gateway = flock.process("gateway");
    block_in_place(|| gateway.kill()).expect("it can be killed");
    gateway.start_again().expect("it starts");
    let mut unanswered = 0;
    for (was_answered, order) in placing.join_all().await {
        unanswered += usize::from(!was_answered);
        eventually_within(CONFIRMED_WITHIN, &format!("{order} is confirmed"), async || {
            let ask = customer.request(Method::GET, &format!("/v1/orders/{order}"));
            customer.try_send(ask).await.is_ok_and(|answer| answer.body["status"] == "confirmed")
        })
        .await;
        // A second id would be an alias, and this one's order another.
        assert_eq!(flock.kept(&order).await, Order::PRICE, "{order}");
    }
    let db = flock.database("orders").await;
    let mine = sqlx::query_scalar("select count(*) from customer_order where customer_id = $1");
    let mine: i64 = mine.bind(customer.id).fetch_one(&db).await.expect("orders' database answers");
    assert_eq!(usize::try_from(mine), Ok(AT_ONCE), "one order under each key, and no alias");
    unanswered
}

/// Places an order until it is accepted, always under the same key; whether the first request was answered, and the
/// order's id.
async fn place(customer: Client, sku: String) -> (bool, String) {
    let (key, order, began) = (Uuid::new_v4().to_string(), Order::of(&sku, 1), Instant::now());
    let mut first = None;
    while began.elapsed() < CONFIRMED_WITHIN {
        let ask = customer.request(Method::POST, "/v1/orders").header("idempotency-key", &key).json(&order.0);
        let answer = customer.try_send(ask).await;
        let was_answered = *first.get_or_insert(answer.is_ok());
        match answer {
            Ok(answer) if answer.status == StatusCode::ACCEPTED => {
                return (was_answered, answer.body["order_id"].as_str().expect("an order id").to_owned());
            }
            Ok(_) | Err(_) => sleep(PAUSE).await,
        }
    }
    panic!("not accepted within {CONFIRMED_WITHIN:?}")
}
