//! Requests in Redis: how many of each caller and class there are in a minute, at all gateways.

use super::{Away, Memory};
use fred::interfaces::KeysInterface;

/// How long a minute's count is kept, in seconds: as long as it may be asked for, and a gateway's clock may be behind.
const KEEP_S: i64 = 3 * 60;
/// Answers to each caller's questions: the sum, whether it will expire, and the last minute's.
const ANSWERS: usize = 3;

/// What one gateway counted.
pub(crate) struct Counted {
    /// Whose requests of which class.
    pub of: String,
    /// Which minute since 1970.
    pub minute: u64,
    pub amount: u64,
}

/// What all gateways counted.
pub(crate) struct Total {
    pub minute: u64,
    /// In the minute before that.
    pub before: u64,
}

impl Memory {
    /// Adds to the counts, all in one round trip; the totals, in the same order.
    pub async fn count(&self, counts: &[Counted]) -> Result<Vec<Total>, Away> {
        let pipeline = self.redis.pipeline();
        let added = self.ask(async {
            for Counted { of, minute, amount } in counts {
                let key = key(of, *minute);
                let amount = i64::try_from(*amount).unwrap_or(i64::MAX);
                let () = pipeline.incr_by(&key, amount).await?;
                let () = pipeline.expire(&key, KEEP_S, None).await?;
                let () = pipeline.get(self::key(of, minute.saturating_sub(1))).await?;
            }
            pipeline.all::<Vec<Option<u64>>>().await
        });
        let answers = added.await?;
        let total = |answers: &[Option<u64>]| Total {
            minute: answers.first().copied().flatten().unwrap_or(0),
            before: answers.get(2).copied().flatten().unwrap_or(0),
        };
        Ok(answers.chunks(ANSWERS).map(total).collect())
    }
}

fn key(of: &str, minute: u64) -> String {
    format!("rate:{of}:{minute}")
}
