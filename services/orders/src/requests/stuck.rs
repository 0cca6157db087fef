//! The watchdog: orders that sit in a state past its deadline, and what they wait for.

use super::limit;
use crate::{domain::Seen, store::to_shown_status};
use chassis::Fault;
use contracts::{ListStuck, OrderId, OrderStatus, ShipmentHeld, StuckOrder, Timestamp};
use sqlx::{AssertSqlSafe, FromRow, PgPool};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

/// The most orders in one answer.
const MAX_STUCK: u32 = 1_000;

/// Since when an order `o` should have gone on, as SQL. An unpaid order may wait until its deadline; every other is
/// moved on by machines alone.
pub(crate) const SINCE: &str =
    "case when o.state in ('placed', 'stock_reserved') and not o.captured then o.deadline
       else (select t.at from timeline t where t.order_id = o.order_id order by t.seq desc limit 1)
  end";

/// Lists orders that should have gone on, those that wait longest first.
///
/// # Errors
/// When the limit is out of range, or the database fails.
pub async fn stuck(db: &PgPool, ask: &ListStuck, now: Timestamp) -> Result<Vec<StuckOrder>, Fault> {
    let since = now.inner() - Duration::from_secs(ask.grace_s.into());
    let sql = format!(
        "select * from (
           select o.order_id, o.state, o.reserved, o.captured, o.scheduled, o.seen, {SINCE} as since
           from customer_order o
           -- Open orders, early news without an order, and wishes that shipping has not answered.
           where o.next_sweep_at is not null) waiting
         where since < $1 order by since limit $2"
    );
    let rows: Vec<Waiting> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(since)
        .bind(limit(ask.limit, MAX_STUCK)?)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(Waiting::stuck).collect())
}

#[derive(FromRow)]
struct Waiting {
    order_id: Uuid,
    state: String,
    reserved: bool,
    captured: bool,
    scheduled: bool,
    seen: Vec<u8>,
    since: OffsetDateTime,
}

impl Waiting {
    fn stuck(self) -> StuckOrder {
        let status = to_shown_status(&self.state);
        let missing = self.missing(status).into_iter().map(str::to_owned).collect();
        StuckOrder { order_id: OrderId(self.order_id), status, since: Timestamp::new(self.since), missing }
    }

    /// What the order waits for. Payment begins when stock and slot are held, the booking when it is paid; so
    /// what comes later is not named before its turn.
    fn missing(&self, status: OrderStatus) -> Vec<&'static str> {
        match status {
            OrderStatus::Accepted => vec!["cmd.order.place"],
            OrderStatus::Confirmed => vec!["shipment.cancelled", "shipment.dispatched"],
            OrderStatus::Placed | OrderStatus::StockReserved | OrderStatus::Paid => {
                let held = Seen::from_bytes(&self.seen).has::<ShipmentHeld>();
                let mut missing = vec![];
                missing.extend((!self.reserved).then_some("stock.reserved"));
                missing.extend((!held && !self.scheduled).then_some("shipment.held"));
                missing.extend((missing.is_empty() && !self.captured).then_some("payment.captured"));
                missing.extend((self.captured && !self.scheduled).then_some("shipment.scheduled"));
                // Past its deadline an unpaid order is cancelled by the timer, if that runs.
                missing.extend((!self.captured).then_some("cmd.order.expire"));
                missing
            }
            OrderStatus::Dispatched | OrderStatus::Completed | OrderStatus::Cancelled => vec![],
        }
    }
}
