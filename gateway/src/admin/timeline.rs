//! `GET /v1/orders/{id}/timeline`: what happened to an order, and why.

use crate::{
    access::By,
    app::App,
    orders::{find_placed, order_id},
    problem::Problem,
    query::Query,
};
use axum::{
    Json,
    extract::{Path, State},
};
use contracts::{GetTimeline, Timeline};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// From where on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    /// Only entries with a higher number: the last one's of the page before.
    #[serde(default)]
    after: u32,
}

pub(crate) async fn timeline(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
    Query(After { after }): Query<After>,
) -> Result<Json<Timeline>, Problem> {
    let order_id = order_id(&id)?;
    let question = GetTimeline { order_id, by, after: after.into() };
    if let Some(timeline) = app.look_for(&question).await? {
        return Ok(Json(timeline));
    }
    // It may be accepted, and not placed yet.
    find_placed(&app, by, order_id).await?;
    app.ask(&question, "order").await.map(Json)
}
