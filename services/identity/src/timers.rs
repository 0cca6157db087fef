//! The sweep that tells what a request could not, and what would be forgotten.

use crate::{announce, store::sweep};
use chassis::{Db, Outgoing, Sweep, clock};
use contracts::{MessageId, Timestamp};
use std::time::Duration;

/// Accounts whose change was committed but not told: NATS was away, or the process ended in between. And those that were told
/// so long ago that the stream is about to forget them.
#[derive(Debug, Clone, Copy)]
pub struct Untold;

/// The most accounts of one sweep.
const BATCH: i64 = 250;
/// When to tell a change again that a sweep has claimed, if it is not told by then.
const AGAIN: Duration = Duration::from_secs(60);

impl Sweep for Untold {
    const NAME: &'static str = "untold accounts";
    const EVERY: Duration = Duration::from_secs(5);

    async fn due(db: &mut Db, now: Timestamp) -> sqlx::Result<Vec<Outgoing>> {
        let again_at = now.plus(AGAIN);
        let mut changed = sweep::claim_changed(db, now, again_at, BATCH).await?;
        changed.sort_unstable_by_key(|news| (news.version, news.user_id));
        let deleted = sweep::claim_deleted(db, now, again_at, BATCH).await?;
        announce::messages(&changed, &deleted).map_err(|error| sqlx::Error::Encode(error.into()))
    }

    async fn published(db: &mut Db, sent: &[MessageId]) -> sqlx::Result<()> {
        sweep::announced(db, sent, clock::now().plus(announce::TELL_AGAIN)).await
    }
}
