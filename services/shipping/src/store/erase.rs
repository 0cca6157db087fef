//! Erases where parcels went of people who left.

use chassis::{Db, leavers::Erase};
use uuid::Uuid;

/// Erases the addresses of at most so many of their shipments that are over. Whether there may be more.
///
/// A shipment that was called off while the carrier was being asked keeps its address until the carrier has answered: it is
/// asked again with it.
#[derive(Debug)]
pub struct Erased;

impl Erase for Erased {
    async fn erase(db: &mut Db, leavers: &[Uuid], limit: i64) -> sqlx::Result<bool> {
        let erased = sqlx::query(
            "with over as (
               select s.order_id from shipment s
               where s.customer_id = any($1) and s.state in ('delivered', 'rejected', 'cancelled', 'tombstone')
                 and exists (select from destination d where d.order_id = s.order_id)
                 and not exists (select from attempt a where a.order_id = s.order_id and a.purpose = 'book'
                                 and a.state in ('due', 'leased'))
               limit $2 for update of s skip locked)
             delete from destination d using over where d.order_id = over.order_id",
        )
        .bind(leavers)
        .bind(limit)
        .execute(db)
        .await?;
        Ok(i64::try_from(erased.rows_affected()).is_ok_and(|erased| erased >= limit))
    }
}
