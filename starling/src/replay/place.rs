//! Placing one invoice as an order, and waiting until it is settled.

use super::Run;
use crate::{
    gateway_client::{As, Ask, GatewayClient},
    retail::Invoice,
};
use anyhow::{Context, bail};
use axum::http::Method;
use contracts::{OrderId, OrderStatus};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the gateway holds its answer back for an order to be settled.
const WAIT: &str = "wait=20";
/// First pause between looks at an order that is not settled yet; it doubles.
const PAUSE: Duration = Duration::from_millis(50);
/// Longest pause between looks.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// An order that is settled.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Its id (the first one under its idempotency key).
    pub order_id: OrderId,
    /// Confirmed or further, or cancelled.
    pub status: OrderStatus,
    /// Why, when cancelled.
    pub reason: Option<String>,
    /// It was there before: nothing was added.
    pub already_there: bool,
    /// From the first request to the answer that it is settled, as the client saw it; none for what was there.
    pub settled_in: Option<Duration>,
}

/// What the gateway says of an order; with `Prefer: wait` also in answer to its placement.
#[derive(Debug, Clone, Deserialize)]
pub struct View {
    /// Its id.
    pub order_id: OrderId,
    /// How far.
    pub status: OrderStatus,
    /// Why, when cancelled.
    #[serde(default)]
    pub reason: Option<Value>,
}

impl View {
    /// The reason's code.
    pub fn reason_code(&self) -> Option<String> {
        Some(self.reason.as_ref()?.get("code")?.as_str()?.to_owned())
    }
}

/// Places an invoice.
pub async fn place(run: &Run<'_>, sale: &Invoice) -> anyhow::Result<Placed> {
    let by = As::Customer(sale.customer);
    let key = format!("{}-{}", run.prefix, sale.number);
    let body = json!({
        "currency": "GBP",
        "lines": sale.order_lines(),
        "address": sale.address,
        "payment": { "method": run.method },
    })
    .to_string();
    let headers = [("Idempotency-Key", key.as_str()), ("Prefer", WAIT)];
    let began = Instant::now();
    let ask = Ask { method: Method::POST, path: "/v1/orders", headers: &headers, body: Some(body), by };
    let answer = run.gateway.send(&ask).await.with_context(|| format!("invoice {}", sale.number))?;
    let mut view: View = answer.json()?;
    if !view.status.is_settled() {
        view = settled(run.gateway, view.order_id, by, |view| view.status.is_settled())
            .await
            .with_context(|| format!("invoice {}", sale.number))?;
    }
    let already_there = id_made_at(view.order_id) < run.began_at;
    Ok(Placed {
        order_id: view.order_id,
        status: view.status,
        reason: view.reason_code(),
        already_there,
        settled_in: (!already_there).then(|| began.elapsed()),
    })
}

/// When the gateway made an order's id, by its clock, in milliseconds since 1970: a UUIDv7 begins with it. A key
/// that was used before is answered with the first id, or with one that `orders` found to stand for the first.
fn id_made_at(order_id: OrderId) -> i64 {
    i64::try_from(order_id.0.as_u128() >> 80).unwrap_or(i64::MAX)
}

/// Looks at an order, less and less often, until it is as wanted.
pub async fn settled(
    gateway: &GatewayClient,
    order_id: OrderId,
    by: As,
    wanted: impl Fn(&View) -> bool,
) -> anyhow::Result<View> {
    let path = format!("/v1/orders/{order_id}");
    let until = Instant::now() + gateway.patience();
    let mut pause = PAUSE;
    loop {
        let view: View = gateway.get(&path, by).await?;
        if wanted(&view) {
            return Ok(view);
        }
        if Instant::now() >= until {
            bail!("order {order_id} is still {:?} after {} s", view.status, gateway.patience().as_secs());
        }
        sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}
