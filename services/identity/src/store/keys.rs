//! Signing keys.

use super::time;
use chassis::Db;
use contracts::Timestamp;
use sqlx::{PgPool, postgres::PgRow, prelude::*};

/// A signing key: its private half is derived from its name.
#[derive(Debug, Clone)]
pub struct SigningKey {
    pub kid: String,
    /// The public key, in base64url.
    pub x: String,
    pub created_at: Timestamp,
    pub signs_from: Timestamp,
}

/// All of them, the one that signs last first.
pub async fn all(db: &PgPool) -> sqlx::Result<Vec<SigningKey>> {
    let sql = "select kid, x, created_at, signs_from from signing_key order by signs_from desc, kid";
    let rows = sqlx::query(sql).fetch_all(db).await?;
    rows.iter().map(key).collect()
}

/// All of them, and nobody else changes them until the transaction ends.
pub async fn lock(db: &mut Db) -> sqlx::Result<Vec<SigningKey>> {
    // New rows cannot be locked, so the table is: readers go on.
    sqlx::query("lock table signing_key in share row exclusive mode").execute(&mut *db).await?;
    let sql = "select kid, x, created_at, signs_from from signing_key order by signs_from desc, kid";
    let rows = sqlx::query(sql).fetch_all(db).await?;
    rows.iter().map(key).collect()
}

/// Adds a key.
pub async fn insert(db: &mut Db, new: &SigningKey) -> sqlx::Result<()> {
    sqlx::query("insert into signing_key (kid, x, created_at, signs_from) values ($1, $2, $3, $4)")
        .bind(&new.kid)
        .bind(&new.x)
        .bind(new.created_at.inner())
        .bind(new.signs_from.inner())
        .execute(db)
        .await?;
    Ok(())
}

/// Takes keys away: their tokens have expired.
pub async fn delete(db: &mut Db, kids: &[String]) -> sqlx::Result<()> {
    sqlx::query("delete from signing_key where kid = any($1)").bind(kids).execute(db).await?;
    Ok(())
}

fn key(row: &PgRow) -> sqlx::Result<SigningKey> {
    Ok(SigningKey {
        kid: row.try_get("kid")?,
        x: row.try_get("x")?,
        created_at: time(row, "created_at")?,
        signs_from: time(row, "signs_from")?,
    })
}
