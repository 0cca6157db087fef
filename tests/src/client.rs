//! A client of the gateway with a token.

use contracts::Role;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

use crate::{Flock, Order, eventually};

/// Longer than any test.
const TOKEN_LIFE: Duration = Duration::from_secs(3_600);

/// One customer (or admin …) of the gateway.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    /// The token's subject.
    pub id: Uuid,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// Body; null when it is no JSON.
    pub body: Value,
}

impl Answer {
    /// What was refused and for what reason, without what differs from one request to the next.
    #[must_use]
    pub fn refusal(&self) -> String {
        let part = |name: &str| self.body[name].as_str().unwrap_or_default();
        let (status, kind, outcome, detail) =
            (self.status.as_u16(), part("type"), part("outcome"), part("detail"));
        let abrupt =
            self.status == StatusCode::SERVICE_UNAVAILABLE && !self.headers.contains_key("retry-after");
        format!("{status} {kind} {outcome} {detail}{}", if abrupt { " (no Retry-After)" } else { "" })
    }
}

/// How a request was left without an answer.
pub(crate) fn without_answer(error: &reqwest::Error) -> String {
    if error.is_connect() { "no connection".into() } else { "no answer".into() }
}

impl Client {
    pub(crate) fn new(flock: &Flock, role: Role, id: Uuid) -> Self {
        let token = gateway::token::mint(&flock.secret(), id, role, TOKEN_LIFE);
        let http = reqwest::Client::builder().timeout(Duration::from_secs(40)).build().expect("a client");
        Self { http, base: flock.gateway(), token, id }
    }

    /// The same with a token that it was given.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// A request, ready to be changed and sent.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// The same without a token.
    pub fn anonymous(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request that must be answered.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    /// Sends a request that may find nobody.
    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await?;
        Ok(Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// Gets something.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Places an order under this key.
    pub async fn place_as(&self, key: &str, order: &Order) -> Answer {
        self.send(self.request(Method::POST, "/v1/orders").header("idempotency-key", key).json(&order.0))
            .await
    }

    /// Places an order that must be accepted; its id.
    pub async fn place(&self, order: &Order) -> String {
        let answer = self.place_as(&Uuid::new_v4().to_string(), order).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        answer.body["order_id"].as_str().expect("an order id").to_owned()
    }

    /// Places an order and waits, at most 30 seconds, until it is settled; the order.
    pub async fn place_and_wait(&self, order: &Order) -> Value {
        let request = self.request(Method::POST, "/v1/orders").header("prefer", "wait=30").json(&order.0);
        let answer = self.send(request.header("idempotency-key", Uuid::new_v4().to_string())).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body
    }

    /// Places an order that must be confirmed; its id.
    pub async fn place_confirmed(&self, order: &Order) -> String {
        let view = self.place_and_wait(order).await;
        assert_eq!(view["status"], "confirmed", "{view}");
        view["order_id"].as_str().expect("an order id").to_owned()
    }

    /// Cancels an order; the status.
    pub async fn cancel(&self, order: &str) -> StatusCode {
        self.send(self.request(Method::DELETE, &format!("/v1/orders/{order}"))).await.status
    }

    /// An order as the gateway shows it.
    pub async fn order(&self, order: &str) -> Value {
        self.get(&format!("/v1/orders/{order}")).await.body
    }

    /// An order's shipment.
    pub async fn shipment(&self, order: &str) -> Value {
        self.get(&format!("/v1/shipments/{order}")).await.body
    }

    /// Says what became of an order's parcel.
    pub async fn put_status(&self, order: &str, status: &str) -> Answer {
        let request = self.request(Method::PUT, &format!("/v1/orders/{order}/status"));
        self.send(request.json(&serde_json::json!({"status": status}))).await
    }

    /// Waits until an order has this status; the order.
    pub async fn until(&self, order: &str, status: &str) -> Value {
        let mut last = Value::Null;
        eventually(&format!("{order} is {status}"), async || {
            last = self.order(order).await;
            last["status"] == status
        })
        .await;
        last
    }

    /// Waits until an order is confirmed or cancelled; the order.
    pub async fn until_settled(&self, order: &str) -> Value {
        let mut last = Value::Null;
        eventually(&format!("{order} is settled"), async || {
            last = self.order(order).await;
            last["status"] == "confirmed" || last["status"] == "cancelled"
        })
        .await;
        last
    }
}
