//! All of shipping's SQL for a batch: a handful of set-based statements, whatever the batch's size.
//!
//! Locks are taken in this order: shipments, attempts, slots; each table in the order of its key.

mod attempts;
mod erase;
mod places;
mod shipments;

use crate::{
    Hears,
    carrier::Leased,
    domain::{Dock, SlotKey, State},
};
use chassis::{AfterCommit, Db, Heard, Lease, Writes, leavers};
use contracts::{CustomerId, OrderCreated, OrderId};
use std::collections::BTreeSet;

pub use erase::Erased;
pub(crate) use places::zones_of;

/// Loads what a batch touches.
pub(crate) async fn load(db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Dock> {
    let wanted = Wanted::by(heard);
    let (shipments, destinations) = shipments::load(db, &wanted.orders, &wanted.paid).await?;
    let mut dock = Dock { shipments, destinations, ..Dock::default() };
    if !wanted.with_attempts.is_empty() {
        dock.attempts = attempts::load(db, &wanted.with_attempts).await?;
    }
    let unplaced = |order_id| dock.shipments.get(order_id).is_none_or(|known| known.state == State::Expected);
    let placing: Vec<&OrderCreated> =
        wanted.created.into_iter().filter(|created| unplaced(&created.order_id)).collect();
    if !placing.is_empty() {
        dock.zones = zones_of(db, placing.iter().map(|created| created.address.country)).await?;
    }
    dock.slots = places::load_slots(db, &dock.zones, &placing, freed(&dock, &wanted.with_attempts)).await?;
    dock.leavers = leavers::load(db, wanted.leavers).await?;
    Ok(dock)
}

/// Says what changed.
pub(crate) fn save(dock: &Dock, lease: Lease, writes: &mut Writes) -> sqlx::Result<AfterCommit<Leased>> {
    shipments::save(writes, &dock.shipments);
    shipments::save_destinations(writes, &dock.destinations)?;
    let attempts = attempts::insert(writes, dock, lease);
    attempts::update(writes, &dock.attempts);
    places::save_slots(writes, &dock.slots);
    leavers::save(writes, &dock.leavers);
    Ok(AfterCommit { attempts, ..AfterCommit::default() })
}

/// What a batch's messages ask for.
#[derive(Default)]
struct Wanted<'a> {
    orders: BTreeSet<OrderId>,
    created: Vec<&'a OrderCreated>,
    /// Orders that may be booked: the carrier is told where to.
    paid: BTreeSet<OrderId>,
    /// Orders whose attempts may matter, and whose places may be freed.
    with_attempts: BTreeSet<OrderId>,
    leavers: BTreeSet<CustomerId>,
}

impl<'a> Wanted<'a> {
    fn by(heard: &'a [Heard<Hears>]) -> Self {
        let mut wanted = Self::default();
        for heard in heard {
            let (order_id, with_attempts) = match &heard.message {
                Hears::OrderCreated(created) => {
                    wanted.created.push(created);
                    (created.order_id, false)
                }
                Hears::PaymentCaptured(message) => {
                    wanted.paid.insert(message.order_id);
                    (message.order_id, false)
                }
                Hears::ShipmentAnswered(message) => (message.order_id, true),
                Hears::OrderCancelled(message) => (message.order_id, true),
                Hears::OrderCancelRequested(message) => (message.order_id, true),
                Hears::OrderConfirmed(message) => (message.order_id, false),
                Hears::DispatchShipment(message) => (message.order_id, false),
                Hears::DeliverShipment(message) => (message.order_id, false),
                Hears::UserDeleted(gone) => {
                    wanted.leavers.insert(gone.user_id);
                    continue;
                }
            };
            wanted.orders.insert(order_id);
            if with_attempts {
                wanted.with_attempts.insert(order_id);
            }
        }
        wanted
    }
}

/// The slots in which the batch may free a place.
fn freed(dock: &Dock, ending: &BTreeSet<OrderId>) -> BTreeSet<SlotKey> {
    let live = dock.shipments.iter().filter(|(id, shipment)| ending.contains(id) && shipment.state.is_live());
    live.filter_map(|(_, shipment)| {
        Some(SlotKey { zone: shipment.zone.clone()?, slot: shipment.slot.clone()? })
    })
    .collect()
}

/// A value in the database that the code does not know: a bug, or a newer release's.
fn unreadable<E: Into<Box<dyn std::error::Error + Send + Sync>>>(error: E) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
