//! What is wrong is refused with its field named, no value repeated, and nothing published.

use crate::gateway::{Gateway, check_problem, order};
use contracts::Role;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// One gateway for all cases, and the count of what it stored.
struct Case<'a> {
    gateway: &'a Gateway,
    token: String,
}

impl Case<'_> {
    async fn check(&self, request: RequestBuilder, status: u16, kind: &str, field: Option<&str>) {
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        let seen = response.status();
        let body: Value = response.json().await.unwrap();
        assert_eq!(seen.as_u16(), status, "{body}");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(body["type"], format!("/problems/{kind}"), "{body}");
        assert_eq!(body["field"].as_str(), field, "{body}");
        assert!(!body.to_string().contains("Ann"), "personal data is not repeated: {body}");
    }

    /// An order in which one value, named by its JSON pointer, is another.
    async fn order_with(&self, pointer: &str, value: Value, field: &str) {
        let mut body = order();
        *body.pointer_mut(pointer).unwrap() = value;
        self.check(self.gateway.order(&self.token, "key", &body), 400, "invalid-field", Some(field)).await;
    }

    async fn order_as_text(
        &self,
        body: impl Into<reqwest::Body>,
        status: u16,
        kind: &str,
        field: Option<&str>,
    ) {
        let request = self.gateway.order(&self.token, "key", &Value::Null).body(body);
        self.check(request, status, kind, field).await;
    }
}

#[tokio::test]
async fn a_bad_order_is_refused_and_nothing_is_published() {
    let gateway = Gateway::start().await;
    let case = Case { gateway: &gateway, token: gateway.token(Role::Service) };
    for quantity in [json!(0), json!(-1), json!(1_000_000_000_000_i64), json!(1.5), json!("2"), json!(null)] {
        case.order_with("/lines/0/quantity", quantity, "lines[0].quantity").await;
    }
    for price in [json!(-1), json!(10_000_000_000_001_i64), json!(0.5)] {
        case.order_with("/lines/0/unit_price", price, "lines[0].unit_price").await;
    }
    for currency in [json!("gbp"), json!("POUND"), json!("XXX"), json!(""), json!(826)] {
        case.order_with("/currency", currency, "currency").await;
    }
    case.order_with("/lines", json!([]), "lines").await;
    let line = json!({ "sku": "A", "quantity": 1, "unit_price": 1 });
    case.order_with("/lines", json!(vec![line.clone(); 1_001]), "lines").await;
    case.order_with("/lines/0/sku", json!("A\u{0}"), "lines[0].sku").await;
    case.order_with("/lines/0/sku", json!("x".repeat(65)), "lines[0].sku").await;
    case.order_with("/address/name", json!({ "Ann": 1 }), "address.name").await;
    case.order_with("/address/country", json!("Ann"), "address.country").await;
    case.order_with("/payment/method", json!(""), "payment.method").await;
    case.order_with("/payment", json!({ "method": "m", "on_decline": "Ann" }), "payment.on_decline").await;

    let typo = order().to_string().replace("\"quantity\"", "\"quantiti\"");
    case.order_as_text(typo, 400, "invalid-field", Some("lines[0].quantiti")).await;
    let typo = order().to_string().replace("\"city\"", "\"town\"");
    case.order_as_text(typo, 400, "invalid-field", Some("address.town")).await;
    let typo = order().to_string().replace("\"currency\"", "\"curency\"");
    case.order_as_text(typo, 400, "invalid-field", Some("curency")).await;
    case.order_as_text("{\"currency\": \"GBP\", \"lines\": [", 400, "invalid-json", None).await;
    case.order_as_text("[1, 2]", 400, "invalid-field", Some("body")).await;
    case.order_as_text("", 400, "invalid-json", None).await;
    case.order_as_text(vec![0xff, 0xfe, 0x00], 400, "invalid-json", None).await;
    case.order_as_text("[".repeat(100_000), 400, "invalid-json", None).await;

    let mut many = order();
    many["lines"] = json!(vec![line; 10_000]);
    case.order_as_text(many.to_string(), 413, "too-large", Some("body")).await;
    case.order_as_text(vec![b' '; 10 << 20], 413, "too-large", Some("body")).await;
    assert_eq!(gateway.stored().await, 0);
}

#[tokio::test]
async fn a_bad_header_is_refused_and_nothing_is_published() {
    let gateway = Gateway::start().await;
    let case = Case { gateway: &gateway, token: gateway.token(Role::Customer) };
    let bare = || gateway.request(Method::POST, "/v1/orders").bearer_auth(&case.token).json(&order());
    let key = Some("Idempotency-Key");
    case.check(bare(), 400, "invalid-header", key).await;
    case.check(bare().header("idempotency-key", ""), 400, "invalid-header", key).await;
    case.check(bare().header("idempotency-key", "x".repeat(256)), 400, "invalid-header", key).await;
    case.check(bare().header("idempotency-key", "schl\u{fc}ssel"), 400, "invalid-header", key).await;
    let twice = bare().header("idempotency-key", "a").header("idempotency-key", "b");
    case.check(twice, 400, "invalid-header", key).await;
    let form =
        gateway.request(Method::POST, "/v1/orders").bearer_auth(&case.token).header("idempotency-key", "a");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body(order().to_string());
    case.check(form, 415, "media-type", None).await;
    let events = gateway.request(Method::GET, &format!("/v1/orders/{}/events", uuid::Uuid::now_v7()));
    let events = events.bearer_auth(&case.token).header("last-event-id", "Ann");
    case.check(events, 400, "invalid-header", Some("Last-Event-ID")).await;
    assert_eq!(gateway.stored().await, 0);
}

#[tokio::test]
async fn a_bad_query_or_path_is_refused() {
    let gateway = Gateway::start().await;
    let case = Case { gateway: &gateway, token: gateway.token(Role::Admin) };
    for (path, field) in [
        ("/v1/orders?limit=0", "limit"),
        ("/v1/orders?limit=101", "limit"),
        ("/v1/orders?limit=Ann", "limit"),
        ("/v1/orders?limit=", "limit"),
        ("/v1/orders?customer=Ann", "customer"),
        ("/v1/orders?before=Ann", "before"),
        ("/v1/orders?status=Ann", "status"),
        ("/v1/orders/me?custommer=1", "custommer"),
        ("/v1/products?limit=501", "limit"),
        ("/v1/delivery/slots", "country"),
        ("/v1/delivery/slots?country=Ann", "country"),
    ] {
        let request = gateway.request(Method::GET, path).bearer_auth(&case.token);
        case.check(request, 400, "invalid-field", Some(field)).await;
    }
    for path in ["/v1/orders/Ann", "/v1/payments/Ann", "/v1/shipments/1", "/v1/nothing", "/", "/problems/Ann"]
    {
        let request = gateway.request(Method::GET, path).bearer_auth(&case.token);
        case.check(request, 404, "not-found", None).await;
    }
    let response = gateway.request(Method::PUT, "/v1/orders").bearer_auth(&case.token).send().await.unwrap();
    let allowed = response.headers()["allow"].to_str().unwrap().to_owned();
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
    assert_eq!(response.status(), 405);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["type"], "/problems/method-not-allowed");
    let response = gateway.request(Method::GET, "/v1/none").send().await.unwrap();
    let (head, body) = (response.status(), response.text().await.unwrap());
    assert_eq!(head, 404, "{body}");
    let response = gateway.order(&case.token, "", &order()).send().await.unwrap();
    check_problem(
        &response,
        &json!({ "status": 400, "type": "/problems/invalid-header" }),
        400,
        "invalid-header",
    );
}
