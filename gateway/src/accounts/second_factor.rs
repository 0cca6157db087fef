//! The second factor: `/v1/users/me/totp` (RFC 6238).

use super::{ACCOUNT, done};
use crate::{access::By, app::App, body::Json, problem::Problem};
use axum::{extract::State, http::StatusCode};
use contracts::{ConfirmTotp, DropTotp, EnrolTotp, Hidden, RecoveryCodes, TotpSecret};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Proof that it is its owner.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    /// Of the account.
    password: Hidden,
}

pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    By(by): By,
    Json(Begin { password }): Json<Begin>,
) -> Result<axum::Json<TotpSecret>, Problem> {
    app.ask(&EnrolTotp { user_id: by.id, password }, ACCOUNT).await.map(axum::Json)
}

/// Proof that the app has the secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// Six digits.
    code: Hidden,
}

pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    By(by): By,
    Json(Confirmation { code }): Json<Confirmation>,
) -> Result<axum::Json<RecoveryCodes>, Problem> {
    app.ask(&ConfirmTotp { user_id: by.id, code }, ACCOUNT).await.map(axum::Json)
}

/// Both proofs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// Of the account.
    password: Hidden,
    /// Six digits, or a recovery code.
    code: Hidden,
}

pub(crate) async fn end(
    State(app): State<Arc<App>>,
    By(by): By,
    Json(End { password, code }): Json<End>,
) -> Result<StatusCode, Problem> {
    app.ask(&DropTotp { user_id: by.id, password, code }, ACCOUNT).await.map(done)
}
