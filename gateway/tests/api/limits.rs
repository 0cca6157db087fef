//! Limits of pace, of what is under way, of what a body may be.

use crate::gateway::{Gateway, order, told};
use contracts::{ListOrders, Login, Request, Role};
use futures_util::future::join_all;
use gateway::Settings;
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

#[tokio::test]
async fn a_customer_who_is_too_fast_is_told_when_to_come_back() {
    let settings = Settings { rate_per_s: 5, rate_burst: 10, ..Settings::default() };
    let gateway = Gateway::start_with(settings).await;
    let (fast, other, program) =
        (gateway.token(Role::Customer), gateway.token(Role::Customer), gateway.token(Role::Service));
    let place = async |token: &str, key: usize| {
        gateway.order(token, &format!("key {key}"), &order()).send().await.unwrap()
    };
    let all = join_all((0..30).map(|key| place(&fast, key))).await;
    let refused: Vec<_> = all.iter().filter(|response| response.status() == 429).collect();
    assert!((10..=20).contains(&refused.len()), "{} of 30 refused", refused.len());
    assert_eq!(refused[0].headers()["retry-after"], "1");
    assert_eq!(gateway.stored().await, u64::try_from(30 - refused.len()).unwrap());
    assert_eq!(place(&other, 0).await.status(), 202, "another customer has a pace of its own");
    let all = join_all((0..30).map(|key| place(&program, key))).await;
    assert!(all.iter().all(|response| response.status() == 202), "so have programs of the shop's");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(place(&fast, 99).await.status(), 202);
}

#[tokio::test]
async fn who_guesses_tokens_is_slowed_down() {
    let gateway = Gateway::start_with(Settings { rate_address_per_s: 5, ..Settings::default() }).await;
    let guess = async |number: u32| {
        let request = gateway.request(Method::GET, "/v1/orders/me").bearer_auth(format!("guess {number}"));
        request.send().await.unwrap().status().as_u16()
    };
    let statuses = join_all((0..40).map(guess)).await;
    assert!(statuses.iter().filter(|status| **status == 429).count() >= 20, "{statuses:?}");
}

#[tokio::test]
async fn too_many_at_once_are_refused_and_the_next_is_not() {
    let gateway = Gateway::start_with(Settings { gateway_at_once: 4, ..Settings::default() }).await;
    let token = gateway.token(Role::Service);
    let waits = join_all((0..20).map(|key| {
        let request = gateway.order(&token, &format!("key {key}"), &order()).header("prefer", "wait=1");
        async { request.send().await.unwrap() }
    }));
    let refused = waits.await.into_iter().filter(|response| response.status() == 503).count();
    assert_eq!(refused, 16);
    assert_eq!(gateway.order(&token, "next", &order()).send().await.unwrap().status(), 202);
}

/// Hears a question, and never answers it: whoever asks waits for three seconds.
async fn never_answered(gateway: &Gateway, subject: &'static str) -> async_nats::Subscriber {
    let options = async_nats::ConnectOptions::with_user_and_password("test".into(), "test".into());
    let nats = options.connect(gateway.nats.url()).await.unwrap();
    let deaf = nats.subscribe(subject).await.unwrap();
    nats.flush().await.unwrap();
    deaf
}

