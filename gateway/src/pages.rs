//! What a person or a tool may read: the OpenAPI document, the page that shows it, keys, kinds of problems.

use crate::{
    app::App,
    problem::{Kind, Problem},
};
use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock};

/// The page: it loads nothing but `/openapi.json`.
static PAGE: LazyLock<String> =
    LazyLock::new(|| include_str!("page.html").replace("/*script*/", SCRIPT).replace("/*style*/", STYLE));
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Only the page's own script and style may run, known by their hashes.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; connect-src 'self'; frame-ancestors 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'",
        hash(SCRIPT),
        hash(STYLE)
    )
});

pub(crate) async fn docs() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::CACHE_CONTROL, "max-age=300"),
    ];
    (headers, PAGE.as_str()).into_response()
}

pub(crate) async fn openapi(State(app): State<Arc<App>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, app.openapi.clone()).into_response()
}

pub(crate) async fn jwks(State(app): State<Arc<App>>) -> Response {
    ([(header::CACHE_CONTROL, "max-age=300")], Json(app.tokens.published())).into_response()
}

pub(crate) async fn problem(Path(slug): Path<String>) -> Result<Response, Problem> {
    let kind =
        Kind::ALL.iter().find(|kind| kind.slug() == slug).ok_or_else(|| Problem::not_found("problem"))?;
    Ok(Json(json!({ "title": kind.title(), "status": kind.status().as_u16() })).into_response())
}
