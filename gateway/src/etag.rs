//! Versions as entity tags (RFC 9110, 8.8.3): who has the newest version is not sent it again.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// Answers with this version, or with 304 when the caller's `If-None-Match` names it. What it names otherwise, or
/// cannot be read, is no reason to refuse: the caller gets the whole.
pub(crate) fn answer<T: Serialize>(asked: &HeaderMap, version: i64, body: T) -> Response {
    let tag = format!("\"{version}\"");
    let known = is_known(asked, &tag);
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { Json(body).into_response() };
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Whether the caller has what this tag stands for.
pub(crate) fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    asked.get_all(header::IF_NONE_MATCH).iter().any(|named| names(named, tag))
}

/// Whether a list of tags names this one; weakly compared, as 13.1.2 wants it. Our tags have no comma.
fn names(named: &HeaderValue, tag: &str) -> bool {
    let Ok(named) = named.to_str() else { return false };
    named.trim() == "*"
        || named.split(',').map(str::trim).any(|one| one.strip_prefix("W/").unwrap_or(one) == tag)
}
