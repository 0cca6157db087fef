//! The journal: inbox and outbox in one row.
//!
//! An input that comes again finds its row, and the very same outputs are published again under the same ids:
//! the input itself drives the outbox, so there is no relay, no polling and no second write.

use crate::{
    Db, Outgoing, Writes,
    delivery::{Delivery, storable},
    parts::Parts,
};
use contracts::MessageId;
use sqlx::{PgPool, Row, types::Json};
use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};
use uuid::Uuid;

/// Rows are kept longer than the streams keep messages (14 days), so that streams can be rebuilt from them.
const KEEP_DAYS: i32 = 16;
/// How often old rows are looked for.
const TRIM_EVERY: Duration = Duration::from_secs(3600);
/// Rows that one statement removes.
const TRIM_ROWS: i64 = 10_000;
/// A range index is read through a bitmap, or not at all.
const BEGIN_TRIM: &str = "begin; set local enable_bitmapscan = on";
/// Remove old rows: older than so many days, so many.
const TRIMS: [&str; 2] = [
    "delete from journal where ctid = any(array(
       select ctid from journal
       where recorded_at < now() - make_interval(days => $1) and not dead limit $2))",
    "delete from trail where ctid = any(array(
       select ctid from trail where noted_at < now() - make_interval(days => $1) limit $2))",
];
/// While the last message that a service took was stored longer ago than this, nothing is trimmed.
const TRIM_MAX_LAG: Duration = Duration::from_secs(24 * 3600);

/// What is known of the messages: the outputs of those that were taken before.
pub(crate) async fn read(db: &mut Db, ids: &[MessageId]) -> sqlx::Result<BTreeMap<MessageId, Vec<Outgoing>>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query("select message_id, outputs from journal where message_id = any($1)")
        .bind(ids)
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| Ok((MessageId(row.try_get("message_id")?), decode(row.try_get("outputs")?)?)))
        .collect()
}

/// What came of one message.
pub(crate) struct Entry {
    pub id: MessageId,
    pub outputs: Vec<Outgoing>,
    /// It was given up; its output is the dead letter.
    pub dead: bool,
}

/// Writes what came of messages. A unique violation means that another replica was first.
pub(crate) fn write(writes: &mut Writes, entries: &mut [Entry]) -> sqlx::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    entries.sort_unstable_by_key(|entry| entry.id);
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id.0).collect();
    let outputs = entries.iter().map(|entry| encode(&entry.outputs)).collect::<sqlx::Result<Vec<_>>>()?;
    let dead: Vec<bool> = entries.iter().map(|entry| entry.dead).collect();
    writes
        .add(
            "insert into journal (message_id, outputs, dead)
             select * from unnest($1::uuid[], $2::bytea[], $3::bool[])",
        )
        .bind(ids)
        .bind(outputs)
        .bind(dead);
    Ok(())
}

/// Keeps a message that was given up, whole.
pub(crate) async fn bury(db: &mut Db, delivery: &Delivery, why: &str) -> sqlx::Result<()> {
    sqlx::query(
        "insert into dead_letter (message_id, subject, stream, sequence, headers, body, error)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(delivery.id.0)
    .bind(&delivery.subject)
    .bind(&delivery.stream)
    .bind(delivery.sequence)
    .bind(Json(delivery.header_pairs()))
    .bind(delivery.body.as_ref())
    .bind(storable(why))
    .execute(db)
    .await?;
    Ok(())
}

/// A dead letter, taken out to be decided again.
pub(crate) struct Exhumed {
    pub subject: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: contracts::Timestamp,
}

/// Takes a dead letter out, under its journal row's lock, while that row still is a dead letter.
pub(crate) async fn exhume(db: &mut Db, id: MessageId) -> sqlx::Result<Option<Exhumed>> {
    let row = sqlx::query(
        "select d.subject, d.headers, d.body, d.at
         from journal j join dead_letter d using (message_id)
         where j.message_id = $1 and j.dead for update of j",
    )
    .bind(id.0)
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Exhumed {
            subject: row.try_get("subject")?,
            headers: row.try_get::<Json<Vec<(String, String)>>, _>("headers")?.0,
            body: row.try_get("body")?,
            at: contracts::Timestamp::new(row.try_get("at")?),
        })
    })
    .transpose()
}

/// Replaces a dead letter by what came of it at last.
pub(crate) async fn revive(db: &mut Db, id: MessageId, outputs: &[Outgoing]) -> sqlx::Result<()> {
    sqlx::query("update journal set outputs = $2, dead = false where message_id = $1")
        .bind(id.0)
        .bind(encode(outputs)?)
        .execute(&mut *db)
        .await?;
    // Its body may be personal, and nobody reads it again.
    sqlx::query("update dead_letter set redriven = true, body = '' where message_id = $1")
        .bind(id.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Removes old rows and trails once an hour, in small steps, unless the service is far behind.
pub(crate) async fn trim(parts: Parts) {
    let stop = parts.tasks.stop().clone();
    while stop.run_until_cancelled(tokio::time::sleep(TRIM_EVERY)).await.is_some() {
        let newest = parts.newest.load(Ordering::Relaxed);
        let lag = crate::clock::now().millis() - newest;
        if newest != 0 && u128::try_from(lag).is_ok_and(|lag| lag > TRIM_MAX_LAG.as_millis()) {
            continue;
        }
        match trim_once(&parts.db()).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(service = parts.name, rows, "journal trimmed"),
            Err(error) => tracing::warn!(service = parts.name, %error, "journal not trimmed"),
        }
    }
}

async fn trim_once(db: &PgPool) -> sqlx::Result<u64> {
    let mut removed = 0;
    for sql in TRIMS {
        loop {
            let mut tx = db.begin_with(BEGIN_TRIM).await?;
            let step =
                sqlx::query(sql).bind(KEEP_DAYS).bind(TRIM_ROWS).execute(&mut *tx).await?.rows_affected();
            tx.commit().await?;
            removed += step;
            if step == 0 {
                break;
            }
        }
    }
    Ok(removed)
}

/// Nothing is stored for messages that nothing followed.
fn encode(outputs: &[Outgoing]) -> sqlx::Result<Option<Vec<u8>>> {
    if outputs.is_empty() {
        return Ok(None);
    }
    postcard::to_stdvec(outputs).map(Some).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// What a row's outputs were.
pub(crate) fn decode(stored: Option<&[u8]>) -> sqlx::Result<Vec<Outgoing>> {
    let Some(stored) = stored else { return Ok(vec![]) };
    postcard::from_bytes(stored).map_err(|error| sqlx::Error::Decode(error.into()))
}
