//! Bad input: a clear answer that names the field, and nothing published.

use contracts::Role;
use futures_util::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Answer, Client, Flock, Order, line};
use uuid::Uuid;

/// Sends a body as a new order.
async fn post(client: &Client, body: String) -> Answer {
    let request =
        client.request(Method::POST, "/v1/orders").header("content-type", "application/json").body(body);
    client.send(request.header("idempotency-key", Uuid::new_v4().to_string())).await
}

/// A problem as RFC 9457 writes it, of this kind and about this field, without the value that was sent.
#[track_caller]
fn assert_problem(answer: &Answer, status: u16, kind: &str, field: Option<&str>) {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.body["type"], format!("/problems/{kind}"), "{}", answer.body);
    assert_eq!(answer.body["status"], status);
    assert_eq!(answer.body["field"].as_str(), field, "{}", answer.body);
    for text in ["title", "detail"] {
        assert!(answer.body[text].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.body);
    }
}

/// Every bad order with the field that is at fault.
fn bad_orders(sku: &str) -> Vec<(Order, &'static str)> {
    let with = |pointer: &str, value: Value| Order::of(sku, 1).with(pointer, value);
    let without = |pointer: &str| {
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        let mut order = Order::of(sku, 1);
        let parent = order.0.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        drop(parent.remove(field));
        order
    };
    let quantity = |quantity: Value| (with("/lines/0/quantity", quantity), "lines[0].quantity");
    vec![
        quantity(json!(0)),
        quantity(json!(-1)),
        quantity(json!(1_000_000_000_000_i64)),
        quantity(json!(1.5)),
        quantity(json!("1")),
        quantity(json!(null)),
        (without("/lines/0/quantity"), "lines[0].quantity"),
        (with("/lines/1", json!({"sku": sku, "quantity": 0, "unit_price": 1})), "lines[1].quantity"),
        (with("/lines/0/unit_price", json!(-1)), "lines[0].unit_price"),
        (with("/lines/0/unit_price", json!(contracts::MAX_AMOUNT + 1)), "lines[0].unit_price"),
        (with("/lines/0/unit_price", json!(12.5)), "lines[0].unit_price"),
        (with("/lines/0/sku", json!("")), "lines[0].sku"),
        (with("/lines/0/sku", json!("x".repeat(65))), "lines[0].sku"),
        (with("/lines/0/colour", json!("red")), "lines[0].colour"),
        (with("/lines", json!([])), "lines"),
        (with("/lines", json!(vec![line(sku, 1); 1_001])), "lines"),
        (with("/lines", json!({})), "lines"),
        (without("/lines"), "lines"),
        (with("/currency", json!("gbp")), "currency"),
        (with("/currency", json!("POUND")), "currency"),
        (with("/currency", json!("XXX")), "currency"),
        (with("/currency", json!(826)), "currency"),
        (without("/currency"), "currency"),
        (with("/address/country", json!("England")), "address.country"),
        (with("/address/name", json!("a\nb")), "address.name"),
        (with("/address/line1", json!("x".repeat(201))), "address.line1"),
        (with("/address/city", json!(null)), "address.city"),
        (without("/address/city"), "address.city"),
        (with("/address/street", json!("1 Test Road")), "address.street"),
        (without("/address"), "address"),
        (with("/slot", json!("")), "slot"),
        (with("/payment/method", json!("")), "payment.method"),
        (with("/payment/on_decline", json!("retry")), "payment.on_decline"),
        (with("/payment/card_number", json!("4111111111111111")), "payment.card_number"),
        (without("/payment"), "payment"),
        (with("/curency", json!("GBP")), "curency"),
    ]
}

