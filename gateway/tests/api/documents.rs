//! The OpenAPI document and the page that shows it.

use crate::gateway::{Gateway, told};
use contracts::{
    Export, Found, ListingView, Made, NewApiKey, OrderPage, OrderView, PaymentView, PriceRules, ProductPage,
    SavedAddress, ShipmentView, SignedIn, StockLevel, TimelineEntry, UserView,
};
use gateway::{
    Settings,
    routes::{self, Access},
};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

fn document() -> Value {
    serde_json::from_str(&routes::openapi()).unwrap()
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                found.insert(reference.clone());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_route_is_described_with_its_answers_and_problems() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = 0;
    for (name, access) in routes::list() {
        let (method, path) = name.split_once(' ').unwrap();
        let operation = &document["paths"][path][method.to_lowercase()];
        assert!(operation["summary"].is_string(), "{name}");
        let responses = operation["responses"].as_object().unwrap();
        // Well, or well elsewhere.
        assert!(responses.keys().any(|status| status.starts_with('2') || status == "302"), "{name}");
        // Who comes in may be refused without a token, too.
        let comes_in =
            ["/login", "/refresh", "/callback", "/oidc/code"].iter().any(|end| path.ends_with(end));
        assert_eq!(responses.contains_key("401"), access != Access::Anyone || comes_in, "{name}");
        assert_eq!(operation.get("security").is_some(), access != Access::Anyone, "{name}");
        if path.starts_with("/v1") {
            let problem = "/content/application~1problem+json/schema/$ref";
            for status in ["429", "500", "503"] {
                assert_eq!(
                    responses[status].pointer(problem).unwrap(),
                    "#/components/schemas/Problem",
                    "{name}"
                );
            }
        }
        described += 1;
    }
    let operations =
        document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len());
    assert_eq!(operations.sum::<usize>(), described);
}

/// Of an answer: the headers that the document says it has, and whether it always has them.
fn headers_of(document: &Value, response: &Value) -> Vec<(String, bool)> {
    let headers = response["headers"].as_object().unwrap();
    let is_required = |name: &String| document["components"]["headers"][name]["required"] == true;
    headers.keys().map(|name| (name.clone(), is_required(name))).collect()
}

