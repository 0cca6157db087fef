//! The table `webhook_event`.

use super::broken;
use super::payments::{optional_text, text};
use crate::domain::{NoticeOutcome, WebhookEvent};
use chassis::{Db, Writes};
use contracts::{OrderId, Text, Timestamp};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

/// Provider and the provider's event id.
pub(super) type Key = (Text<32>, Text<100>);

pub(super) async fn load(db: &mut Db, orders: &[Uuid]) -> sqlx::Result<Vec<(OrderId, Key, WebhookEvent)>> {
    const SQL: &str = "select order_id, provider, event_id, attempt, outcome, provider_ref, matched, at \
        from webhook_event where order_id = any($1)";
    if orders.is_empty() {
        return Ok(vec![]);
    }
    let rows = sqlx::query(SQL).bind(orders).fetch_all(db).await?;
    rows.iter().map(event).collect()
}

pub(super) fn insert(writes: &mut Writes, rows: &[(OrderId, &Key, &WebhookEvent)]) {
    const SQL: &str = "insert into webhook_event \
            (order_id, provider, event_id, attempt, outcome, provider_ref, matched, at) \
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[], \
            $7::boolean[], $8::timestamptz[])";
    if rows.is_empty() {
        return;
    }
    writes
        .add(SQL)
        .bind(Vec::from_iter(rows.iter().map(|(order, _, _)| order.0)))
        .bind(Vec::from_iter(rows.iter().map(|(_, (provider, _), _)| provider.as_str())))
        .bind(Vec::from_iter(rows.iter().map(|(_, (_, event_id), _)| event_id.as_str())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, event)| event.attempt)))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, event)| event.outcome.word())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, event)| event.provider_ref.as_ref().map(Text::as_str))))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, event)| event.matched)))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, event)| event.at.inner())));
}

/// Only whether it is matched ever changes.
pub(super) fn update(writes: &mut Writes, rows: &[(OrderId, &Key, &WebhookEvent)]) {
    const SQL: &str = "update webhook_event e set matched = u.matched \
        from unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[]) as u(order_id, provider, event_id, matched) \
        where e.order_id = u.order_id and e.provider = u.provider and e.event_id = u.event_id";
    if rows.is_empty() {
        return;
    }
    writes
        .add(SQL)
        .bind(Vec::from_iter(rows.iter().map(|(order, _, _)| order.0)))
        .bind(Vec::from_iter(rows.iter().map(|(_, (provider, _), _)| provider.as_str())))
        .bind(Vec::from_iter(rows.iter().map(|(_, (_, event_id), _)| event_id.as_str())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, event)| event.matched)));
}

fn event(row: &PgRow) -> sqlx::Result<(OrderId, Key, WebhookEvent)> {
    let outcome: &str = row.try_get("outcome")?;
    let event = WebhookEvent {
        attempt: row.try_get("attempt")?,
        outcome: NoticeOutcome::of(outcome).ok_or_else(|| broken("webhook outcome"))?,
        provider_ref: optional_text(row, "provider_ref")?,
        matched: row.try_get("matched")?,
        at: Timestamp::new(row.try_get("at")?),
    };
    Ok((OrderId(row.try_get("order_id")?), (text(row, "provider")?, text(row, "event_id")?), event))
}
