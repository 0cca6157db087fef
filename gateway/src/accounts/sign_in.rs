//! Coming in and going out: `/v1/auth`.

use super::{ACCOUNT, done, heard};
use crate::{
    access::{By, Peer, Session},
    app::App,
    body::Json,
    problem::Problem,
};
use axum::{extract::State, http::StatusCode};
use contracts::{
    ChangeEmail, ChangePassword, Email, EndSessions, ForgotPassword, Hidden, Language, Login, RefreshTokens,
    Register, ResetPassword, SignedIn, Text, VerifyEmail,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

type Done = Result<StatusCode, Problem>;

/// Who wants an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// Where the mail goes that the account comes from.
    email: Email,
    /// 8 to 128 characters, any of them.
    password: Hidden,
    /// What to call its owner.
    name: Option<Text<200>>,
    /// Of mails and pages; `en` when nothing is said.
    language: Option<Language>,
}

pub(crate) async fn register(
    State(app): State<Arc<App>>,
    Peer(from): Peer,
    Json(Registration { email, password, name, language }): Json<Registration>,
) -> Done {
    let language = language.unwrap_or(Language::ENGLISH);
    app.ask(&Register { email, password, name, language, from }, ACCOUNT).await.map(heard)
}

/// A mail's token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mailed {
    /// What stands after the `#` in the mail's link.
    token: Hidden,
}

pub(crate) async fn verify_email(State(app): State<Arc<App>>, Json(Mailed { token }): Json<Mailed>) -> Done {
    app.ask(&VerifyEmail { token }, ACCOUNT).await.map(done)
}

/// Who comes in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// Of the account.
    email: Email,
    /// Of the account.
    password: Hidden,
    /// Six digits or a recovery code, where the account has a second factor.
    code: Option<Hidden>,
    /// What the session is called in the list, such as `Ann's phone`.
    device: Option<Text<200>>,
}

pub(crate) async fn login(
    State(app): State<Arc<App>>,
    Peer(from): Peer,
    Json(Credentials { email, password, code, device }): Json<Credentials>,
) -> Result<axum::Json<SignedIn>, Problem> {
    app.ask(&Login { email, password, code, device, from }, ACCOUNT).await.map(axum::Json)
}

/// The newest refresh token of a session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// Good once: the answer has the next.
    refresh_token: Hidden,
}

pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    Json(Refresh { refresh_token }): Json<Refresh>,
) -> Result<axum::Json<SignedIn>, Problem> {
    app.ask(&RefreshTokens { refresh_token }, ACCOUNT).await.map(axum::Json)
}

/// Ends the session that the token belongs to.
pub(crate) async fn logout(State(app): State<Arc<App>>, By(by): By, Session(session): Session) -> Done {
    let Some(session_id) = session else {
        return Err(Problem::field("authorization", "this token belongs to no session"));
    };
    let end = EndSessions { user_id: by.id, session_id: Some(session_id) };
    // One that has ended by itself is as good as ended.
    app.look_for(&end).await.map(|_| done(()))
}

pub(crate) async fn logout_everywhere(State(app): State<Arc<App>>, By(by): By) -> Done {
    let end = EndSessions { user_id: by.id, session_id: None };
    app.ask(&end, ACCOUNT).await.map(|_| done(()))
}

/// Who forgot.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgotten {
    /// Of the account.
    email: Email,
}

pub(crate) async fn forgot_password(
    State(app): State<Arc<App>>,
    Peer(from): Peer,
    Json(Forgotten { email }): Json<Forgotten>,
) -> Done {
    app.ask(&ForgotPassword { email, from }, ACCOUNT).await.map(heard)
}

/// A new password, by a mail's token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    /// What stands after the `#` in the mail's link.
    token: Hidden,
    /// The new one: 8 to 128 characters.
    password: Hidden,
}

pub(crate) async fn reset_password(
    State(app): State<Arc<App>>,
    Json(Reset { token, password }): Json<Reset>,
) -> Done {
    app.ask(&ResetPassword { token, password }, ACCOUNT).await.map(done)
}

/// A new password, by the old one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The old one.
    current: Hidden,
    /// The new one: 8 to 128 characters.
    password: Hidden,
}

pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    By(by): By,
    Session(session_id): Session,
    Json(NewPassword { current, password }): Json<NewPassword>,
) -> Done {
    app.ask(&ChangePassword { user_id: by.id, session_id, current, password }, ACCOUNT).await.map(done)
}

/// Another e-mail address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmail {
    /// Where the mail with the token goes.
    email: Email,
    /// Of the account.
    password: Hidden,
}

pub(crate) async fn change_email(
    State(app): State<Arc<App>>,
    By(by): By,
    Json(NewEmail { email, password }): Json<NewEmail>,
) -> Done {
    app.ask(&ChangeEmail { user_id: by.id, email, password }, ACCOUNT).await.map(heard)
}
