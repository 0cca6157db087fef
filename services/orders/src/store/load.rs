//! Loads what a batch touches: keys, then orders, then products; rows that may change are locked in key order.

use super::{early, unreadable, words};
use crate::{
    Hears,
    domain::{Book, FirstUse, IdempotencyKey, Known, Order, Price, Row, Rules, Seen},
};
use chassis::{Db, Heard, Rows, leavers};
use contracts::{Amount, CancelReason, CustomerId, OrderId, PriceIn, Sku, Text, Timestamp};
use sqlx::{FromRow, types::Json};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;
use uuid::Uuid;

/// Loads what the batch touches.
pub async fn load(rules: &Rules, db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Book> {
    let touched = Touched::by(heard);
    let keys = load_keys(db, &touched.keys).await?;
    // The original that a key stands for must be there when its alias is placed.
    let mut ids = touched.orders;
    ids.extend(keys.values().map(|first| first.order_id));
    let mut orders = load_orders(db, &ids).await?;
    // And the original of an alias that somebody wants cancelled. These few locks are not in key order; a deadlock
    // would be transient, and the batch is taken again.
    let originals: BTreeSet<OrderId> = orders.values().filter_map(original).collect();
    let missing: BTreeSet<OrderId> = originals.difference(&ids).copied().collect();
    if !missing.is_empty() {
        orders.extend(load_orders(db, &missing).await?);
    }
    let mut products = load_products(db, LOCK_PRODUCTS, &touched.changed).await?;
    let only_priced = touched.priced.difference(&touched.changed).copied().collect();
    products.extend(load_products(db, READ_PRODUCTS, &only_priced).await?);
    Ok(Book {
        rules: rules.clone(),
        orders: Rows::from_iter(orders),
        keys: Rows::from_iter(keys),
        products: Rows::from_iter(products),
        leavers: leavers::load(db, touched.leavers).await?,
        timeline: vec![],
    })
}

const fn original(row: &Row) -> Option<OrderId> {
    match row.known {
        Known::Alias(of) => Some(of),
        Known::Awaited(_) | Known::Placed(_) => None,
    }
}

/// The keys of the rows that a batch touches.
#[derive(Default)]
struct Touched<'a> {
    orders: BTreeSet<OrderId>,
    keys: BTreeSet<(CustomerId, &'a str)>,
    priced: BTreeSet<&'a str>,
    changed: BTreeSet<&'a str>,
    leavers: BTreeSet<CustomerId>,
}

impl<'a> Touched<'a> {
    fn by(heard: &'a [Heard<Hears>]) -> Self {
        let mut touched = Self::default();
        for heard in heard {
            if let Hears::PlaceOrder(place) = &heard.message {
                touched.keys.insert((place.customer_id, place.idempotency_key.as_str()));
                touched.priced.extend(place.lines.iter().map(|line| line.sku.as_str()));
            }
            if let Hears::ProductChanged(product) = &heard.message {
                touched.changed.insert(product.sku.as_str());
            }
            if let Hears::UserDeleted(gone) = &heard.message {
                touched.leavers.insert(gone.user_id);
            }
            touched.orders.extend(heard.message.order_id());
        }
        touched
    }
}

async fn load_keys(
    db: &mut Db,
    keys: &BTreeSet<(CustomerId, &str)>,
) -> sqlx::Result<BTreeMap<IdempotencyKey, FirstUse>> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (customers, keys): (Vec<Uuid>, Vec<&str>) =
        keys.iter().map(|(customer, key)| (customer.0, *key)).unzip();
    // Never changed once it is there, so not locked.
    let rows: Vec<(Uuid, String, Uuid, String)> = sqlx::query_as(
        "select i.customer_id, i.key, i.order_id, i.body_hash
         from unnest($1::uuid[], $2::text[]) as u(customer_id, key)
         join idempotency i on i.customer_id = u.customer_id and i.key = u.key",
    )
    .bind(customers)
    .bind(keys)
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(customer, key, order, body_hash)| {
            let key = (CustomerId(customer), Text::new(key).map_err(unreadable)?);
            let body_hash = Text::new(body_hash).map_err(unreadable)?;
            Ok((key, FirstUse { order_id: OrderId(order), body_hash }))
        })
        .collect()
}

