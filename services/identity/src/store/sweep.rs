//! What sweeps do: telling news that were not told, and forgetting what is over.

use super::accounts;
use chassis::Db;
use contracts::{ACCESS_TOKEN_MAX_S, CustomerId, MessageId, Timestamp, UserChanged, UserDeleted};
use sqlx::{postgres::PgRow, prelude::*};
use uuid::Uuid;

/// Takes up to `limit` accounts whose news should have been told by `now`, and puts them off until `again_at`.
pub async fn claim_changed(
    db: &mut Db,
    now: Timestamp,
    again_at: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<UserChanged>> {
    let rows = sqlx::query(
        "with due as (select id from account where announce_at is not null and announce_at <= $1
                      order by announce_at, id limit $3 for update skip locked)
         update account a set announce_at = $2 from due where a.id = due.id returning a.*",
    )
    .bind(now.inner())
    .bind(again_at.inner())
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| accounts::account(row).map(|account| account.news())).collect()
}

/// The same for accounts that are gone.
pub async fn claim_deleted(
    db: &mut Db,
    now: Timestamp,
    again_at: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<UserDeleted>> {
    let rows = sqlx::query(
        "with due as (select id from deleted_account where announce_at is not null and announce_at <= $1
                      order by announce_at, id limit $3 for update skip locked)
         update deleted_account a set announce_at = $2 from due where a.id = due.id returning a.id, a.version",
    )
    .bind(now.inner())
    .bind(again_at.inner())
    .bind(limit)
    .fetch_all(db)
    .await?;
    let deleted = |row: &PgRow| {
        Ok(UserDeleted { user_id: CustomerId(row.try_get("id")?), version: row.try_get("version")? })
    };
    rows.iter().map(deleted).collect()
}

/// JetStream has these messages, and will be told them again, long before it forgets them. An account that was changed again
/// meanwhile has another id, and is still to be told.
pub async fn announced(db: &mut Db, ids: &[MessageId], again_at: Timestamp) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query(
        // Locked in the order of their keys, or it could deadlock with whoever changes several.
        "with told as (select id from account where event_id = any($1) and announce_at is not null
                       order by id for update)
         update account a set announce_at = $2 from told where a.id = told.id",
    )
    .bind(&ids)
    .bind(again_at.inner())
    .execute(&mut *db)
    .await?;
    // That somebody has left, too: a database that was restored from a backup must forget them again.
    let sql =
        "update deleted_account set announce_at = $2 where event_id = any($1) and announce_at is not null";
    sqlx::query(sql).bind(ids).bind(again_at.inner()).execute(db).await?;
    Ok(())
}

/// Forgets what is over: each statement at most so many rows.
pub async fn forget(db: &mut Db, now: Timestamp, refresh_token_s: i64) -> sqlx::Result<()> {
    const ROWS: i64 = 5_000;
    /// Beyond the life of a token, for clocks that differ, in milliseconds.
    const MORE_MS: i64 = 120_000;
    let ago = |ms: i64| Timestamp::from_millis(now.millis() - ms).inner();
    for sql in [
        "delete from registration where ctid = any(array(select ctid from registration where expires_at < $1 limit $2))",
        "delete from mail_token where ctid = any(array(select ctid from mail_token where expires_at < $1 limit $2))",
        "delete from oidc_start where ctid = any(array(select ctid from oidc_start where expires_at < $1 limit $2))",
        "delete from oidc_ticket where ctid = any(array(select ctid from oidc_ticket where expires_at < $1 limit $2))",
        "delete from once where ctid = any(array(select ctid from once where expires_at < $1 limit $2))",
        "delete from mail where ctid = any(array(select ctid from mail where expires_at < $1 limit $2))",
    ] {
        sqlx::query(sql).bind(now.inner()).bind(ROWS).execute(&mut *db).await?;
    }
    // A used refresh token that comes again after its own life is unknown, which is refused as well.
    sqlx::query("delete from refresh_token where ctid = any(array(select ctid from refresh_token where created_at < $1 limit $2))")
        .bind(ago(refresh_token_s * 1_000 + MORE_MS))
        .bind(ROWS)
        .execute(&mut *db)
        .await?;
    // An ended session is remembered until the last of its access tokens has expired.
    sqlx::query(
        "delete from session where ctid = any(array(
           select ctid from session where (ended_at is null and expires_at < $1) or ended_at < $1 limit $2))",
    )
    .bind(ago(ACCESS_TOKEN_MAX_S * 1_000 + MORE_MS))
    .bind(ROWS)
    .execute(db)
    .await?;
    Ok(())
}
