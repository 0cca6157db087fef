//! Loads what a batch touches: first the orders' rows are locked, then the SKUs', each in the order of their keys.

use crate::{
    Hears, Shelf,
    domain::{Cause, Holding, Level, Lines},
};
use chassis::{Db, Heard, Rows};
use contracts::{OrderId, Reference, Sku};
use sqlx::{PgPool, types::Json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The rows that the messages touch.
pub async fn load(db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Shelf> {
    let touched = Touched::by(heard);
    let orders = orders(db, touched.orders).await?;
    let mut skus = touched.skus;
    // What a cancellation or a dispatch will change stands in the hold, not in the message.
    for (_, holding) in orders.iter() {
        if let Holding::Reserved(lines) = holding {
            skus.extend(lines.keys().cloned());
        }
    }
    let levels = levels(db, skus).await?;
    let booked = booked(db, &touched.causes).await?;
    Ok(Shelf { orders, levels, booked, movements: Vec::new() })
}

/// What there is of one SKU, for a reader.
pub async fn level(db: &PgPool, sku: &Sku) -> sqlx::Result<Option<Level>> {
    let row: Option<(i64, i64, i64)> =
        sqlx::query_as("select on_hand, reserved, version from stock where sku = $1")
            .bind(sku.as_str())
            .fetch_optional(db)
            .await?;
    Ok(row.map(|(on_hand, reserved, version)| Level { on_hand, reserved, version }))
}

#[derive(Default)]
struct Touched {
    orders: BTreeSet<OrderId>,
    skus: BTreeSet<Sku>,
    causes: BTreeSet<Cause>,
}

impl Touched {
    fn by(heard: &[Heard<Hears>]) -> Self {
        let mut touched = Self::default();
        for heard in heard {
            match &heard.message {
                Hears::OrderCreated(order) => {
                    touched.orders.insert(order.order_id);
                    touched.skus.extend(order.lines.iter().map(|line| line.sku.clone()));
                }
                Hears::OrderCancelled(order) => {
                    touched.orders.insert(order.order_id);
                }
                Hears::ShipmentDispatched(shipment) => {
                    touched.orders.insert(shipment.order_id);
                }
                Hears::ReceiveStock(receipt) => {
                    touched.skus.extend(receipt.lines.iter().map(|line| line.sku.clone()));
                    touched.causes.insert(Cause::Receipt(receipt.reference.clone()));
                }
                Hears::AdjustStock(adjustment) => {
                    touched.skus.insert(adjustment.sku.clone());
                    touched.causes.insert(Cause::Adjustment(adjustment.reference.clone()));
                }
            }
        }
        touched
    }
}

async fn orders(db: &mut Db, ids: BTreeSet<OrderId>) -> sqlx::Result<Rows<OrderId, Holding>> {
    if ids.is_empty() {
        return Ok(Rows::default());
    }
    let ids: Vec<Uuid> = ids.into_iter().map(Uuid::from).collect();
    let rows: Vec<(Uuid, String, Option<Json<Lines>>)> = sqlx::query_as(
        "select order_id, state, lines from stock_order
         where order_id = any($1) order by order_id for update",
    )
    .bind(ids)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|(id, state, lines)| Ok((OrderId(id), holding(&state, lines)?))).collect()
}

fn holding(state: &str, lines: Option<Json<Lines>>) -> sqlx::Result<Holding> {
    match (state, lines) {
        ("reserved", Some(Json(lines))) => Ok(Holding::Reserved(lines)),
        ("released", Some(Json(lines))) => Ok(Holding::Released(lines)),
        ("committed", Some(Json(lines))) => Ok(Holding::Committed(lines)),
        ("rejected", None) => Ok(Holding::Rejected),
        ("tombstone", None) => Ok(Holding::Tombstone),
        ("dispatched", None) => Ok(Holding::Dispatched),
        (other, _) => Err(sqlx::Error::Decode(format!("no state of a stock_order: {other}").into())),
    }
}

async fn levels(db: &mut Db, skus: BTreeSet<Sku>) -> sqlx::Result<Rows<Sku, Level>> {
    if skus.is_empty() {
        return Ok(Rows::default());
    }
    let skus: Vec<String> = skus.into_iter().map(String::from).collect();
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "select sku, on_hand, reserved, version from stock where sku = any($1) order by sku for update",
    )
    .bind(skus)
    .fetch_all(db)
    .await?;
    let level = |(sku, on_hand, reserved, version)| Ok((text(sku)?, Level { on_hand, reserved, version }));
    rows.into_iter().map(level).collect()
}

/// Which of these receipts and adjustments are in the log: each has a line 0 there.
async fn booked(db: &mut Db, causes: &BTreeSet<Cause>) -> sqlx::Result<BTreeSet<Cause>> {
    let references = causes.iter().filter_map(|cause| match cause {
        Cause::Receipt(reference) => Some(("receipt", reference.as_str())),
        Cause::Adjustment(reference) => Some(("adjustment", reference.as_str())),
        Cause::Commit(_) => None,
    });
    let (kinds, references): (Vec<&str>, Vec<&str>) = references.unzip();
    if kinds.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<(String, String)> = sqlx::query_as(
        // The limit keeps the planner from turning this into a join that reads all lines 0, which looks as cheap
        // while the table is empty; "is not null" is said so that the partial index serves.
        "select u.kind, u.reference
         from unnest($1::text[], $2::text[]) u(kind, reference)
         cross join lateral (select from movement m
                             where m.kind = u.kind and m.reference = u.reference and m.line = 0
                               and m.reference is not null limit 1) known",
    )
    .bind(kinds)
    .bind(references)
    .fetch_all(db)
    .await?;
    let cause = |(kind, reference): (String, String)| {
        let reference: Reference = text(reference)?;
        Ok(if kind == "receipt" { Cause::Receipt(reference) } else { Cause::Adjustment(reference) })
    };
    rows.into_iter().map(cause).collect()
}

/// A text that was one when it was stored.
fn text<const MAX: usize>(stored: String) -> sqlx::Result<contracts::Text<MAX>> {
    contracts::Text::new(stored).map_err(|error| sqlx::Error::Decode(error.into()))
}
