//! Timers: rows with a due time, claimed by a sweep that publishes what is due.

use crate::{Db, Outgoing, Publisher, clock, connect, service::Parts};
use contracts::{MessageId, Timestamp};
use sqlx::PgPool;
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

/// Sweeps until told to stop. What a crash keeps from being published is due again a minute later.
pub(crate) async fn run<S: Sweep>(parts: Parts) {
    let stop = parts.tasks.stop().clone();
    let db = parts.db();
    while stop.run_until_cancelled(tokio::time::sleep(S::EVERY)).await.is_some() {
        match sweep::<S>(&db, &parts.publisher).await {
            Ok(0) => {}
            Ok(messages) => tracing::info!(service = parts.name, sweep = S::NAME, messages, "timers fired"),
            Err(error) => tracing::warn!(service = parts.name, sweep = S::NAME, %error, "sweep failed"),
        }
    }
}

/// One sweep; how many messages it published.
async fn sweep<S: Sweep>(db: &PgPool, publisher: &Publisher) -> anyhow::Result<usize> {
    let due = async {
        let mut tx = db.begin().await?;
        let due = S::due(&mut tx, clock::now()).await?;
        tx.commit().await.map(|()| due)
    };
    let due = connect::in_time(due).await?;
    let sent: Vec<MessageId> = due.iter().map(|message| message.id).collect();
    if sent.is_empty() {
        return Ok(0);
    }
    // It may have been published before the last crash.
    publisher.publish_again(due).await?;
    connect::in_time(async { S::published(&mut *db.acquire().await?, &sent).await }).await?;
    Ok(sent.len())
}
