//! What was made under a caller's own key.

use super::parsed;
use chassis::Db;
use contracts::{CustomerId, Once, Text, Timestamp};
use sqlx::prelude::*;
use std::time::Duration;
use uuid::Uuid;

/// How long it is found again.
const KEPT: Duration = Duration::from_secs(86_400);

/// What stands under a name.
pub struct Standing {
    pub made: Uuid,
    pub body_hash: Text<64>,
    /// What a secret of it is derived from.
    pub salt: Option<String>,
}

/// Writes what is about to be made, unless there is something under the name: then that is returned. A request under the same
/// name that is under way is waited for.
pub async fn claim(
    db: &mut Db,
    once: &Once,
    account: Option<CustomerId>,
    made: Uuid,
    salt: Option<&str>,
    now: Timestamp,
) -> sqlx::Result<Option<Standing>> {
    let claimed = sqlx::query(
        "insert into once (name, account_id, made, body_hash, salt, expires_at) values ($1, $2, $3, $4, $5, $6)
         -- One whose day is over, and that was not swept yet, is none.
         on conflict on constraint once_one_name do update
           set made = excluded.made, body_hash = excluded.body_hash, salt = excluded.salt, expires_at = excluded.expires_at
         where once.expires_at <= $7",
    )
    .bind(once.name)
    .bind(account.map(|account| account.0))
    .bind(made)
    .bind(once.body_hash.as_str())
    .bind(salt)
    .bind(now.plus(KEPT).inner())
    .bind(now.inner())
    .execute(&mut *db)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(None);
    }
    let sql = "select made, body_hash, salt from once where name = $1";
    let row = sqlx::query(sql).bind(once.name).fetch_one(db).await?;
    let body_hash = parsed(row.try_get::<String, _>("body_hash")?)?;
    Ok(Some(Standing { made: row.try_get("made")?, body_hash, salt: row.try_get("salt")? }))
}
