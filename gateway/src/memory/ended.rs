//! Ended sessions in Redis: a gateway that starts knows them at once, whoever else is away.

use super::{Away, Memory};
use contracts::{Revoked, SessionId, Timestamp};
use fred::interfaces::{KeysInterface, SortedSetsInterface};

/// Their ids, by the millisecond since 1970 from which on their tokens have expired.
const KEY: &str = "ended_sessions";
/// The most that are read: more than end in an hour.
const MOST: i64 = 100_000;
/// How long Redis keeps them after the last one, in seconds: longer than any token lives.
const KEEP_S: i64 = 2 * 3_600;

impl Memory {
    /// Remembers ended sessions, and forgets those that no longer matter. Without Redis it does not.
    pub async fn end_sessions(&self, sessions: &[Revoked], now: Timestamp) {
        if sessions.is_empty() {
            return;
        }
        let scored: Vec<(f64, String)> =
            sessions.iter().map(|end| (score(end.until), end.session_id.to_string())).collect();
        let pipeline = self.redis.pipeline();
        let remembered = self.ask(async {
            let () = pipeline.zremrangebyscore(KEY, f64::NEG_INFINITY, score(now)).await?;
            let () = pipeline.zadd(KEY, None, None, false, false, scored).await?;
            let () = pipeline.expire(KEY, KEEP_S, None).await?;
            pipeline.all::<()>().await
        });
        let _: Result<(), Away> = remembered.await;
    }

    /// Those whose tokens may still be good.
    pub async fn ended_sessions(&self, now: Timestamp) -> Result<Vec<Revoked>, Away> {
        let limit = Some((0, MOST));
        let range = self.redis.zrangebyscore(KEY, score(now), f64::INFINITY, true, limit);
        let found: Vec<(String, f64)> = self.ask(range).await?;
        let read = |(id, until): (String, f64)| {
            let session_id: SessionId = id.parse().ok()?;
            Some(Revoked { session_id, until: millis(until)? })
        };
        Ok(found.into_iter().filter_map(read).collect())
    }
}

/// Milliseconds since 1970 are far below 2^53, so a double has them exactly.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn score(at: Timestamp) -> f64 {
    at.millis() as f64
}

fn millis(score: f64) -> Option<Timestamp> {
    format!("{score:.0}").parse().ok().map(Timestamp::from_millis)
}
