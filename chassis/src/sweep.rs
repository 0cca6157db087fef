//! Timers: rows with a due time, claimed by a sweep that publishes what is due.

use crate::{Db, Outgoing};
use contracts::{MessageId, Timestamp};
use std::{future::Future, time::Duration};

/// Finds due rows and turns them into messages.
///
/// A timer survives restarts; several replicas may sweep; firing twice does no harm, since `due_at` is part of
/// the command and of its id.
pub trait Sweep: Send + Sync + 'static {
    /// Name for logs.
    const NAME: &'static str;
    /// How often to look.
    const EVERY: Duration;

    /// Claims due rows (`for update skip locked`, next try a minute later), at most a few hundred, and returns
    /// their messages, which are published once the transaction is committed.
    fn due(db: &mut Db, now: Timestamp) -> impl Future<Output = sqlx::Result<Vec<Outgoing>>> + Send;

    /// The messages were acknowledged by JetStream; for rows that carry `unpublished`.
    fn published(db: &mut Db, sent: &[MessageId]) -> impl Future<Output = sqlx::Result<()>> + Send {
        let _ = (db, sent);
        async { Ok(()) }
    }
}

pub(crate) async fn run<S: Sweep>(parts: crate::service::Parts) {
    parts.tasks.stop().cancelled().await
}
