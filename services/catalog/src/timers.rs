//! The sweep that tells what a request could not.

use crate::{announce, store};
use chassis::{Db, Outgoing, Sweep};
use contracts::{MessageId, Timestamp};
use std::time::Duration;

/// Products whose change was committed but not told: NATS was away, or the process ended in between.
#[derive(Debug, Clone, Copy)]
pub struct Unannounced;

/// The most products of one sweep.
const BATCH: i64 = 500;
/// When to tell a change again that a sweep has claimed, if it is not told by then.
const AGAIN: Duration = Duration::from_secs(60);

impl Sweep for Unannounced {
    const NAME: &'static str = "unannounced products";
    const EVERY: Duration = Duration::from_secs(5);

    async fn due(db: &mut Db, now: Timestamp) -> sqlx::Result<Vec<Outgoing>> {
        let mut due = store::products::claim(db, now, now.plus(AGAIN), BATCH).await?;
        due.sort_unstable_by(|a, b| (a.version, &a.sku).cmp(&(b.version, &b.sku)));
        announce::messages(&due).map_err(|error| sqlx::Error::Encode(error.into()))
    }

    async fn published(db: &mut Db, sent: &[MessageId]) -> sqlx::Result<()> {
        store::products::announced(db, sent).await
    }
}
