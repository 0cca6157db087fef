//! Registrations that wait for their address to be verified, and tokens that were mailed.

use super::{maybe, parsed};
use chassis::Db;
use contracts::{CustomerId, Email, Language, Text, Timestamp};
use sqlx::{postgres::PgRow, prelude::*};

/// An account that is asked for.
pub struct Registration {
    pub email: Email,
    pub name: Option<Text<200>>,
    /// A hash.
    pub password: String,
    pub language: Language,
}

/// Keeps a registration under its token's hash.
pub async fn insert_registration(
    db: &mut Db,
    hash: &[u8],
    registration: &Registration,
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into registration (token_hash, email, name, password, language, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(hash)
    .bind(registration.email.as_str())
    .bind(registration.name.as_ref().map(|name| name.as_str()))
    .bind(&registration.password)
    .bind(registration.language.as_str())
    .bind(expires_at.inner())
    .execute(db)
    .await?;
    Ok(())
}

/// Takes a registration out, with all others for the same address: one of them is verified now.
pub async fn take_registration(
    db: &mut Db,
    hash: &[u8],
    now: Timestamp,
) -> sqlx::Result<Option<Registration>> {
    let row = sqlx::query(
        "delete from registration where token_hash = $1 and expires_at > $2 returning email, name, password, language",
    )
    .bind(hash)
    .bind(now.inner())
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let read = |row: &PgRow| {
        Ok::<_, sqlx::Error>(Registration {
            email: parsed(row.try_get::<String, _>("email")?)?,
            name: maybe(row.try_get::<Option<String>, _>("name")?)?,
            password: row.try_get("password")?,
            language: parsed(row.try_get::<String, _>("language")?)?,
        })
    };
    let registration = read(&row)?;
    drop_registrations(db, &registration.email).await?;
    Ok(Some(registration))
}

/// Forgets all registrations for an address.
pub async fn drop_registrations(db: &mut Db, email: &Email) -> sqlx::Result<()> {
    sqlx::query("delete from registration where email = $1").bind(email.as_str()).execute(db).await?;
    Ok(())
}

/// What a mailed token is good for.
#[derive(Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A new password.
    Reset,
    /// This new address.
    Email(Email),
}

/// Keeps a mailed token's hash; it takes the place of others for the same purpose.
pub async fn insert_mailed(
    db: &mut Db,
    hash: &[u8],
    account: CustomerId,
    purpose: &Purpose,
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    let (word, email) = match purpose {
        Purpose::Reset => ("reset", None),
        Purpose::Email(email) => ("email", Some(email.as_str())),
    };
    let sql = "delete from mail_token where account_id = $1 and purpose = $2";
    sqlx::query(sql).bind(account.0).bind(word).execute(&mut *db).await?;
    sqlx::query(
        "insert into mail_token (token_hash, account_id, purpose, email, expires_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(hash)
    .bind(account.0)
    .bind(word)
    .bind(email)
    .bind(expires_at.inner())
    .execute(db)
    .await?;
    Ok(())
}

/// Takes a mailed token out: it is good once. `reset` or `email`.
pub async fn take_mailed(
    db: &mut Db,
    hash: &[u8],
    purpose: &str,
    now: Timestamp,
) -> sqlx::Result<Option<(CustomerId, Option<Email>)>> {
    let sql = "delete from mail_token where token_hash = $1 and purpose = $2 and expires_at > $3
               returning account_id, email";
    let row = sqlx::query(sql).bind(hash).bind(purpose).bind(now.inner()).fetch_optional(db).await?;
    let read = |row: PgRow| {
        Ok((CustomerId(row.try_get("account_id")?), maybe(row.try_get::<Option<String>, _>("email")?)?))
    };
    row.map(read).transpose()
}

/// Whose a mailed token is, without taking it.
pub async fn owner_of_mailed(
    db: &sqlx::PgPool,
    hash: &[u8],
    purpose: &str,
    now: Timestamp,
) -> sqlx::Result<Option<CustomerId>> {
    let sql = "select account_id from mail_token where token_hash = $1 and purpose = $2 and expires_at > $3";
    let id = sqlx::query_scalar(sql).bind(hash).bind(purpose).bind(now.inner()).fetch_optional(db).await?;
    Ok(id.map(CustomerId))
}

/// Forgets all mailed tokens of an account.
pub async fn drop_mailed(db: &mut Db, account: CustomerId) -> sqlx::Result<()> {
    sqlx::query("delete from mail_token where account_id = $1").bind(account.0).execute(db).await?;
    Ok(())
}

/// Notes that somebody forgot the password of this address' account, if there is one.
pub async fn insert_forgotten(db: &sqlx::PgPool, email: &Email, now: Timestamp) -> sqlx::Result<()> {
    sqlx::query("insert into forgotten (id, email, asked_at) values ($1, $2, $3)")
        .bind(uuid::Uuid::now_v7())
        .bind(email.as_str())
        .bind(now.inner())
        .execute(db)
        .await?;
    Ok(())
}

/// Takes such notes out, the oldest first.
pub async fn take_forgotten(db: &mut Db, limit: i64) -> sqlx::Result<Vec<Email>> {
    let emails: Vec<String> = sqlx::query_scalar(
        "with next as (select id from forgotten order by id limit $1 for update skip locked)
         delete from forgotten f using next where f.id = next.id returning f.email",
    )
    .bind(limit)
    .fetch_all(db)
    .await?;
    emails.into_iter().map(parsed).collect()
}
