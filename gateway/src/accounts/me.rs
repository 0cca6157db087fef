//! One's own account: `/v1/users/me`.

use super::{ACCOUNT, done};
use crate::{access::By, app::App, body::Json, problem::Problem};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use contracts::{
    DeleteUser, EndSessions, Export, ExportUser, GetUser, Hidden, ListSessions, Preferences, SessionId,
    SessionView, SetPreferences, SetProfile, Text, UserView,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

type Shown<T> = Result<axum::Json<T>, Problem>;

pub(crate) async fn show(State(app): State<Arc<App>>, By(by): By) -> Shown<UserView> {
    app.ask(&GetUser { user_id: by.id }, ACCOUNT).await.map(axum::Json)
}

/// What its owner is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// None takes it away.
    name: Option<Text<200>>,
}

pub(crate) async fn change(
    State(app): State<Arc<App>>,
    By(by): By,
    Json(Profile { name }): Json<Profile>,
) -> Shown<UserView> {
    app.ask(&SetProfile { user_id: by.id, name }, ACCOUNT).await.map(axum::Json)
}

/// Proof that it is its owner who deletes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Farewell {
    /// Of the account.
    password: Hidden,
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    By(by): By,
    Json(Farewell { password }): Json<Farewell>,
) -> Result<StatusCode, Problem> {
    app.ask(&DeleteUser { user_id: by.id, by, password: Some(password) }, ACCOUNT).await.map(done)
}

pub(crate) async fn export(State(app): State<Arc<App>>, By(by): By) -> Shown<Export> {
    app.ask(&ExportUser { user_id: by.id }, ACCOUNT).await.map(axum::Json)
}

pub(crate) async fn preferences(State(app): State<Arc<App>>, By(by): By) -> Shown<Preferences> {
    let user = app.ask(&GetUser { user_id: by.id }, ACCOUNT).await?;
    Ok(axum::Json(user.preferences))
}

pub(crate) async fn prefer(
    State(app): State<Arc<App>>,
    By(by): By,
    Json(preferences): Json<Preferences>,
) -> Shown<Preferences> {
    app.ask(&SetPreferences { user_id: by.id, preferences }, ACCOUNT).await.map(axum::Json)
}

/// The sessions that have not ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sessions {
    /// The newest first.
    sessions: Vec<SessionView>,
}

pub(crate) async fn sessions(State(app): State<Arc<App>>, By(by): By) -> Shown<Sessions> {
    let sessions = app.ask(&ListSessions { user_id: by.id }, ACCOUNT).await?;
    Ok(axum::Json(Sessions { sessions }))
}

pub(crate) async fn end_session(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let session_id: SessionId = id.parse().map_err(|_| Problem::not_found("session"))?;
    let end = EndSessions { user_id: by.id, session_id: Some(session_id) };
    app.ask(&end, "session").await.map(|_| done(()))
}
