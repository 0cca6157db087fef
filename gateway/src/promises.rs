//! What customers were promised by `202 Accepted`, as the gateway remembers it: read, and where the flock never heard
//! of it taken back, by the operator's `heal`.

use crate::memory::{Entry, IdempotencyKey, KEYS, accepted};
use anyhow::Context;
use chassis::Secret;
use contracts::{CustomerId, OrderId};
use fred::{
    clients::Client,
    interfaces::{ClientLike, KeysInterface},
    types::{Builder, Expiration, SetOptions, Value, config::Config},
};
use std::time::Duration;

/// Keys that one step of the search looks through.
const PAGE: u32 = 1_000;
/// How long Redis may take for a step.
const PATIENCE: Duration = Duration::from_secs(10);

/// An idempotency key that stands for an order.
#[derive(Debug, Clone)]
pub struct Promise {
    key: String,
    entry: Entry,
    /// Who placed the order.
    pub customer: CustomerId,
}

impl Promise {
    fn read(key: String, entry: Option<&str>) -> Option<Self> {
        let (entry, customer) = (Entry::read(entry?)?, IdempotencyKey::customer(&key)?);
        Some(Self { key, entry, customer })
    }

    /// The order.
    #[must_use]
    pub const fn order(&self) -> OrderId {
        self.entry.order
    }

    /// Whether it is known that its placement was stored, so that the customer was told 202. If not, the customer was
    /// told 503 (or the mark was lost), and a repetition publishes it again.
    #[must_use]
    pub const fn was_stored(&self) -> bool {
        self.entry.published
    }
}

/// The gateway's memory of the last day.
pub struct Promises {
    redis: Client,
    cursor: Option<String>,
}

impl Promises {
    /// Opens it.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn open(url: &Secret) -> anyhow::Result<Self> {
        let mut builder = Builder::from_config(Config::from_url(url.expose()).context("REDIS_URL")?);
        builder.with_performance_config(|config| config.default_command_timeout = PATIENCE);
        let redis = builder.build()?;
        drop(redis.init().await.context("signing in to Redis (REDIS_URL)")?);
        Ok(Self { redis, cursor: Some("0".into()) })
    }

    /// The next of all promises, in no order; nothing after the last. One may come twice.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn next(&mut self) -> anyhow::Result<Option<Vec<Promise>>> {
        let Some(cursor) = self.cursor.take() else { return Ok(None) };
        let page = self.redis.scan_page(cursor, format!("{KEYS}*"), Some(PAGE), None).await;
        let (cursor, keys): (String, Vec<String>) = page.context("Redis")?;
        self.cursor = Some(cursor).filter(|cursor| cursor != "0");
        if keys.is_empty() {
            return Ok(Some(vec![]));
        }
        let entries: Vec<Option<String>> = self.redis.mget(keys.clone()).await.context("Redis")?;
        let read =
            keys.into_iter().zip(entries).filter_map(|(key, entry)| Promise::read(key, entry.as_deref()));
        Ok(Some(read.collect()))
    }

    /// Takes back what was not kept: the order is no longer shown as accepted, and who repeats the request under the
    /// same key has it published again, under the same id.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn take_back<'a>(&self, promises: impl IntoIterator<Item = &'a Promise>) -> anyhow::Result<()> {
        let pipeline = self.redis.pipeline();
        let mut any = false;
        for promise in promises {
            any = true;
            let entry = Entry { published: false, ..promise.entry.clone() };
            let (keep, there) = (Some(Expiration::KEEPTTL), Some(SetOptions::XX));
            let () = pipeline.set(promise.key.as_str(), entry.write(), keep, there, false).await?;
            let () = pipeline.del(accepted(promise.order())).await?;
        }
        if any {
            drop(pipeline.all::<Vec<Value>>().await.context("Redis")?);
        }
        Ok(())
    }
}
