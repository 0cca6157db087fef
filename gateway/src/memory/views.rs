//! Answers in Redis that every gateway can give.
//!
//! Each is written with the stamp that stood when its reading began: the generations of its kind and of itself. It holds
//! only as long as that is the newest stamp, so what is dropped while it is read does not come back by being kept.

use super::{Away, Memory};
use crate::cache::{View, What};
use contracts::Slug;
use fred::{interfaces::KeysInterface, types::Expiration};

/// What Redis' keys begin with.
const VIEWS: &str = "view:";
/// What separates stamp, tag and body.
const LINE: char = '\n';
/// How long a generation is kept after it was last changed, in seconds: longer than any answer.
const GENERATION_S: i64 = 3_600;

/// Generations, as they stood at one moment.
pub(crate) struct Stamp(String);

fn generation(of: &str) -> String {
    format!("generation:{of}")
}

impl Memory {
    /// The stamp as of now (none without Redis), and the answer under this key, if it is remembered and still holds.
    pub async fn view(&self, what: What, key: &str) -> (Option<Stamp>, Option<View>) {
        let keys = vec![generation(what.name()), generation(key), format!("{VIEWS}{key}")];
        let found: Result<[Option<String>; 3], Away> = self
            .ask(async {
                let (kind, own, text) = self.redis.mget(keys).await?;
                Ok([kind, own, text])
            })
            .await;
        let Ok([kind, own, text]) = found else { return (None, None) };
        let stamp = format!("{}.{}", kind.as_deref().unwrap_or("0"), own.as_deref().unwrap_or("0"));
        let holds = text.as_deref().and_then(|text| text.split_once(LINE)).filter(|(of, _)| *of == stamp);
        let view = holds.and_then(|(_, rest)| rest.split_once(LINE));
        let view = view.map(|(tag, body)| View { tag: tag.to_owned(), body: body.to_owned().into() });
        (Some(Stamp(stamp)), view)
    }

    /// Remembers an answer that was read after the stamp was. Without Redis it does not.
    pub async fn keep_view(&self, what: What, key: &str, stamp: &Stamp, view: &View) {
        let Ok(body) = std::str::from_utf8(&view.body) else { return };
        let text = format!("{}{LINE}{}{LINE}{body}", stamp.0, view.tag);
        let seconds = i64::try_from(what.kept().as_secs()).unwrap_or(i64::MAX);
        let kept = self.redis.set(format!("{VIEWS}{key}"), text, Some(Expiration::EX(seconds)), None, false);
        let _: Result<(), Away> = self.ask(kept).await;
    }

    /// Drops listings, and all that was found.
    pub async fn drop_views(&self, slugs: &[Slug]) {
        let pipeline = self.redis.pipeline();
        let dropped = async {
            for slug in slugs {
                let own = generation(&What::Listing.key(slug.as_str()));
                let () = pipeline.incr(&own).await?;
                let () = pipeline.expire(&own, GENERATION_S, None).await?;
            }
            let () = pipeline.incr(generation(What::Search.name())).await?;
            pipeline.all::<()>().await
        };
        let _: Result<(), Away> = self.ask(dropped).await;
    }

    /// Drops everything.
    pub async fn drop_all_views(&self) {
        let pipeline = self.redis.pipeline();
        let dropped = async {
            for what in [What::Listing, What::Search] {
                let () = pipeline.incr(generation(what.name())).await?;
            }
            pipeline.all::<()>().await
        };
        let _: Result<(), Away> = self.ask(dropped).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chassis::{Secret, Tasks};
    use std::time::Duration;
    use tools::scratch::Scratch;

    #[tokio::test]
    async fn what_was_dropped_while_it_was_read_does_not_come_back_by_being_kept() {
        let scratch = Scratch::new("views").unwrap();
        let redis = tools::redis::start(scratch.path(), None).unwrap();
        let url = Secret::from(redis.url().to_owned());
        let memory = Memory::open(&url, Duration::from_secs(2), &Tasks::default()).unwrap();
        let view = View { tag: "\"1\"".to_owned(), body: "{\"a\":\"b\\n\"}".into() };
        let mug = Slug::new("mug").unwrap();
        for (what, name) in [(What::Listing, "mug"), (What::Listing, "pot"), (What::Search, "hash")] {
            let key = what.key(name);
            let mut stamp = None;
            // The first connection takes a moment.
            while stamp.is_none() {
                stamp = memory.view(what, &key).await.0;
            }
            let stamp = stamp.unwrap();
            memory.keep_view(what, &key, &stamp, &view).await;
            assert_eq!(memory.view(what, &key).await.1.as_ref(), Some(&view), "{key}");
            memory.drop_views(std::slice::from_ref(&mug)).await;
            let stays = name == "pot";
            assert_eq!(memory.view(what, &key).await.1.is_some(), stays, "{key}");
            memory.keep_view(what, &key, &stamp, &view).await;
            assert_eq!(memory.view(what, &key).await.1.is_some(), stays, "{key}: it was read before");
            memory.drop_all_views().await;
            assert_eq!(memory.view(what, &key).await.1, None, "{key}");
        }
    }
}
