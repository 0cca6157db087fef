//! What happened to an order, and why. A customer sees only the own.

use super::show::{may_see, not_found};
use crate::store::{long_id, to_shown_status};
use chassis::Fault;
use contracts::{Cause, GetTimeline, MessageInfo, OrderId, Timeline, TimelineEntry, Timestamp};
use sqlx::{FromRow, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

/// Entries in one answer; the next question asks for those after the last.
const MAX_ENTRIES: i64 = 500;

/// Shows what happened to an order.
///
/// # Errors
/// `NotFound` when it is not placed, or not the caller's; or the database fails.
pub async fn timeline(db: &PgPool, ask: &GetTimeline) -> Result<Timeline, Fault> {
    let order: Option<(Uuid, Uuid, String)> = sqlx::query_as(
        "select o.order_id, o.customer_id, o.state from customer_order o
         where o.order_id = coalesce((select alias_of from customer_order where order_id = $1), $1)
           and o.customer_id is not null",
    )
    .bind(ask.order_id.0)
    .fetch_optional(db)
    .await?;
    let order = order.filter(|(_, customer, _)| may_see(ask.by, *customer));
    let (order_id, _, state) = order.ok_or_else(not_found)?;
    let entries: Vec<StoredEntry> = sqlx::query_as(
        "select seq, event, at, status, data, stored_ms, heard_ms, cause_ms, deliveries, message, cause, trace
         from timeline where order_id = $1 and seq > $2 order by seq limit $3",
    )
    .bind(order_id)
    .bind(ask.after)
    .bind(MAX_ENTRIES)
    .fetch_all(db)
    .await?;
    let order_id = OrderId(order_id);
    let entries = entries.into_iter().map(|stored| stored.entry(order_id)).collect::<sqlx::Result<_>>()?;
    Ok(Timeline { order_id, status: to_shown_status(&state), entries })
}

#[derive(FromRow)]
struct StoredEntry {
    seq: i64,
    event: String,
    at: OffsetDateTime,
    status: String,
    data: Option<serde_json::Value>,
    stored_ms: Option<i32>,
    heard_ms: Option<i32>,
    cause_ms: Option<i32>,
    deliveries: Option<i32>,
    message: Option<Vec<u8>>,
    cause: Option<Vec<u8>>,
    trace: Option<Uuid>,
}

impl StoredEntry {
    fn entry(self, order: OrderId) -> sqlx::Result<TimelineEntry> {
        let at = Timestamp::new(self.at);
        let later = |ms: i32| Timestamp::from_millis(at.millis() + i64::from(ms));
        let info = MessageInfo::of_subject(&self.event);
        let message = self.message.as_deref().map(|id| long_id(order, id)).transpose()?;
        let cause = self.cause.as_deref().map(|id| long_id(order, id)).transpose()?;
        Ok(TimelineEntry {
            seq: self.seq,
            service: info.map(|info| info.owner.to_owned()).unwrap_or_default(),
            compensates: info.is_some_and(MessageInfo::compensates),
            event: self.event,
            at,
            status: to_shown_status(&self.status),
            data: self.data,
            message_id: message.map(|(id, _)| id),
            cause: cause.map(|(message_id, info)| Cause {
                message_id,
                subject: info.map(|info| info.subject.to_owned()),
                at: self.cause_ms.map(|ms| later(ms.saturating_neg())),
            }),
            stored_at: self.stored_ms.map(later),
            heard_at: self.heard_ms.map(later),
            deliveries: self.deliveries.and_then(|times| u32::try_from(times).ok()),
            trace_id: self.trace.map(|trace| trace.simple().to_string()),
        })
    }
}
