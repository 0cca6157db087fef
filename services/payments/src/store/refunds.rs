//! The table `refund`.

use super::broken;
use super::payments::{amount, text};
use crate::domain::{Refund, RefundState};
use chassis::{Db, Writes};
use contracts::{OrderId, Reference};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

pub(super) async fn load(db: &mut Db, orders: &[Uuid]) -> sqlx::Result<Vec<(OrderId, Reference, Refund)>> {
    const SQL: &str =
        "select order_id, reference, amount, state, attempt, of_attempt from refund where order_id = any($1)";
    if orders.is_empty() {
        return Ok(vec![]);
    }
    let rows = sqlx::query(SQL).bind(orders).fetch_all(db).await?;
    rows.iter().map(refund).collect()
}

pub(super) fn insert(writes: &mut Writes, rows: &[(OrderId, &Reference, &Refund)]) {
    const SQL: &str = "insert into refund (order_id, reference, amount, state, attempt, of_attempt) \
        select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::integer[])";
    if rows.is_empty() {
        return;
    }
    writes
        .add(SQL)
        .bind(Vec::from_iter(rows.iter().map(|(order, _, _)| order.0)))
        .bind(Vec::from_iter(rows.iter().map(|(_, reference, _)| reference.as_str())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, refund)| refund.amount.minor())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, refund)| refund.state.word())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, refund)| refund.attempt)))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, refund)| refund.of)));
}

/// Only the state of a refund ever changes.
pub(super) fn update(writes: &mut Writes, rows: &[(OrderId, &Reference, &Refund)]) {
    const SQL: &str = "update refund r set state = u.state \
        from unnest($1::uuid[], $2::text[], $3::text[]) as u(order_id, reference, state) \
        where r.order_id = u.order_id and r.reference = u.reference";
    if rows.is_empty() {
        return;
    }
    writes
        .add(SQL)
        .bind(Vec::from_iter(rows.iter().map(|(order, _, _)| order.0)))
        .bind(Vec::from_iter(rows.iter().map(|(_, reference, _)| reference.as_str())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, refund)| refund.state.word())));
}

fn refund(row: &PgRow) -> sqlx::Result<(OrderId, Reference, Refund)> {
    let state: &str = row.try_get("state")?;
    let refund = Refund {
        amount: amount(row, "amount")?,
        state: RefundState::of(state).ok_or_else(|| broken("refund state"))?,
        attempt: row.try_get("attempt")?,
        of: row.try_get("of_attempt")?,
    };
    Ok((OrderId(row.try_get("order_id")?), text(row, "reference")?, refund))
}
