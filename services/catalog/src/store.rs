//! Products in Postgres: set-based, rows locked in the order of their keys.

use crate::domain::{self, Listed, event_id};
use chassis::{Db, Rows};
use contracts::{MessageId, Product, ProductView, Sku, Text, Timestamp};
use sqlx::{PgPool, postgres::PgRow, prelude::*};
use std::collections::BTreeSet;
use uuid::Uuid;

/// How often an import is begun; only another import that makes the same new products at the same time wins.
const TRIES: u32 = 3;

/// Makes the products as wanted. What changed is to be told at `announce_at` at the latest.
pub async fn import(
    db: &PgPool,
    wanted: &[Product],
    announce_at: Timestamp,
) -> sqlx::Result<Rows<Sku, Listed>> {
    let mut tries = 1;
    loop {
        match try_import(db, wanted, announce_at).await {
            Err(error) if tries < TRIES && is_race(&error) => tries += 1,
            outcome => return outcome,
        }
    }
}

/// A row that was not there to be locked was made meanwhile; it is there now.
fn is_race(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.constraint() == Some("product_pkey"))
}

async fn try_import(
    db: &PgPool,
    wanted: &[Product],
    announce_at: Timestamp,
) -> sqlx::Result<Rows<Sku, Listed>> {
    let mut tx = db.begin().await?;
    let mut listed = lock(&mut tx, wanted).await?;
    domain::import(&mut listed, wanted);
    insert(&mut tx, listed.fresh().collect(), announce_at).await?;
    update(&mut tx, listed.changed().collect(), announce_at).await?;
    tx.commit().await?;
    Ok(listed)
}

async fn lock(db: &mut Db, wanted: &[Product]) -> sqlx::Result<Rows<Sku, Listed>> {
    let skus: BTreeSet<&str> = wanted.iter().map(|product| product.sku.as_str()).collect();
    let rows = sqlx::query(
        "select sku, name, price, currency, active, version from product
         where sku = any($1) order by sku for update",
    )
    .bind(skus.into_iter().collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let listed = |row: &PgRow| {
        let ProductView { sku, name, price, currency, active, version } = view(row)?;
        Ok((sku, Listed { name, price, currency, active, version }))
    };
    rows.iter().map(listed).collect()
}

async fn insert(db: &mut Db, rows: Vec<(&Sku, &Listed)>, announce_at: Timestamp) -> sqlx::Result<()> {
    let sql = "insert into product (sku, name, price, currency, active, version, event_id, announce_at)
               select u.*, $8 from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::boolean[],
                                          $6::bigint[], $7::uuid[]) u";
    write(db, sql, rows, announce_at).await
}

async fn update(db: &mut Db, rows: Vec<(&Sku, &Listed)>, announce_at: Timestamp) -> sqlx::Result<()> {
    let sql = "update product p set name = u.name, price = u.price, currency = u.currency, active = u.active,
                                    version = u.version, event_id = u.event_id, announce_at = $8
               from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::boolean[], $6::bigint[],
                           $7::uuid[]) u(sku, name, price, currency, active, version, event_id)
               where p.sku = u.sku";
    write(db, sql, rows, announce_at).await
}

async fn write(
    db: &mut Db,
    sql: &'static str,
    rows: Vec<(&Sku, &Listed)>,
    announce_at: Timestamp,
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let event_ids: Vec<Uuid> = rows.iter().map(|(sku, row)| event_id(sku, row.version).0).collect();
    sqlx::query(sql)
        .bind(rows.iter().map(|(sku, _)| sku.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.name.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.price.minor()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.currency.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.active).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.version).collect::<Vec<_>>())
        .bind(event_ids)
        .bind(announce_at.inner())
        .execute(db)
        .await?;
    Ok(())
}

/// JetStream has these messages. A version that was changed again meanwhile has another id, and is still to be told.
pub async fn announced(db: &mut Db, ids: &[MessageId]) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query(
        // Locked in the order of their keys, or it could deadlock with an import.
        "with told as (select sku from product where event_id = any($1) and announce_at is not null
                       order by sku for update)
         update product p set announce_at = null from told where p.sku = told.sku",
    )
    .bind(ids)
    .execute(db)
    .await?;
    Ok(())
}

/// Takes up to `limit` products that should have been told by `now`, and puts them off until `again_at`.
pub async fn claim(
    db: &mut Db,
    now: Timestamp,
    again_at: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<ProductView>> {
    let rows = sqlx::query(
        "with due as (select sku from product where announce_at is not null and announce_at <= $1
                      order by announce_at, sku limit $3 for update skip locked)
         update product p set announce_at = $2 from due where p.sku = due.sku
         returning p.sku, p.name, p.price, p.currency, p.active, p.version",
    )
    .bind(now.inner())
    .bind(again_at.inner())
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.iter().map(view).collect()
}

/// One product.
pub async fn get(db: &PgPool, sku: &Sku) -> sqlx::Result<Option<ProductView>> {
    let row = sqlx::query("select sku, name, price, currency, active, version from product where sku = $1")
        .bind(sku.as_str())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(view).transpose()
}

/// The first products after this one.
pub async fn list(db: &PgPool, after: Option<&Sku>, limit: u32) -> sqlx::Result<Vec<ProductView>> {
    let rows = sqlx::query(
        "select sku, name, price, currency, active, version from product
         where sku > $1 order by sku limit $2",
    )
    .bind(after.map_or("", Text::as_str)) // no SKU is empty, so all are after it
    .bind(i64::from(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(view).collect()
}

fn view(row: &PgRow) -> sqlx::Result<ProductView> {
    Ok(ProductView {
        sku: parsed(row.try_get::<String, _>("sku")?)?,
        name: parsed(row.try_get::<String, _>("name")?)?,
        price: parsed(row.try_get::<i64, _>("price")?)?,
        currency: parsed(row.try_get::<&str, _>("currency").map(std::borrow::Cow::Borrowed)?)?,
        active: row.try_get("active")?,
        version: row.try_get("version")?,
    })
}

/// What was one when it was stored.
fn parsed<S, T: TryFrom<S>>(stored: S) -> sqlx::Result<T>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    T::try_from(stored).map_err(|error| sqlx::Error::Decode(error.into()))
}
