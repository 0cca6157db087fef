//! One key, one order: with Redis at once, without it by `orders`.

use crate::gateway::{Gateway, order, told};
use contracts::Role;
use futures_util::future::join_all;
use serde_json::json;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

#[tokio::test]
async fn the_same_key_and_body_is_the_same_order_published_once() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Customer);
    let (status, first) = told(gateway.order(&token, "key", &order()).send().await.unwrap()).await;
    assert_eq!(status, 202);
    let again = gateway.order(&token, "key", &order()).send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(told(again).await, (202, first.clone()));
    let spaced = gateway.order(&token, "key", &order()).body(serde_json::to_string_pretty(&order()).unwrap());
    assert_eq!(told(spaced.send().await.unwrap()).await, (202, first), "the same order, written otherwise");
    assert_eq!(gateway.stored().await, 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Customer);
    assert_eq!(gateway.order(&token, "key", &order()).send().await.unwrap().status(), 202);
    let mut other = order();
    other["lines"][0]["quantity"] = json!(3);
    let (status, body) = told(gateway.order(&token, "key", &other).send().await.unwrap()).await;
    assert_eq!((status, &body["type"]), (422, &json!("/problems/idempotency-key-reused")));
    assert_eq!(body["field"], "Idempotency-Key");
    assert_eq!(gateway.stored().await, 1);
    let another = gateway.token(Role::Customer);
    assert_eq!(
        gateway.order(&another, "key", &other).send().await.unwrap().status(),
        202,
        "another customer's key"
    );
    assert_eq!(gateway.stored().await, 2);
}

#[tokio::test]
async fn the_same_key_many_times_at_once_is_one_order() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Customer);
    let all = join_all((0..30).map(|_| {
        let request = gateway.order(&token, "key", &order());
        async { told(request.send().await.unwrap()).await }
    }));
    let ids: BTreeSet<String> = all
        .await
        .into_iter()
        .map(|(status, body)| {
            assert_eq!(status, 202, "{body}");
            body["order_id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!((ids.len(), gateway.stored().await), (1, 1));
}

#[tokio::test]
async fn without_redis_orders_are_accepted_as_fast() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Service);
    gateway.redis.kill().unwrap();
    let (status, body) = told(gateway.order(&token, "key", &order()).send().await.unwrap()).await;
    assert_eq!(status, 202, "{body}");
    let began = Instant::now();
    for number in 0..20 {
        let placed = gateway.order(&token, &format!("key {number}"), &order()).send().await.unwrap();
        assert_eq!(placed.status(), 202);
    }
    // Asking Redis each time would take twenty times its patience.
    assert!(began.elapsed() < Gateway::REDIS_PATIENCE * 15, "{:?}", began.elapsed());
    // The key came before: `orders` will see that the second stands for the first.
    let (status, again) = told(gateway.order(&token, "key", &order()).send().await.unwrap()).await;
    assert_eq!(status, 202);
    assert_ne!(again["order_id"], body["order_id"]);
    assert_eq!(gateway.stored().await, 22);
}

#[tokio::test]
async fn a_redis_that_hangs_is_left_alone_and_used_again_when_it_is_back() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Service);
    let key = |number: u32| format!("key {number}");
    gateway.redis.pause().unwrap();
    let began = Instant::now();
    for number in 0..20 {
        assert_eq!(gateway.order(&token, &key(number), &order()).send().await.unwrap().status(), 202);
    }
    assert!(began.elapsed() < Gateway::REDIS_PATIENCE * 15, "{:?}", began.elapsed());
    gateway.redis.resume().unwrap();
    // Within a few seconds a repeated key is known again.
    let began = Instant::now();
    for number in 100.. {
        let first = told(gateway.order(&token, &key(number), &order()).send().await.unwrap()).await;
        let second = told(gateway.order(&token, &key(number), &order()).send().await.unwrap()).await;
        if first == second {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "Redis is not used again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
