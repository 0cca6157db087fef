//! What every request passes, whatever it asks for: its id, the limits, the headers of its answer.

use crate::{
    Settings,
    access::Peer,
    app::App,
    class::Class,
    cors::Cors,
    places::Places,
    problem::{Kind, Outcome, Problem},
    proxies::Proxies,
    routes,
    server::Pulse,
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Version, header},
    response::IntoResponse,
};
use chassis::telemetry;
use futures_util::FutureExt;
use hyper::{body::Incoming, service::Service};
use std::{
    convert::Infallible,
    net::IpAddr,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Time for a request, from its head to the head of its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time for a request with `Prefer: wait`, which may wait for half a minute, and for a picture to be sent.
const LONG_PATIENCE: Duration = Duration::from_secs(45);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Browsers come back by TLS only, for a year.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// What no page of ours needs.
const NO_DEVICES: HeaderValue = HeaderValue::from_static(
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
);
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Nothing may be loaded or framed by what is no page; pages say what they need.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// What the chassis serves: it needs no place.
const HEALTH: &str = "/health/";

/// Marks an answer to a request that found no place: [`Places`] tells of those.
#[derive(Clone)]
struct Refused;

/// The router and what stands around it.
pub(crate) struct Edge {
    router: Router,
    places: Places,
    cors: Option<Cors>,
    proxies: Proxies,
    /// Whether clients come by TLS.
    tls: bool,
}

impl Edge {
    pub fn new(app: &Arc<App>, settings: &Settings, proxies: Proxies, tls: bool) -> anyhow::Result<Self> {
        Ok(Self {
            router: routes::router(app),
            places: Places::new(settings.gateway_at_once),
            cors: Cors::new(&settings.gateway_cors_origins)?,
            proxies,
            tls,
        })
    }

    async fn handle(&self, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
        let began = Instant::now();
        let id = request_id(request.headers().get(REQUEST_ID));
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let client = self.proxies.client(peer, request.headers());
        let bounded = |request| self.bounded(client, request);
        let mut response = match &self.cors {
            Some(cors) => cors.around(request, bounded).await,
            None => bounded(request).await,
        };
        if response.status().is_server_error() && response.extensions().get::<Refused>().is_none() {
            let (status, duration_ms) = (response.status().as_u16(), began.elapsed().as_millis());
            let request_id = id.to_str().unwrap_or_default();
            tracing::warn!(request_id, %method, path, status, %duration_ms, "request failed");
        }
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        self.secure(headers);
        response
    }

    /// What every answer tells browsers.
    fn secure(&self, headers: &mut HeaderMap) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(PERMISSIONS_POLICY, NO_DEVICES);
        headers.entry(RESOURCE_POLICY).or_insert(HeaderValue::from_static("same-site"));
        if self.tls {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
        }
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }

    async fn bounded(&self, client: IpAddr, request: Request<Incoming>) -> Response<Body> {
        let class = Class::of(request.method().as_str(), request.uri().path());
        // Who asks whether the gateway is alive is answered above all when it is busy.
        let is_about_health = request.uri().path().starts_with(HEALTH);
        let place = if is_about_health { None } else { Some(self.places.take(class)) };
        if matches!(place, Some(None)) {
            let mut refused =
                Problem::new(Kind::Overloaded, "too many requests are under way").into_response();
            refused.extensions_mut().insert(Refused);
            return refused;
        }
        let patience = patience(class, request.uri().path(), request.headers());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(client));
        let answer = AssertUnwindSafe(route(self.router.clone(), request)).catch_unwind();
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => Problem::new(Kind::Internal, "the cause is in the log").into_response(),
            Err(_) => {
                telemetry::refused("slow");
                Problem::new(Kind::Overloaded, "no answer in time").outcome(Outcome::Unknown).into_response()
            }
        }
    }
}

/// How long a request may take.
pub(crate) fn patience(class: Class, path: &str, headers: &HeaderMap) -> Duration {
    if headers.contains_key("prefer") || class.is_upload(path) { LONG_PATIENCE } else { PATIENCE }
}

async fn route(mut router: Router, request: Request<Body>) -> Response<Body> {
    let response: Result<_, Infallible> = tower::Service::call(&mut router, request).await;
    response.unwrap_or_else(|never| match never {})
}

/// The client's id, if it has a decent one; else a fresh one.
fn request_id(given: Option<&HeaderValue>) -> HeaderValue {
    let decent = |id: &&HeaderValue| {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=64).contains(&id.len()) && id.as_bytes().iter().all(allowed)
    };
    given.filter(decent).cloned().unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        let text = Uuid::now_v7().simple().encode_lower(&mut text);
        HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("none"))
    })
}

/// The edge as one connection sees it.
#[derive(Clone)]
pub(crate) struct FromPeer {
    pub edge: Arc<Edge>,
    pub peer: IpAddr,
    pub pulse: Pulse,
    /// Once it is given, each answer is its connection's last.
    pub stop: CancellationToken,
}

impl Service<Request<Incoming>> for FromPeer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let Self { edge, peer, pulse, stop } = self.clone();
        let under_way = pulse.request();
        Box::pin(async move {
            // HTTP/2 has no such header: it says by a frame that a connection ends.
            let closes = request.version() < Version::HTTP_2;
            let mut response = edge.handle(peer, request).await;
            if closes && stop.is_cancelled() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| under_way.until_sent(body)))
        })
    }
}
