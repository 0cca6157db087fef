//! Answers in Redis that every gateway can give.
//!
//! Each is written with the number of its kind's generation, and holds only as long as that is the newest: one INCR drops
//! all of a kind.

use super::{Away, Memory};
use crate::cache::{View, What};
use contracts::Slug;
use fred::{interfaces::KeysInterface, types::Expiration};

/// What Redis' keys begin with.
const VIEWS: &str = "view:";
/// What separates generation, tag and body.
const LINE: char = '\n';

fn generation(what: What) -> String {
    format!("generation:{}", what.name())
}

impl Memory {
    /// The answer under this key, if it is remembered and still holds.
    pub async fn view(&self, what: What, key: &str) -> Option<View> {
        let keys = vec![generation(what), format!("{VIEWS}{key}")];
        let found: Result<(Option<String>, Option<String>), Away> = self.ask(self.redis.mget(keys)).await;
        let (generation, text) = found.ok()?;
        let text = text?;
        let (of, rest) = text.split_once(LINE)?;
        if of != generation.as_deref().unwrap_or("0") {
            return None;
        }
        let (tag, body) = rest.split_once(LINE)?;
        Some(View { tag: tag.to_owned(), body: body.to_owned().into() })
    }

    /// Remembers an answer. Without Redis it does not.
    pub async fn keep_view(&self, what: What, key: &str, view: &View) {
        let Ok(body) = std::str::from_utf8(&view.body) else { return };
        let kept = async {
            let of: Option<String> = self.redis.get(generation(what)).await?;
            let text = format!("{}{LINE}{}{LINE}{body}", of.as_deref().unwrap_or("0"), view.tag);
            let seconds = i64::try_from(what.kept().as_secs()).unwrap_or(i64::MAX);
            let expire = Some(Expiration::EX(seconds));
            self.redis.set::<(), _, _>(format!("{VIEWS}{key}"), text, expire, None, false).await
        };
        let _: Result<(), Away> = self.ask(kept).await;
    }

    /// Drops listings, and all that was found.
    pub async fn drop_views(&self, slugs: &[Slug]) {
        let keys: Vec<String> =
            slugs.iter().map(|slug| format!("{VIEWS}{}:{slug}", What::Listing.name())).collect();
        let pipeline = self.redis.pipeline();
        let dropped = async {
            let () = pipeline.del(keys).await?;
            let () = pipeline.incr(generation(What::Search)).await?;
            pipeline.all::<()>().await
        };
        let _: Result<(), Away> = self.ask(dropped).await;
    }

    /// Drops everything.
    pub async fn drop_all_views(&self) {
        let pipeline = self.redis.pipeline();
        let dropped = async {
            let () = pipeline.incr(generation(What::Listing)).await?;
            let () = pipeline.incr(generation(What::Search)).await?;
            pipeline.all::<()>().await
        };
        let _: Result<(), Away> = self.ask(dropped).await;
    }
}
