//! One's accounts at OpenID providers: `/v1/users/me/identities`.

use super::done;
use crate::{access::By, app::App, problem::Problem};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use contracts::{IdentityId, IdentityView, ListIdentities, RemoveIdentity};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

const IDENTITY: &str = "identity";

/// All of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Identities {
    /// The oldest link first.
    identities: Vec<IdentityView>,
}

pub(crate) async fn list(State(app): State<Arc<App>>, By(by): By) -> Result<axum::Json<Identities>, Problem> {
    let identities = app.ask(&ListIdentities { user_id: by.id }, IDENTITY).await?;
    Ok(axum::Json(Identities { identities }))
}

pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let identity_id: IdentityId = id.parse().map_err(|_| Problem::not_found(IDENTITY))?;
    app.ask(&RemoveIdentity { user_id: by.id, identity_id }, IDENTITY).await.map(done)
}
