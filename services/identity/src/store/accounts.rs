//! Accounts.

use super::{maybe, parsed, time, word};
use crate::domain::account::{Account, event_id, role_word, status_word};
use chassis::Db;
use contracts::{
    Channels, CustomerId, Email, Preferences, Role, Timestamp, UserChanged, UserDeleted, UserStatus, UserView,
};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgRow, prelude::*};
use std::borrow::Cow;

const COLUMNS: &str = "id, email, name, password, role, status, language, currency, by_email, by_sms, by_push, \
                       marketing, totp_salt, totp_on, totp_step, created_at, version";

/// The account of an address.
pub async fn by_email(db: &PgPool, email: &Email) -> sqlx::Result<Option<Account>> {
    let sql = format!("select {COLUMNS} from account where email = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(email.as_str()).fetch_optional(db).await?;
    row.as_ref().map(account).transpose()
}

/// Whose an address is.
pub async fn id_of(db: &mut Db, email: &Email) -> sqlx::Result<Option<CustomerId>> {
    let sql = "select id from account where email = $1";
    Ok(sqlx::query_scalar(sql).bind(email.as_str()).fetch_optional(db).await?.map(CustomerId))
}

/// An account, to be looked at.
pub async fn get(db: &PgPool, id: CustomerId) -> sqlx::Result<Option<Account>> {
    look(&mut *db.acquire().await?, id).await
}

/// The same within a transaction.
pub async fn look(db: &mut Db, id: CustomerId) -> sqlx::Result<Option<Account>> {
    let sql = format!("select {COLUMNS} from account where id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id.0).fetch_optional(db).await?;
    row.as_ref().map(account).transpose()
}

/// An account, to be changed: nobody else changes it until the transaction ends. It is locked before all that belongs
/// to it.
pub async fn lock(db: &mut Db, id: CustomerId) -> sqlx::Result<Option<Account>> {
    let sql = format!("select {COLUMNS} from account where id = $1 for update");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id.0).fetch_optional(db).await?;
    row.as_ref().map(account).transpose()
}

/// Makes an account.
pub async fn insert(db: &mut Db, new: &Account, announce_at: Timestamp) -> sqlx::Result<()> {
    sqlx::query(
        "insert into account (id, email, name, password, role, status, language, currency, by_email, by_sms, by_push,
                              marketing, created_at, version, event_id, announce_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(new.id.0)
    .bind(new.email.as_str())
    .bind(new.name.as_ref().map(|name| name.as_str()))
    .bind(&new.password)
    .bind(role_word(new.role))
    .bind(status_word(new.status))
    .bind(new.preferences.language.as_str())
    .bind(new.preferences.currency.map(|currency| currency.as_str().to_owned()))
    .bind(new.preferences.channels.email)
    .bind(new.preferences.channels.sms)
    .bind(new.preferences.channels.push)
    .bind(new.preferences.channels.marketing)
    .bind(new.created_at.inner())
    .bind(new.version)
    .bind(event_id(new.id, new.version).0)
    .bind(announce_at.inner())
    .execute(db)
    .await?;
    Ok(())
}

/// Changes an account that is locked; its version goes one up. Returns the news.
pub async fn update(db: &mut Db, account: &mut Account, announce_at: Timestamp) -> sqlx::Result<UserChanged> {
    account.version += 1;
    sqlx::query(
        "update account set email = $2, name = $3, role = $4, status = $5, language = $6, currency = $7, by_email = $8,
                            by_sms = $9, by_push = $10, marketing = $11, version = $12, event_id = $13, announce_at = $14
         where id = $1",
    )
    .bind(account.id.0)
    .bind(account.email.as_str())
    .bind(account.name.as_ref().map(|name| name.as_str()))
    .bind(role_word(account.role))
    .bind(status_word(account.status))
    .bind(account.preferences.language.as_str())
    .bind(account.preferences.currency.map(|currency| currency.as_str().to_owned()))
    .bind(account.preferences.channels.email)
    .bind(account.preferences.channels.sms)
    .bind(account.preferences.channels.push)
    .bind(account.preferences.channels.marketing)
    .bind(account.version)
    .bind(event_id(account.id, account.version).0)
    .bind(announce_at.inner())
    .execute(db)
    .await?;
    Ok(account.news())
}

/// Sets the hash of a password, which nobody is told of.
pub async fn set_password(db: &mut Db, id: CustomerId, hash: &str) -> sqlx::Result<()> {
    let sql = "update account set password = $2 where id = $1";
    sqlx::query(sql).bind(id.0).bind(hash).execute(db).await?;
    Ok(())
}

/// Sets a better hash of the same password, unless the password was changed meanwhile.
pub async fn upgrade_password(db: &mut Db, id: CustomerId, old: &str, hash: &str) -> sqlx::Result<()> {
    let sql = "update account set password = $3 where id = $1 and password = $2";
    sqlx::query(sql).bind(id.0).bind(old).bind(hash).execute(db).await?;
    Ok(())
}

/// Deletes an account and what belongs to it; what is left says that it is gone.
pub async fn delete(
    db: &mut Db,
    account: &Account,
    now: Timestamp,
    announce_at: Timestamp,
) -> sqlx::Result<UserDeleted> {
    let end = account.end();
    sqlx::query(
        "insert into deleted_account (id, version, event_id, announce_at, deleted_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(account.id.0)
    .bind(end.version)
    .bind(event_id(account.id, end.version).0)
    .bind(announce_at.inner())
    .bind(now.inner())
    .execute(&mut *db)
    .await?;
    sqlx::query("delete from account where id = $1").bind(account.id.0).execute(db).await?;
    Ok(end)
}

/// Which accounts to list.
pub struct Filter<'a> {
    pub search: Option<&'a str>,
    pub role: Option<Role>,
    pub status: Option<UserStatus>,
    pub before: Option<CustomerId>,
    pub limit: i64,
}

/// Accounts, the newest first: ids are in the order of time.
pub async fn list(db: &PgPool, filter: Filter<'_>) -> sqlx::Result<Vec<UserView>> {
    let sql = format!(
        "select {COLUMNS} from account
         where ($1::text is null or position($1 in email) > 0 or position($1 in lower(name)) > 0)
           and ($2::text is null or role = $2) and ($3::text is null or status = $3)
           and ($4::uuid is null or id < $4)
         order by id desc limit $5"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(filter.search.map(str::to_lowercase))
        .bind(filter.role.map(role_word))
        .bind(filter.status.map(status_word))
        .bind(filter.before.map(|id| id.0))
        .bind(filter.limit)
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| account(row).map(|account| account.view())).collect()
}

pub(super) fn account(row: &PgRow) -> sqlx::Result<Account> {
    let channels = Channels {
        email: row.try_get("by_email")?,
        sms: row.try_get("by_sms")?,
        push: row.try_get("by_push")?,
        marketing: row.try_get("marketing")?,
    };
    let currency: Option<String> = row.try_get("currency")?;
    Ok(Account {
        id: CustomerId(row.try_get("id")?),
        email: parsed(row.try_get::<String, _>("email")?)?,
        name: maybe(row.try_get::<Option<String>, _>("name")?)?,
        password: row.try_get("password")?,
        role: word(row.try_get("role")?)?,
        status: word(row.try_get("status")?)?,
        preferences: Preferences {
            language: parsed(row.try_get::<String, _>("language")?)?,
            currency: maybe(currency.map(Cow::Owned))?,
            channels,
        },
        totp_salt: row.try_get("totp_salt")?,
        totp_on: row.try_get("totp_on")?,
        totp_step: row.try_get("totp_step")?,
        created_at: time(row, "created_at")?,
        version: row.try_get("version")?,
    })
}
