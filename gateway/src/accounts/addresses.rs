//! One's saved addresses: `/v1/users/me/addresses`.

use super::{ACCOUNT, done};
use crate::{access::By, again, app::App, body::Json, problem::Problem};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use contracts::{
    Address, AddressId, CustomerId, DeleteAddress, ListAddresses, Made, Once, SaveAddress, SavedAddress, Text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// All of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Addresses {
    /// The default one first.
    addresses: Vec<SavedAddress>,
}

pub(crate) async fn list(State(app): State<Arc<App>>, By(by): By) -> Result<axum::Json<Addresses>, Problem> {
    let addresses = app.ask(&ListAddresses { user_id: by.id }, ACCOUNT).await?;
    Ok(axum::Json(Addresses { addresses }))
}

/// An address to be saved.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAddress {
    /// What its owner calls it, such as `home`.
    label: Option<Text<50>>,
    /// Whether it is offered first from now on; the first one always is.
    #[serde(default)]
    is_default: bool,
    /// The address.
    address: Address,
}

impl NewAddress {
    fn save(self, user_id: CustomerId, address_id: Option<AddressId>, once: Option<Once>) -> SaveAddress {
        let Self { label, is_default, address } = self;
        SaveAddress { user_id, address_id, label, is_default, address, once }
    }
}

pub(crate) async fn add(
    State(app): State<Arc<App>>,
    By(by): By,
    headers: HeaderMap,
    Json(new): Json<NewAddress>,
) -> Result<Response, Problem> {
    let once = again::once(&headers, "POST /v1/users/me/addresses", by.id, &new)?;
    // The one that the same request saved before may have been deleted since.
    let Made { made, replayed } = app.ask(&new.save(by.id, None, once), "account or address").await?;
    Ok(again::answer((StatusCode::CREATED, axum::Json(made)), replayed))
}

pub(crate) async fn change(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
    Json(new): Json<NewAddress>,
) -> Result<axum::Json<SavedAddress>, Problem> {
    let saved = app.ask(&new.save(by.id, Some(which(&id)?), None), "address").await?;
    Ok(axum::Json(saved.made))
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.ask(&DeleteAddress { user_id: by.id, address_id: which(&id)? }, "address").await.map(done)
}

fn which(id: &str) -> Result<AddressId, Problem> {
    id.parse().map_err(|_| Problem::not_found("address"))
}
