//! Erases what is personal in the orders of people who left.

use chassis::{
    Db,
    leavers::{self, Erase},
};
use contracts::{Message, MessageId, PlaceOrder};
use sqlx::Row;
use uuid::Uuid;

/// Erases the addresses of at most so many orders of theirs that are settled, also in what the journal would tell again.
/// Whether there may be more.
///
/// Completed or cancelled means that `order.created` was acted upon, or is too late to be: nobody needs it again.
#[derive(Debug)]
pub struct Erased;

impl Erase for Erased {
    async fn erase(db: &mut Db, leavers: &[Uuid], limit: i64) -> sqlx::Result<bool> {
        let rows = sqlx::query(
            "with over as (
               select order_id from customer_order
               where customer_id = any($1) and address is not null and state in ('completed', 'cancelled')
               limit $2 for update skip locked)
             update customer_order o set address = null from over where o.order_id = over.order_id
             returning o.order_id",
        )
        .bind(leavers)
        .bind(limit)
        .fetch_all(&mut *db)
        .await?;
        let placed = |row: &sqlx::postgres::PgRow| {
            let order: Uuid = row.try_get("order_id")?;
            Ok(MessageId::about(order, PlaceOrder::INFO.code, 0).0)
        };
        let placements: Vec<Uuid> = rows.iter().map(placed).collect::<sqlx::Result<_>>()?;
        leavers::forget_outputs(db, &placements).await?;
        Ok(i64::try_from(placements.len()).is_ok_and(|erased| erased >= limit))
    }
}
