//! `order.created`: is there a way to deliver it? Decided before any money moves.

use super::{Dock, Place, Purpose, Shipment, State, slot};
use crate::Tells;
use chassis::{Decision, Fact, Why};
use contracts::{OrderCreated, ShipmentHeld, ShipmentRefusal, ShipmentRejected};

pub(super) fn created(dock: &mut Dock, created: &OrderCreated) -> Decision<Tells> {
    let order_id = created.order_id;
    let Some(known) = dock.shipments.get(&order_id) else {
        return place(dock, created, Shipment::expected());
    };
    match &known.state {
        State::Expected => {
            let known = known.clone();
            place(dock, created, known)
        }
        State::Held
        | State::Booking
        | State::Scheduled(_)
        | State::Rejected
        | State::Dispatched(_)
        | State::Delivered(_)
        | State::Cancelled => Decision::Ignore(Why::Repeat),
        // The cancellation overtook it.
        State::Tombstone => Decision::Ignore(Why::TooLate),
    }
}

/// Holds a place, or rejects; what was heard early counts from now on.
fn place(dock: &mut Dock, created: &OrderCreated, mut shipment: Shipment) -> Decision<Tells> {
    let order_id = created.order_id;
    shipment.customer_id = Some(created.customer_id);
    match find_place(dock, created) {
        Err(why) => {
            shipment.state = State::Rejected;
            dock.shipments.put(order_id, shipment);
            Decision::tell(order_id, ShipmentRejected { order_id, why })
        }
        Ok(place) => {
            let paid = shipment.paid;
            shipment.state = if paid { State::Booking } else { State::Held };
            shipment.zone = Some(place.zone.clone());
            shipment.slot = place.slot.clone();
            dock.shipments.put(order_id, shipment);
            dock.destinations.put(order_id, created.address.clone());
            if paid {
                dock.attempt(order_id, Purpose::Book);
            }
            let held = ShipmentHeld { order_id, zone: place.zone, slot: place.slot };
            Decision::Accept(vec![Fact::first(order_id, held)])
        }
    }
}

fn find_place(dock: &mut Dock, created: &OrderCreated) -> Result<Place, ShipmentRefusal> {
    let zone = dock.zones.of(&created.address).ok_or(ShipmentRefusal::NotServed)?;
    slot::take(&mut dock.slots, zone, created.slot.as_ref())
}
