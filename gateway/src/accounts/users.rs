//! Others' accounts, for those who help and those who run the shop: `/v1/users`.

use super::{ACCOUNT, done};
use crate::{
    access::By,
    app::App,
    body::Json,
    problem::Problem,
    query::{self, Query},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use contracts::{
    ChangeUser, CustomerId, DeleteUser, GetHistory, GetUser, HistoryPage, ListUsers, MAX_USERS, Role, Text,
    UserPage, UserStatus, UserView,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Accounts, or entries, on a page when nothing is said.
const USUAL: u32 = 20;

/// Which accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Part of the e-mail address or the name.
    search: Option<Text<100>>,
    /// Only with this role.
    role: Option<Role>,
    /// Only with this status.
    status: Option<UserStatus>,
    /// Only older than this one: the last page's `next`.
    before: Option<CustomerId>,
    /// 1 to 100; 20 when nothing is said.
    limit: Option<u32>,
}

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(Filter { search, role, status, before, limit }): Query<Filter>,
) -> Result<axum::Json<UserPage>, Problem> {
    let limit = query::page(limit, USUAL, MAX_USERS)?;
    app.ask(&ListUsers { search, role, status, before, limit }, ACCOUNT).await.map(axum::Json)
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<axum::Json<UserView>, Problem> {
    app.ask(&GetUser { user_id: which(&id)? }, ACCOUNT).await.map(axum::Json)
}

/// What is to be changed; what is not named stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// What its owner may do.
    role: Option<Role>,
    /// Whether it may be used.
    status: Option<UserStatus>,
    /// Only if it is still this version.
    version: Option<i64>,
}

pub(crate) async fn change(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
    Json(Change { role, status, version }): Json<Change>,
) -> Result<axum::Json<UserView>, Problem> {
    let change = ChangeUser { user_id: which(&id)?, by, role, status, version };
    app.ask(&change, ACCOUNT).await.map(axum::Json)
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.ask(&DeleteUser { user_id: which(&id)?, by, password: None }, ACCOUNT).await.map(done)
}

/// Which entries.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Only older than this one: the last page's `next`.
    before: Option<i64>,
    /// 1 to 100; 20 when nothing is said.
    limit: Option<u32>,
}

pub(crate) async fn history(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(Page { before, limit }): Query<Page>,
) -> Result<axum::Json<HistoryPage>, Problem> {
    let limit = query::page(limit, USUAL, MAX_USERS)?;
    app.ask(&GetHistory { user_id: which(&id)?, before, limit }, ACCOUNT).await.map(axum::Json)
}

fn which(id: &str) -> Result<CustomerId, Problem> {
    id.parse().map_err(|_| Problem::not_found(ACCOUNT))
}
