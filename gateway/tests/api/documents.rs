//! The OpenAPI document and the page that shows it.

use crate::gateway::{Gateway, told};
use gateway::routes::{self, Access};
use reqwest::Method;
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
