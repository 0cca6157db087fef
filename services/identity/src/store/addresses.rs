//! Saved addresses.

use super::{maybe, parsed};
use chassis::Db;
use contracts::{Address, AddressId, CustomerId, SavedAddress};
use sqlx::{PgPool, postgres::PgRow, prelude::*};
use std::borrow::Cow;

/// The addresses of an account, the default one first, then the oldest.
pub async fn list(db: &PgPool, account: CustomerId) -> sqlx::Result<Vec<SavedAddress>> {
    let rows = sqlx::query(
        "select id, label, is_default, name, line1, line2, city, postal_code, country from address
         where account_id = $1 order by is_default desc, id",
    )
    .bind(account.0)
    .fetch_all(db)
    .await?;
    rows.iter().map(saved).collect()
}

/// One of them.
pub async fn get(db: &mut Db, account: CustomerId, id: AddressId) -> sqlx::Result<Option<SavedAddress>> {
    let row = sqlx::query(
        "select id, label, is_default, name, line1, line2, city, postal_code, country from address
         where account_id = $1 and id = $2",
    )
    .bind(account.0)
    .bind(id.0)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(saved).transpose()
}

/// How many there are.
pub async fn count(db: &mut Db, account: CustomerId) -> sqlx::Result<i64> {
    sqlx::query_scalar("select count(*) from address where account_id = $1")
        .bind(account.0)
        .fetch_one(db)
        .await
}

/// Writes an address, new or changed; if it is the default, no other is any more. False: there is none to change.
/// The account is locked.
pub async fn save(db: &mut Db, account: CustomerId, saved: &SavedAddress, new: bool) -> sqlx::Result<bool> {
    if saved.is_default {
        let sql = "update address set is_default = false where account_id = $1 and is_default and id <> $2";
        sqlx::query(sql).bind(account.0).bind(saved.address_id.0).execute(&mut *db).await?;
    }
    let sql = if new {
        "insert into address (id, account_id, label, is_default, name, line1, line2, city, postal_code, country)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    } else {
        "update address set label = $3, is_default = $4, name = $5, line1 = $6, line2 = $7, city = $8, postal_code = $9,
                            country = $10
         where id = $1 and account_id = $2"
    };
    let address = &saved.address;
    let written = sqlx::query(sql)
        .bind(saved.address_id.0)
        .bind(account.0)
        .bind(saved.label.as_ref().map(|label| label.as_str()))
        .bind(saved.is_default)
        .bind(address.name.as_str())
        .bind(address.line1.as_str())
        .bind(address.line2.as_ref().map(|line| line.as_str()))
        .bind(address.city.as_str())
        .bind(address.postal_code.as_ref().map(|code| code.as_str()))
        .bind(address.country.as_str())
        .execute(db)
        .await?;
    Ok(written.rows_affected() == 1)
}

/// Whether this one is the default; none when there is none.
pub async fn is_default(db: &mut Db, account: CustomerId, id: AddressId) -> sqlx::Result<Option<bool>> {
    let sql = "select is_default from address where id = $1 and account_id = $2";
    sqlx::query_scalar(sql).bind(id.0).bind(account.0).fetch_optional(db).await
}

/// Deletes one; the oldest of the others becomes the default if it was. The account is locked.
pub async fn delete(db: &mut Db, account: CustomerId, id: AddressId) -> sqlx::Result<bool> {
    let sql = "delete from address where id = $1 and account_id = $2";
    let deleted = sqlx::query(sql).bind(id.0).bind(account.0).execute(&mut *db).await?.rows_affected() == 1;
    sqlx::query(
        "update address set is_default = true
         where id = (select id from address where account_id = $1 order by id limit 1)
           and not exists (select from address where account_id = $1 and is_default)",
    )
    .bind(account.0)
    .execute(db)
    .await?;
    Ok(deleted)
}

fn saved(row: &PgRow) -> sqlx::Result<SavedAddress> {
    let country: String = row.try_get("country")?;
    Ok(SavedAddress {
        address_id: AddressId(row.try_get("id")?),
        label: maybe(row.try_get::<Option<String>, _>("label")?)?,
        is_default: row.try_get("is_default")?,
        address: Address {
            name: parsed(row.try_get::<String, _>("name")?)?,
            line1: parsed(row.try_get::<String, _>("line1")?)?,
            line2: maybe(row.try_get::<Option<String>, _>("line2")?)?,
            city: parsed(row.try_get::<String, _>("city")?)?,
            postal_code: maybe(row.try_get::<Option<String>, _>("postal_code")?)?,
            country: parsed(Cow::Owned(country))?,
        },
    })
}