#[tokio::test]
async fn a_bad_order_is_refused_with_the_field_named_and_nothing_is_published() {
    let flock = Flock::shared_by_all().await;
    let (client, sku) = (flock.client(Role::Service), flock.product(5).await);
    let mut commands = flock.tap(&["cmd.>"]).await;

    for (order, field) in bad_orders(&sku) {
        let answer = post(&client, order.0.to_string()).await;
        assert_problem(&answer, 400, "invalid-field", Some(field));
    }
    let many = Order::of(&sku, 1).with("/lines", json!(vec![line(&sku, 1); 10_000]));
    assert!(post(&client, many.0.to_string()).await.status.is_client_error(), "10,000 lines");
    let large = Order::of(&sku, 1).with("/address/line2", json!("x".repeat(10 << 20)));
    assert_problem(&post(&client, large.0.to_string()).await, 413, "too-large", Some("body"));
    let whole = Order::of(&sku, 1).0.to_string();
    for broken in ["", "{", "null,", "\u{feff}{}", &whole[..whole.len() - 1], &format!("{whole}{whole}")] {
        assert_problem(&post(&client, broken.to_owned()).await, 400, "invalid-json", None);
    }
    for no_order in ["[]", "7", "\"order\"", "null"] {
        assert_problem(&post(&client, no_order.to_owned()).await, 400, "invalid-field", Some("body"));
    }

    // A good order passes after all that: the tap hears what is published.
    let good = client.place(&Order::of(&sku, 1)).await;
    commands.until("the good order", |passed| passed.text.contains(&good)).await;
    let published = commands.with(&client.id.to_string());
    assert_eq!(published.len(), 1, "nothing but the good order: {published:?}");
    assert_eq!(commands.with(&sku).len(), 1);
}

#[tokio::test]
async fn an_order_of_a_thousand_lines_is_not_too_large_and_one_more_is_one_too_many() {
    let flock = Flock::shared_by_all().await;
    let (client, sku) = (flock.customer(), flock.product(1_000).await);
    let order =
        |lines: usize| Order::of(&sku, 1).with("/lines", json!(vec![line(&sku, 1); lines])).0.to_string();
    assert_eq!(post(&client, order(1_000)).await.status, StatusCode::ACCEPTED);
    assert_problem(&post(&client, order(1_001)).await, 400, "invalid-field", Some("lines"));
}

#[tokio::test]
async fn what_is_sent_wrongly_is_not_repeated_in_the_answer() {
    let flock = Flock::shared_by_all().await;
    let client = flock.customer();
    for pointer in ["/address/country", "/payment/on_decline", "/currency", "/lines/0/quantity"] {
        let answer = post(&client, Order::of("A", 1).with(pointer, json!("Secret Sam")).0.to_string()).await;
        assert_eq!(answer.status, 400);
        assert!(!answer.body.to_string().contains("Sam"), "{}", answer.body);
    }
}

#[tokio::test]
async fn an_order_needs_a_key_and_a_media_type() {
    let flock = Flock::shared_by_all().await;
    let client = flock.customer();
    let order = Order::of("A", 1);
    let without_key = client.post("/v1/orders", &order.0).await;
    assert_problem(&without_key, 400, "invalid-header", Some("Idempotency-Key"));
    let too_long = "x".repeat(256);
    for bad in [&b""[..], too_long.as_bytes(), "schlüssel".as_bytes()] {
        let key = reqwest::header::HeaderValue::from_bytes(bad).expect("HTTP allows it");
        let request = client.request(Method::POST, "/v1/orders").header("idempotency-key", key);
        let answer = client.send(request.json(&order.0)).await;
        assert_problem(&answer, 400, "invalid-header", Some("Idempotency-Key"));
    }
    let text =
        client.request(Method::POST, "/v1/orders").header("idempotency-key", "k").body(order.0.to_string());
    assert_problem(&client.send(text).await, 415, "media-type", None);
}

