//! Saves orders: what was ordered, once; how far they are, with every message.

use super::{early, save::json, words};
use crate::domain::{Known, Order, Row};
use chassis::Writes;
use contracts::OrderId;
use time::OffsetDateTime;
use uuid::Uuid;

/// The columns that may change with every message.
#[derive(Default)]
struct Progress {
    ids: Vec<Uuid>,
    states: Vec<&'static str>,
    placed_at: Vec<OffsetDateTime>,
    seqs: Vec<i64>,
    seen: Vec<Vec<u8>>,
    early: Vec<Option<String>>,
    alias_of: Vec<Option<Uuid>>,
    deadlines: Vec<Option<OffsetDateTime>>,
    reserved: Vec<bool>,
    captured: Vec<bool>,
    scheduled: Vec<bool>,
    wanted: Vec<Option<&'static str>>,
    refused: Vec<Option<&'static str>>,
    reasons: Vec<Option<String>>,
    waiting: Vec<bool>,
}

impl Progress {
    fn push(&mut self, id: OrderId, row: &Row) -> sqlx::Result<()> {
        let order = placed(row);
        let reason = order.and_then(|order| order.reason.as_ref()).map(json).transpose()?;
        self.ids.push(id.0);
        self.states.push(words::state(row));
        self.placed_at.push(row.placed_at.inner());
        self.seqs.push(row.seq);
        self.seen.push(row.seen.bytes());
        self.early.push(match &row.known {
            Known::Awaited(early) => Some(early::write(early)?),
            Known::Alias(_) | Known::Placed(_) => None,
        });
        self.alias_of.push(match &row.known {
            Known::Alias(of) => Some(of.0),
            Known::Awaited(_) | Known::Placed(_) => None,
        });
        self.deadlines.push(order.map(|order| order.deadline.inner()));
        self.reserved.push(order.is_some_and(|order| order.reserved));
        self.captured.push(order.is_some_and(|order| order.captured));
        self.scheduled.push(order.is_some_and(|order| order.scheduled));
        self.wanted.push(order.and_then(|order| order.wanted).map(words::wanted));
        self.refused.push(order.and_then(|order| order.refused).map(words::refused));
        self.reasons.push(reason);
        self.waiting.push(row.is_waiting());
        Ok(())
    }
}

/// The columns that are written once, when the order is placed.
#[derive(Default)]
struct Placement<'a> {
    ids: Vec<Uuid>,
    customers: Vec<Option<Uuid>>,
    currencies: Vec<Option<&'a str>>,
    totals: Vec<Option<i64>>,
    on_decline: Vec<Option<&'static str>>,
    lines: Vec<Option<String>>,
    addresses: Vec<Option<String>>,
    slots: Vec<Option<&'a str>>,
    methods: Vec<Option<&'a str>>,
    breakdowns: Vec<Option<String>>,
}

impl<'a> Placement<'a> {
    fn push(&mut self, id: OrderId, row: &'a Row) -> sqlx::Result<()> {
        let order = placed(row);
        let goods = order.and_then(|order| order.goods.as_deref());
        self.ids.push(id.0);
        self.customers.push(order.map(|order| order.customer_id.0));
        self.currencies.push(order.map(|order| order.currency.as_str()));
        self.totals.push(order.map(|order| order.total.minor()));
        self.on_decline.push(order.map(|order| words::on_decline(order.on_decline)));
        self.lines.push(goods.map(|goods| json(&goods.lines)).transpose()?);
        self.addresses.push(goods.and_then(|goods| goods.address.as_ref()).map(json).transpose()?);
        self.slots.push(goods.and_then(|goods| goods.slot.as_ref()).map(|slot| slot.as_str()));
        self.methods.push(goods.map(|goods| goods.payment_method.as_str()));
        self.breakdowns.push(goods.and_then(|goods| goods.breakdown.as_deref()).map(json).transpose()?);
        Ok(())
    }
}

