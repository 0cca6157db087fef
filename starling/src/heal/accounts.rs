//! Accounts: requests bring them about, so no journal has their events. Their rows are the news itself, and what is left of
//! those that are gone.

use super::{Patient, Report, held::Held};
use anyhow::Context;
use chassis::connect;
use contracts::{Message, MessageId, UserChanged, stream_of};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

/// Where the news stands: of those who are here, and of those who have left, whom all others must forget.
const TABLES: [&str; 2] = ["account", "deleted_account"];

/// Has identity tell the accounts whose last news is not in the stream: its sweep finds them within seconds.
pub async fn tell_again(patient: &Patient, held: &Held, report: &mut Report) -> anyhow::Result<()> {
    let info = UserChanged::INFO;
    let stream = stream_of(info.subject).map_or("", |stream| stream.name);
    let db = connect::database(&patient.places, info.owner, 1)?;
    for table in TABLES {
        let told = told(&db, table, patient).await.context("the accounts of identity")?;
        let missing: Vec<Uuid> = told.into_iter().filter(|id| !held.has(stream, MessageId(*id))).collect();
        report.accounts += missing.len();
        if !patient.dry_run && !missing.is_empty() {
            make_due(&db, table, missing).await.context("the accounts of identity")?;
        }
    }
    Ok(())
}

/// The ids of what was told since the time that is healed. What is told now is told again after a fixed time, so when that
/// is due says when it was told; what is due sooner is not told yet, and will be.
async fn told(db: &PgPool, table: &str, patient: &Patient) -> sqlx::Result<Vec<Uuid>> {
    let due_since = patient.since.map(|since| since.plus(identity::TELL_AGAIN).inner());
    let sql = format!(
        "select event_id from {table} where announce_at > now() and ($1::timestamptz is null or announce_at >= $1)"
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).bind(due_since).fetch_all(db).await
}

/// Locked in the order of their keys, or it could deadlock with whoever changes several. By event: an account that was
/// changed again meanwhile is told anyway.
async fn make_due(db: &PgPool, table: &str, events: Vec<Uuid>) -> sqlx::Result<()> {
    let sql = format!(
        "with lost as (select id from {table} where event_id = any($1) order by id for update)
         update {table} a set announce_at = now() from lost where a.id = lost.id"
    );
    sqlx::query(AssertSqlSafe(sql)).bind(events).execute(db).await?;
    Ok(())
}
