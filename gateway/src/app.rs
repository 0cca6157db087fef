//! What all handlers share.

use crate::{
    Settings, admin::Admin, cache::Cache, identity::api_keys::ApiKeys, keys::Keys, listings::images::Images,
    memory::Memory, quota::Quotas, rate::Rates, routes, token::Tokens,
};
use bytes::Bytes;
use chassis::{Health, Publisher, Secret, Tasks, Wiring, connect::Nats, settings::Parts, signature};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The one provider whose webhooks are known so far.
pub(crate) const SANDBOX: &str = "sandbox";

/// The most imports of whole files at a time: each holds one in memory.
const IMPORTS: usize = 2;

/// Everything that outlives a request.
pub(crate) struct App {
    pub nats: Nats,
    pub publisher: Publisher,
    pub memory: Memory,
    pub tokens: Tokens,
    pub api_keys: ApiKeys,
    /// When identity was last asked for a key that a token named.
    pub keys_asked: Mutex<Option<Instant>>,
    pub rates: Rates,
    pub cache: Cache,
    pub quotas: Quotas,
    pub health: Health,
    /// The sandbox provider's; none when there is nothing to derive it from.
    pub webhook_secret: Option<Secret>,
    /// A permit for each event stream and each request that waits.
    pub streams: Arc<Semaphore>,
    /// Imports of whole files that may be under way.
    pub imports: Arc<Semaphore>,
    pub images: Images,
    /// The OpenAPI document.
    pub openapi: Bytes,
    pub admin: Admin,
    pub stop: CancellationToken,
}

impl App {
    pub fn new(
        places: &Parts,
        settings: &Settings,
        wirings: &[Wiring],
        nats: Nats,
        publisher: Publisher,
        health: Health,
        tasks: &Tasks,
    ) -> anyhow::Result<Self> {
        let flock = Some(&places.secret).filter(|secret| !secret.expose().is_empty());
        let derived = || flock.map(|flock| signature::webhook_secret(flock, SANDBOX));
        Ok(Self {
            nats,
            publisher,
            memory: Memory::open(
                &places.redis_url,
                Duration::from_millis(settings.redis_patience_ms),
                tasks,
            )?,
            tokens: Tokens::new(Keys::new(
                settings.jwks.as_deref(),
                &places.secret,
                settings.gateway_development_tokens,
            )?),
            api_keys: ApiKeys::default(),
            keys_asked: Mutex::new(None),
            rates: Rates::new(settings),
            cache: Cache::default(),
            quotas: Quotas::new(settings),
            health,
            webhook_secret: settings.webhook_secret.clone().or_else(derived),
            streams: Arc::new(Semaphore::new(settings.gateway_streams.min(Semaphore::MAX_PERMITS))),
            imports: Arc::new(Semaphore::new(IMPORTS)),
            images: Images::open(settings)?,
            openapi: routes::openapi().into(),
            admin: Admin::new(settings, wirings, tasks)?,
            stop: tasks.stop().clone(),
        })
    }
}
