//! A provider's webhook is taken in only when its signature fits.

use crate::gateway::{Gateway, told};
use chassis::{Secret, clock, signature};
use reqwest::Method;
use serde_json::json;

const BODY: &str = r#"{"event_id":"1","outcome":"captured"}"#;

async fn check(gateway: &Gateway, provider: &str, header: Option<&str>, body: &str, status: u16, kind: &str) {
    let mut request =
        gateway.request(Method::POST, &format!("/v1/payments/webhook/{provider}")).body(body.to_owned());
    if let Some(header) = header {
        request = request.header("starling-signature", header);
    }
    let (seen, body) = told(request.send().await.unwrap()).await;
    assert_eq!((seen, &body["type"]), (status, &json!(format!("/problems/{kind}"))), "{body}");
}

#[tokio::test]
async fn only_a_signed_webhook_is_published() {
    let gateway = Gateway::start().await;
    let secret = signature::webhook_secret(&gateway.secret, "sandbox");
    let now_s = clock::now().millis() / 1000;
    let good = signature::sign(&secret, now_s, BODY);
    let forged = signature::sign(&Secret::from("another".to_owned()), now_s, BODY);
    let stale = signature::sign(&secret, now_s - 600, BODY);
    check(&gateway, "sandbox", None, BODY, 400, "invalid-header").await;
    check(&gateway, "sandbox", Some("nonsense"), BODY, 400, "forged-signature").await;
    check(&gateway, "sandbox", Some(&forged), BODY, 400, "forged-signature").await;
    check(&gateway, "sandbox", Some(&stale), BODY, 400, "forged-signature").await;
    check(&gateway, "sandbox", Some(&good), r#"{"event_id":"2"}"#, 400, "forged-signature").await;
    check(&gateway, "elsewhere", Some(&good), BODY, 404, "not-found").await;
    let large = "x".repeat(17 << 10);
    check(&gateway, "sandbox", Some(&signature::sign(&secret, now_s, &large)), &large, 413, "too-large")
        .await;
    assert_eq!(gateway.stored().await, 0);

    let request = gateway.request(Method::POST, "/v1/payments/webhook/sandbox").body(BODY);
    let (status, sent) = told(request.header("starling-signature", &good).send().await.unwrap()).await;
    assert_eq!(status, 202, "{sent}");
    let (subject, headers, command) = gateway.newest().await;
    assert_eq!(subject, "cmd.payment.webhook");
    assert_eq!(headers.get("Nats-Msg-Id").unwrap().as_str(), sent["command_id"].as_str().unwrap());
    assert_eq!(command, json!({ "provider": "sandbox", "body": BODY, "signature": good }));
}