#[tokio::test]
async fn bad_admin_commands_are_refused_with_the_field_named() {
    let flock = Flock::shared_by_all().await;
    let (admin, sku) = (flock.client(Role::Admin), flock.product(5).await);
    let order = admin.place_confirmed(&Order::of(&sku, 1)).await;
    let receipt = |lines: Value| json!({"reference": "r", "lines": lines});
    let one = |quantity: Value| json!({"sku": sku, "quantity": quantity});
    let refund = format!("/v1/payments/{order}/refund");
    let adjustment =
        |delta: Value| json!({"reference": "r", "sku": sku, "delta": delta, "reason": "counted"});
    let product =
        |price: Value| json!({"products": [{"sku": "B", "name": "B", "price": price, "currency": "GBP"}]});
    let twice = json!({"products": [
        {"sku": "B", "name": "B", "price": 1, "currency": "GBP"}, {"sku": "B", "name": "B", "price": 2, "currency": "GBP"},
    ]});
    let cases = [
        ("/v1/stock/receipts", receipt(json!([])), "lines"),
        ("/v1/stock/receipts", receipt(json!([one(json!(0))])), "lines[0].quantity"),
        ("/v1/stock/receipts", receipt(json!([one(json!(1)), one(json!(1))])), "lines[1].sku"),
        ("/v1/stock/receipts", json!({"lines": [one(json!(1))]}), "reference"),
        ("/v1/stock/adjustments", adjustment(json!(0)), "delta"),
        ("/v1/stock/adjustments", adjustment(json!(0.5)), "delta"),
        ("/v1/stock/adjustments", json!({"reference": "r", "sku": sku, "delta": 1}), "reason"),
        ("/v1/products/import", json!({"products": []}), "products"),
        ("/v1/products/import", product(json!(-1)), "products[0].price"),
        ("/v1/products/import", twice, "products[1].sku"),
        (refund.as_str(), json!({"reference": "r", "amount": 0}), "amount"),
        (refund.as_str(), json!({"reference": "r", "amount": -1}), "amount"),
        (refund.as_str(), json!({"amount": 1}), "reference"),
        (refund.as_str(), json!({"reference": "r", "amout": 1}), "amout"),
        ("/v1/payments", json!({"order_id": "x", "payment": {"method": "m"}}), "order_id"),
    ];
    for (path, body, field) in cases {
        let answer = admin.post(path, &body).await;
        assert_problem(&answer, 400, "invalid-field", Some(field));
    }
    assert_problem(&admin.put_status(&order, "lost").await, 400, "invalid-field", Some("status"));
    assert_eq!(flock.kept(&order).await, Order::PRICE);
}

#[tokio::test]
async fn bad_questions_are_refused_with_the_parameter_named() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.client(Role::Admin);
    for (query, field) in [
        ("/v1/orders?limit=0", "limit"),
        ("/v1/orders?limit=101", "limit"),
        ("/v1/orders?limit=ten", "limit"),
        ("/v1/orders?status=lost", "status"),
        ("/v1/orders?before=yesterday", "before"),
        ("/v1/orders/me?customer=00000000-0000-0000-0000-000000000000", "customer"),
        ("/v1/products?limit=501", "limit"),
        ("/v1/delivery/slots", "country"),
        ("/v1/delivery/slots?country=Japan", "country"),
    ] {
        assert_problem(&admin.get(query).await, 400, "invalid-field", Some(field));
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.client(Role::Admin);
    let nobody = Uuid::now_v7();
    for path in [
        format!("/v1/orders/{nobody}"),
        "/v1/orders/17".to_owned(),
        "/v1/orders/%F0%9F%90%A6".to_owned(),
        format!("/v1/orders/{nobody}/events"),
        format!("/v1/payments/{nobody}"),
        format!("/v1/shipments/{nobody}"),
        "/v1/stock/no-such-thing".to_owned(),
        "/v1/products/no-such-thing".to_owned(),
        "/v1/delivery/slots?country=AQ".to_owned(),
        "/v1/nothing".to_owned(),
        "/orders".to_owned(),
    ] {
        assert_problem(&admin.get(&path).await, 404, "not-found", None);
    }
    assert_eq!(admin.cancel(&nobody.to_string()).await, 404);
    let wrong_method = admin.send(admin.request(Method::PATCH, "/v1/orders")).await;
    assert_problem(&wrong_method, 405, "method-not-allowed", None);
}

