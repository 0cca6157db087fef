//! Shipping's `decide`, straight or bent.

use super::Mutant;
use chassis::{Decision, Heard};
use contracts::OrderId;
use shipping::{
    Hears, Tells,
    domain::{self, AttemptState, Dock, Purpose, Shipment, State},
};

pub(crate) fn decide(dock: &mut Dock, heard: &Heard<Hears>, bend: Mutant) -> Decision<Tells> {
    match (bend, &heard.message) {
        (Mutant::NoTombstoneShipping, Hears::OrderCancelled(m))
            if dock.shipments.get(&m.order_id).is_none() =>
        {
            Decision::NOTED
        }
        (Mutant::BookingStands, Hears::ShipmentAnswered(m)) => {
            let decision = domain::decide(dock, heard);
            withdraw_voids(dock, m.order_id);
            decision
        }
        (Mutant::PlaceNotFreed, Hears::OrderCancelled(_)) => {
            let slots = dock.slots.clone();
            let decision = domain::decide(dock, heard);
            dock.slots = slots;
            decision
        }
        (Mutant::DispatchUnconfirmed, Hears::DispatchShipment(m)) => {
            with(dock, m.order_id, |shipment| shipment.confirmed = true);
            domain::decide(dock, heard)
        }
        (Mutant::CancelsDispatched, Hears::OrderCancelRequested(m)) => {
            with(dock, m.order_id, |shipment| {
                if let State::Dispatched(parcel) = &shipment.state {
                    shipment.state = State::Scheduled(parcel.clone());
                }
            });
            domain::decide(dock, heard)
        }
        _ => domain::decide(dock, heard),
    }
}

fn with(dock: &mut Dock, id: OrderId, bend: impl FnOnce(&mut Shipment)) {
    if let Some(shipment) = dock.shipments.change(&id) {
        bend(shipment);
    }
}

fn withdraw_voids(dock: &mut Dock, id: OrderId) {
    let voids = dock.attempts.iter().filter(|((of, _), attempt)| {
        *of == id && attempt.state == AttemptState::Due && attempt.purpose != Purpose::Book
    });
    for key in voids.map(|(key, _)| *key).collect::<Vec<_>>() {
        if let Some(attempt) = dock.attempts.change(&key) {
            attempt.state = AttemptState::Withdrawn;
        }
    }
}
