//! `PUT /v1/orders/{id}/status`: the parcel left, or arrived.

use super::{find_placed, order_id};
use crate::{
    access::{By, Trace},
    app::App,
    body::Json,
    problem::Problem,
    send::Sent,
};
use axum::extract::{Path, State};
use contracts::{DeliverShipment, DispatchShipment};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// What became of the parcel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewStatus {
    status: ParcelStatus,
}

/// What can become of a parcel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ParcelStatus {
    /// It left the house.
    Dispatched,
    /// It arrived.
    Delivered,
}

pub(crate) async fn set_status(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
    trace: Trace,
    Json(new): Json<NewStatus>,
) -> Result<Sent, Problem> {
    // The order's own id, should this one be an alias.
    let order_id = find_placed(&app, by, order_id(&id)?).await?.order_id;
    match new.status {
        ParcelStatus::Dispatched => app.send(order_id.0, &DispatchShipment { order_id }, trace).await,
        ParcelStatus::Delivered => app.send(order_id.0, &DeliverShipment { order_id }, trace).await,
    }
}
