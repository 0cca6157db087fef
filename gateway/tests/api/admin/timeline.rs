//! What the page of an order is made of.

use super::story::{HOSTILE, Shop, TRACE};
use crate::gateway::{order, told};
use contracts::Role;
use gateway::Settings;
use reqwest::Method;
use serde_json::{Value, json};

async fn timeline(shop: &Shop, path: &str, role: Role) -> (u16, Value) {
    let asked = shop.gateway.request(Method::GET, path).bearer_auth(shop.gateway.token(role));
    told(asked.send().await.unwrap()).await
}

#[tokio::test]
async fn a_timeline_names_services_causes_compensations_and_the_trace() {
    let shop = Shop::open(Settings::default()).await;
    let id = shop.whole_story().await;
    let path = format!("/v1/orders/{id}/timeline");
    let (status, whole) = timeline(&shop, &path, Role::Support).await;
    assert_eq!((status, &whole["status"]), (200, &json!("cancelled")), "{whole}");
    let entries = whole["entries"].as_array().unwrap();
    let cause = |entry: &Value| {
        let by = entries.iter().find(|other| other["message_id"] == entry["cause"]["message_id"]);
        by.map_or(&entry["cause"]["subject"], |by| &by["event"]).clone()
    };
    let row = |entry: &Value| {
        let row = [&entry["event"], &entry["service"], &cause(entry), &entry["compensates"]];
        row.map(|value| value.to_string().replace('"', "")).join(" ")
    };
    let mut told: Vec<String> = entries.iter().map(row).collect();
    // Who tells several things at once may be heard in any order.
    told.sort();
    let expected = [
        "order.cancel_requested orders cmd.order.cancel false",
        "order.cancelled orders shipment.cancelled false",
        "order.confirmed orders shipment.scheduled false",
        "order.created orders cmd.order.place false",
        "payment.captured payments payment.answered false",
        "payment.refunded payments payment.answered true",
        "shipment.cancelled shipping order.cancel_requested true",
        "shipment.held shipping order.created false",
        "shipment.scheduled shipping shipment.answered false",
        "stock.released inventory order.cancelled true",
        "stock.reserved inventory order.created false",
    ];
    assert_eq!(told, expected);
    let traced = entries.iter().filter(|entry| entry["trace_id"] == TRACE).count();
    assert!(traced >= 7, "what was told in a trace, and what followed: {whole}");
    let rest = timeline(&shop, &format!("{path}?after=9"), Role::Admin).await.1;
    assert_eq!(rest["entries"].as_array().unwrap()[..], entries[9..]);
    assert_eq!(timeline(&shop, &path, Role::Customer).await.0, 403, "also for the order's own customer");
    let (status, problem) = timeline(&shop, &format!("{path}?before=9"), Role::Admin).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("before")), "{problem}");
}

#[tokio::test]
async fn of_an_order_that_was_never_placed_there_is_the_reason() {
    let shop = Shop::open(Settings::default()).await;
    let mut body = order();
    body["lines"][0]["sku"] = json!(HOSTILE);
    let id = shop.accepted(&body).await;
    shop.show(id, "status", &["cancelled"]).await;
    let (_, whole) = timeline(&shop, &format!("/v1/orders/{id}/timeline"), Role::Admin).await;
    let entry = &whole["entries"][0];
    assert_eq!(
        (&entry["event"], &entry["cause"]["subject"]),
        (&json!("order.cancelled"), &json!("cmd.order.place"))
    );
    assert_eq!(entry["data"]["reason"]["code"], "invalid", "{entry}");
}