#[tokio::test]
async fn reads_and_who_signs_in_do_not_take_the_places_of_orders() {
    let gateway = Gateway::start_with(Settings { gateway_at_once: 16, ..Settings::default() }).await;
    let token = gateway.token(Role::Service);
    let _deaf =
        [never_answered(&gateway, ListOrders::SUBJECT).await, never_answered(&gateway, Login::SUBJECT).await];
    let answer = async |request: reqwest::RequestBuilder| {
        let began = Instant::now();
        let response = request.send().await.unwrap();
        let again = response.headers().contains_key("retry-after");
        let (status, body) = told(response).await;
        assert_eq!((status, again), (503, true), "{body}");
        let refused = body["type"] == "/problems/overloaded";
        assert!(!refused || began.elapsed() < Duration::from_secs(2), "refused early: {:?}", began.elapsed());
        refused
    };
    let reads =
        join_all((0..20).map(|_| answer(gateway.request(Method::GET, "/v1/orders/me").bearer_auth(&token))));
    let login = json!({ "email": "ann@example.org", "password": "a long enough guess" });
    let logins =
        join_all((0..5).map(|_| answer(gateway.request(Method::POST, "/v1/auth/login").json(&login))));
    let orders = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        for key in 0..5 {
            let began = Instant::now();
            let placed = gateway.order(&token, &format!("key {key}"), &order()).send().await.unwrap();
            assert_eq!(placed.status(), 202);
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        }
        let live = gateway.request(Method::GET, "/health/ready").send().await.unwrap();
        assert_eq!(live.status(), 200, "health needs no place");
    };
    let (reads, logins, ()) = tokio::join!(reads, logins, orders);
    let refused = |answers: Vec<bool>| answers.into_iter().filter(|refused| *refused).count();
    assert_eq!((refused(reads), refused(logins)), (12, 3), "half the places, and an eighth");
}

#[tokio::test]
async fn too_many_streams_are_refused() {
    let gateway = Gateway::start_with(Settings { gateway_streams: 0, ..Settings::default() }).await;
    let token = gateway.token(Role::Customer);
    let waits = gateway.order(&token, "key", &order()).header("prefer", "wait=1").send().await.unwrap();
    let (status, body) = told(waits).await;
    assert_eq!((status, &body["type"]), (503, &json!("/problems/overloaded")));
    assert_eq!(gateway.stored().await, 0);
}

/// Sends bytes as they are; what comes back.
async fn raw(gateway: &Gateway, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(gateway: &Gateway, more: &str) -> String {
    let token = gateway.token(Role::Customer);
    format!(
        "POST /v1/orders HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {token}\r\nidempotency-key: key\r\n\
         content-type: application/json\r\nconnection: close\r\n{more}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let gateway = Gateway::start().await;
    let began = Instant::now();
    let answer = raw(&gateway, (head(&gateway, "content-length: 100") + "{").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!((7..12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_large_body_that_asks_first_is_not_read() {
    let gateway = Gateway::start().await;
    let answer =
        raw(&gateway, head(&gateway, "content-length: 10485760\r\nexpect: 100-continue").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_large_body_in_chunks_is_refused() {
    let gateway = Gateway::start().await;
    let mut bytes = head(&gateway, "transfer-encoding: chunked").into_bytes();
    for _ in 0..300 {
        bytes.extend_from_slice(b"400\r\n");
        bytes.extend_from_slice(&[b' '; 1_024]);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    let answer = raw(&gateway, &bytes).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(gateway.stored().await, 0);
}

#[tokio::test]
async fn request_ids_are_kept_if_they_are_decent() {
    let gateway = Gateway::start().await;
    let id = async |given: &str| {
        let request = gateway.request(Method::GET, "/health/live").header("x-request-id", given);
        request.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id("abc-1.2_3").await, "abc-1.2_3");
    for bad in ["", "a b", "<script>", &"x".repeat(65)] {
        assert_eq!(id(bad).await.len(), 32, "{bad}");
    }
}

#[tokio::test]
async fn who_is_traced_is_told_under_which_trace() {
    let gateway = Gateway::start().await;
    let token = gateway.token(Role::Customer);
    let told = async |given: &str| {
        let placed =
            gateway.order(&token, Uuid::new_v4().to_string().as_str(), &order()).header("traceparent", given);
        let placed = placed.send().await.unwrap();
        assert_eq!(placed.status(), 202);
        placed.headers().get("traceparent").map(|told| told.to_str().unwrap().to_owned())
    };
    let sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let trace = told(sampled).await.expect("a trace");
    assert_eq!(trace[..35], sampled[..35]);
    let (_, headers, _) = gateway.newest().await;
    assert_eq!(headers.get("ce-traceparent").unwrap().as_str(), trace, "the command belongs to it");
    assert_eq!(told("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").await, None);
    assert_eq!(told("nonsense").await, None);
}
