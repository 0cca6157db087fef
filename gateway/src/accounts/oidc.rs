//! Coming in with an account elsewhere: `/v1/auth/oidc`. The browser goes to the provider and comes back; a cookie that no
//! page can read says that it is the same browser.

use super::ACCOUNT;
use crate::{
    access::Peer,
    app::App,
    body::Json,
    problem::{Kind, Problem},
    query::Query,
};
use axum::{
    extract::{Path, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE},
    },
    response::{IntoResponse, Response},
};
use contracts::{FinishOidc, FinishOidcCode, Hidden, OidcFinished, SignedIn, StartOidc, Text};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// `__Host-`: browsers take it from this very host alone, by TLS or from their own machine.
const COOKIE_NAME: &str = "__Host-starling-oidc";
/// Back from another site's page it is sent all the same (`Lax`), with a page that the browser goes to, and nothing else.
const COOKIE_RULES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
/// What is looked for when there is no such provider.
const PROVIDER: &str = "provider";
/// Identity asks the provider meanwhile, for at most four seconds.
const PATIENCE: Duration = Duration::from_millis(5_500);

/// No cache keeps tokens, and no address with a code goes on to another page.
const PRIVATE: [(HeaderName, HeaderValue); 2] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Peer(from): Peer,
    Path(provider): Path<String>,
) -> Result<Response, Problem> {
    let started = app.ask_for(PATIENCE, &StartOidc { provider: named(provider)?, from }, PROVIDER).await?;
    let location = HeaderValue::from_str(started.url.as_str()).map_err(|_| broken())?;
    let cookie = cookie(started.browser.expose(), started.expires_in)?;
    Ok((StatusCode::FOUND, PRIVATE, [(LOCATION, location), (SET_COOKIE, cookie)]).into_response())
}

/// What a provider says in the address to which it sends the browser back. It may say more, which is not read.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Back {
    /// What identity exchanges for the provider's word.
    code: Option<Hidden>,
    /// As it went out.
    state: Hidden,
    /// Who the provider is (RFC 9207).
    iss: Option<Text<1_000>>,
}

pub(crate) async fn callback(
    State(app): State<Arc<App>>,
    Peer(from): Peer,
    Path(provider): Path<String>,
    headers: HeaderMap,
    Query(Back { code, state, iss: issuer }): Query<Back>,
) -> Result<Response, Problem> {
    let why = "the cookie of the browser that began is missing: begin again";
    let browser = browser(&headers).ok_or_else(|| Problem::field("cookie", why))?;
    let finish = FinishOidc { provider: named(provider)?, code, state, browser, issuer, from };
    let finished = app.ask_for(PATIENCE, &finish, PROVIDER).await?;
    let over = [(SET_COOKIE, cookie("over", 0)?)];
    Ok(match finished {
        OidcFinished::SignedIn(signed_in) => (PRIVATE, over, axum::Json(signed_in)).into_response(),
        OidcFinished::CodeNeeded(needed) => {
            (StatusCode::ACCEPTED, PRIVATE, over, axum::Json(needed)).into_response()
        }
    })
}

/// The second factor, for a sign-in that lacks nothing else.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    /// From the answer that said that a code is needed.
    ticket: Hidden,
    /// Six digits, or a recovery code.
    code: Hidden,
    /// What the session is called in the list; by which provider, when nothing is said.
    device: Option<Text<200>>,
}

pub(crate) async fn code(
    State(app): State<Arc<App>>,
    Peer(from): Peer,
    Json(Code { ticket, code, device }): Json<Code>,
) -> Result<axum::Json<SignedIn>, Problem> {
    app.ask(&FinishOidcCode { ticket, code, device, from }, ACCOUNT).await.map(axum::Json)
}

fn named(provider: String) -> Result<Text<32>, Problem> {
    Text::new(provider).map_err(|_| Problem::not_found(PROVIDER))
}

fn cookie(value: &str, seconds: u32) -> Result<HeaderValue, Problem> {
    let text = format!("{COOKIE_NAME}={value}; Max-Age={seconds}; {COOKIE_RULES}");
    HeaderValue::from_str(&text).map_err(|_| broken())
}

fn browser(headers: &HeaderMap) -> Option<Hidden> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == COOKIE_NAME)?;
    Hidden::try_from(value.to_owned()).ok()
}

fn broken() -> Problem {
    Problem::new(Kind::Internal, "the provider's page cannot be named")
}
