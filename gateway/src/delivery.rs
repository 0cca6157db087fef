//! Delivery: slots and shipments.

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
use contracts::{Country, GetShipment, ListSlots, ShipmentView, Slot, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Destination {
    /// ISO 3166-1 alpha-2.
    country: Country,
    /// Where the country has them.
    postal_code: Option<Text<20>>,
}

/// Slots of a zone.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
}

pub(crate) async fn slots(
    State(app): State<Arc<App>>,
    Query(Destination { country, postal_code }): Query<Destination>,
) -> Result<Json<Slots>, Problem> {
    let slots = app.ask(&ListSlots { country, postal_code }, "zone").await?;
    Ok(Json(Slots { slots }))
}

pub(crate) async fn shipment(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
) -> Result<Json<ShipmentView>, Problem> {
    let id = order_id(&id)?;
    if let Some(view) = app.look_for(&GetShipment { order_id: id, by }).await? {
        return Ok(Json(view));
    }
    // Only `orders` knows that an id stands for another order.
    let order_id = find_placed(&app, by, id).await?.order_id;
    app.ask(&GetShipment { order_id, by }, "shipment").await.map(Json)
}