#[test]
fn every_answer_is_described_with_its_headers_and_every_body_and_answer_with_an_example() {
    let document = document();
    for (name, _) in routes::list() {
        let (method, path) = name.split_once(' ').unwrap();
        let operation = &document["paths"][path][method.to_lowercase()];
        for (media, content) in
            operation.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten()
        {
            // A provider's own body, and pictures.
            let foreign = path.ends_with("/webhook/{provider}") || media == "image/*";
            assert_eq!(content.get("example").is_some(), !foreign, "{name}: {media}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let headers = headers_of(&document, response);
            let has = |wanted: &str| headers.iter().any(|(name, _)| name == wanted);
            assert!(has("X-Request-Id"), "{name} {status}");
            assert!(response.get("content").is_none_or(Value::is_object), "{name} {status}");
            let health = path.starts_with("/health");
            for quota in ["RateLimit", "RateLimit-Policy"] {
                assert_eq!(has(quota), !health, "{name} {status}: {quota}");
            }
            let waits = status == "429" || (status == "503" && !health);
            assert_eq!(has("Retry-After"), waits, "{name} {status}");
            let takes_key = operation["parameters"].to_string().contains("\"Idempotency-Key\"");
            assert_eq!(has("Idempotency-Replayed"), takes_key && status.starts_with('2'), "{name} {status}");
            for (media, content) in response["content"].as_object().into_iter().flatten() {
                let is_json = media.ends_with("json") && !media.contains("ndjson");
                assert!(!is_json || content.get("example").is_some(), "{name} {status}: {media}");
            }
        }
    }
}

/// The example of a good answer is one that its type can have.
#[track_caller]
fn check_example<T: DeserializeOwned>(document: &Value, name: &str, status: &str) {
    let (method, path) = name.split_once(' ').unwrap();
    let response = &document["paths"][path][method.to_lowercase()]["responses"][status];
    let content = response["content"].as_object().unwrap().values().next().unwrap();
    if let Err(error) = serde_json::from_value::<T>(content["example"].clone()) {
        panic!("{name}: {error}: {}", content["example"]);
    }
}

#[test]
fn the_examples_of_answers_are_answers() {
    let document = document();
    check_example::<OrderView>(&document, "POST /v1/orders", "200");
    check_example::<OrderPage>(&document, "GET /v1/orders/me", "200");
    check_example::<TimelineEntry>(&document, "GET /v1/orders/{id}/events", "200");
    check_example::<PaymentView>(&document, "GET /v1/payments/{order_id}", "200");
    check_example::<ShipmentView>(&document, "GET /v1/shipments/{order_id}", "200");
    check_example::<StockLevel>(&document, "GET /v1/stock/{sku}", "200");
    check_example::<ProductPage>(&document, "GET /v1/products", "200");
    check_example::<ListingView>(&document, "GET /v1/listings/{slug}", "200");
    check_example::<Found>(&document, "GET /v1/search", "200");
    check_example::<PriceRules>(&document, "GET /v1/price-rules", "200");
    check_example::<SignedIn>(&document, "POST /v1/auth/login", "200");
    check_example::<UserView>(&document, "GET /v1/users/me", "200");
    check_example::<Export>(&document, "GET /v1/users/me/export", "200");
    check_example::<SavedAddress>(&document, "POST /v1/users/me/addresses", "201");
    check_example::<Made<NewApiKey>>(&document, "POST /v1/api-keys", "201");
}

#[tokio::test]
async fn the_examples_of_bodies_are_taken_and_answers_have_the_headers_that_are_promised() {
    let gateway = Gateway::start_with(Settings { rate_address_per_s: 10_000, ..Settings::default() }).await;
    let document = document();
    for (name, _) in routes::list() {
        let (method, path) = name.split_once(' ').unwrap();
        let operation = &document["paths"][path][method.to_lowercase()];
        let (mut filled, mut sent) = (path.to_owned(), vec![]);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, example) = (parameter["name"].as_str().unwrap(), parameter["example"].as_str());
            match parameter["in"].as_str().unwrap() {
                "path" => filled = filled.replace(&format!("{{{name}}}"), example.unwrap()),
                "query" if parameter["required"] == true => {
                    filled = format!("{filled}?{name}={}", example.unwrap_or("a"));
                }
                "header" => sent.extend(example.map(|example| (name.to_owned(), example.to_owned()))),
                _ => {}
            }
        }
        let mut request = gateway.admin(method.parse().unwrap(), &filled);
        if let Some((media, content)) = operation
            .pointer("/requestBody/content")
            .and_then(Value::as_object)
            .and_then(|all| all.iter().next())
            && let Some(example) = content.get("example")
        {
            let body = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            request = request.header("content-type", media).body(body);
        }
        for (name, value) in sent {
            request = request.header(name, value);
        }
        // Its pages would last; what it takes is nothing.
        if path.ends_with("/events") {
            continue;
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let may_be_bad =
            ["/webhook/{provider}", "/callback", "/avatar", "/logout"].iter().any(|end| path.ends_with(end));
        // A picture has no example.
        let may_be_none = path.ends_with("/images");
        // If-Match or If-None-Match is the caller's choice.
        let is_well = status < 400
            || matches!(status, 404 | 409 | 412 | 428 | 503)
            || (status == 400 && may_be_bad)
            || (status == 415 && may_be_none);
        assert!(is_well, "{name}: {status} {}", answer.text().await.unwrap());
        let response = &operation["responses"][status.to_string()];
        assert!(response.is_object(), "{name}: {status} is not described");
        for (header, required) in headers_of(&document, response) {
            let quota = header.starts_with("RateLimit");
            assert!(
                !(required || quota) || answer.headers().contains_key(&header),
                "{name} {status}: {header}"
            );
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.contains("#/components/schemas/NewOrder"), "{found:?}");
    for reference in &found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[test]
fn parameters_and_bodies_have_the_limits_that_are_checked() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["NewOrder"]["additionalProperties"], false);
    assert_eq!(schemas["NewOrder"]["properties"]["lines"]["maxItems"], 1_000);
    assert_eq!(schemas["Quantity"]["maximum"], 1_000_000);
    let parameters = document["paths"]["/v1/delivery/slots"]["get"]["parameters"].as_array().unwrap();
    let country = parameters.iter().find(|parameter| parameter["name"] == "country").unwrap();
    assert_eq!((&country["in"], &country["required"]), (&"query".into(), &true.into()));
    let id = &document["paths"]["/v1/orders/{id}"]["get"]["parameters"][0];
    assert_eq!((&id["name"], &id["in"]), (&"id".into(), &"path".into()));
}

#[tokio::test]
async fn the_document_and_its_page_are_served_and_load_nothing_from_elsewhere() {
    let gateway = Gateway::start().await;
    let (status, served) = told(gateway.request(Method::GET, "/openapi.json").send().await.unwrap()).await;
    assert_eq!((status, served), (200, document()));
    let page = gateway.request(Method::GET, "/docs").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.starts_with("default-src 'none'; connect-src 'self'")
            && policy.contains("script-src 'sha256-")
    );
    let page = page.text().await.unwrap();
    assert!(page.contains("fetch(\"/openapi.json\")"));
    assert!(
        !page.contains("http://") && !page.contains("https://") && !page.contains("src="),
        "no other host"
    );
}

#[tokio::test]
async fn a_problems_type_can_be_looked_up() {
    let gateway = Gateway::start().await;
    let (_, problem) = told(gateway.request(Method::GET, "/v1/orders/me").send().await.unwrap()).await;
    let kind = problem["type"].as_str().unwrap().to_owned();
    let (status, told) = told(gateway.request(Method::GET, &kind).send().await.unwrap()).await;
    assert_eq!((status, &told["title"], &told["status"]), (200, &problem["title"], &problem["status"]));
}
