//! Versions as entity tags (RFC 9110, 8.8.3): who has the newest version is not sent it again.

use crate::problem::Problem;
use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// Answers with this version, or with 304 when the caller's `If-None-Match` names it. What it names otherwise, or
/// cannot be read, is no reason to refuse: the caller gets the whole.
pub(crate) fn answer<T: Serialize>(asked: &HeaderMap, version: i64, body: T) -> Response {
    tagged(asked, &format!("\"{version}\""), || Json(body).into_response())
}

/// The same with any tag, and the whole answer made only if it is needed.
pub(crate) fn tagged(asked: &HeaderMap, tag: &str, whole: impl FnOnce() -> Response) -> Response {
    let is_known = asked.get_all(header::IF_NONE_MATCH).iter().any(|named| names(named, tag));
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { whole() };
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// What a change builds on: the version in the `If-Match` of a request, if it has one, as `version` reads it from between
/// the tag's quotation marks.
pub(crate) fn if_match(
    asked: &HeaderMap,
    version: impl FnOnce(&str) -> Option<i64>,
) -> Result<Option<i64>, Problem> {
    let Some(tag) = asked.get(header::IF_MATCH) else { return Ok(None) };
    let tag = tag.to_str().unwrap_or_default().trim();
    let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let wrong = || Problem::header("If-Match", "one `ETag`, such as \"3\"");
    tag.and_then(version).map(Some).ok_or_else(wrong)
}

/// Whether a list of tags names this one; weakly compared, as 13.1.2 wants it. Our tags have no comma.
fn names(named: &HeaderValue, tag: &str) -> bool {
    let Ok(named) = named.to_str() else { return false };
    named.trim() == "*"
        || named.split(',').map(str::trim).any(|one| one.strip_prefix("W/").unwrap_or(one) == tag)
}
