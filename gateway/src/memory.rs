//! What the gateway remembers in Redis (7 or later): which order an idempotency key stands for, and which orders
//! were accepted lately, by whom.
//!
//! All of it is a convenience: without Redis `orders` decides about keys. So Redis gets little time, and when it
//! fails it is left alone for a while.

pub(crate) mod carts;
mod counts;
mod ended;
mod views;

pub(crate) use counts::Counted;

use chassis::{Secret, Tasks};
use contracts::{CustomerId, OrderId};
use fred::{
    clients::Client,
    interfaces::{ClientLike, KeysInterface},
    types::{
        Builder, Expiration, SetOptions,
        config::{Config, ReconnectPolicy, UnresponsiveConfig},
    },
};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// How long Redis is left alone after a failure, in milliseconds; then one request tries again.
const REST_MS: u64 = 2_000;
/// For so long after a failure, in milliseconds, it may not know of orders that were accepted meanwhile.
const GAP_MS: u64 = 60_000;
/// An answer that takes so long does not come any more: the connection is taken for dead, though nothing says so, and
/// a new one is made.
const DEAD: Duration = Duration::from_secs(4);
/// How long a key is remembered, in seconds.
const KEY_S: i64 = 24 * 3_600;
/// How long it is remembered that an order was accepted, in seconds.
const ACCEPTED_S: i64 = 3_600;
/// What Redis' keys of idempotency keys begin with.
pub(crate) const KEYS: &str = "idem:";
/// Published keys that wait to be marked so; what is beyond is not marked, and a repetition published again.
const MARKS: usize = 4_096;
/// The most that are marked in one round trip.
const MARKS_AT_ONCE: usize = 256;

/// Redis does not answer, or did not lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Away;

/// What an idempotency key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The order that was made under it.
    pub order: OrderId,
    /// SHA-256 of the request's canonical body, in hex.
    pub body_hash: String,
    /// Whether the order is known to be stored in the stream.
    pub published: bool,
}

impl Entry {
    pub fn write(&self) -> String {
        format!("{} {} {}", self.order, self.body_hash, u8::from(self.published))
    }

    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (order, body_hash, published) = (words.next()?, words.next()?, words.next()?);
        Some(Self { order: order.parse().ok()?, body_hash: body_hash.into(), published: published == "1" })
    }
}

/// The key under which an idempotency key is remembered.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// `hash` is the SHA-256 of the client's key, in hex: any key has the same length, and none can be read.
    pub fn new(customer: CustomerId, hash: &str) -> Self {
        Self(format!("{KEYS}{customer}:{hash}"))
    }

    /// Whose key it is, if Redis' key is that of an idempotency key.
    pub fn customer(redis_key: &str) -> Option<CustomerId> {
        redis_key.strip_prefix(KEYS)?.split(':').next()?.parse().ok()
    }
}

/// Redis.
pub(crate) struct Memory {
    redis: Client,
    began: Instant,
    /// Milliseconds since `began` until which Redis is left alone; 0 while all is well.
    rest_until: AtomicU64,
    /// Milliseconds since `began` until which what is not found may have been accepted while Redis was away.
    gap_until: AtomicU64,
    patience: Duration,
    marks: mpsc::Sender<(IdempotencyKey, Entry)>,
}

