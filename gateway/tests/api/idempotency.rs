//! One key, one order: with Redis at once, without it by `orders`. One key, one address, API key or cart: by whoever makes it.

use crate::{
    accounts::world::World as Accounts,
    catalog::world::{World as Shop, cart},
    gateway::{Gateway, order, told},
};
use contracts::Role;
use futures_util::future::join_all;
use gateway::routes;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use uuid::Uuid;

const ADDRESSES: &str = "/v1/users/me/addresses";
const API_KEYS: &str = "/v1/api-keys";

/// Asks a route that makes something; status, whether it was made before, and the answer.
async fn make(gateway: &Gateway, path: &str, token: &str, key: &str, body: &Value) -> (u16, bool, Value) {
    let request = gateway.request(Method::POST, path).header("idempotency-key", key).json(body);
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    let answer: Response = request.send().await.unwrap();
    let replayed = answer.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
    let (status, body) = told(answer).await;
    (status, replayed, body)
}

fn address(line1: &str) -> Value {
    let address = json!({ "name": "Ann Other", "line1": line1, "city": "Leeds", "country": "GB" });
    json!({ "label": "home", "address": address })
}

/// Many at once and one later are one thing, and another body under the same key is refused.
async fn check_made_once(
    gateway: &Gateway,
    path: &str,
    token: &str,
    key: &str,
    [body, other]: [&Value; 2],
) -> Value {
    let answers = join_all((0..8).map(|_| make(gateway, path, token, key, body))).await;
    let first = answers[0].2.clone();
    for (status, _, answer) in &answers {
        assert_eq!((*status, answer), (201, &first), "{path}");
    }
    assert_eq!(answers.iter().filter(|(_, replayed, _)| !replayed).count(), 1, "{path}: made once");
    assert_eq!(make(gateway, path, token, key, body).await, (201, true, first.clone()), "{path}");
    let (status, _, problem) = make(gateway, path, token, key, other).await;
    assert_eq!(
        (status, problem["type"].as_str(), problem["field"].as_str()),
        (422, Some("/problems/idempotency-key-reused"), Some("Idempotency-Key")),
        "{path}: {problem}"
    );
    first
}

#[tokio::test]
async fn addresses_and_api_keys_are_made_once_under_a_key_with_redis_gone_too() {
    let world = Accounts::open().await;
    let gateway = &world.gateway;
    let (admin, _) = world.admin("boss@example.org").await;
    let (ann, _) = world.customer("ann@example.org").await;
    gateway.redis.kill().unwrap();

    let home = address("1 High St");
    let saved = check_made_once(gateway, ADDRESSES, &ann, "key", [&home, &address("2 High St")]).await;
    let (_, listed) = world.get(ADDRESSES, &ann).await;
    assert_eq!(listed["addresses"], json!([saved]));
    assert!(!make(gateway, ADDRESSES, &admin, "key", &home).await.1, "another's key");
    assert!(!make(gateway, ADDRESSES, &ann, "key 2", &home).await.1, "another key");
    let bare = world.post(ADDRESSES, &ann, &home).await;
    assert_eq!(bare.0, 201, "without a key it is another one");
    assert_eq!(world.get(ADDRESSES, &ann).await.1["addresses"].as_array().unwrap().len(), 3);
    // What was changed since is shown as it is; what was deleted since is not made again.
    let one = format!("{ADDRESSES}/{}", saved["address_id"].as_str().unwrap());
    assert_eq!(world.ask(Method::PUT, &one, &ann, &address("3 High St")).await.0, 200);
    let (_, replayed, again) = make(gateway, ADDRESSES, &ann, "key", &home).await;
    assert_eq!((replayed, &again["address"]["line1"]), (true, &json!("3 High St")));
    assert_eq!(world.ask(Method::DELETE, &one, &ann, &json!({})).await.0, 204);
    assert_eq!(make(gateway, ADDRESSES, &ann, "key", &home).await.0, 404);
    assert_eq!(world.get(ADDRESSES, &ann).await.1["addresses"].as_array().unwrap().len(), 2);

    let (warehouse, other) =
        (json!({ "name": "w", "scopes": ["users:read"] }), json!({ "name": "w", "scopes": ["*"] }));
    let made = check_made_once(gateway, API_KEYS, &admin, "key", [&warehouse, &other]).await;
    let (_, listed) = world.get(API_KEYS, &admin).await;
    assert_eq!(listed["api_keys"].as_array().unwrap().len(), 1);
    let secret = made["key"].as_str().unwrap();
    assert_eq!(world.get("/v1/users", secret).await.0, 200, "it is the key");
    let refused = make(gateway, API_KEYS, &admin, "bad", &json!({ "name": "w", "scopes": [] })).await;
    assert_eq!((refused.0, refused.2["field"].as_str()), (400, Some("scopes")));
    assert_eq!(make(gateway, API_KEYS, &admin, "bad", &warehouse).await.0, 201, "nothing stood under it");
    // A day later nobody can have the secret again, nor does the name stand for anything.
    let mut db = world.database().await;
    sqlx::query("update once set expires_at = now()").execute(&mut db).await.unwrap();
    let (status, replayed, fresh) = make(gateway, API_KEYS, &admin, "key", &other).await;
    assert_eq!((status, replayed), (201, false), "{fresh}");
    assert_ne!(fresh["key"], made["key"]);
}

