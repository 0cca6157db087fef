//! Products as they are told and listed, by SKU.

use super::parsed;
use chassis::Db;
use contracts::{MessageId, PriceIn, ProductChanged, ProductView, Sku, Text, Timestamp};
use sqlx::{PgPool, postgres::PgRow, prelude::*, types::Json};
use uuid::Uuid;

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
) -> sqlx::Result<Vec<ProductChanged>> {
    let rows = sqlx::query(
        "with due as (select sku from product where announce_at is not null and announce_at <= $1
                      order by announce_at, sku limit $3 for update skip locked)
         update product p set announce_at = $2 from due where p.sku = due.sku
         returning p.sku, p.name, p.price, p.currency, p.active, p.version, p.other_prices",
    )
    .bind(now.inner())
    .bind(again_at.inner())
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.iter().map(news).collect()
}

fn news(row: &PgRow) -> sqlx::Result<ProductChanged> {
    let ProductView { sku, name, price, currency, active, version } = view(row)?;
    let Json::<Vec<PriceIn>>(other_prices) = row.try_get("other_prices")?;
    Ok(ProductChanged { sku, name, price, currency, active, other_prices, version })
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
