//! The outbox: mails that wait to be sent.

use super::{parsed, time};
use crate::domain::letter::Letter;
use chassis::Db;
use contracts::{Email, Hidden, MailView, Timestamp};
use sqlx::{PgPool, postgres::PgRow, prelude::*};
use uuid::Uuid;

/// A mail that is to be sent now.
pub struct Mail {
    pub id: Uuid,
    pub recipient: Email,
    pub subject: String,
    pub body: String,
    pub tries: i32,
}

/// Puts a mail into the outbox.
pub async fn insert(db: &mut Db, to: &Email, letter: Letter, now: Timestamp) -> sqlx::Result<()> {
    sqlx::query(
        "insert into mail (id, recipient, subject, body, created_at, due_at, expires_at) values ($1, $2, $3, $4, $5, $5, $6)",
    )
    .bind(Uuid::now_v7())
    .bind(to.as_str())
    .bind(letter.subject)
    .bind(letter.body)
    .bind(now.inner())
    .bind(now.plus(letter.good_for).inner())
    .execute(db)
    .await?;
    Ok(())
}

/// Takes up to `limit` mails that are due, and puts each off until its next try.
pub async fn claim(db: &PgPool, now: Timestamp, limit: i64) -> sqlx::Result<Vec<Mail>> {
    let rows = sqlx::query(
        "with due as (select id from mail where due_at <= $1 and expires_at > $1
                      order by due_at, id limit $2 for update skip locked)
         -- A minute after the first try, then twice as long each time, up to an hour.
         update mail m set tries = tries + 1,
                           due_at = $1 + least(interval '1 minute' * (1 << least(tries, 6)), interval '1 hour')
         from due where m.id = due.id
         returning m.id, m.recipient, m.subject, m.body, m.tries",
    )
    .bind(now.inner())
    .bind(limit)
    .fetch_all(db)
    .await?;
    let mail = |row: &PgRow| {
        Ok(Mail {
            id: row.try_get("id")?,
            recipient: parsed(row.try_get::<String, _>("recipient")?)?,
            subject: row.try_get("subject")?,
            body: row.try_get("body")?,
            tries: row.try_get("tries")?,
        })
    };
    rows.iter().map(mail).collect()
}

/// A mail that was sent, or that no server will ever take, is forgotten, with whatever secret it had.
pub async fn forget(db: &PgPool, id: Uuid) -> sqlx::Result<()> {
    sqlx::query("delete from mail where id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// Forgets all mails to an address.
pub async fn forget_all(db: &mut Db, to: &Email) -> sqlx::Result<()> {
    sqlx::query("delete from mail where recipient = $1").bind(to.as_str()).execute(db).await?;
    Ok(())
}

/// Mails that wait, the newest first.
pub async fn list(
    db: &PgPool,
    to: Option<&Email>,
    now: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<MailView>> {
    let rows = sqlx::query(
        "select recipient, subject, body, created_at from mail
         where ($1::text is null or recipient = $1) and expires_at > $2 order by created_at desc, id desc limit $3",
    )
    .bind(to.map(Email::as_str))
    .bind(now.inner())
    .bind(limit)
    .fetch_all(db)
    .await?;
    let view = |row: &PgRow| {
        Ok(MailView {
            to: parsed(row.try_get::<String, _>("recipient")?)?,
            subject: row.try_get("subject")?,
            body: parsed::<_, Hidden>(row.try_get::<String, _>("body")?)?,
            at: time(row, "created_at")?,
        })
    };
    rows.iter().map(view).collect()
}
