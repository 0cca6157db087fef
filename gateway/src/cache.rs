//! What is shown to many: listings and pages of search, remembered near (in this process) and in Redis.
//!
//! The catalog says which listings are shown otherwise; what is remembered of them is dropped at once, here and in Redis.
//! While one request reads something anew, others for the same wait for it. Nothing is priced or sold by what is
//! remembered here. Without Redis it is remembered near alone.

mod follow;
pub(crate) use follow::follow;

use crate::{app::App, etag, problem::Problem};
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chassis::telemetry;
use quick_cache::{Weighter, sync};
use serde::Serialize;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// The most that is remembered near, in bytes.
const NEAR: u64 = 16 << 20;
/// About so many things.
const THINGS: usize = 16_384;
/// What is larger is not remembered.
const LARGEST: usize = 64 << 10;

/// What is remembered, and for how long: details half an hour, what was found five minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Listing,
    Search,
}

impl What {
    pub const fn kept(self) -> Duration {
        match self {
            Self::Listing => Duration::from_secs(30 * 60),
            Self::Search => Duration::from_secs(5 * 60),
        }
    }

    /// Of metrics and Redis' keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Search => "search",
        }
    }

    /// Under which it is remembered.
    pub fn key(self, name: &str) -> String {
        format!("{}:{name}", self.name())
    }
}

/// An answer that can be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// The entity tag, with its quotation marks.
    pub tag: String,
    /// JSON.
    pub body: Bytes,
}

impl View {
    pub fn new<T: Serialize>(tag: String, shown: &T) -> Result<Self, Problem> {
        let body = serde_json::to_vec(shown)
            .map_err(|_| Problem::new(crate::problem::Kind::Internal, "the answer could not be written"))?;
        Ok(Self { tag, body: body.into() })
    }

    /// The answer, or 304 when the caller has it. Whoever keeps it asks whether it is still so.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let whole = || ([(header::CONTENT_TYPE, "application/json")], self.body.clone()).into_response();
        let mut response = etag::tagged(asked, &self.tag, whole);
        let keep = HeaderValue::from_static("public, no-cache");
        response.headers_mut().insert(header::CACHE_CONTROL, keep);
        response
    }
}

#[derive(Clone)]
struct Kept {
    view: View,
    until: Instant,
}

#[derive(Clone)]
struct Bytewise;

impl Weighter<String, Kept> for Bytewise {
    fn weight(&self, key: &String, kept: &Kept) -> u64 {
        (key.len() + kept.view.body.len() + 128) as u64
    }
}

/// What is remembered near.
pub(crate) struct Cache {
    near: sync::Cache<String, Kept, Bytewise>,
    /// Grows whenever something is dropped: what was read before is not kept after.
    drops: AtomicU64,
}

impl Default for Cache {
    fn default() -> Self {
        Self { near: sync::Cache::with_weighter(THINGS, NEAR, Bytewise), drops: AtomicU64::new(0) }
    }
}

impl App {
    /// What is remembered under the name, or is read now.
    pub async fn view(
        &self,
        what: What,
        name: &str,
        read: impl Future<Output = Result<View, Problem>>,
    ) -> Result<View, Problem> {
        let key = what.key(name);
        let cache = &self.cache;
        if let Some(kept) = cache.near.get(&key) {
            if Instant::now() < kept.until {
                telemetry::cached(what.name(), "near");
                return Ok(kept.view);
            }
            cache.near.remove(&key);
        }
        let drops = cache.drops.load(Ordering::Acquire);
        // On the heap, since only who does not find it near needs it.
        let kept = Box::pin(cache.near.get_or_insert_async(&key, async {
            let (stamp, view) = self.memory.view(what, &key).await;
            if let Some(view) = view {
                telemetry::cached(what.name(), "redis");
                return Ok::<Kept, Problem>(Kept { view, until: Instant::now() + what.kept() });
            }
            telemetry::cached(what.name(), "miss");
            let view = read.await?;
            if let Some(stamp) = stamp.filter(|_| view.body.len() <= LARGEST) {
                self.memory.keep_view(what, &key, &stamp, &view).await;
            }
            Ok(Kept { view, until: Instant::now() + what.kept() })
        }));
        let kept: Kept = kept.await?;
        // Something was dropped while it was read, perhaps this: only those who asked meanwhile get it.
        if drops != cache.drops.load(Ordering::Acquire) || kept.view.body.len() > LARGEST {
            cache.near.remove(&key);
        }
        Ok(kept.view)
    }
}

impl Cache {
    /// Drops listings, and all that was found.
    fn drop_listings<'s>(&self, slugs: impl Iterator<Item = &'s str>) {
        self.drops.fetch_add(1, Ordering::AcqRel);
        for slug in slugs {
            self.near.remove(&What::Listing.key(slug));
        }
        let search = What::Search.key("");
        self.near.retain(|key, _| !key.starts_with(&search));
    }

    fn clear(&self) {
        self.drops.fetch_add(1, Ordering::AcqRel);
        self.near.clear();
    }
}
