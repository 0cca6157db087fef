//! Payments: shown, paid another way, verified, refunded; and what providers tell.

use crate::{
    access::{By, Trace},
    app::{App, SANDBOX},
    body::{self, Json},
    orders::{find_placed, order_id},
    problem::{Kind, Problem},
    send::Sent,
};
use axum::extract::{Path, Request, State};
use chassis::{clock, signature};
use contracts::{
    Amount, GetPayment, OrderId, PayOrder, Payment, PaymentView, PaymentWebhook, Reference, RefundPayment,
    Text, VerifyPayment,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

const SIGNATURE: &str = "Starling-Signature";

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
) -> Result<axum::Json<PaymentView>, Problem> {
    let id = order_id(&id)?;
    if let Some(view) = app.look_for(&GetPayment { order_id: id, by }).await? {
        return Ok(axum::Json(view));
    }
    // Only `orders` knows that an id stands for another order.
    let order_id = find_placed(&app, by, id).await?.order_id;
    app.ask(&GetPayment { order_id, by }, "payment").await.map(axum::Json)
}

/// Another way to pay for an order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnotherWay {
    /// Which order.
    order_id: OrderId,
    /// The other way.
    payment: Payment,
}

pub(crate) async fn pay(
    State(app): State<Arc<App>>,
    By(by): By,
    trace: Trace,
    Json(new): Json<AnotherWay>,
) -> Result<Sent, Problem> {
    let order_id = find_placed(&app, by, new.order_id).await?.order_id;
    app.send(order_id.0, &PayOrder { order_id, by, payment: new.payment }, trace).await
}

pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
    trace: Trace,
) -> Result<Sent, Problem> {
    let order_id = find_placed(&app, by, order_id(&id)?).await?.order_id;
    app.send(order_id.0, &VerifyPayment { order_id, by }, trace).await
}

/// Money to give back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refund {
    /// The client's own; the same one again refunds nothing more.
    reference: Reference,
    /// How much, in minor units; none: all that is left.
    amount: Option<Amount>,
}

pub(crate) async fn refund(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
    trace: Trace,
    Json(Refund { reference, amount }): Json<Refund>,
) -> Result<Sent, Problem> {
    if amount == Some(Amount::ZERO) {
        return Err(Problem::field("amount", "more than 0, or none for all that is left"));
    }
    let order_id = find_placed(&app, by, order_id(&id)?).await?.order_id;
    app.send(order_id.0, &RefundPayment { order_id, reference, amount }, trace).await
}

pub(crate) async fn webhook(
    State(app): State<Arc<App>>,
    Path(provider): Path<String>,
    trace: Trace,
    request: Request,
) -> Result<Sent, Problem> {
    if provider != SANDBOX {
        return Err(Problem::not_found("provider"));
    }
    let Some(secret) = &app.webhook_secret else {
        return Err(Problem::new(Kind::Unavailable, "there is no secret to check signatures with"));
    };
    let given = request.headers().get(SIGNATURE).ok_or_else(|| Problem::header(SIGNATURE, "is required"))?;
    let given = given.to_str().ok().and_then(|given| Text::<200>::new(given).ok());
    let given = given.ok_or_else(|| Problem::header(SIGNATURE, "at most 200 ASCII characters"))?;
    let body = body::read(request, body::MOST_WEBHOOK).await?;
    let body = String::from_utf8(body.into()).map_err(|_| Problem::new(Kind::InvalidJson, "not UTF-8"))?;
    signature::verify(secret, given.as_str(), &body, clock::now(), signature::TOLERANCE).map_err(
        |forged| {
            tracing::warn!(provider, %forged, "a webhook was refused");
            Problem::new(Kind::ForgedSignature, forged.to_string()).at(SIGNATURE)
        },
    )?;
    let provider = Text::new(provider).map_err(|_| Problem::not_found("provider"))?;
    app.send_alone(&PaymentWebhook { provider, body, signature: given }, trace).await
}
