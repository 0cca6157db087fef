//! Tokens: renewed, stolen, ended; heard of by every gateway, and remembered by one that starts.

use super::world::{PASSWORD, World, eventually, tokens};
use chassis::{Health, Tasks};
use contracts::{GetKeys, RotateKeys};
use gateway::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use std::{net::TcpListener, time::Duration};
use tokio_util::sync::CancellationToken;

async fn refreshed(world: &World, token: &str) -> (u16, Value) {
    world.post("/v1/auth/refresh", "", &json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_copy_of_it_ends_the_session() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let (_, first) = world.login("ann@example.org").await;
    let other = world.login("ann@example.org").await;
    let (status, answer) = refreshed(&world, &first).await;
    assert_eq!(status, 200, "{answer}");
    let (access, second) = tokens(&answer);
    assert_eq!(world.get("/v1/users/me", &access).await.0, 200);

    assert_eq!(refreshed(&world, &first).await.0, 401, "used before");
    assert_eq!(refreshed(&world, &second).await.0, 401, "nobody can tell whose it is");
    eventually("its access tokens are out", async || world.get("/v1/users/me", &access).await.0 == 401).await;
    assert_eq!(world.get("/v1/users/me", &other.0).await.0, 200, "another session is not touched");
    assert!(!world.mails("ann@example.org").await.is_empty(), "its owner is told");
    for never in ["", "rt_unknown", &access] {
        assert!(matches!(refreshed(&world, never).await.0, 400 | 401), "{never}");
    }
}

#[tokio::test]
async fn two_who_use_a_refresh_token_at_once_do_not_both_get_in() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    for _ in 0..5 {
        let (_, refresh) = world.login("ann@example.org").await;
        let (one, two) = tokio::join!(refreshed(&world, &refresh), refreshed(&world, &refresh));
        let mut statuses = [one.0, two.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{one:?} {two:?}");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let (one, two, three) = (
        world.login("ann@example.org").await.0,
        world.login("ann@example.org").await.0,
        world.login("ann@example.org").await.0,
    );
    let (_, listed) = world.get("/v1/users/me/sessions", &one).await;
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 3, "{listed}");
    assert_eq!(listed["sessions"][0]["device"], "a test");

    assert_eq!(world.post("/v1/auth/logout", &one, &json!({})).await.0, 204);
    eventually("out", async || world.get("/v1/users/me", &one).await.0 == 401).await;
    let (_, listed) = world.get("/v1/users/me/sessions", &two).await;
    let ids: Vec<&str> =
        listed["sessions"].as_array().unwrap().iter().map(|s| s["session_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    // Both are ended by the third's hand, by their ids.
    world.register("eve@example.org").await;
    let eve = world.login("eve@example.org").await.0;
    for id in &ids {
        let path = format!("/v1/users/me/sessions/{id}");
        assert_eq!(world.ask(Method::DELETE, &path, &eve, &json!({})).await.0, 404, "another's");
    }
    assert_eq!(world.post("/v1/auth/logout-everywhere", &three, &json!({})).await.0, 204);
    for token in [&two, &three] {
        eventually("out", async || world.get("/v1/users/me", token).await.0 == 401).await;
    }
    assert_eq!(world.get("/v1/users/me", &eve).await.0, 200);
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let (mine, other) = (world.login("ann@example.org").await.0, world.login("ann@example.org").await.0);
    let change = json!({ "current": "a wrong password", "password": "another horse battery" });
    let (status, answer) = world.post("/v1/auth/change-password", &mine, &change).await;
    assert_eq!((status, answer["field"].as_str()), (400, Some("current")), "{answer}");
    let change = json!({ "current": PASSWORD, "password": "another horse battery" });
    assert_eq!(world.post("/v1/auth/change-password", &mine, &change).await.0, 204);
    eventually("the other is out", async || world.get("/v1/users/me", &other).await.0 == 401).await;
    assert_eq!(world.get("/v1/users/me", &mine).await.0, 200);
}

/// A second gateway hears of it by itself; a third, started when identity is away, learns it from Redis.
#[tokio::test]
async fn every_gateway_knows_of_an_ended_session_also_one_that_starts_later() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let (access, other) = (world.login("ann@example.org").await.0, world.login("ann@example.org").await.0);
    let second = another(&world).await;
    let me = async |base: &str, token: &str| {
        let request = world.gateway.http.get(format!("{base}/v1/users/me")).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    };
    eventually("the second knows identity's keys", async || me(&second, &access).await == 200).await;
    assert_eq!(world.post("/v1/auth/logout", &access, &json!({})).await.0, 204);
    eventually("the second has heard", async || me(&second, &access).await == 401).await;

    let third = another(&world).await;
    eventually("the third knows identity's keys", async || me(&third, &other).await == 200).await;
    assert_eq!(me(&third, &access).await, 401, "it was told when it started");
    world.identity.cancel();
    let fourth = another(&world).await;
    // It knows no key, so none of identity's tokens is good; and the ends it has from Redis.
    assert_eq!(me(&fourth, &access).await, 401);
    assert!(matches!(me(&fourth, &other).await, 401 | 503));
    // The others go on without identity: the token is good, though nobody answers.
    assert_eq!(me(&third, &other).await, 503);
    assert_eq!(me(&third, &access).await, 401);
}

async fn another(world: &World) -> String {
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let stop: CancellationToken = world.gateway.stop.child_token();
    let (places, tasks) = (world.gateway.places.clone(), Tasks::child_of(&stop));
    let settings = Settings { listen, redis_patience_ms: 1_000, ..Settings::default() };
    world.gateway.ended.spawn(async move {
        gateway::run(&places, settings, vec![], Health::default(), tasks).await.unwrap()
    });
    let base = format!("http://{listen}");
    eventually("another gateway is ready", async || {
        let ready = world.gateway.http.get(format!("{base}/health/ready")).send().await;
        ready.is_ok_and(|ready| ready.status() == 200)
    })
    .await;
    base
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_the_old_one_stays() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let (access, _) = world.login("ann@example.org").await;
    let before = world.operator(&GetKeys {}).await;
    let fresh = world.operator(&RotateKeys {}).await;
    let after = world.operator(&GetKeys {}).await;
    assert!(after.contains(&fresh) && after.contains(&before[0]), "{after:?}");
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let (again, _) = world.login("ann@example.org").await;
    assert_eq!(
        (kid(&access).as_str(), kid(&again)),
        (before[0].kid.as_str(), kid(&access)),
        "it signs later"
    );
    assert_eq!(world.get("/v1/users/me", &access).await.0, 200);
}

/// Development tokens can be switched off; identity's are good all the same.
#[tokio::test]
async fn without_development_tokens_only_identitys_are_good() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let (access, _) = world.login("ann@example.org").await;
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (places, tasks) = (world.gateway.places.clone(), Tasks::child_of(&world.gateway.stop));
    let settings = Settings { listen, gateway_development_tokens: false, ..Settings::default() };
    world.gateway.ended.spawn(async move {
        gateway::run(&places, settings, vec![], Health::default(), tasks).await.unwrap()
    });
    let me = async |token: &str| {
        let request = world.gateway.http.get(format!("http://{listen}/v1/users/me")).bearer_auth(token);
        request.timeout(Duration::from_secs(5)).send().await.map_or(0, |response| response.status().as_u16())
    };
    eventually("identity's token is good", async || me(&access).await == 200).await;
    assert_eq!(me(&world.gateway.token(contracts::Role::Admin)).await, 401);
}