async fn load_orders(db: &mut Db, ids: &BTreeSet<OrderId>) -> sqlx::Result<BTreeMap<OrderId, Row>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    // Not lines and address: no decision depends on them.
    let rows: Vec<Stored> = sqlx::query_as(
        "select order_id, state, placed_at, seq, seen, early::text, alias_of, customer_id, currency, total, on_decline,
                deadline, reserved, captured, scheduled, cancel_wanted, cancel_refused, reason
         from customer_order where order_id = any($1) order by order_id for update",
    )
    .bind(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>())
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Stored::read).collect()
}

#[derive(FromRow)]
struct Stored {
    order_id: Uuid,
    state: String,
    placed_at: OffsetDateTime,
    seq: i64,
    seen: Vec<u8>,
    early: Option<String>,
    alias_of: Option<Uuid>,
    customer_id: Option<Uuid>,
    currency: Option<String>,
    total: Option<i64>,
    on_decline: Option<String>,
    deadline: Option<OffsetDateTime>,
    reserved: bool,
    captured: bool,
    scheduled: bool,
    cancel_wanted: Option<String>,
    cancel_refused: Option<String>,
    reason: Option<Json<CancelReason>>,
}

impl Stored {
    fn read(self) -> sqlx::Result<(OrderId, Row)> {
        let id = OrderId(self.order_id);
        let (placed_at, seq) = (Timestamp::new(self.placed_at), self.seq);
        let seen = Seen::from_bytes(&self.seen);
        let known = match (words::to_status(&self.state), self.alias_of) {
            (Some(_), _) => Known::Placed(self.order().ok_or_else(|| unreadable("an order with gaps"))??),
            (None, Some(of)) => Known::Alias(OrderId(of)),
            (None, None) => Known::Awaited(self.early.as_deref().map_or(Ok(vec![]), early::read)?),
        };
        Ok((id, Row { known, seen, placed_at, seq }))
    }

    /// None if a column is null that a placed order has.
    fn order(self) -> Option<sqlx::Result<Order>> {
        let status = words::to_status(&self.state)?;
        let (customer, deadline) = (self.customer_id?, self.deadline?);
        let (currency, total, on_decline) = (self.currency?, self.total?, self.on_decline?);
        let read = || {
            Ok(Order {
                id: OrderId(self.order_id),
                customer_id: CustomerId(customer),
                currency: currency.parse().map_err(unreadable)?,
                total: Amount::new(total).map_err(unreadable)?,
                on_decline: words::to_on_decline(&on_decline)?,
                goods: None,
                status,
                deadline: Timestamp::new(deadline),
                reserved: self.reserved,
                captured: self.captured,
                scheduled: self.scheduled,
                wanted: self.cancel_wanted.as_deref().map(words::to_wanted).transpose()?,
                refused: self.cancel_refused.as_deref().map(words::to_refused).transpose()?,
                reason: self.reason.map(|reason| reason.0),
            })
        };
        Some(read())
    }
}

const LOCK_PRODUCTS: &str = "select sku, price, currency, other_prices, active, version from product
   where sku = any($1) order by sku for update";
/// An order is checked against the copy as it stands; a lock would only make orders of a hot SKU queue up.
const READ_PRODUCTS: &str = "select sku, price, currency, other_prices, active, version from product
   where sku = any($1)";

async fn load_products(
    db: &mut Db,
    sql: &'static str,
    skus: &BTreeSet<&str>,
) -> sqlx::Result<BTreeMap<Sku, Price>> {
    if skus.is_empty() {
        return Ok(BTreeMap::new());
    }
    let skus: Vec<&str> = skus.iter().copied().collect();
    type Stored = (String, i64, String, Option<Json<Vec<PriceIn>>>, bool, i64);
    let rows: Vec<Stored> = sqlx::query_as(sql).bind(skus).fetch_all(db).await?;
    rows.into_iter()
        .map(|(sku, price, currency, others, active, version)| {
            let (price, currency) =
                (Amount::new(price).map_err(unreadable)?, currency.parse().map_err(unreadable)?);
            Ok((
                Sku::new(sku).map_err(unreadable)?,
                Price {
                    price,
                    currency,
                    others: others.map_or_else(Vec::new, |others| others.0),
                    active,
                    version,
                },
            ))
        })
        .collect()
}
