//! The header fields that tell a caller what it may still ask (draft-ietf-httpapi-ratelimit-headers-10).

use super::window::WINDOW_S;
use crate::class::Class;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields {
    pub class: Class,
    /// Requests in the window.
    pub most: u64,
    /// Requests that are left.
    pub left: u64,
    /// Seconds until more are; when none are left: until one is.
    pub reset_s: u64,
}

impl Fields {
    /// `RateLimit-Policy: "read";q=3100;w=60` and `RateLimit: "read";r=3099;t=42`.
    pub fn write(self, headers: &mut HeaderMap) {
        let Self { class, most, left, reset_s } = self;
        let name = class.name();
        let policy = HeaderValue::try_from(format!("\"{name}\";q={most};w={WINDOW_S}"));
        let limit = HeaderValue::try_from(format!("\"{name}\";r={left};t={reset_s}"));
        if let (Ok(policy), Ok(limit)) = (policy, limit) {
            headers.insert(POLICY, policy);
            headers.insert(RATE_LIMIT, limit);
        }
    }
}
