//! The operator's way through the front door: HTTP or HTTPS to the gateway, patient with 429 and 503.

mod way;

use crate::token::Identity;
use anyhow::{Context, bail};
use axum::http::{
    HeaderMap, Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER},
};
use clap::Args;
use contracts::CustomerId;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tokio::time::Instant;
use way::Way;

/// Wait before a request is sent again when the gateway does not say how long.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest wait that a `Retry-After` is granted.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Where the gateway is and who calls.
#[derive(Debug, Clone, Args)]
pub struct Door {
    /// The gateway's URL; without it, where GATEWAY_LISTEN says that it listens on this machine
    #[arg(long, env = "GATEWAY_URL")]
    pub gateway_url: Option<String>,
    /// Where the gateway listens on this machine
    #[arg(long, env = "GATEWAY_LISTEN", default_value = "127.0.0.1:8080")]
    pub gateway_listen: SocketAddr,
    /// PEM file of the authority that made the gateway's certificate, where this machine does not trust it anyway
    #[arg(long, env = "GATEWAY_CA")]
    pub gateway_ca: Option<PathBuf>,
    /// A token to use for everything, instead of tokens made from the flock's secret
    #[arg(long, env = "STARLING_TOKEN", hide_env_values = true)]
    pub token: Option<chassis::Secret>,
    /// How long a request is tried again while the gateway is away or overloaded, in seconds
    #[arg(long, env = "PATIENCE_S", default_value_t = 120)]
    pub patience_s: u64,
}

impl Door {
    fn url(&self) -> String {
        let local = || format!("http://{}", self.gateway_listen);
        self.gateway_url.as_ref().map_or_else(local, |url| url.trim_end_matches('/').to_owned())
    }
}

/// Who makes a request.
#[derive(Debug, Clone, Copy)]
pub enum As {
    /// A program of the shop's, with all rights.
    Service,
    /// A customer.
    Customer(CustomerId),
}

/// A request.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The verb.
    pub method: Method,
    /// With its leading slash.
    pub path: &'a str,
    /// More headers.
    pub headers: &'a [(&'static str, &'a str)],
    /// JSON, as it is sent; or nothing.
    pub body: Option<String>,
    /// Who asks.
    pub by: As,
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    /// 2xx, of what [`GatewayClient::send`] returns.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answered {
    /// The body as what it should be.
    ///
    /// # Errors
    /// When it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body).context("the gateway's answer")
    }
}

/// A connection to the gateway. Clones share it.
#[derive(Clone)]
pub struct GatewayClient {
    way: Way,
    base: String,
    identity: Arc<Identity>,
    patience: Duration,
    retries: Arc<AtomicU64>,
}

impl GatewayClient {
    /// Connects when needed.
    ///
    /// # Errors
    /// When there is neither a token nor a secret to make one from, or the authority cannot be read.
    pub fn new(door: &Door, secret: &chassis::Secret) -> anyhow::Result<Self> {
        let base = door.url();
        Ok(Self {
            way: Way::open(&base, door.gateway_ca.as_deref())?,
            base,
            identity: Arc::new(Identity::new(door.token.clone(), secret.clone())?),
            patience: Duration::from_secs(door.patience_s),
            retries: Arc::default(),
        })
    }

    /// How often a request had to be sent again so far.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// How long to be patient.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// The gateway's clock, in milliseconds since 1970, cut to whole seconds.
    ///
    /// # Errors
    /// When it does not answer, or without a date.
    pub async fn clock(&self) -> anyhow::Result<i64> {
        let ask =
            Ask { method: Method::GET, path: "/health/live", headers: &[], body: None, by: As::Service };
        let answer = self.send(&ask).await?;
        let date =
            answer.headers.get(DATE).and_then(|date| date.to_str().ok()).context("an answer without Date")?;
        // RFC 9110 writes GMT where RFC 2822 wants a number.
        let at = OffsetDateTime::parse(&date.replace("GMT", "+0000"), &Rfc2822)?;
        Ok(at.unix_timestamp() * 1000)
    }

    /// Reads something.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn get<T: DeserializeOwned>(&self, path: &str, by: As) -> anyhow::Result<T> {
        self.send(&Ask { method: Method::GET, path, headers: &[], body: None, by }).await?.json()
    }

    /// Sends something.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn post<B: Serialize + Sync>(&self, path: &str, body: &B, by: As) -> anyhow::Result<Answered> {
        let body = Some(serde_json::to_string(body)?);
        self.send(&Ask { method: Method::POST, path, headers: &[], body, by }).await
    }

    /// Sends a request, again and again as long as the gateway is away (no connection, 429, 502, 503, 504) and
    /// patience lasts. So only what may be repeated is sent this way: everything, since all that adds up has a key.
    ///
    /// # Errors
    /// When patience is over, or the gateway refuses: with its problem's type, detail and field.
    pub async fn send(&self, ask: &Ask<'_>) -> anyhow::Result<Answered> {
        let until = Instant::now() + self.patience;
        loop {
            let why = match self.once(ask).await {
                Ok(answer) if answer.status.is_success() => return Ok(answer),
                Ok(answer) => match pause_of(&answer) {
                    Some(pause) => (pause, problem(&answer)),
                    None => bail!("{} {}: {}", ask.method, ask.path, problem(&answer)),
                },
                Err(error) => (PAUSE, format!("{error:#}")),
            };
            let (pause, why) = why;
            if Instant::now() + pause >= until {
                bail!("{} {}: {why} (tried for {} s)", ask.method, ask.path, self.patience.as_secs());
            }
            self.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(pause).await;
        }
    }

    async fn once(&self, ask: &Ask<'_>) -> anyhow::Result<Answered> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(format!("{}{}", self.base, ask.path))
            .header(AUTHORIZATION, format!("Bearer {}", self.identity.token(ask.by)));
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        if ask.body.is_some() && !ask.headers.iter().any(|(name, _)| CONTENT_TYPE == *name) {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        self.way.send(request.body(ask.body.clone().unwrap_or_default().into())?).await
    }
}

/// How long to wait before the same request may do better; none when it never will.
fn pause_of(answer: &Answered) -> Option<Duration> {
    let passing = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    if !passing.contains(&answer.status) {
        return None;
    }
    let told = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Some(told.map_or(PAUSE, Duration::from_secs).min(MAX_PAUSE))
}

/// A problem (RFC 9457) in one line.
fn problem(answer: &Answered) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let part = |name: &str| body.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let parts: Vec<String> = ["type", "field", "detail"].into_iter().filter_map(part).collect();
    format!("{} {}", answer.status, parts.join(": "))
}
