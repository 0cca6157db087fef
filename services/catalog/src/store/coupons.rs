//! The uses of coupons: counted under a lock of the coupon, once an order.

use super::rules;
use chassis::Db;
use contracts::{Coupon, CustomerId, OrderId};
use sqlx::{postgres::PgRow, prelude::*};

/// The coupons behind these codes (in capital letters), with the uses of others than this order. Locked if the order
/// is about to use them.
pub async fn behind(
    db: &mut Db,
    codes: &[String],
    customer: Option<CustomerId>,
    order: Option<OrderId>,
) -> sqlx::Result<Vec<Coupon>> {
    if order.is_some() {
        sqlx::query("select from coupon where code = any($1) order by code for update")
            .bind(codes)
            .execute(&mut *db)
            .await?;
    }
    let rows = sqlx::query(
        "select c.body,
                c.used - (select count(*) from coupon_use u
                          where u.order_id = $3 and u.code = c.code and not u.returned) as used,
                (select count(*) from coupon_use u where u.customer_id = $2 and u.code = c.code and not u.returned
                 and u.order_id is distinct from $3) as used_by_customer
         from coupon c where code = any($1) order by code",
    )
    .bind(codes)
    .bind(customer.map(|customer| customer.0))
    .bind(order.map(|order| order.0))
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        let by_customer: i64 = row.try_get("used_by_customer")?;
        let used_by_customer = u32::try_from(by_customer).unwrap_or(u32::MAX);
        Ok(Coupon { used_by_customer, ..rules::coupon(row)? })
    };
    rows.iter().map(read).collect()
}

/// Counts the uses, unless this order is counted already. The coupons are locked.
pub async fn take(db: &mut Db, codes: &[String], customer: CustomerId, order: OrderId) -> sqlx::Result<()> {
    sqlx::query(
        "with fresh as (insert into coupon_use (order_id, code, customer_id)
                        select $1, code, $2 from unnest($3::text[]) k(code)
                        on conflict do nothing returning code)
         update coupon c set used = c.used + 1 from fresh where c.code = fresh.code",
    )
    .bind(order.0)
    .bind(customer.0)
    .bind(codes)
    .execute(db)
    .await
    .map(drop)
}
