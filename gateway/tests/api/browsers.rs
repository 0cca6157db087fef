//! What browsers are told: which pages may use the gateway, and what a page may do.

use crate::{
    encrypted::{self, Files},
    gateway::{Gateway, order},
};
use contracts::Role;
use gateway::Settings;
use reqwest::{Method, Response, header::HeaderMap};

const SHOP: &str = "https://shop.example";

async fn with_origins(origins: &str) -> Gateway {
    Gateway::start_with(Settings { gateway_cors_origins: origins.into(), ..Settings::default() }).await
}

/// The question of a browser whether a page may place an order; without a token, as it always is.
async fn preflight(gateway: &Gateway, origin: &str) -> Response {
    let asked = gateway.request(Method::OPTIONS, "/v1/orders").header("origin", origin);
    let asked = asked.header("access-control-request-method", "POST");
    asked.header("access-control-request-headers", "authorization,idempotency-key").send().await.unwrap()
}

fn of<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

fn words(headers: &HeaderMap, name: &str) -> Vec<String> {
    of(headers, name).split(',').map(|word| word.trim().to_ascii_lowercase()).collect()
}

fn about_origins(headers: &HeaderMap) -> Vec<&str> {
    let names = headers.keys().map(|name| name.as_str());
    names.filter(|name| name.starts_with("access-control-") || *name == "vary").collect()
}

#[tokio::test]
async fn a_page_of_a_named_origin_may_order_and_read_what_it_needs() {
    let gateway = with_origins(&format!("{SHOP}, https://admin.example")).await;
    let asked = preflight(&gateway, SHOP).await;
    assert_eq!(asked.status(), 200);
    let head = asked.headers();
    assert_eq!(of(head, "access-control-allow-origin"), SHOP);
    assert_eq!(of(head, "access-control-allow-credentials"), "true");
    assert_eq!(of(head, "vary").to_ascii_lowercase(), "origin");
    assert!(words(head, "access-control-allow-methods").contains(&"post".to_owned()));
    let allowed = words(head, "access-control-allow-headers");
    assert!(
        ["authorization", "idempotency-key", "if-match"].iter().all(|name| allowed.contains(&(*name).into()))
    );

    let order = gateway.order(&gateway.token(Role::Customer), "key", &order()).header("origin", SHOP);
    let placed = order.send().await.unwrap();
    assert_eq!(placed.status(), 202);
    let (head, told) = (placed.headers(), words(placed.headers(), "access-control-expose-headers"));
    assert_eq!(of(head, "access-control-allow-origin"), SHOP);
    for name in ["etag", "location", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id"] {
        assert!(told.contains(&name.to_owned()), "{name}: {told:?}");
    }
    let refused = gateway.request(Method::GET, "/v1/orders/me").header("origin", SHOP).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(of(refused.headers(), "access-control-allow-origin"), SHOP, "a page may read why");
    assert_eq!(gateway.stored().await, 1);
}

#[tokio::test]
async fn pages_of_other_origins_may_not_and_caches_know_the_difference() {
    let gateway = with_origins(SHOP).await;
    for stranger in ["https://shop.example.evil", "http://shop.example", "https://shop.example:8443", "null"]
    {
        let asked = preflight(&gateway, stranger).await;
        assert!(!asked.headers().contains_key("access-control-allow-origin"), "{stranger}");
        let read =
            gateway.request(Method::GET, "/health/live").header("origin", stranger).send().await.unwrap();
        assert!(!read.headers().contains_key("access-control-allow-origin"), "{stranger}");
        assert_eq!(of(read.headers(), "vary").to_ascii_lowercase(), "origin");
    }
    let without = gateway.request(Method::GET, "/health/live").send().await.unwrap();
    assert_eq!(of(without.headers(), "vary").to_ascii_lowercase(), "origin");
    let no_question = gateway.request(Method::OPTIONS, "/v1/orders").send().await.unwrap();
    assert_eq!(no_question.status(), 405, "this is no browser that asks");
}

#[tokio::test]
async fn all_origins_may_come_without_what_a_browser_keeps_for_the_gateway() {
    let gateway = with_origins("*").await;
    let asked = preflight(&gateway, "https://anybody.example").await;
    assert_eq!(of(asked.headers(), "access-control-allow-origin"), "*");
    assert!(!asked.headers().contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn where_no_origin_is_named_nothing_is_said_of_origins() {
    let gateway = Gateway::start().await;
    let asked = preflight(&gateway, SHOP).await;
    assert_eq!((asked.status().as_u16(), about_origins(asked.headers())), (405, vec![]));
    let read = gateway.request(Method::GET, "/health/live").header("origin", SHOP).send().await.unwrap();
    assert_eq!((read.status().as_u16(), about_origins(read.headers())), (200, vec![]));
}

#[tokio::test]
async fn what_is_asked_is_answered_with_what_browsers_must_not_do() {
    let gateway = Gateway::start().await;
    for (path, status) in [("/docs", 200), ("/v1/orders/me", 401), ("/nothing", 404), ("/health/live", 200)] {
        let answer = gateway.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let head = answer.headers();
        assert_eq!(of(head, "x-content-type-options"), "nosniff");
        assert_eq!(of(head, "x-frame-options"), "DENY");
        assert_eq!(of(head, "referrer-policy"), "no-referrer");
        assert_eq!(of(head, "cross-origin-resource-policy"), "same-site");
        assert!(of(head, "content-security-policy").contains("default-src 'none'"));
        assert!(of(head, "permissions-policy").contains("geolocation=()"));
        assert!(!head.contains_key("strict-transport-security"), "only TLS can promise TLS");
    }
    let (files, certificate) = Files::new();
    let address = gateway.another(files.settings()).await;
    let stream = encrypted::connect(address, &certificate, &[b"h2"]).await.unwrap();
    let answer = encrypted::by_h2(stream, encrypted::get("/docs", "")).await.unwrap();
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
}
