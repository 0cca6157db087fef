//! Keys of programs.

use super::{maybe_time, parsed, time};
use chassis::Db;
use contracts::{ApiKeyView, CustomerId, SessionId, Text, Timestamp};
use sqlx::{PgPool, postgres::PgRow, prelude::*};

/// Keeps a key.
pub async fn insert(db: &mut Db, hash: &[u8], key: &ApiKeyView) -> sqlx::Result<()> {
    sqlx::query(
        "insert into api_key (id, key_hash, name, scopes, created_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(key.key_id.0)
    .bind(hash)
    .bind(key.name.as_str())
    .bind(key.scopes.iter().map(Text::as_str).collect::<Vec<_>>())
    .bind(key.created_by.0)
    .bind(key.created_at.inner())
    .bind(key.expires_at.inner())
    .execute(db)
    .await?;
    Ok(())
}

/// The key with this hash, if it is good now; it is noted that it is used.
pub async fn using(db: &PgPool, hash: &[u8], now: Timestamp) -> sqlx::Result<Option<ApiKeyView>> {
    let row = sqlx::query(
        "update api_key set last_used_at = $2 where key_hash = $1 and revoked_at is null and expires_at > $2
         returning id, name, scopes, created_by, created_at, expires_at, revoked_at, last_used_at",
    )
    .bind(hash)
    .bind(now.inner())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(view).transpose()
}

/// A key, whatever became of it.
pub async fn get(db: &mut Db, id: SessionId) -> sqlx::Result<Option<ApiKeyView>> {
    let row = sqlx::query(
        "select id, name, scopes, created_by, created_at, expires_at, revoked_at, last_used_at from api_key
         where id = $1",
    )
    .bind(id.0)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(view).transpose()
}

/// All of them, the newest first.
pub async fn list(db: &PgPool, limit: i64) -> sqlx::Result<Vec<ApiKeyView>> {
    let rows = sqlx::query(
        "select id, name, scopes, created_by, created_at, expires_at, revoked_at, last_used_at from api_key
         order by id desc limit $1",
    )
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.iter().map(view).collect()
}

/// Ends one; false when there is none that has not ended.
pub async fn revoke(db: &mut Db, id: SessionId, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "update api_key set revoked_at = $2 where id = $1 and revoked_at is null";
    let revoked = sqlx::query(sql).bind(id.0).bind(now.inner()).execute(db).await?;
    Ok(revoked.rows_affected() == 1)
}

fn view(row: &PgRow) -> sqlx::Result<ApiKeyView> {
    let scopes: Vec<String> = row.try_get("scopes")?;
    Ok(ApiKeyView {
        key_id: SessionId(row.try_get("id")?),
        name: parsed(row.try_get::<String, _>("name")?)?,
        scopes: scopes.into_iter().map(parsed).collect::<sqlx::Result<_>>()?,
        created_by: CustomerId(row.try_get("created_by")?),
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        revoked_at: maybe_time(row, "revoked_at")?,
        last_used_at: maybe_time(row, "last_used_at")?,
    })
}
