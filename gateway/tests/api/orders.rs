//! An accepted order is stored; what waits is answered in time.

use crate::gateway::{Gateway, order, told};
use contracts::{Message, MessageId, OrderId, PlaceOrder, Role};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use std::{collections::BTreeSet, time::Instant};

#[tokio::test]
async fn an_accepted_order_is_in_the_stream_as_it_was_sent() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Customer);
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let placed =
        gateway.order(&token, "first", &order()).header("traceparent", traceparent).send().await.unwrap();
    assert_eq!(placed.status(), 202);
    let location = placed.headers()["location"].to_str().unwrap().to_owned();
    assert!(placed.headers().contains_key("x-request-id"));
    assert_eq!(placed.headers()["cache-control"], "no-store");
    assert_eq!(placed.headers()["x-content-type-options"], "nosniff");
    let (_, body) = told(placed).await;
    assert_eq!(body["status"], "accepted");
    let id: OrderId = body["order_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(location, format!("/v1/orders/{id}"));
    assert_eq!(id, OrderId::from_v7(id.0), "the last two bytes have room for the codes of its messages");

    let (subject, headers, command) = gateway.newest().await;
    let command: PlaceOrder = serde_json::from_value(command).unwrap();
    assert_eq!(subject, "cmd.order.place");
    let message_id = MessageId::about(id.0, PlaceOrder::INFO.code, 0);
    assert_eq!(headers.get("Nats-Msg-Id").unwrap().as_str(), message_id.to_string());
    assert_eq!(headers.get("ce-subject").unwrap().as_str(), id.to_string());
    assert_eq!(headers.get("ce-traceparent").unwrap().as_str(), traceparent);
    assert_eq!((command.order_id, command.idempotency_key.as_str()), (id, "first"));
    assert_eq!(command.lines[0].quantity.get(), 2);
    assert_eq!(command.address.name.as_str(), "Ann Other");
}

#[tokio::test]
async fn many_at_once_share_batches_and_each_is_stored_once() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Service);
    let all = join_all((0..400).map(|number| {
        let request = gateway.order(&token, &format!("key {number}"), &order());
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
    assert_eq!((ids.len(), gateway.stored().await), (400, 400));
    let in_batches = (1..=400).map(|sequence| gateway.commands.get_raw_message(sequence));
    let in_batches = join_all(in_batches).await;
    let in_batches = in_batches.into_iter().filter(|message| {
        message.as_ref().is_ok_and(|message| message.headers.get("Nats-Batch-Id").is_some())
    });
    assert!(in_batches.count() > 100, "concurrent requests share the stream's syncs");
}

#[tokio::test]
async fn a_wait_that_is_over_is_answered_as_accepted() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Customer);
    let began = Instant::now();
    let placed = gateway.order(&token, "patient", &order()).header("prefer", "wait=1").send().await.unwrap();
    let took_ms = began.elapsed().as_millis();
    assert!((1_000..3_000).contains(&took_ms), "{took_ms} ms");
    assert_eq!(placed.headers()["preference-applied"], "wait=1");
    let (status, body) = told(placed).await;
    assert_eq!((status, &body["status"]), (202, &json!("accepted")));
    assert_eq!(gateway.stored().await, 1);
}

#[tokio::test]
async fn without_the_services_reads_are_answered_503_at_once() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Admin);
    let id = OrderId::from_v7(uuid::Uuid::now_v7());
    for path in [
        format!("/v1/orders/{id}"),
        format!("/v1/orders/{id}/events"),
        "/v1/orders/me".into(),
        "/v1/orders?status=confirmed&limit=5".into(),
        format!("/v1/payments/{id}"),
        format!("/v1/shipments/{id}"),
        "/v1/delivery/slots?country=GB&postal_code=LS1".into(),
        "/v1/stock/A@1.00".into(),
        "/v1/products".into(),
        "/v1/products/A@1.00".into(),
    ] {
        let began = Instant::now();
        let response = gateway.request(Method::GET, &path).bearer_auth(&token).send().await.unwrap();
        assert!(response.headers().contains_key("retry-after"), "{path}");
        let (status, body) = told(response).await;
        assert_eq!((status, &body["type"]), (503, &json!("/problems/unavailable")), "{path}");
        assert!(began.elapsed().as_millis() < 1_000, "{path}");
    }
}
