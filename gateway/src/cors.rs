//! Which web pages of other origins may use the gateway (CORS, as the Fetch standard has it).

use anyhow::{Context, bail, ensure};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, Response, Uri, header},
};
use hyper::body::Incoming;
use std::{convert::Infallible, time::Duration};
use tower::{Layer, Service, service_fn};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// What any page may send besides what no page needs leave for.
const ASKS: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("prefer"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-request-id"),
];
/// What a page may read of an answer's head.
const TELLS: [HeaderName; 11] = [
    header::CONTENT_DISPOSITION,
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("idempotency-replayed"),
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-request-id"),
];
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// How long a browser may remember what it was told.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// The rule.
pub(crate) struct Cors(CorsLayer);

impl Cors {
    /// None where no origins are named: then no answer says a word about them, and browsers keep other pages out.
    ///
    /// # Errors
    /// Names the setting, when one of them is no origin.
    pub fn new(origins: &str) -> anyhow::Result<Option<Self>> {
        let named: Vec<&str> =
            origins.split(',').map(str::trim).filter(|origin| !origin.is_empty()).collect();
        let rule = CorsLayer::new()
            .allow_methods(METHODS)
            .allow_headers(ASKS)
            .expose_headers(TELLS)
            .max_age(REMEMBERED);
        match named.as_slice() {
            [] => Ok(None),
            // Pages of anybody's are not sent what a browser keeps for the gateway.
            ["*"] => Ok(Some(Self(rule.allow_origin(Any).vary([])))),
            named => {
                let origins = named.iter().map(|origin| read(origin)).collect::<anyhow::Result<Vec<_>>>();
                let origins = AllowOrigin::list(origins.context("GATEWAY_CORS_ORIGINS")?);
                let rule = rule.allow_origin(origins).allow_credentials(true).vary([header::ORIGIN]);
                Ok(Some(Self(rule)))
            }
        }
    }

    /// Answers a browser's question whether a page may ask; lets all else through, and tells pages what they may read.
    pub async fn around<F>(
        &self,
        request: Request<Incoming>,
        next: impl Fn(Request<Incoming>) -> F,
    ) -> Response<Body>
    where
        F: Future<Output = Response<Body>>,
    {
        if request.method() == Method::OPTIONS && !is_preflight(&request) {
            return next(request).await;
        }
        let mut guarded = self.0.layer(service_fn(|request| {
            let answer = next(request);
            async { Ok::<_, Infallible>(answer.await) }
        }));
        guarded.call(request).await.unwrap_or_else(|never| match never {})
    }
}

fn is_preflight(request: &Request<Incoming>) -> bool {
    let headers = request.headers();
    headers.contains_key(header::ORIGIN) && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// An origin exactly as browsers write it, since it is compared as text.
fn read(origin: &str) -> anyhow::Result<HeaderValue> {
    if origin == "*" {
        bail!("`*` stands for all origins: it stands alone");
    }
    let uri: Uri = origin.parse().with_context(|| format!("`{origin}` is no origin"))?;
    let (scheme, authority) = (uri.scheme_str().unwrap_or_default(), uri.authority());
    let canonical = authority.map(|authority| format!("{scheme}://{authority}")).unwrap_or_default();
    let is_written_so =
        canonical == origin && origin == origin.to_ascii_lowercase() && !origin.contains(['@', '*']);
    let is_default_port = matches!((scheme, uri.port_u16()), ("http", Some(80)) | ("https", Some(443)));
    ensure!(
        matches!(scheme, "http" | "https") && is_written_so && !is_default_port,
        "`{origin}` is no origin as a browser writes it: https://shop.example, or with a port of its own"
    );
    HeaderValue::from_str(origin).with_context(|| format!("`{origin}` is no origin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_those_that_browsers_write() {
        for good in
            ["https://shop.example", "http://localhost:3000", "https://a.example, https://b.example", "*"]
        {
            assert!(Cors::new(good).unwrap().is_some(), "{good}");
        }
        for none in ["", " ", ","] {
            assert!(Cors::new(none).unwrap().is_none(), "{none}");
        }
        for bad in [
            "shop.example",
            "https://shop.example/",
            "https://shop.example/path",
            "https://Shop.example",
            "https://shop.example:443",
            "http://shop.example:80",
            "https://user@shop.example",
            "https://*.example",
            "ftp://shop.example",
            "null",
            "*, https://shop.example",
            "https://a.example https://b.example",
        ] {
            let error = format!("{:#}", Cors::new(bad).err().expect(bad));
            assert!(error.starts_with("GATEWAY_CORS_ORIGINS: "), "{error}");
        }
    }
}
