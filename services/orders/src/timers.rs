//! What happens with time alone: orders that were not paid in time expire, the only deadline in the flock; and what is
//! known of people who left is erased.

use crate::store;
use chassis::{Db, Outgoing, Sweep, leavers};
use contracts::{ExpireOrder, MessageId, OrderId, Timestamp};
use sqlx::Row;
use std::time::Duration;
use time::OffsetDateTime;

/// Orders claimed at a time.
const CLAIM: i64 = 500;
/// A claimed order that is still open then is claimed again: the command may have been lost in a crash.
const NEXT_TRY: Duration = Duration::from_secs(60);

/// Tells orders whose deadline has passed that it has.
pub struct DueOrders;

impl Sweep for DueOrders {
    const NAME: &'static str = "due orders";
    const EVERY: Duration = Duration::from_secs(5);

    async fn due(db: &mut Db, now: Timestamp) -> sqlx::Result<Vec<Outgoing>> {
        // What is paid no longer expires; it stays in the index for the watchdog.
        let rows = sqlx::query(
            "with due as (
               select order_id from customer_order
               where next_sweep_at <= $1 and state in ('placed', 'stock_reserved') and not captured
               order by next_sweep_at limit $3 for update skip locked)
             update customer_order o set next_sweep_at = $2
             from due where o.order_id = due.order_id
             returning o.order_id, o.deadline",
        )
        .bind(now.inner())
        .bind(now.plus(NEXT_TRY).inner())
        .bind(CLAIM)
        .fetch_all(db)
        .await?;
        let mut commands = Vec::with_capacity(rows.len());
        for row in rows {
            let order_id = OrderId(row.try_get("order_id")?);
            let due_at = Timestamp::new(row.try_get::<OffsetDateTime, _>("deadline")?);
            let id = MessageId::named(&["order.expire", &order_id.to_string(), &due_at.to_string()]);
            let command = Outgoing::new(id, order_id, &ExpireOrder { order_id, due_at });
            commands.push(command.map_err(|error| sqlx::Error::Encode(error.into()))?);
        }
        Ok(commands)
    }
}

/// Erases where settled orders went whose customer has left.
pub type EraseLeavers = leavers::EraseLeavers<store::Erased>;
