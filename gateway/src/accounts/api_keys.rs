//! Keys of the shop's programs: `/v1/api-keys`.

use super::done;
use crate::{access::By, again, app::App, body::Json, problem::Problem};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use contracts::{ApiKeyView, CreateApiKey, ListApiKeys, Made, RevokeApiKey, SessionId, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const KEY: &str = "API key";

/// A key to be made.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is for.
    name: Text<100>,
    /// A chapter of this document with `:read` or `:write`, such as `orders:read`; or `*`.
    scopes: Vec<Text<50>>,
    /// When it ends, in days from now; 90 when nothing is said, 366 at most.
    #[serde(default = "quarter")]
    days: u16,
}

const fn quarter() -> u16 {
    90
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    By(by): By,
    headers: HeaderMap,
    Json(new): Json<NewKey>,
) -> Result<Response, Problem> {
    let once = again::once(&headers, "POST /v1/api-keys", by.id, &new)?;
    let NewKey { name, scopes, days } = new;
    let Made { made, replayed } = app.ask(&CreateApiKey { by, name, scopes, days, once }, KEY).await?;
    Ok(again::answer((StatusCode::CREATED, axum::Json(made)), replayed))
}

/// All of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Keys {
    /// The newest first; also those that were revoked.
    api_keys: Vec<ApiKeyView>,
}

pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<axum::Json<Keys>, Problem> {
    Ok(axum::Json(Keys { api_keys: app.ask(&ListApiKeys {}, KEY).await? }))
}

pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let key_id: SessionId = id.parse().map_err(|_| Problem::not_found(KEY))?;
    app.ask(&RevokeApiKey { by, key_id }, KEY).await.map(done)
}
