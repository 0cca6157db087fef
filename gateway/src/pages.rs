//! What a person or a tool may read: the OpenAPI document, the page that shows it, keys, kinds of problems.

use crate::{
    app::App,
    problem::{Kind, Problem},
};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock};

/// A page of our own: it brings its script and its style, asks nobody but the gateway, and puts nothing in but text.
pub(crate) struct Page {
    html: Bytes,
    policy: HeaderValue,
}

impl Page {
    /// Puts script and style into their places. Only they may run, known by their hashes.
    pub fn new(html: &str, script: &str, style: &str) -> Self {
        let html = html.replace("/*style*/", style).replace("/*script*/", script);
        let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
        let policy = format!(
            "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'",
            hash(script),
            hash(style)
        );
        // Words and base64: it always is one.
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { html: html.into(), policy }
    }

    /// The page as an answer.
    pub fn answer(&self) -> Response {
        let mut answer = self.html.clone().into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
        answer
    }
}

/// It loads nothing but `/openapi.json`.
static DOCS: LazyLock<Page> =
    LazyLock::new(|| Page::new(include_str!("page.html"), include_str!("page.js"), include_str!("page.css")));

pub(crate) async fn docs() -> Response {
    DOCS.answer()
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
