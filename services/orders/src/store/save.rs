//! Saves what changed: one INSERT for new rows of a table, one UPDATE for changed ones.

use super::{counts, ids, save_orders, words};
use crate::domain::{Book, Entry, FirstUse, IdempotencyKey, Known, Price};
use chassis::{AfterCommit, Live, Writes, clock, leavers};
use contracts::{OrderId, OrderStatus, Sku, Timestamp};
use std::{collections::BTreeMap, convert::Infallible};
use time::OffsetDateTime;
use uuid::Uuid;

/// Saves what changed, and says whose timelines grew.
pub fn save(book: &Book, writes: &mut Writes) -> sqlx::Result<AfterCommit<Infallible>> {
    save_orders::complete(writes, book.orders.changed())?;
    insert_keys(writes, book.keys.fresh());
    save_orders::insert(writes, book.orders.fresh())?;
    save_orders::update(writes, book.orders.changed())?;
    insert_timeline(writes, &book.timeline)?;
    write_products(writes, INSERT_PRODUCTS, book.products.fresh())?;
    write_products(writes, UPDATE_PRODUCTS, book.products.changed())?;
    leavers::save(writes, &book.leavers);
    Ok(AfterCommit { live: live(book), counts: counts::of(book), ..AfterCommit::default() })
}

/// One note per order whose timeline grew. Who waits for an alias is told the state of its original.
fn live(book: &Book) -> Vec<Live> {
    let mut grown: BTreeMap<OrderId, (i64, OrderStatus)> =
        book.timeline.iter().map(|entry| (entry.order_id, (entry.seq, entry.status))).collect();
    for (alias, row) in book.orders.fresh().chain(book.orders.changed()) {
        if let Known::Alias(of) = &row.known
            && let Some(original) = book.orders.get(of)
        {
            grown.insert(*alias, (original.seq, original.status()));
        }
    }
    let note = |(id, (seq, status)): (OrderId, (i64, OrderStatus))| Live {
        subject: format!("live.order.{id}"),
        body: format!(r#"{{"seq":{seq},"status":"{}"}}"#, words::shown_status(status)).into_bytes(),
    };
    grown.into_iter().map(note).collect()
}

fn insert_keys<'a>(writes: &mut Writes, keys: impl Iterator<Item = (&'a IdempotencyKey, &'a FirstUse)>) {
    let (mut customers, mut names, mut orders, mut hashes) = (vec![], vec![], vec![], vec![]);
    for ((customer, key), first) in keys {
        customers.push(customer.0);
        names.push(key.as_str());
        orders.push(first.order_id.0);
        hashes.push(first.body_hash.as_str());
    }
    if customers.is_empty() {
        return;
    }
    writes
        .add(
            "insert into idempotency (customer_id, key, order_id, body_hash)
             select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[])",
        )
        .bind(customers)
        .bind(names)
        .bind(orders)
        .bind(hashes);
}

