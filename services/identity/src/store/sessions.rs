//! Sessions and their refresh tokens.

use super::{maybe, time};
use chassis::Db;
use contracts::{
    ACCESS_TOKEN_MAX_S, CustomerId, Revoked, RevokedPlace, SessionId, SessionView, Text, Timestamp,
};
use sqlx::{PgPool, postgres::PgRow, prelude::*};
use std::time::Duration;
use uuid::Uuid;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its owner said so.
    Logout,
    /// One of its refresh tokens was used twice.
    Stolen,
    /// The password is another.
    Password,
    /// An admin changed the account.
    Admin,
    /// The account is gone.
    Deleted,
    /// The account had too many.
    Crowd,
}

impl Why {
    const fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Stolen => "stolen",
            Self::Password => "password",
            Self::Admin => "admin",
            Self::Deleted => "deleted",
            Self::Crowd => "crowd",
        }
    }
}

/// Begins a session.
pub async fn insert(
    db: &mut Db,
    id: SessionId,
    account: CustomerId,
    device: Option<&Text<200>>,
    now: Timestamp,
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into session (id, account_id, device, created_at, last_used_at, expires_at) values ($1, $2, $3, $4, $4, $5)",
    )
    .bind(id.0)
    .bind(account.0)
    .bind(device.map(|device| device.as_str()))
    .bind(now.inner())
    .bind(expires_at.inner())
    .execute(db)
    .await?;
    Ok(())
}

/// The sessions of an account that have not ended, the newest first.
pub async fn list(db: &PgPool, account: CustomerId, now: Timestamp) -> sqlx::Result<Vec<SessionView>> {
    let rows = sqlx::query(
        "select id, device, created_at, last_used_at, expires_at from session
         where account_id = $1 and ended_at is null and expires_at > $2 order by id desc",
    )
    .bind(account.0)
    .bind(now.inner())
    .fetch_all(db)
    .await?;
    let view = |row: &PgRow| {
        Ok(SessionView {
            session_id: SessionId(row.try_get("id")?),
            device: maybe(row.try_get::<Option<String>, _>("device")?)?,
            created_at: time(row, "created_at")?,
            last_used_at: time(row, "last_used_at")?,
            expires_at: time(row, "expires_at")?,
        })
    };
    rows.iter().map(view).collect()
}

/// Which sessions of an account to end.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    All,
    One(SessionId),
    AllBut(SessionId),
    /// All but so many of the newest.
    Oldest(i64),
}

/// Ends sessions of an account; those that have ended now.
pub async fn end(
    db: &mut Db,
    account: CustomerId,
    which: Which,
    why: Why,
    now: Timestamp,
) -> sqlx::Result<Vec<Revoked>> {
    let (only, but, keep) = match which {
        Which::All => (None, None, 0),
        Which::One(id) => (Some(id.0), None, 0),
        Which::AllBut(id) => (None, Some(id.0), 0),
        Which::Oldest(keep) => (None, None, keep),
    };
    let rows = sqlx::query(
        "with chosen as (select id from session
                         where account_id = $1 and ended_at is null
                           and ($2::uuid is null or id = $2) and ($3::uuid is null or id <> $3)
                         order by id desc offset $4),
              -- Locked in the order of their keys.
              locked as (select id from session where id in (select id from chosen) order by id for update)
         update session s set ended_at = $5, ended_why = $6, device = null from locked
         where s.id = locked.id and s.ended_at is null
         returning s.id",
    )
    .bind(account.0)
    .bind(only)
    .bind(but)
    .bind(keep)
    .bind(now.inner())
    .bind(why.word())
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok(revoked(SessionId(row.try_get("id")?), now))).collect()
}

/// A session that ended then.
pub fn revoked(session_id: SessionId, ended_at: Timestamp) -> Revoked {
    /// For clocks that differ.
    const MORE_S: u64 = 60;
    let longest = Duration::from_secs(ACCESS_TOKEN_MAX_S.unsigned_abs() + MORE_S);
    Revoked { session_id, until: ended_at.plus(longest) }
}

/// A refresh token as it is stored, with its session locked.
pub struct Refresh {
    pub session: SessionId,
    pub account: Option<CustomerId>,
    pub used: bool,
    pub created_at: Timestamp,
    pub ended: bool,
}

/// Looks a refresh token up, and locks its session: who comes at the same time waits.
pub async fn lock_refresh(db: &mut Db, hash: &[u8]) -> sqlx::Result<Option<Refresh>> {
    let session: Option<Uuid> =
        sqlx::query_scalar("select session_id from refresh_token where token_hash = $1")
            .bind(hash)
            .fetch_optional(&mut *db)
            .await?;
    let Some(session) = session else { return Ok(None) };
    let row =
        sqlx::query("select account_id, ended_at is not null as ended from session where id = $1 for update")
            .bind(session)
            .fetch_optional(&mut *db)
            .await?;
    let Some(row) = row else { return Ok(None) };
    // Read under the session's lock: whether it was used is true now.
    let token = sqlx::query(
        "select used_at is not null as used, created_at from refresh_token where token_hash = $1",
    )
    .bind(hash)
    .fetch_optional(db)
    .await?;
    let Some(token) = token else { return Ok(None) };
    Ok(Some(Refresh {
        session: SessionId(session),
        account: row.try_get::<Option<Uuid>, _>("account_id")?.map(CustomerId),
        used: token.try_get("used")?,
        created_at: time(&token, "created_at")?,
        ended: row.try_get("ended")?,
    }))
}

/// Gives a session its next refresh token; the one before is used up.
pub async fn rotate(
    db: &mut Db,
    session: SessionId,
    old: Option<&[u8]>,
    new: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    if let Some(old) = old {
        let sql = "update refresh_token set used_at = $2 where token_hash = $1";
        sqlx::query(sql).bind(old).bind(now.inner()).execute(&mut *db).await?;
        let sql = "update session set last_used_at = $2, expires_at = $3 where id = $1";
        sqlx::query(sql).bind(session.0).bind(now.inner()).bind(expires_at.inner()).execute(&mut *db).await?;
    }
    let sql = "insert into refresh_token (token_hash, session_id, created_at) values ($1, $2, $3)";
    sqlx::query(sql).bind(new).bind(session.0).bind(now.inner()).execute(db).await?;
    Ok(())
}

/// Sessions and API keys that ended after this time (and place) and whose tokens may still be good, in the order of their
/// ends.
pub async fn ended(
    db: &PgPool,
    since: Timestamp,
    after: Option<RevokedPlace>,
    limit: i64,
) -> sqlx::Result<Vec<RevokedPlace>> {
    let (at, id) = after.map_or((since, Uuid::nil()), |place| (place.at, place.session_id.0));
    let rows = sqlx::query(
        "(select id, ended_at as at from session where ended_at is not null and ended_at > $1 and (ended_at, id) > ($2, $3)
          order by ended_at, id limit $4)
         union all
         (select id, revoked_at from api_key where revoked_at is not null and revoked_at > $1 and (revoked_at, id) > ($2, $3)
          order by revoked_at, id limit $4)
         order by 2, 1 limit $4",
    )
    .bind(since.inner())
    .bind(at.inner())
    .bind(id)
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| Ok(RevokedPlace { at: time(row, "at")?, session_id: SessionId(row.try_get("id")?) }))
        .collect()
}
