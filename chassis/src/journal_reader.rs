//! A journal read from outside: what its service heard and said, for whoever must publish again what a stream lost.

use crate::{Outgoing, connect, journal, settings};
use anyhow::Context as _;
use contracts::{MessageId, Timestamp};
use futures_util::{Stream, StreamExt};
use sqlx::{PgPool, Row, postgres::PgPoolOptions};
use std::{collections::BTreeSet, time::Duration};
use time::OffsetDateTime;
use uuid::Uuid;

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service's journal, opened for reading.
pub struct JournalReader {
    service: &'static str,
    db: PgPool,
}

impl JournalReader {
    /// Opens the journal of a service as that service's own user.
    ///
    /// # Errors
    /// When the URL is no Postgres URL.
    pub fn open(places: &settings::Parts, service: &'static str) -> anyhow::Result<Self> {
        let own = connect::database(places, service, 1)?;
        let options = (*own.connect_options()).clone().application_name("starling heal").options([
            ("default_transaction_read_only", "on"),
            // The journal's index by time is a range index: it is read through a bitmap, or not at all.
            ("enable_bitmapscan", "on"),
        ]);
        // One connection for what is read over a longer time, one for questions meanwhile.
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(PATIENCE);
        Ok(Self { service, db: pool.connect_lazy_with(options) })
    }

    /// Whose it is.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// When its oldest row was recorded, and what time it is by the same clock; nothing when there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn span(&self) -> anyhow::Result<Option<(Timestamp, Timestamp)>> {
        let row = sqlx::query("select min(recorded_at), now() from journal").fetch_one(&self.db).await;
        let row = row.with_context(|| format!("the journal of {}", self.service))?;
        let (oldest, now): (Option<OffsetDateTime>, OffsetDateTime) = (row.try_get(0)?, row.try_get(1)?);
        Ok(oldest.map(|oldest| (Timestamp::new(oldest), Timestamp::new(now).plus(Duration::from_millis(1)))))
    }

    /// What followed from the messages that were recorded from `from` on and before `until`: row by row, since it may
    /// be much.
    pub fn outputs(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Stream<Item = anyhow::Result<Vec<Outgoing>>> + Unpin {
        let rows = sqlx::query(
            "select outputs from journal where recorded_at >= $1 and recorded_at < $2 and outputs is not null",
        )
        .bind(from.inner())
        .bind(until.inner())
        .fetch(&self.db);
        let service = self.service;
        rows.map(move |row| {
            let outputs = row.and_then(|row| journal::decode(row.try_get(0)?));
            outputs.with_context(|| format!("a row of the journal of {service}"))
        })
    }

    /// Which of these messages the service never took.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unknown(&self, ids: &BTreeSet<MessageId>) -> anyhow::Result<BTreeSet<MessageId>> {
        let asked: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let known: Vec<Uuid> =
            sqlx::query_scalar("select message_id from journal where message_id = any($1)")
                .bind(asked)
                .fetch_all(&self.db)
                .await
                .with_context(|| format!("the journal of {}", self.service))?;
        let known: BTreeSet<MessageId> = known.into_iter().map(MessageId).collect();
        Ok(ids.difference(&known).copied().collect())
    }
}