impl Memory {
    /// Connects in the background, again and again.
    pub fn open(url: &Secret, patience: Duration, tasks: &Tasks) -> anyhow::Result<Self> {
        let mut config = Config::from_url(url.expose())?;
        // Or a gateway that starts while Redis is away would never look for it again.
        config.fail_fast = false;
        let mut builder = Builder::from_config(config);
        builder
            .with_connection_config(|config| {
                config.connection_timeout = Duration::from_secs(2);
                config.internal_command_timeout = Duration::from_secs(2);
                config.max_command_attempts = 1;
                config.unresponsive =
                    UnresponsiveConfig { max_timeout: Some(DEAD), interval: Duration::from_secs(1) };
            })
            .with_performance_config(|config| config.default_command_timeout = patience)
            .set_policy(ReconnectPolicy::new_constant(0, 500));
        let redis = builder.build()?;
        drop(redis.connect());
        let (marks, receive) = mpsc::channel(MARKS);
        tasks.spawn(mark(redis.clone(), patience, receive));
        let (rest_until, gap_until) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { redis, began: Instant::now(), rest_until, gap_until, patience, marks })
    }

    /// Remembers `fresh` under the key, unless the key stands for something already: then that is returned.
    /// Also remembers that this customer's order was accepted.
    pub async fn claim(
        &self,
        key: &IdempotencyKey,
        customer: CustomerId,
        fresh: &Entry,
    ) -> Result<Option<Entry>, Away> {
        let pipeline = self.redis.pipeline();
        let accepted = (accepted(fresh.order), customer.to_string());
        let known = self.ask(async {
            let (nx, expire) = (Some(SetOptions::NX), Some(Expiration::EX(KEY_S)));
            let () = pipeline.set(key.0.as_str(), fresh.write(), expire, nx, true).await?;
            let () =
                pipeline.set(accepted.0, accepted.1, Some(Expiration::EX(ACCEPTED_S)), None, false).await?;
            pipeline.all::<(Option<String>, ())>().await
        });
        let (known, ()) = known.await?;
        Ok(known.as_deref().and_then(Entry::read))
    }

    /// Remembers once more that this customer's order was accepted: the first time may be long ago, or was taken back.
    /// Without Redis it is not.
    pub async fn accept(&self, order: OrderId, customer: CustomerId) {
        let expire = Some(Expiration::EX(ACCEPTED_S));
        let set = self.redis.set(accepted(order), customer.to_string(), expire, None, false);
        let _: Result<(), Away> = self.ask(set).await;
    }

    /// Remembers that the key's order is stored: soon, or not at all.
    pub fn published(&self, key: IdempotencyKey, entry: Entry) {
        drop(self.marks.try_send((key, Entry { published: true, ..entry })));
    }

    /// Whose order was accepted under this id within the last hour. Away, too, when that may have happened while
    /// Redis was.
    pub async fn accepted_by(&self, order: OrderId) -> Result<Option<CustomerId>, Away> {
        let customer: Option<String> = self.ask(self.redis.get(accepted(order))).await?;
        if customer.is_none() && self.now_ms() < self.gap_until.load(Ordering::Relaxed) {
            return Err(Away);
        }
        Ok(customer.and_then(|customer| customer.parse().ok()))
    }

    async fn ask<T>(&self, question: impl Future<Output = Result<T, fred::error::Error>>) -> Result<T, Away> {
        let now = self.now_ms();
        let rest_until = self.rest_until.load(Ordering::Relaxed);
        if rest_until > 0 {
            // Only one request tries whether Redis is back, and has the time for it.
            let (order, next) = (Ordering::Relaxed, now + self.patience_ms() + REST_MS);
            if now < rest_until || self.rest_until.compare_exchange(rest_until, next, order, order).is_err() {
                return Err(Away);
            }
        }
        let why = match tokio::time::timeout(self.patience, question).await {
            Ok(Ok(answer)) => {
                if rest_until > 0 {
                    self.rest_until.store(0, Ordering::Relaxed);
                    tracing::info!("Redis answers again");
                }
                return Ok(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        // From now on: waiting for the answer may have taken longer than the rest.
        let rested = self.now_ms() + REST_MS;
        self.gap_until.store(rested + GAP_MS, Ordering::Relaxed);
        if self.rest_until.swap(rested, Ordering::Relaxed) == 0 {
            tracing::warn!(why, "Redis is left alone for a while; orders decides about idempotency keys");
        }
        Err(Away)
    }

    fn now_ms(&self) -> u64 {
        millis(self.began.elapsed())
    }

    fn patience_ms(&self) -> u64 {
        millis(self.patience)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn accepted(order: OrderId) -> String {
    format!("accepted:{order}")
}

/// Marks keys as published, many in one round trip. Ends with the last handle.
async fn mark(redis: Client, patience: Duration, mut marks: mpsc::Receiver<(IdempotencyKey, Entry)>) {
    let mut waiting = Vec::with_capacity(MARKS_AT_ONCE);
    while marks.recv_many(&mut waiting, MARKS_AT_ONCE).await > 0 {
        let pipeline = redis.pipeline();
        let marked = async {
            for (key, entry) in waiting.drain(..) {
                let expire = Some(Expiration::EX(KEY_S));
                let () = pipeline.set(key.0, entry.write(), expire, None, false).await?;
            }
            pipeline.all::<()>().await
        };
        // A key that is not marked is published again when it is repeated, under the same id.
        if !matches!(tokio::time::timeout(patience, marked).await, Ok(Ok(()))) {
            tracing::debug!("published keys were not marked");
        }
    }
    drop(tokio::time::timeout(patience, redis.quit()).await);
}
