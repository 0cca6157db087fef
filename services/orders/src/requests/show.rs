//! One order, a page of orders. A customer sees only the own: another's is as if it did not exist.

use super::limit;
use crate::store::{shown_status as status_word, to_shown_status, unreadable};
use chassis::Fault;
use contracts::{
    Address, Amount, Breakdown, Caller, CancelReason, CustomerId, GetOrder, Line, ListOrders, OrderId,
    OrderPage, OrderStatus, OrderView, Refusal, Timestamp,
};
use sqlx::{FromRow, PgPool, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

/// The most orders on one page.
const MAX_PAGE: u32 = 100;
/// Rows that one page may look at when only some statuses are wanted; the cursor goes on behind them.
const MAX_LOOKED_AT: i64 = 5_000;

/// Shows an order.
///
/// # Errors
/// `NotFound` when it is not placed, or not the caller's; or the database fails.
pub async fn get(db: &PgPool, ask: &GetOrder) -> Result<OrderView, Fault> {
    // An alias is followed to its original.
    let row: Option<Stored> = sqlx::query_as(
        "select o.order_id, o.customer_id, o.state, o.reason, o.cancel_wanted, o.captured, o.currency, o.total,
                o.lines, o.address, o.breakdown, o.deadline, o.placed_at, o.seq
         from customer_order o
         where o.order_id = coalesce((select alias_of from customer_order where order_id = $1), $1)
           and o.customer_id is not null",
    )
    .bind(ask.order_id.0)
    .fetch_optional(db)
    .await?;
    let row = row.filter(|row| may_see(ask.by, row.customer_id)).ok_or_else(not_found)?;
    Ok(row.view()?)
}

/// Lists orders, newest first.
///
/// # Errors
/// When the limit is out of range, or the database fails.
pub async fn list(db: &PgPool, ask: &ListOrders) -> Result<OrderPage, Fault> {
    let wanted = limit(ask.limit, MAX_PAGE)?;
    let customer = if ask.by.role.sees_all() { ask.customer } else { Some(ask.by.id) };
    let before = ask.before.map_or(Uuid::max(), |id| id.0);
    let page = sqlx::query_as(if customer.is_some() { PAGE_OF_CUSTOMER } else { PAGE_OF_ALL })
        .bind(before)
        .bind(ask.status.map(status_word))
        // One more than wanted, to see whether there is a next page.
        .bind(wanted + 1)
        .bind(MAX_LOOKED_AT);
    let page = if let Some(customer) = customer { page.bind(customer.0) } else { page };
    let mut rows: Vec<Stored> = page.fetch_all(db).await?;
    let wanted = usize::try_from(wanted).unwrap_or_default();
    let next = if rows.len() > wanted {
        rows.truncate(wanted);
        rows.last().map(|row| OrderId(row.order_id))
    } else if ask.status.is_some() {
        // Perhaps there are more behind the rows that were looked at.
        let end = sqlx::query_scalar(if customer.is_some() { END_OF_CUSTOMER } else { END_OF_ALL })
            .bind(before)
            .bind(MAX_LOOKED_AT - 1);
        let end = if let Some(customer) = customer { end.bind(customer.0) } else { end };
        end.fetch_optional(db).await?.map(OrderId)
    } else {
        None
    };
    let orders = rows.into_iter().map(Stored::view).collect::<sqlx::Result<Vec<OrderView>>>()?;
    Ok(OrderPage { orders, next })
}

// Two statements rather than `$5 is null or …`: with one generic plan for both, neither could use its index.
const PAGE_OF_ALL: &str = "
    select o.order_id, o.customer_id, o.state, o.reason, o.cancel_wanted, o.captured, o.currency, o.total, o.lines,
           o.address, o.breakdown, o.deadline, o.placed_at, o.seq
    from (select * from customer_order where order_id < $1 and customer_id is not null
          order by order_id desc limit $4) o
    where $2::text is null or o.state = $2
    order by o.order_id desc limit $3";
const PAGE_OF_CUSTOMER: &str = "
    select o.order_id, o.customer_id, o.state, o.reason, o.cancel_wanted, o.captured, o.currency, o.total, o.lines,
           o.address, o.breakdown, o.deadline, o.placed_at, o.seq
    from (select * from customer_order where customer_id = $5 and order_id < $1
          order by order_id desc limit $4) o
    where $2::text is null or o.state = $2
    order by o.order_id desc limit $3";
const END_OF_ALL: &str = "
    select order_id from customer_order where order_id < $1 and customer_id is not null
    order by order_id desc offset $2 limit 1";
const END_OF_CUSTOMER: &str = "
    select order_id from customer_order where customer_id = $3 and order_id < $1
    order by order_id desc offset $2 limit 1";

pub(super) fn may_see(caller: Caller, customer: Uuid) -> bool {
    caller.role.sees_all() || caller.id.0 == customer
}

pub(super) fn not_found() -> Fault {
    Refusal::NotFound { what: "order".to_owned() }.into()
}

#[derive(FromRow)]
struct Stored {
    order_id: Uuid,
    customer_id: Uuid,
    state: String,
    reason: Option<Json<CancelReason>>,
    cancel_wanted: Option<String>,
    captured: bool,
    currency: String,
    total: i64,
    lines: Json<Vec<Line>>,
    address: Option<Json<Address>>,
    breakdown: Option<Json<Box<Breakdown>>>,
    deadline: OffsetDateTime,
    placed_at: OffsetDateTime,
    seq: i64,
}

impl Stored {
    fn view(self) -> sqlx::Result<OrderView> {
        let status = to_shown_status(&self.state);
        let unpaid = !self.captured && !status.is_settled();
        Ok(OrderView {
            order_id: OrderId(self.order_id),
            customer_id: CustomerId(self.customer_id),
            status,
            reason: self.reason.map(|reason| reason.0),
            cancel_requested: status == OrderStatus::Confirmed && self.cancel_wanted.is_some(),
            currency: self.currency.parse().map_err(unreadable)?,
            total: Amount::new(self.total).map_err(unreadable)?,
            lines: self.lines.0,
            address: self.address.map(|address| address.0),
            breakdown: self.breakdown.map(|breakdown| breakdown.0),
            deadline: unpaid.then(|| Timestamp::new(self.deadline)),
            placed_at: Timestamp::new(self.placed_at),
            seq: self.seq,
        })
    }
}
