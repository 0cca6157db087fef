//! `GET /v1/orders` and `GET /v1/orders/me`: pages by cursor, newest first.

use crate::{
    access::By,
    app::App,
    problem::Problem,
    query::{Query, page},
};
use axum::{Json, extract::State};
use contracts::{CustomerId, ListOrders, OrderId, OrderPage, OrderStatus};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Orders on a page when nothing is said.
const USUAL: u32 = 20;
/// The most orders on a page.
const MOST: u32 = 100;

/// Which of all orders.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Only this customer's.
    customer: Option<CustomerId>,
    /// Only these.
    status: Option<OrderStatus>,
    /// Only older than this one: the last page's `next`.
    before: Option<OrderId>,
    /// 1 to 100; 20 when nothing is said.
    limit: Option<u32>,
}

/// Which of the caller's orders.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MyFilter {
    /// Only these.
    status: Option<OrderStatus>,
    /// Only older than this one: the last page's `next`.
    before: Option<OrderId>,
    /// 1 to 100; 20 when nothing is said.
    limit: Option<u32>,
}

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    By(by): By,
    Query(filter): Query<Filter>,
) -> Result<Json<OrderPage>, Problem> {
    let Filter { customer, status, before, limit } = filter;
    let limit = page(limit, USUAL, MOST)?;
    app.ask(&ListOrders { by, customer, status, before, limit }, "order").await.map(Json)
}

pub(crate) async fn list_mine(
    State(app): State<Arc<App>>,
    By(by): By,
    Query(filter): Query<MyFilter>,
) -> Result<Json<OrderPage>, Problem> {
    let MyFilter { status, before, limit } = filter;
    let limit = page(limit, USUAL, MOST)?;
    app.ask(&ListOrders { by, customer: Some(by.id), status, before, limit }, "order").await.map(Json)
}
