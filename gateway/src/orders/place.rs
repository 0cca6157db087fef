//! `POST /v1/orders`: checks the shape, gives the order its id, and publishes the command durably.

use super::{live, prefer};
use crate::{
    access::{By, Trace},
    again::{self, Key},
    app::App,
    body::Json,
    hash::sha256,
    memory::{Away, Entry, IdempotencyKey},
    problem::{Kind, Problem},
    send::outgoing,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chassis::telemetry;
use contracts::{
    Address, Amount, Breakdown, Caller, Currency, CustomerId, Line, MAX_LINES, Message, MessageId, OrderId,
    OrderStatus, Payment, PlaceOrder, Quantity, Sku, SlotId, Text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// An order as a client places it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// Of all prices.
    currency: Currency,
    /// 1 to 1,000.
    #[schemars(length(min = 1, max = 1000))]
    lines: Vec<NewLine>,
    /// Where to.
    address: Address,
    /// When to deliver; none: the next that has room.
    #[serde(default)]
    slot: Option<SlotId>,
    /// How it is paid.
    payment: Payment,
}

/// So many of a SKU, at the price that the customer saw.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewLine {
    /// What.
    sku: Sku,
    /// How many.
    quantity: Quantity,
    /// Price of one, in minor units.
    unit_price: Amount,
}

/// What becomes a command, whichever way it came.
pub(crate) struct Form {
    pub currency: Currency,
    pub lines: Vec<Line>,
    pub address: Address,
    pub slot: Option<SlotId>,
    pub payment: Payment,
    pub breakdown: Option<Box<Breakdown>>,
}

impl From<NewOrder> for Form {
    fn from(order: NewOrder) -> Self {
        let NewOrder { currency, lines, address, slot, payment } = order;
        let line = |NewLine { sku, quantity, unit_price }| Line { sku, quantity, unit_price };
        Self {
            currency,
            lines: lines.into_iter().map(line).collect(),
            address,
            slot,
            payment,
            breakdown: None,
        }
    }
}

/// An order that is stored, and not settled yet.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Accepted {
    /// Its id.
    order_id: OrderId,
    /// Always `accepted`.
    status: OrderStatus,
}

impl Accepted {
    pub const fn new(order_id: OrderId) -> Self {
        Self { order_id, status: OrderStatus::Accepted }
    }
}

pub(crate) async fn place(
    State(app): State<Arc<App>>,
    By(caller): By,
    trace: Trace,
    headers: HeaderMap,
    Json(order): Json<NewOrder>,
) -> Result<Response, Problem> {
    if order.lines.is_empty() || order.lines.len() > MAX_LINES {
        return Err(Problem::field("lines", format!("an order has 1 to {MAX_LINES} lines")));
    }
    let canonical = serde_json::to_vec(&order).map_err(|_| Problem::new(Kind::Internal, "not written"))?;
    submit(&app, caller, trace, &headers, &canonical, async |_| Ok(Some(order.into()))).await
}

/// Gives the order its id, or finds the one that its key stands for, and publishes the command that `form` makes of the
/// id. No form: it is published already.
pub(crate) async fn submit(
    app: &Arc<App>,
    caller: Caller,
    trace: Trace,
    headers: &HeaderMap,
    canonical: &[u8],
    form: impl AsyncFnOnce(OrderId) -> Result<Option<Form>, Problem>,
) -> Result<Response, Problem> {
    let key = again::required(headers)?;
    let fresh =
        Entry { order: OrderId::from_v7(Uuid::now_v7()), body_hash: sha256(canonical), published: false };
    let remembered = IdempotencyKey::new(caller.id, &sha256(key.as_str().as_bytes()));
    // Without Redis `orders` decides what the key stands for.
    let known = app.memory.claim(&remembered, caller.id, &fresh).await;
    let (repeated, remembers) = (matches!(known, Ok(Some(_))), known.is_ok());
    let entry = match known {
        Ok(Some(first)) if first.body_hash != fresh.body_hash => {
            return Err(Problem::key_reused());
        }
        Ok(Some(first)) => first,
        Ok(None) | Err(Away) => fresh,
    };
    let waiting = match prefer::wait(headers) {
        Some(seconds) => Some((seconds, live::Settling::begin(app, caller, entry.order, repeated).await?)),
        None => None,
    };
    let id = entry.order;
    telemetry::about_order(id.0);
    if !entry.published
        && let Some(form) = form(id).await?
    {
        if repeated {
            app.memory.accept(id, caller.id).await;
        }
        publish(app, command(id, caller.id, key, &entry, form), repeated, trace).await?;
        if remembers {
            app.memory.published(remembered, entry);
        }
    }
    let response = match waiting {
        None => accepted(id, None),
        Some((seconds, settling)) => settled(id, seconds, settling).await,
    };
    Ok(again::answer(response, repeated))
}

async fn publish(app: &App, command: PlaceOrder, repeated: bool, trace: Trace) -> Result<(), Problem> {
    let id = MessageId::about(command.order_id.0, PlaceOrder::INFO.code, 0);
    let message = outgoing(id, command.order_id.0, &command)?.traced(trace.0);
    // A duplicate would spoil the batch of all others: what may be stored already goes alone.
    let published = if repeated {
        app.publisher.publish_again(vec![message]).await
    } else {
        app.publisher.publish(vec![message]).await
    };
    Ok(published?)
}

async fn settled(id: OrderId, seconds: u64, settling: live::Settling) -> Response {
    let applied = HeaderValue::from_str(&format!("wait={seconds}")).ok();
    let Some(view) = settling.within(seconds).await else { return accepted(id, applied) };
    let mut response = axum::Json(view).into_response();
    point_to(response.headers_mut(), id, applied);
    response
}

fn accepted(id: OrderId, applied: Option<HeaderValue>) -> Response {
    let mut response = (StatusCode::ACCEPTED, axum::Json(Accepted::new(id))).into_response();
    point_to(response.headers_mut(), id, applied);
    response
}

fn point_to(headers: &mut HeaderMap, id: OrderId, applied: Option<HeaderValue>) {
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/orders/{id}")) {
        headers.insert(header::LOCATION, location);
    }
    if let Some(applied) = applied {
        headers.insert("preference-applied", applied);
    }
}

fn command(id: OrderId, customer_id: CustomerId, key: Key, entry: &Entry, form: Form) -> PlaceOrder {
    let Form { currency, lines, address, slot, payment, breakdown } = form;
    let body_hash = Text::new(entry.body_hash.as_str()).expect("64 hexadecimal digits");
    PlaceOrder {
        order_id: id,
        customer_id,
        idempotency_key: key,
        body_hash,
        currency,
        lines,
        address,
        slot,
        payment,
        breakdown,
    }
}
