//! Tries that may be guesses.

use super::time;
use crate::domain::guess::{self, FORGET, Pace, Tries};
use chassis::Db;
use contracts::{CustomerId, Timestamp};
use sqlx::{PgPool, postgres::PgRow, prelude::*};
use std::{collections::BTreeMap, time::Duration};

/// Counts a try under each of these keys, or none of them: then how long to wait.
pub async fn count(
    db: &PgPool,
    keys: &BTreeMap<String, Pace>,
    now: Timestamp,
) -> sqlx::Result<Result<(), Duration>> {
    let mut tx = db.begin().await?;
    let known = lock(&mut tx, keys.keys().cloned().collect()).await?;
    let mut wait = Duration::ZERO;
    let mut counted = vec![];
    for (key, pace) in keys {
        match guess::count(known.get(key).copied(), *pace, now) {
            Ok(tries) => counted.push((key.clone(), tries)),
            Err(longer) => wait = wait.max(longer),
        }
    }
    if !wait.is_zero() {
        return Ok(Err(wait));
    }
    save(&mut tx, counted).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

async fn lock(db: &mut Db, keys: Vec<String>) -> sqlx::Result<BTreeMap<String, Tries>> {
    // Rows that are not there cannot be locked: they are made first, so that the first tries are counted one by one, too.
    sqlx::query(
        "insert into guess (key, tries, last_at, free_at)
         select key, 0, 'epoch', 'epoch' from unnest($1::text[]) key order by key on conflict do nothing",
    )
    .bind(&keys)
    .execute(&mut *db)
    .await?;
    let sql = "select key, tries, last_at, free_at from guess where key = any($1) order by key for update";
    let rows = sqlx::query(sql).bind(keys).fetch_all(db).await?;
    let tries = |row: &PgRow| {
        let tries: i32 = row.try_get("tries")?;
        let tries = Tries {
            tries: tries.unsigned_abs(),
            last_at: time(row, "last_at")?,
            free_at: time(row, "free_at")?,
        };
        Ok((row.try_get("key")?, tries))
    };
    rows.iter().map(tries).collect()
}

async fn save(db: &mut Db, counted: Vec<(String, Tries)>) -> sqlx::Result<()> {
    let tries = |tries: &Tries| i32::try_from(tries.tries).unwrap_or(i32::MAX);
    sqlx::query(
        "update guess g set tries = u.tries, last_at = u.last_at, free_at = u.free_at
         from unnest($1::text[], $2::int[], $3::timestamptz[], $4::timestamptz[]) u(key, tries, last_at, free_at)
         where g.key = u.key",
    )
    .bind(counted.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>())
    .bind(counted.iter().map(|(_, t)| tries(t)).collect::<Vec<_>>())
    .bind(counted.iter().map(|(_, t)| t.last_at.inner()).collect::<Vec<_>>())
    .bind(counted.iter().map(|(_, t)| t.free_at.inner()).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// It was no guess: these begin anew.
pub async fn forget(db: &mut Db, keys: &[String]) -> sqlx::Result<()> {
    sqlx::query(
        "with gone as (select key from guess where key = any($1) order by key for update)
         delete from guess g using gone where g.key = gone.key",
    )
    .bind(keys)
    .execute(db)
    .await?;
    Ok(())
}

/// Whether an account was signed in to from this place within thirty days.
pub async fn is_familiar(
    db: &PgPool,
    account: CustomerId,
    place: &str,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let since = Timestamp::from_millis(now.millis() - FAMILIAR_MS);
    let sql = "select exists (select from familiar where account_id = $1 and place = $2 and seen_at > $3)";
    sqlx::query_scalar(sql).bind(account.0).bind(place).bind(since.inner()).fetch_one(db).await
}

/// An account was signed in to from this place.
pub async fn is_familiar_now(
    db: &mut Db,
    account: CustomerId,
    place: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    // No decision depends on who was first, so the row may be made or changed in one step.
    sqlx::query(
        "insert into familiar (account_id, place, seen_at) values ($1, $2, $3)
         on conflict (account_id, place) do update set seen_at = excluded.seen_at",
    )
    .bind(account.0)
    .bind(place)
    .bind(now.inner())
    .execute(db)
    .await?;
    Ok(())
}

/// How long a place stays familiar: thirty days, in milliseconds.
const FAMILIAR_MS: i64 = 30 * 24 * 3_600 * 1_000;

/// Forgets what is too old to matter.
pub async fn forget_old(db: &mut Db, now: Timestamp) -> sqlx::Result<()> {
    let forget = i64::try_from(FORGET.as_millis()).unwrap_or(i64::MAX);
    let old = Timestamp::from_millis(now.millis() - forget);
    sqlx::query("delete from guess where last_at < $1 and free_at < $2")
        .bind(old.inner())
        .bind(now.inner())
        .execute(&mut *db)
        .await?;
    let old = Timestamp::from_millis(now.millis() - FAMILIAR_MS);
    sqlx::query("delete from familiar where seen_at < $1").bind(old.inner()).execute(db).await?;
    Ok(())
}
