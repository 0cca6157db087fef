//! Saves what became of a batch: one statement a table and kind of change, a hot SKU's row written once.

use crate::{
    Shelf,
    domain::{Cause, Holding, Level, Lines, Movement},
};
use chassis::Writes;
use contracts::{OrderId, Sku};
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

/// Writes what changed, in the order in which rows are locked: orders, SKUs, log.
pub fn save(shelf: &Shelf, writes: &mut Writes) {
    write_orders(writes, INSERT_ORDERS, shelf.orders.fresh().collect());
    write_orders(writes, UPDATE_ORDERS, shelf.orders.changed().collect());
    write_levels(writes, INSERT_LEVELS, shelf.levels.fresh().collect());
    write_levels(writes, UPDATE_LEVELS, shelf.levels.changed().collect());
    insert_movements(writes, &shelf.movements);
}

const INSERT_ORDERS: &str = "insert into stock_order (order_id, state, lines)
   select * from unnest($1::uuid[], $2::text[], $3::jsonb[])";
const UPDATE_ORDERS: &str = "update stock_order o set state = u.state, lines = u.lines
   from unnest($1::uuid[], $2::text[], $3::jsonb[]) u(order_id, state, lines)
   where o.order_id = u.order_id";
const INSERT_LEVELS: &str = "insert into stock (sku, on_hand, reserved, version)
   select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])";
const UPDATE_LEVELS: &str =
    "update stock s set on_hand = u.on_hand, reserved = u.reserved, version = u.version
   from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) u(sku, on_hand, reserved, version)
   where s.sku = u.sku";

fn write_orders(writes: &mut Writes, sql: &'static str, rows: Vec<(&OrderId, &Holding)>) {
    if rows.is_empty() {
        return;
    }
    let ids: Vec<Uuid> = rows.iter().map(|(id, _)| id.0).collect();
    let (states, lines): (Vec<&str>, Vec<Option<Json<&Lines>>>) =
        rows.iter().map(|(_, holding)| columns(holding)).unzip();
    writes.add(sql).bind(ids).bind(states).bind(lines);
}

const fn columns(holding: &Holding) -> (&'static str, Option<Json<&Lines>>) {
    match holding {
        Holding::Reserved(lines) => ("reserved", Some(Json(lines))),
        Holding::Released(lines) => ("released", Some(Json(lines))),
        Holding::Committed(lines) => ("committed", Some(Json(lines))),
        Holding::Rejected => ("rejected", None),
        Holding::Tombstone => ("tombstone", None),
        Holding::Dispatched => ("dispatched", None),
    }
}

fn write_levels(writes: &mut Writes, sql: &'static str, rows: Vec<(&Sku, &Level)>) {
    if rows.is_empty() {
        return;
    }
    let skus: Vec<&str> = rows.iter().map(|(sku, _)| sku.as_str()).collect();
    let on_hand: Vec<i64> = rows.iter().map(|(_, level)| level.on_hand).collect();
    let reserved: Vec<i64> = rows.iter().map(|(_, level)| level.reserved).collect();
    let versions: Vec<i64> = rows.iter().map(|(_, level)| level.version).collect();
    writes.add(sql).bind(skus).bind(on_hand).bind(reserved).bind(versions);
}

fn insert_movements(writes: &mut Writes, rows: &[Movement]) {
    if rows.is_empty() {
        return;
    }
    let skus: Vec<&str> = rows.iter().map(|row| row.sku.as_str()).collect();
    let quantities: Vec<i64> = rows.iter().map(|row| row.quantity).collect();
    let kinds: Vec<&str> = rows.iter().map(|row| cause(row).0).collect();
    let references: Vec<Option<&str>> = rows.iter().map(|row| cause(row).1).collect();
    let orders: Vec<Option<Uuid>> = rows.iter().map(|row| cause(row).2).collect();
    let lines: Vec<i32> = rows.iter().map(|row| row.line).collect();
    let reasons: Vec<Option<&str>> =
        rows.iter().map(|row| row.reason.as_ref().map(contracts::Text::as_str)).collect();
    let times: Vec<OffsetDateTime> = rows.iter().map(|row| row.at.inner()).collect();
    writes
        .add(
            "insert into movement (sku, quantity, kind, reference, order_id, line, reason, at)
         select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::uuid[], $6::integer[],
                              $7::text[], $8::timestamptz[])",
        )
        .bind(skus)
        .bind(quantities)
        .bind(kinds)
        .bind(references)
        .bind(orders)
        .bind(lines)
        .bind(reasons)
        .bind(times);
}

/// Kind, reference and order.
fn cause(row: &Movement) -> (&'static str, Option<&str>, Option<Uuid>) {
    match &row.cause {
        Cause::Receipt(reference) => ("receipt", Some(reference.as_str()), None),
        Cause::Adjustment(reference) => ("adjustment", Some(reference.as_str()), None),
        Cause::Commit(order) => ("commit", None, Some(order.0)),
    }
}
