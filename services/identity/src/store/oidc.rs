//! Sign-ins with OpenID providers: begun, waiting for a second factor; and whose accounts elsewhere are.

use super::{parsed, time};
use chassis::Db;
use contracts::{CustomerId, LinkedAccount, Text, Timestamp};
use sqlx::{PgPool, postgres::PgRow, prelude::*};

/// Keeps that a browser has begun.
pub async fn insert_start(
    db: &PgPool,
    state: &[u8],
    browser: &[u8],
    provider: &Text<32>,
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into oidc_start (state_hash, browser_hash, provider, expires_at) values ($1, $2, $3, $4)",
    )
    .bind(state)
    .bind(browser)
    .bind(provider.as_str())
    .bind(expires_at.inner())
    .execute(db)
    .await?;
    Ok(())
}

/// Takes it out, if it is this very browser: it is good once.
pub async fn take_start(
    db: &PgPool,
    state: &[u8],
    browser: &[u8],
    provider: &Text<32>,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let sql = "delete from oidc_start
               where state_hash = $1 and browser_hash = $2 and provider = $3 and expires_at > $4";
    let taken = sqlx::query(sql)
        .bind(state)
        .bind(browser)
        .bind(provider.as_str())
        .bind(now.inner())
        .execute(db)
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// Whose an account elsewhere is.
pub async fn linked(db: &mut Db, issuer: &str, subject: &str) -> sqlx::Result<Option<CustomerId>> {
    let sql = "select account_id from oidc_link where issuer = $1 and subject = $2";
    let id = sqlx::query_scalar(sql).bind(issuer).bind(subject).fetch_optional(db).await?;
    Ok(id.map(CustomerId))
}

/// Makes an account elsewhere this one's.
pub async fn link(
    db: &mut Db,
    issuer: &str,
    subject: &str,
    account: CustomerId,
    now: Timestamp,
) -> sqlx::Result<()> {
    let sql = "insert into oidc_link (issuer, subject, account_id, linked_at) values ($1, $2, $3, $4)";
    sqlx::query(sql).bind(issuer).bind(subject).bind(account.0).bind(now.inner()).execute(db).await?;
    Ok(())
}

/// The accounts elsewhere that are this one's.
pub async fn list(db: &mut Db, account: CustomerId) -> sqlx::Result<Vec<LinkedAccount>> {
    let sql = "select issuer, subject, linked_at from oidc_link where account_id = $1 order by linked_at";
    let rows = sqlx::query(sql).bind(account.0).fetch_all(db).await?;
    let link = |row: &PgRow| {
        let (issuer, subject) = (row.try_get("issuer")?, row.try_get("subject")?);
        Ok(LinkedAccount { issuer, subject, linked_at: time(row, "linked_at")? })
    };
    rows.iter().map(link).collect()
}

/// Takes an account elsewhere away from this one, and with it what was begun by one of them: it begins again.
pub async fn unlink(db: &mut Db, gone: &LinkedAccount, account: CustomerId) -> sqlx::Result<()> {
    let sql = "delete from oidc_link where issuer = $1 and subject = $2";
    sqlx::query(sql).bind(&gone.issuer).bind(&gone.subject).execute(&mut *db).await?;
    sqlx::query("delete from oidc_ticket where account_id = $1").bind(account.0).execute(db).await?;
    Ok(())
}

/// Keeps that only the second factor is missing.
pub async fn insert_ticket(
    db: &mut Db,
    ticket: &[u8],
    account: CustomerId,
    provider: &Text<32>,
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into oidc_ticket (ticket_hash, account_id, provider, expires_at) values ($1, $2, $3, $4)",
    )
    .bind(ticket)
    .bind(account.0)
    .bind(provider.as_str())
    .bind(expires_at.inner())
    .execute(db)
    .await?;
    Ok(())
}

/// Whose it is, without taking it.
pub async fn owner_of_ticket(db: &PgPool, ticket: &[u8], now: Timestamp) -> sqlx::Result<Option<CustomerId>> {
    let sql = "select account_id from oidc_ticket where ticket_hash = $1 and expires_at > $2";
    let id = sqlx::query_scalar(sql).bind(ticket).bind(now.inner()).fetch_optional(db).await?;
    Ok(id.map(CustomerId))
}

/// Takes it out: it is good once. The provider.
pub async fn take_ticket(db: &mut Db, ticket: &[u8], now: Timestamp) -> sqlx::Result<Option<Text<32>>> {
    let sql = "delete from oidc_ticket where ticket_hash = $1 and expires_at > $2 returning provider";
    let provider: Option<String> =
        sqlx::query_scalar(sql).bind(ticket).bind(now.inner()).fetch_optional(db).await?;
    provider.map(parsed).transpose()
}
