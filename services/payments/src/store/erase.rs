//! Erases by which means people paid who left.

use chassis::{Db, leavers::Erase};
use uuid::Uuid;

/// Erases the provider's references for the means of payment from at most so many of their payments for which nothing more
/// can be charged. Whether there may be more.
///
/// The method and the provider's reference of each charge stay: they are the books, and money may still have to go back.
#[derive(Debug)]
pub struct Erased;

impl Erase for Erased {
    async fn erase(db: &mut Db, leavers: &[Uuid], limit: i64) -> sqlx::Result<bool> {
        let erased: i64 = sqlx::query_scalar(
            // Paid, or called off for good; and no other charge is open or pending.
            "with over as (
               select p.order_id from payment p
               where p.customer_id = any($1) and p.state in ('captured', 'refunding', 'refunded', 'voided')
                 and not exists (select from attempt a where a.order_id = p.order_id and a.purpose = 'charge'
                                 and (a.state in ('due', 'leased') or a.outcome = 'pending'))
                 and (p.token is not null or p.waiting_token is not null
                      or exists (select from attempt a where a.order_id = p.order_id and a.token is not null))
               limit $2 for update of p skip locked),
             tried as (
               update attempt a set token = null from over where a.order_id = over.order_id and a.token is not null),
             paid as (
               update payment p set token = null, waiting_token = null from over where p.order_id = over.order_id)
             select count(*) from over",
        )
        .bind(leavers)
        .bind(limit)
        .fetch_one(db)
        .await?;
        Ok(erased >= limit)
    }
}
