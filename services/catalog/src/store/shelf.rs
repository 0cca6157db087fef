//! What catalog hears, in Postgres: a handful of statements a batch, whatever its size.

use super::parsed;
use crate::{
    Hears,
    domain::{Shelf, Stocked, Uses},
};
use chassis::{Db, Heard, Writes};
use contracts::{OrderId, Sku, Text};
use sqlx::prelude::*;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The rows that the messages touch, locked: stock, then uses of coupons, then the coupons.
pub async fn load(db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Shelf> {
    let (mut skus, mut orders) = (BTreeSet::new(), BTreeSet::new());
    for heard in heard {
        match &heard.message {
            Hears::LevelChanged(level) => {
                skus.insert(level.sku.as_str());
            }
            Hears::AvailabilityChanged(news) => {
                skus.extend(news.levels.iter().map(|level| level.sku.as_str()))
            }
            Hears::OrderCancelled(order) => {
                orders.insert(order.order_id);
            }
        }
    }
    let mut shelf = Shelf::default();
    if !skus.is_empty() {
        let skus: Vec<&str> = skus.into_iter().collect();
        let pages: Vec<(String, String)> =
            sqlx::query_as("select sku, listing from product where sku = any($1) and listing is not null")
                .bind(&skus)
                .fetch_all(&mut *db)
                .await?;
        shelf.pages = pages
            .into_iter()
            .map(|(sku, page)| Ok((parsed(sku)?, parsed(page)?)))
            .collect::<sqlx::Result<_>>()?;
        let rows: Vec<(String, bool, i64)> = sqlx::query_as(
            "select sku, available, version from stock where sku = any($1) order by sku for update",
        )
        .bind(skus)
        .fetch_all(&mut *db)
        .await?;
        let stocked =
            |(sku, available, version)| Ok((parsed::<String, Sku>(sku)?, Stocked { available, version }));
        shelf.stock = rows.into_iter().map(stocked).collect::<sqlx::Result<_>>()?;
    }
    if !orders.is_empty() {
        let rows = sqlx::query(
            "with locked as (select order_id, code, returned from coupon_use
                             where order_id = any($1) order by order_id, code for update)
             select order_id, array_agg(code order by code) as codes, bool_and(returned) as returned
             from locked group by order_id",
        )
        .bind(orders.into_iter().map(|order| order.0).collect::<Vec<Uuid>>())
        .fetch_all(&mut *db)
        .await?;
        let uses = |row: &sqlx::postgres::PgRow| {
            let uses = Uses { codes: row.try_get("codes")?, returned: row.try_get("returned")? };
            Ok((OrderId(row.try_get("order_id")?), uses))
        };
        shelf.uses = rows.iter().map(uses).collect::<sqlx::Result<_>>()?;
    }
    Ok(shelf)
}

/// Writes what changed.
pub fn save(shelf: &Shelf, writes: &mut Writes) {
    write_stock(
        writes,
        "insert into stock (sku, available, version)
         select * from unnest($1::text[], $2::boolean[], $3::bigint[])",
        shelf.stock.fresh().collect(),
    );
    write_stock(
        writes,
        "update stock s set available = u.available, version = u.version
         from unnest($1::text[], $2::boolean[], $3::bigint[]) u(sku, available, version) where s.sku = u.sku",
        shelf.stock.changed().collect(),
    );
    let returned: Vec<(&OrderId, &Uses)> = shelf.uses.changed().collect();
    if !returned.is_empty() {
        let orders: Vec<Uuid> = returned.iter().map(|(order, _)| order.0).collect();
        let codes: Vec<&str> =
            returned.iter().flat_map(|(_, uses)| uses.codes.iter().map(String::as_str)).collect();
        writes
            .add("update coupon_use set returned = true where order_id = any($1) and not returned")
            .bind(orders);
        writes
            .add(
                "update coupon c set used = c.used - u.uses
                 from (select code, count(*) as uses from unnest($1::text[]) k(code) group by code order by code) u
                 where c.code = u.code",
            )
            .bind(codes);
    }
}

fn write_stock(writes: &mut Writes, sql: &'static str, rows: Vec<(&Sku, &Stocked)>) {
    if rows.is_empty() {
        return;
    }
    writes
        .add(sql)
        .bind(rows.iter().map(|(sku, _)| Text::as_str(sku)).collect::<Vec<&str>>())
        .bind(rows.iter().map(|(_, stocked)| stocked.available).collect::<Vec<bool>>())
        .bind(rows.iter().map(|(_, stocked)| stocked.version).collect::<Vec<i64>>());
}
