//! Timers: rows with a due time, claimed by a sweep that publishes what is due.

use crate::{
    Db, Outgoing, clock, connect,
    parts::Parts,
    telemetry::{self, Letter, Step},
};
use contracts::{MessageId, Timestamp, is_about_an_order};
use sqlx::PgPool;
use std::{
    future::Future,
    time::{Duration, Instant},
};

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
        let began = Instant::now();
        let swept = sweep::<S>(&parts, &db).await;
        telemetry::swept(parts.name, S::NAME, began.elapsed());
        match swept {
            Ok(0) => {}
            Ok(messages) => tracing::info!(service = parts.name, sweep = S::NAME, messages, "timers fired"),
            Err(error) => tracing::warn!(service = parts.name, sweep = S::NAME, %error, "sweep failed"),
        }
    }
}

/// A timer's message begins a trace of its own.
fn trace(parts: &Parts, message: &mut Outgoing) -> Option<Step> {
    if message.trace.is_some() {
        return None;
    }
    let last = parts.trails.find(message.about);
    let (about, trace) = (Some(message.about), last.as_deref());
    let letter = Letter { service: parts.name, subject: &message.subject, about, trace };
    let step = telemetry::timer(&letter)?;
    message.trace = Some(step.traceparent());
    Some(step)
}

/// One sweep; how many messages it published.
async fn sweep<S: Sweep>(parts: &Parts, db: &PgPool) -> anyhow::Result<usize> {
    let due = async {
        let mut tx = db.begin().await?;
        let due = S::due(&mut tx, clock::now()).await?;
        let orders = due.iter().filter(|message| is_about_an_order(&message.subject));
        parts.trails.recall(&mut tx, orders.map(|message| message.about)).await?;
        tx.commit().await.map(|()| due)
    };
    let mut due = connect::in_time(due).await?;
    let sent: Vec<MessageId> = due.iter().map(|message| message.id).collect();
    if sent.is_empty() {
        return Ok(0);
    }
    // It may have been published before the last crash.
    let _traced: Vec<Step> = due.iter_mut().filter_map(|message| trace(parts, message)).collect();
    parts.publisher.publish_again(due).await?;
    connect::in_time(async { S::published(&mut *db.acquire().await?, &sent).await }).await?;
    Ok(sent.len())
}
