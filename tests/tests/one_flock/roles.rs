//! Who may come in, and who may do what.

use contracts::Role;
use gateway::routes::Access;
use reqwest::Method;
use std::time::Duration;
use tests::{Answer, Client, Flock};
use uuid::Uuid;

/// Every route that needs a token, with an id that nothing has in the place of parameters.
fn guarded_routes() -> Vec<(Method, String, Access)> {
    let concrete = |part: &'static str| {
        if part.starts_with('{') { "00000000-0000-7000-8000-000000000000" } else { part }
    };
    let read = |(name, access): (&'static str, Access)| {
        let (method, path) = name.split_once(' ').expect("METHOD /path");
        let path = path.split('/').map(concrete).collect::<Vec<_>>().join("/");
        (method.parse().expect("a method"), path, access)
    };
    gateway::routes::list().into_iter().map(read).filter(|(_, _, access)| *access != Access::Anyone).collect()
}

async fn knock(client: &Client, method: &Method, path: &str, token: Option<&str>) -> Answer {
    let request = client.anonymous(method.clone(), path);
    let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
    client.send(request).await
}

#[tokio::test]
async fn every_guarded_route_refuses_who_has_no_token_or_not_the_role() {
    let flock = Flock::shared_by_all().await;
    let client = flock.customer();
    let token = |role| gateway::token::mint(&flock.secret(), Uuid::new_v4(), role, Duration::from_secs(60));
    let routes = guarded_routes();
    assert!(routes.len() >= 15, "the table is not empty: {routes:?}");
    for (method, path, access) in routes {
        let answer = knock(&client, &method, &path, None).await;
        assert_eq!(answer.status, 401, "{method} {path}");
        assert!(answer.headers.contains_key("www-authenticate"), "{method} {path}");
        assert_eq!(answer.body["type"], "/problems/unauthenticated");
        for role in [Role::Customer, Role::Support, Role::Admin, Role::Service] {
            // Its head is enough: events may have no end.
            let request = client.anonymous(method.clone(), &path).bearer_auth(token(role));
            let status = request.send().await.expect("an answer").status();
            let admitted = ![401, 403].contains(&status.as_u16());
            assert_eq!(admitted, access.admits(role), "{method} {path} as {role:?}: {status}");
        }
    }
}

/// What the shop's own people do is not for customers: written down here, not taken from the table.
#[tokio::test]
async fn customers_and_support_may_not_run_the_shop() {
    let flock = Flock::shared_by_all().await;
    let order = "00000000-0000-7000-8000-000000000000";
    let runs_the_shop = [
        (Method::PUT, format!("/v1/orders/{order}/status")),
        (Method::POST, format!("/v1/payments/{order}/refund")),
        (Method::POST, "/v1/stock/receipts".to_owned()),
        (Method::POST, "/v1/stock/adjustments".to_owned()),
        (Method::POST, "/v1/products/import".to_owned()),
    ];
    for role in [Role::Customer, Role::Support] {
        let client = flock.client(role);
        for (method, path) in &runs_the_shop {
            let answer = client.send(client.request(method.clone(), path)).await;
            assert_eq!(answer.status, 403, "{method} {path} as {role:?}");
            assert_eq!(answer.body["type"], "/problems/forbidden");
        }
    }
    assert_eq!(flock.customer().get("/v1/orders").await.status, 403);
    assert_eq!(flock.client(Role::Support).get("/v1/orders").await.status, 200);
}

#[tokio::test]
async fn only_a_good_token_comes_in() {
    let flock = Flock::shared_by_all().await;
    let client = flock.customer();
    let mint = |secret: &str, ttl| {
        gateway::token::mint(&chassis::Secret::from(secret.to_owned()), Uuid::new_v4(), Role::Admin, ttl)
    };
    let good = mint(flock.secret().expose(), Duration::from_secs(60));
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    let (_, claims) = head.split_once('.').expect("three parts");
    let forged = [
        mint("another secret", Duration::from_secs(60)),
        format!("{head}."),
        format!("{head}.{}", signature.chars().rev().collect::<String>()),
        // {"alg":"none"} and {"alg":"HS256"}
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        format!("eyJhbGciOiJIUzI1NiJ9.{claims}.{signature}"),
        "nonsense".to_owned(),
        String::new(),
    ];
    for token in forged {
        let answer = knock(&client, &Method::GET, "/v1/orders/me", Some(&token)).await;
        assert_eq!(answer.status, 401, "{token}");
    }
    assert_eq!(knock(&client, &Method::GET, "/v1/orders/me", Some(&good)).await.status, 200);
}

#[tokio::test]
async fn a_token_that_has_expired_comes_in_no_more() {
    let flock = Flock::shared_by_all().await;
    let client = flock.customer();
    // The command line makes it, as a developer would.
    let minted = || flock.starling(&["token", "--role", "customer", "--ttl", "1s"]);
    let token = tokio::task::spawn_blocking(minted).await.expect("a token");
    let status = async || knock(&client, &Method::GET, "/v1/orders/me", Some(token.trim())).await.status;
    assert_eq!(status().await, 200);
    // Also one that was seen before; clocks may differ by five seconds.
    tests::eventually_within(Duration::from_secs(15), "expired", async || status().await == 401).await;
}

#[tokio::test]
async fn health_needs_no_token() {
    let flock = Flock::shared_by_all().await;
    let client = flock.customer();
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(knock(&client, &Method::GET, path, None).await.status, 200, "{path}");
    }
}
