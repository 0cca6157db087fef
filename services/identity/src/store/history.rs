//! Who did what with an account.

use super::{time, word};
use crate::domain::account::role_word;
use chassis::Db;
use contracts::{Caller, CustomerId, HistoryEntry, Timestamp};
use sqlx::{PgPool, postgres::PgRow, prelude::*};

/// Writes it down, in the transaction that does it.
pub async fn write(
    db: &mut Db,
    account: CustomerId,
    by: Caller,
    what: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    sqlx::query("insert into history (account_id, at, by_id, by_role, what) values ($1, $2, $3, $4, $5)")
        .bind(account.0)
        .bind(now.inner())
        .bind(by.id.0)
        .bind(role_word(by.role))
        .bind(what)
        .execute(db)
        .await?;
    Ok(())
}

/// What was done with an account, the newest first.
pub async fn list(
    db: &PgPool,
    account: CustomerId,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<HistoryEntry>> {
    let rows = sqlx::query(
        "select number, at, by_id, by_role, what from history
         where account_id = $1 and ($2::bigint is null or number < $2) order by number desc limit $3",
    )
    .bind(account.0)
    .bind(before)
    .bind(limit)
    .fetch_all(db)
    .await?;
    let entry = |row: &PgRow| {
        Ok(HistoryEntry {
            number: row.try_get("number")?,
            at: time(row, "at")?,
            by: CustomerId(row.try_get("by_id")?),
            role: word(row.try_get("by_role")?)?,
            what: row.try_get("what")?,
        })
    };
    rows.iter().map(entry).collect()
}
