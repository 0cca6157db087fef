//! `order.cancelled` is a fact; `order.cancel_requested` is a wish that shipping grants until the parcel has left.

use super::{Dock, Shipment, State, booking};
use crate::Tells;
use chassis::{Decision, Why};
use contracts::{OrderCancelled, OrderId, ShipmentCancelled};

pub(super) fn cancelled(dock: &mut Dock, cancelled: &OrderCancelled) -> Decision<Tells> {
    let order_id = cancelled.order_id;
    let Some(shipment) = dock.shipments.get(&order_id) else {
        let customer_id = Some(cancelled.customer_id);
        let tombstone = Shipment { state: State::Tombstone, customer_id, ..Shipment::expected() };
        dock.shipments.put(order_id, tombstone);
        return Decision::NOTED;
    };
    match &shipment.state {
        State::Expected => {
            let customer_id = Some(cancelled.customer_id);
            let shipment = shipment.clone();
            dock.shipments.put(order_id, Shipment { state: State::Tombstone, customer_id, ..shipment });
            Decision::NOTED
        }
        State::Held | State::Booking => {
            release(dock, order_id);
            Decision::NOTED
        }
        State::Scheduled(_) => call_off(dock, order_id),
        // It is most often cancelled because it was rejected.
        State::Rejected => Decision::Ignore(Why::TooLate),
        // Once confirmed, an order is cancelled only after shipment.cancelled, and dispatched only once confirmed.
        State::Dispatched(_) | State::Delivered(_) => {
            Decision::Ignore(Why::Impossible("cancelled after it was dispatched".to_owned()))
        }
        State::Cancelled | State::Tombstone => Decision::Ignore(Why::Repeat),
    }
}

pub(super) fn cancel_requested(dock: &mut Dock, order_id: OrderId) -> Decision<Tells> {
    let Some(shipment) = dock.shipments.get(&order_id) else {
        dock.shipments.put(order_id, Shipment { state: State::Tombstone, ..Shipment::expected() });
        return Decision::tell(order_id, ShipmentCancelled { order_id });
    };
    match &shipment.state {
        State::Expected => {
            let shipment = shipment.clone();
            dock.shipments.put(order_id, Shipment { state: State::Tombstone, ..shipment });
            Decision::tell(order_id, ShipmentCancelled { order_id })
        }
        // Orders asks only for what is scheduled; when its wish comes earlier all the same, it waits for an answer.
        State::Held | State::Booking => {
            release(dock, order_id);
            Decision::tell(order_id, ShipmentCancelled { order_id })
        }
        State::Scheduled(_) => call_off(dock, order_id),
        // Rejected after being scheduled: there is no such way.
        State::Rejected => Decision::Ignore(Why::Impossible("a rejected order was confirmed".to_owned())),
        // shipment.dispatched was the answer.
        State::Dispatched(_) | State::Delivered(_) => Decision::Ignore(Why::TooLate),
        State::Cancelled | State::Tombstone => Decision::Ignore(Why::Repeat),
    }
}

/// The carrier knows nothing of it yet, or is just being asked: then its answer decides the rest.
fn release(dock: &mut Dock, order_id: OrderId) {
    dock.withdraw_booking(order_id);
    booking::end(dock, order_id, State::Cancelled);
}

/// The carrier has it: it is to forget it.
fn call_off(dock: &mut Dock, order_id: OrderId) -> Decision<Tells> {
    booking::end(dock, order_id, State::Cancelled);
    booking::void(dock, order_id);
    Decision::tell(order_id, ShipmentCancelled { order_id })
}