#[tokio::test]
async fn a_customers_orders_come_in_pages_newest_first_and_are_only_the_own() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(50).await);
    let other = flock.customer().place_confirmed(&Order::of(&sku, 1)).await;
    let mut placed = vec![];
    for _ in 0..7 {
        placed.push(customer.place(&Order::of(&sku, 1)).await);
    }
    for order in &placed {
        customer.until_settled(order).await;
    }
    placed.reverse();
    let (mut seen, mut cursor, mut pages) = (vec![], String::new(), 0);
    loop {
        let page = customer.get(&format!("/v1/orders/me?limit=3{cursor}")).await.body;
        let orders = page["orders"].as_array().expect("a page");
        seen.extend(orders.iter().map(|order| order["order_id"].as_str().expect("an id").to_owned()));
        pages += 1;
        match page["next"].as_str() {
            Some(next) => cursor = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!((seen, pages), (placed.clone(), 3));

    // Support sees all of them, and those of one customer.
    let support = flock.client(Role::Support);
    let theirs =
        support.get(&format!("/v1/orders?customer={}&status=confirmed&limit=100", customer.id)).await.body;
    assert_eq!(theirs["orders"].as_array().map(Vec::len), Some(7));
    let none = support.get(&format!("/v1/orders?customer={}&status=cancelled", customer.id)).await.body;
    assert_eq!(none["orders"], json!([]));
    assert_eq!(support.order(&other).await["order_id"], other.as_str());
}

#[tokio::test]
async fn a_request_that_waits_is_answered_as_accepted_when_its_time_is_over() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = Order::of(&sku, 1).paid_by("sandbox.pending");
    let request =
        customer.request(Method::POST, "/v1/orders").header("idempotency-key", "waits").json(&order.0);
    let answer = customer.send(request.header("prefer", "wait=1")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.headers["preference-applied"], "wait=1");
    let id = answer.body["order_id"].as_str().expect("an id");
    assert_eq!(answer.headers["location"], format!("/v1/orders/{id}"));
    assert_eq!(customer.order(id).await["status"], "stock_reserved");
}

#[tokio::test]
async fn every_answer_has_an_id_and_says_that_it_must_not_be_kept() {
    let flock = Flock::shared_by_all().await;
    let customer = flock.customer();
    let answer =
        customer.send(customer.request(Method::GET, "/v1/orders/me").header("x-request-id", "mine-1")).await;
    assert_eq!(answer.headers["x-request-id"], "mine-1");
    let answer = customer.get("/v1/orders/17").await;
    assert!(!answer.headers["x-request-id"].is_empty());
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn the_openapi_document_and_its_page_are_served() {
    let flock = Flock::shared_by_all().await;
    let anyone = flock.customer();
    let document = anyone.send(anyone.anonymous(Method::GET, "/openapi.json")).await;
    assert_eq!(document.status, 200);
    assert!(document.body["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    assert!(document.body["paths"]["/v1/orders"]["post"].is_object());
    let page = anyone.anonymous(Method::GET, "/docs").send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    let html = page.text().await.expect("text");
    assert!(
        !html.contains("https://") && !html.contains("http://"),
        "self-contained: nothing is loaded from elsewhere"
    );
}

#[tokio::test]
async fn a_customer_who_asks_too_fast_is_slowed_down_and_nobody_else_is() {
    let flock = Flock::shared_by_all().await;
    let (fast, other) = (flock.customer(), flock.customer());
    let ask = async |_| fast.get("/v1/orders/17").await;
    let answers: Vec<Answer> = stream::iter(0..1_000).map(ask).buffer_unordered(16).collect().await;
    let (slowed, answered): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == 429);
    assert!(answered.len() >= 100, "a burst is let through: {}", answered.len());
    let slowed = slowed.first().expect("a thousand in a few seconds are too many");
    assert_problem(slowed, 429, "rate-limited", None);
    let pause: u64 =
        slowed.headers["retry-after"].to_str().ok().and_then(|s| s.parse().ok()).expect("seconds");
    assert_eq!(other.get("/v1/orders/17").await.status, 404, "another customer is not slowed down");
    tokio::time::sleep(std::time::Duration::from_secs(pause)).await;
    assert_eq!(fast.get("/v1/orders/17").await.status, 404, "and the fast one no longer after the pause");
}
