//! The picture of an account's owner: `/v1/users/me/avatar`. What it is its content says, not its header.

use super::done;
use crate::{
    access::By,
    app::App,
    body,
    problem::{Kind, Problem},
};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use contracts::{CustomerId, GetAvatar, MAX_AVATAR, SetAvatar};
use std::sync::Arc;

const PICTURE: &str = "picture";

pub(crate) async fn show(State(app): State<Arc<App>>, By(by): By) -> Result<Response, Problem> {
    let avatar = app.ask(&GetAvatar { user_id: by.id }, PICTURE).await?;
    let broken = || Problem::new(Kind::Internal, "the picture cannot be read");
    let media = HeaderValue::from_str(&avatar.media_type).map_err(|_| broken())?;
    let bytes = BASE64_STANDARD.decode(&avatar.picture).map_err(|_| broken())?;
    Ok(([(header::CONTENT_TYPE, media)], bytes).into_response())
}

pub(crate) async fn set(
    State(app): State<Arc<App>>,
    By(by): By,
    request: Request,
) -> Result<StatusCode, Problem> {
    let bytes = body::read(request, MAX_AVATAR).await?;
    keep(&app, by.id, Some(BASE64_STANDARD.encode(&bytes))).await
}

pub(crate) async fn take_away(State(app): State<Arc<App>>, By(by): By) -> Result<StatusCode, Problem> {
    keep(&app, by.id, None).await
}

async fn keep(app: &App, user_id: CustomerId, picture: Option<String>) -> Result<StatusCode, Problem> {
    app.ask(&SetAvatar { user_id, picture }, PICTURE).await.map(done)
}
