//! What those who run the shop send.

use crate::gateway::{Gateway, told};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn refused(gateway: &Gateway, path: &str, body: &Value, field: &str) {
    let (status, told) = told(gateway.admin(Method::POST, path).json(body).send().await.unwrap()).await;
    assert_eq!((status, told["field"].as_str()), (400, Some(field)), "{path}: {told}");
}

#[tokio::test]
async fn stock_commands_are_stored_under_fresh_ids() {
    let gateway = Gateway::start().await;
    let receipt =
        json!({ "reference": "r1", "lines": [{ "sku": "A", "quantity": 5 }, { "sku": "B", "quantity": 7 }] });
    let sent = gateway.admin(Method::POST, "/v1/stock/receipts").json(&receipt).send().await.unwrap();
    let (status, sent) = told(sent).await;
    assert_eq!(status, 202, "{sent}");
    let (subject, headers, command) = gateway.newest().await;
    assert_eq!((subject.as_str(), &command), ("cmd.stock.receive", &receipt));
    let id: Uuid = headers.get("Nats-Msg-Id").unwrap().as_str().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(sent["command_id"], id.to_string());

    let adjustment = json!({ "reference": "a1", "sku": "A", "delta": -2, "reason": "broken" });
    let sent = gateway.admin(Method::POST, "/v1/stock/adjustments").json(&adjustment).send().await.unwrap();
    assert_eq!(sent.status(), 202);
    let (subject, _, command) = gateway.newest().await;
    assert_eq!((subject.as_str(), &command), ("cmd.stock.adjust", &adjustment));
    assert_eq!(gateway.stored().await, 2);
}

#[tokio::test]
async fn bad_commands_of_the_shop_are_refused_and_nothing_is_published() {
    let gateway = Gateway::start().await;
    let line = |sku: &str| json!({ "sku": sku, "quantity": 1 });
    let receipts = "/v1/stock/receipts";
    refused(&gateway, receipts, &json!({ "lines": [line("A")] }), "reference").await;
    refused(&gateway, receipts, &json!({ "reference": "r", "lines": [] }), "lines").await;
    refused(&gateway, receipts, &json!({ "reference": "r", "lines": vec![line("A"); 201] }), "lines").await;
    let twice = json!({ "reference": "r", "lines": [line("A"), line("B"), line("A")] });
    refused(&gateway, receipts, &twice, "lines[2].sku").await;
    let none = json!({ "reference": "r", "lines": [{ "sku": "A", "quantity": 0 }] });
    refused(&gateway, receipts, &none, "lines[0].quantity").await;
    let adjustments = "/v1/stock/adjustments";
    let adjustment =
        |delta: Value| json!({ "reference": "r", "sku": "A", "delta": delta, "reason": "counted" });
    refused(&gateway, adjustments, &adjustment(json!(0)), "delta").await;
    refused(&gateway, adjustments, &adjustment(json!(0.5)), "delta").await;
    let import = "/v1/products/import";
    let product = json!({ "sku": "A", "name": "Thing", "price": 100, "currency": "GBP" });
    refused(&gateway, import, &json!({ "products": [] }), "products").await;
    refused(&gateway, import, &json!({ "products": vec![product.clone(); 501] }), "products").await;
    let mut dear = product;
    dear["price"] = json!(1.99);
    refused(&gateway, import, &json!({ "products": [dear] }), "products[0].price").await;
    let refund = format!("/v1/payments/{}/refund", Uuid::now_v7());
    refused(&gateway, &refund, &json!({ "amount": 1 }), "reference").await;
    refused(&gateway, &refund, &json!({ "reference": "r", "amount": 0 }), "amount").await;
    refused(&gateway, &refund, &json!({ "reference": "r", "amount": -1 }), "amount").await;
    let status = gateway.admin(Method::PUT, &format!("/v1/orders/{}/status", Uuid::now_v7()));
    let (code, problem) = told(status.json(&json!({ "status": "lost" })).send().await.unwrap()).await;
    assert_eq!((code, problem["field"].as_str()), (400, Some("status")), "{problem}");
    assert_eq!(gateway.stored().await, 0);
}