/// New rows.
pub(super) fn insert<'a>(
    writes: &mut Writes,
    rows: impl Iterator<Item = (&'a OrderId, &'a Row)>,
) -> sqlx::Result<()> {
    let (mut progress, mut placement) = (Progress::default(), Placement::default());
    for (id, row) in rows {
        progress.push(*id, row)?;
        placement.push(*id, row)?;
    }
    if progress.ids.is_empty() {
        return Ok(());
    }
    writes.add(
        "insert into customer_order (order_id, state, placed_at, seq, seen, early, alias_of, deadline,
           reserved, captured, scheduled, cancel_wanted, cancel_refused, reason, next_sweep_at,
           customer_id, currency, total, on_decline, lines, address, slot, payment_method, breakdown)
         select u.order_id, u.state, u.placed_at, u.seq, u.seen, u.early::jsonb, u.alias_of, u.deadline,
           u.reserved, u.captured, u.scheduled, u.wanted, u.refused, u.reason::jsonb,
           case when u.waiting then coalesce(u.deadline, u.placed_at) end,
           u.customer_id, u.currency, u.total, u.on_decline, u.lines::jsonb, u.address::jsonb, u.slot, u.method,
           u.breakdown::jsonb
         from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int8[], $5::bytea[], $6::text[], $7::uuid[],
             $8::timestamptz[], $9::bool[], $10::bool[], $11::bool[], $12::text[], $13::text[], $14::text[],
             $15::bool[], $16::uuid[], $17::text[], $18::int8[], $19::text[], $20::text[], $21::text[],
             $22::text[], $23::text[], $24::text[])
           as u(order_id, state, placed_at, seq, seen, early, alias_of, deadline, reserved, captured, scheduled,
             wanted, refused, reason, waiting, customer_id, currency, total, on_decline, lines, address, slot, method,
             breakdown)",
    )
    .bind(progress.ids)
    .bind(progress.states)
    .bind(progress.placed_at)
    .bind(progress.seqs)
    .bind(progress.seen)
    .bind(progress.early)
    .bind(progress.alias_of)
    .bind(progress.deadlines)
    .bind(progress.reserved)
    .bind(progress.captured)
    .bind(progress.scheduled)
    .bind(progress.wanted)
    .bind(progress.refused)
    .bind(progress.reasons)
    .bind(progress.waiting)
    .bind(placement.customers)
    .bind(placement.currencies)
    .bind(placement.totals)
    .bind(placement.on_decline)
    .bind(placement.lines)
    .bind(placement.addresses)
    .bind(placement.slots)
    .bind(placement.methods)
    .bind(placement.breakdowns);
    Ok(())
}

/// Rows that were there before their placement came: rare, so a statement of its own keeps the other narrow.
pub(super) fn complete<'a>(
    writes: &mut Writes,
    rows: impl Iterator<Item = (&'a OrderId, &'a Row)>,
) -> sqlx::Result<()> {
    let mut placement = Placement::default();
    for (id, row) in rows.filter(|(_, row)| placed(row).is_some_and(|order| order.goods.is_some())) {
        placement.push(*id, row)?;
    }
    if placement.ids.is_empty() {
        return Ok(());
    }
    writes.add(
        "update customer_order o
         set customer_id = u.customer_id, currency = u.currency, total = u.total, on_decline = u.on_decline,
             lines = u.lines::jsonb, address = u.address::jsonb, slot = u.slot, payment_method = u.method,
             breakdown = u.breakdown::jsonb
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int8[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::text[], $10::text[])
           as u(order_id, customer_id, currency, total, on_decline, lines, address, slot, method, breakdown)
         where o.order_id = u.order_id",
    )
    .bind(placement.ids)
    .bind(placement.customers)
    .bind(placement.currencies)
    .bind(placement.totals)
    .bind(placement.on_decline)
    .bind(placement.lines)
    .bind(placement.addresses)
    .bind(placement.slots)
    .bind(placement.methods)
    .bind(placement.breakdowns);
    // The same rows are changed once more, which one statement may not.
    writes.then();
    Ok(())
}

/// Rows that were there.
pub(super) fn update<'a>(
    writes: &mut Writes,
    rows: impl Iterator<Item = (&'a OrderId, &'a Row)>,
) -> sqlx::Result<()> {
    let mut progress = Progress::default();
    for (id, row) in rows {
        progress.push(*id, row)?;
    }
    if progress.ids.is_empty() {
        return Ok(());
    }
    writes.add(
        "update customer_order o
         set state = u.state, placed_at = u.placed_at, seq = u.seq, seen = u.seen, early = u.early::jsonb,
             alias_of = u.alias_of, deadline = u.deadline, reserved = u.reserved, captured = u.captured,
             scheduled = u.scheduled, cancel_wanted = u.wanted, cancel_refused = u.refused,
             reason = u.reason::jsonb,
             -- Once nothing is waited for, the row leaves the timer's index; until then the timer's own
             -- later time stays, unless the deadline moved beyond it.
             next_sweep_at = case when u.waiting
               then greatest(o.next_sweep_at, coalesce(u.deadline, u.placed_at)) end
         from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int8[], $5::bytea[], $6::text[], $7::uuid[],
             $8::timestamptz[], $9::bool[], $10::bool[], $11::bool[], $12::text[], $13::text[], $14::text[],
             $15::bool[])
           as u(order_id, state, placed_at, seq, seen, early, alias_of, deadline, reserved, captured, scheduled,
             wanted, refused, reason, waiting)
         where o.order_id = u.order_id",
    )
    .bind(progress.ids)
    .bind(progress.states)
    .bind(progress.placed_at)
    .bind(progress.seqs)
    .bind(progress.seen)
    .bind(progress.early)
    .bind(progress.alias_of)
    .bind(progress.deadlines)
    .bind(progress.reserved)
    .bind(progress.captured)
    .bind(progress.scheduled)
    .bind(progress.wanted)
    .bind(progress.refused)
    .bind(progress.reasons)
    .bind(progress.waiting);
    Ok(())
}

const fn placed(row: &Row) -> Option<&Order> {
    match &row.known {
        Known::Placed(order) => Some(order),
        Known::Awaited(_) | Known::Alias(_) => None,
    }
}