#[tokio::test]
async fn a_visitors_cart_is_made_once_under_a_key_that_nobody_guesses() {
    let world = Shop::with_mugs().await;
    let gateway = &world.gateway;
    let key = Uuid::new_v4().to_string();
    let mugs = cart(&[("MUG-RED", 2)], &[]);
    let made = check_made_once(gateway, "/v1/carts", "", &key, [&mugs, &cart(&[("POT", 1)], &[])]).await;
    // It is shown as it is by now.
    let path = format!("/v1/carts/{}", made["cart_id"].as_str().unwrap());
    assert_eq!(world.ask(Method::PUT, &path, "", &cart(&[("POT", 1)], &[])).await.0, 200);
    let (status, replayed, again) = make(gateway, "/v1/carts", "", &key, &mugs).await;
    assert_eq!((status, replayed, &again["version"]), (201, true, &json!(2)));
    assert_eq!(again["cart"]["lines"][0]["sku"], "POT", "{again}");

    let (status, _, problem) = make(gateway, "/v1/carts", "", "1", &mugs).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("Idempotency-Key")), "{problem}");
    gateway.redis.kill().unwrap();
    let away = gateway.request(Method::POST, "/v1/carts").header("idempotency-key", &key).json(&mugs);
    let away = away.send().await.unwrap();
    assert_eq!((away.status().as_u16(), away.headers().contains_key("retry-after")), (503, true));
}

/// Of a line of the table in docs/gateway.md: the routes that it speaks of.
fn spoken_of(line: &str) -> impl Iterator<Item = &str> {
    let routes = line.split('|').nth(1).unwrap_or_default();
    routes.split('`').skip(1).step_by(2)
}

/// `POST /v1/auth/*` speaks of all that begins so, and `DELETE` of all that is deleted.
fn is_spoken_of(route: &str, by: &str) -> bool {
    match by.strip_suffix('*') {
        Some(beginning) => route.starts_with(beginning),
        None => route == by || route.split(' ').next() == Some(by),
    }
}

#[test]
fn what_asking_again_does_is_documented_for_each_route_that_changes_something() {
    let page = include_str!("../../../docs/gateway.md");
    let (_, section) = page.split_once("## Asking again").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let lines: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let table: Vec<Vec<&str>> = lines.iter().map(|line| spoken_of(line).collect()).collect();
    let document: Value = serde_json::from_str(&routes::openapi()).unwrap();
    for (route, _) in routes::list() {
        let (method, path) = route.split_once(' ').unwrap();
        let about = |row: &&Vec<&str>| row.iter().any(|by| is_spoken_of(route, by));
        let rows: Vec<usize> = (0..table.len()).filter(|row| about(&&table[*row])).collect();
        assert_eq!(rows.len(), 1, "{route} stands in one line of the table, not in {rows:?}");
        let parameters = &document["paths"][path][method.to_lowercase()]["parameters"];
        let key = parameters.as_array().into_iter().flatten().find(|one| one["name"] == "Idempotency-Key");
        let said = lines[rows[0]];
        assert_eq!(
            (key.is_some(), key.is_some_and(|key| key["required"] == true)),
            (said.contains("`Idempotency-Key`"), said.contains("`Idempotency-Key`, which they need")),
            "{route}: {said}"
        );
    }
    let known = |by: &str| routes::list().iter().any(|(route, _)| is_spoken_of(route, by));
    for by in table.iter().flatten() {
        assert!(known(by), "there is no {by}");
    }
}

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
