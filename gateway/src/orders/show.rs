//! `GET /v1/orders/{id}`, and finding an order for all that is about one.

use super::{Accepted, order_id};
use crate::{
    access::By,
    app::App,
    memory::Away,
    problem::{Kind, Problem},
};
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use contracts::{Caller, GetOrder, OrderId, OrderView};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// An order, as far as it is known.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "one at a time")]
pub(crate) enum Shown {
    /// `orders` knows it.
    Placed(OrderView),
    /// It is stored, and `orders` has not seen it yet.
    Accepted(Accepted),
}

/// What is known of an order.
#[expect(clippy::large_enum_variant, reason = "one at a time")]
pub(crate) enum Found {
    /// `orders` knows it.
    Placed(OrderView),
    /// The gateway accepted it lately.
    Accepted,
}

/// Looks for an order that the caller may see.
pub(crate) async fn find(app: &App, by: Caller, order_id: OrderId) -> Result<Found, Problem> {
    if let Some(view) = app.look_for(&GetOrder { order_id, by }).await? {
        return Ok(Found::Placed(view));
    }
    match app.memory.accepted_by(order_id).await {
        Ok(Some(customer)) if by.role.sees_all() || customer == by.id => Ok(Found::Accepted),
        Ok(_) => Err(Problem::not_found("order")),
        // It may have been accepted a moment ago.
        Err(Away) => Err(Problem::not_found("order").retry_after(1)),
    }
}

/// The same for what only an order that is placed can have.
pub(crate) async fn find_placed(app: &App, by: Caller, order_id: OrderId) -> Result<OrderView, Problem> {
    match find(app, by, order_id).await? {
        Found::Placed(view) => Ok(view),
        Found::Accepted => Err(Problem::new(Kind::NotPlacedYet, "try again in a moment").retry_after(1)),
    }
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    By(caller): By,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = order_id(&id)?;
    let shown = match find(&app, caller, id).await? {
        Found::Placed(view) => Shown::Placed(view),
        Found::Accepted => Shown::Accepted(Accepted::new(id)),
    };
    Ok(Json(shown).into_response())
}
