//! What shipping answers: how a shipment stands, which slots have room.

use crate::store;
use chassis::{Ctx, Fault};
use contracts::{GetShipment, ListSlots, Refusal, ShipmentView, Slot, Text};
use sqlx::PgPool;
use uuid::Uuid;

/// The most slots that are listed.
const MAX_SLOTS: i64 = 200;

/// Answers [`GetShipment`].
pub async fn get_shipment(ctx: Ctx, asked: GetShipment) -> Result<ShipmentView, Fault> {
    shipment(&ctx.db, &asked).await
}

/// Answers [`ListSlots`].
pub async fn list_slots(ctx: Ctx, asked: ListSlots) -> Result<Vec<Slot>, Fault> {
    slots(&ctx.db, &asked).await
}

/// An order's shipment. A customer sees only the own; another's is not there, and so is one that others spoke of
/// before the order itself was heard.
pub async fn shipment(db: &PgPool, asked: &GetShipment) -> Result<ShipmentView, Fault> {
    #[derive(sqlx::FromRow)]
    struct Row {
        state: String,
        customer_id: Option<Uuid>,
        slot: Option<String>,
        carrier: Option<String>,
        tracking: Option<String>,
    }
    let row: Option<Row> = sqlx::query_as(
        "select state, customer_id, slot, carrier, tracking from shipment
         where order_id = $1 and state <> 'expected'",
    )
    .bind(asked.order_id.0)
    .fetch_optional(db)
    .await?;
    let visible = |row: &Row| asked.by.role.sees_all() || row.customer_id == Some(asked.by.id.0);
    let row = row.filter(visible).ok_or_else(|| Refusal::NotFound { what: "shipment".into() })?;
    // For whoever asks it is the same whether the cancellation came first.
    let state = if row.state == "tombstone" { "cancelled".into() } else { row.state };
    Ok(ShipmentView {
        order_id: asked.order_id,
        state,
        slot: row.slot.map(text).transpose()?,
        carrier: row.carrier,
        tracking: row.tracking,
    })
}

/// The slots with room of the zone that serves an address, in the order of their ids; none where it has no slots.
pub async fn slots(db: &PgPool, asked: &ListSlots) -> Result<Vec<Slot>, Fault> {
    let mut db = db.acquire().await?;
    let zones = store::zones_of(&mut db, std::iter::once(asked.country)).await?;
    let zone = zones.serving(asked.country, asked.postal_code.as_ref());
    let zone = zone.ok_or_else(|| Refusal::NotFound { what: "delivery zone".into() })?;
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select slot, capacity, taken from slot where zone = $1 and taken < capacity order by slot limit $2",
    )
    .bind(zone.id.as_str())
    .bind(MAX_SLOTS)
    .fetch_all(&mut *db)
    .await?;
    rows.into_iter()
        .map(|(slot, capacity, taken)| Ok(Slot { slot: text(slot)?, zone: zone.id.clone(), capacity, taken }))
        .collect()
}

fn text<const MAX: usize>(text: String) -> Result<Text<MAX>, Fault> {
    Text::new(text).map_err(|error| Fault::Database(sqlx::Error::Decode(error.into())))
}
