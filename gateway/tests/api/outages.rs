//! Never a 202 that is not durable; a 503 says whether the outcome is known.

use crate::gateway::{Gateway, order, told};
use contracts::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn check_not_accepted(gateway: &Gateway, token: &str, key: &str, outcome: &str) {
    let refused = gateway.order(token, key, &order()).send().await.unwrap();
    assert!(refused.headers().contains_key("retry-after"), "{refused:?}");
    let (status, body) = told(refused).await;
    assert_eq!(
        (status, &body["type"], &body["outcome"]),
        (503, &json!("/problems/not-accepted"), &json!(outcome))
    );
}

async fn until_accepted(gateway: &Gateway, token: &str, key: &str) -> Value {
    let began = Instant::now();
    loop {
        let (status, body) = told(gateway.order(token, key, &order()).send().await.unwrap()).await;
        if status == StatusCode::ACCEPTED {
            return body;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "not accepted again: {body}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn with_nats_gone_an_order_is_refused_and_the_same_key_places_it_later() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Service);
    until_accepted(&gateway, &token, "before").await;
    gateway.nats.kill().unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    check_not_accepted(&gateway, &token, "key", "not_stored").await;
    let read = gateway.request(Method::GET, "/v1/orders/me").bearer_auth(&token).send().await.unwrap();
    assert_eq!(read.status(), 503);
    gateway.nats.start_again().unwrap();
    let placed = until_accepted(&gateway, &token, "key").await;
    let (_, _, command) = gateway.newest().await;
    assert_eq!(command["order_id"], placed["order_id"]);
    assert_eq!(gateway.stored().await, 2);
}

#[tokio::test]
async fn with_nats_hanging_the_outcome_is_unknown_and_the_same_key_stores_it_once() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Service);
    until_accepted(&gateway, &token, "before").await;
    gateway.nats.pause().unwrap();
    check_not_accepted(&gateway, &token, "key", "unknown").await;
    gateway.nats.resume().unwrap();
    let placed = until_accepted(&gateway, &token, "key").await;
    let (_, _, command) = gateway.newest().await;
    assert_eq!(command["order_id"], placed["order_id"]);
    assert_eq!(
        gateway.stored().await,
        2,
        "what was sent into the silence, and its repetition, are one message"
    );
}

#[tokio::test]
async fn readiness_follows_the_connection() {
    let gateway = Gateway::start().await;
    gateway.nats.kill().unwrap();
    let began = Instant::now();
    let ready = async || gateway.request(Method::GET, "/health/ready").send().await.unwrap().status();
    while ready().await == 200 {
        assert!(began.elapsed() < Duration::from_secs(10), "still ready");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(gateway.request(Method::GET, "/health/live").send().await.unwrap().status(), 200);
    gateway.nats.start_again().unwrap();
    gateway.until_ready().await;
}

#[tokio::test]
async fn a_stop_answers_what_is_under_way_and_takes_no_more() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Customer);
    // A Redis that is gone must not hold up the end.
    gateway.redis.kill().unwrap();
    let waiting = gateway.order(&token, "key", &order()).header("prefer", "wait=30");
    let waiting = async { told(waiting.send().await.unwrap()).await };
    let stopping = async {
        while gateway.stored().await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        gateway.stop.cancel();
        tokio::time::timeout(Duration::from_secs(3), gateway.ended.ended()).await.expect("it ends");
    };
    let ((status, body), ()) = tokio::join!(waiting, stopping);
    assert_eq!(status, 202, "{body}");
    assert!(gateway.request(Method::GET, "/health/live").send().await.is_err(), "it still listens");
}