fn insert_timeline(writes: &mut Writes, entries: &[Entry]) -> sqlx::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    // What this service tells is decided now.
    let now = clock::now();
    let data = entries.iter().map(|entry| entry.data.as_ref().map(json).transpose());
    let at: Vec<OffsetDateTime> = entries.iter().map(|entry| entry.at.unwrap_or(now).inner()).collect();
    let heard_ms = |entry: &Entry| entry.stored_at.and(entry.at).map(|at| since(at, now));
    let stored_ms = |entry: &Entry| Some(since(entry.at?, entry.stored_at?));
    let cause_ms = |entry: &Entry| entry.cause?.command.map(|(_, at)| since(at, now));
    let deliveries = |entry: &Entry| i32::try_from(entry.deliveries).ok().filter(|times| *times > 1);
    let cause = |entry: &Entry| Some(ids::short_cause(entry.order_id, &entry.cause?));
    writes
        .add(
            "insert into timeline (order_id, seq, event, at, status, data, stored_ms, heard_ms, cause_ms, deliveries,
               message, cause, trace)
             select u.order_id, u.seq, u.event, u.at, u.status, u.data::jsonb, u.stored_ms, u.heard_ms, u.cause_ms,
               u.deliveries, u.message, u.cause, u.trace
             from unnest($1::uuid[], $2::int8[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::int4[],
                 $8::int4[], $9::int4[], $10::int4[], $11::bytea[], $12::bytea[], $13::uuid[])
               as u(order_id, seq, event, at, status, data, stored_ms, heard_ms, cause_ms, deliveries, message, cause,
                 trace)",
        )
        .bind(entries.iter().map(|entry| entry.order_id.0).collect::<Vec<Uuid>>())
        .bind(entries.iter().map(|entry| entry.seq).collect::<Vec<i64>>())
        .bind(entries.iter().map(|entry| entry.event).collect::<Vec<&str>>())
        .bind(at)
        .bind(entries.iter().map(|entry| words::shown_status(entry.status)).collect::<Vec<&str>>())
        .bind(data.collect::<sqlx::Result<Vec<Option<String>>>>()?)
        .bind(entries.iter().map(stored_ms).collect::<Vec<Option<i32>>>())
        .bind(entries.iter().map(heard_ms).collect::<Vec<Option<i32>>>())
        .bind(entries.iter().map(cause_ms).collect::<Vec<Option<i32>>>())
        .bind(entries.iter().map(deliveries).collect::<Vec<Option<i32>>>())
        .bind(entries.iter().map(|entry| ids::short(entry.order_id, entry.id)).collect::<Vec<Vec<u8>>>())
        .bind(entries.iter().map(cause).collect::<Vec<Option<Vec<u8>>>>())
        .bind(entries.iter().map(|entry| entry.trace).collect::<Vec<Option<Uuid>>>());
    Ok(())
}

/// Milliseconds from one instant to another; clocks of several machines may make it negative.
fn since(from: Timestamp, to: Timestamp) -> i32 {
    let millis = to.millis() - from.millis();
    i32::try_from(millis).unwrap_or(if millis < 0 { i32::MIN } else { i32::MAX })
}

const INSERT_PRODUCTS: &str = "insert into product (sku, price, currency, active, version, other_prices)
   select u.sku, u.price, u.currency, u.active, u.version, u.others::jsonb
   from unnest($1::text[], $2::int8[], $3::text[], $4::bool[], $5::int8[], $6::text[])
     as u(sku, price, currency, active, version, others)";
const UPDATE_PRODUCTS: &str = "update product p
   set price = u.price, currency = u.currency, active = u.active, version = u.version,
       other_prices = u.others::jsonb
   from unnest($1::text[], $2::int8[], $3::text[], $4::bool[], $5::int8[], $6::text[])
     as u(sku, price, currency, active, version, others)
   where p.sku = u.sku";

fn write_products<'a>(
    writes: &mut Writes,
    sql: &'static str,
    products: impl Iterator<Item = (&'a Sku, &'a Price)>,
) -> sqlx::Result<()> {
    let products: Vec<(&Sku, &Price)> = products.collect();
    if products.is_empty() {
        return Ok(());
    }
    let others = |price: &Price| {
        let others = Some(&price.others).filter(|others| !others.is_empty());
        others.map(json).transpose()
    };
    writes
        .add(sql)
        .bind(products.iter().map(|(sku, _)| sku.as_str()).collect::<Vec<&str>>())
        .bind(products.iter().map(|(_, price)| price.price.minor()).collect::<Vec<i64>>())
        .bind(products.iter().map(|(_, price)| price.currency.as_str()).collect::<Vec<&str>>())
        .bind(products.iter().map(|(_, price)| price.active).collect::<Vec<bool>>())
        .bind(products.iter().map(|(_, price)| price.version).collect::<Vec<i64>>())
        .bind(
            products.iter().map(|(_, price)| others(price)).collect::<sqlx::Result<Vec<Option<String>>>>()?,
        );
    Ok(())
}

pub(super) fn json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}
