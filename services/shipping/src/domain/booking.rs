//! `payment.captured` makes the hold a booking; `shipment.answered` is what the carrier says to it.

use super::{AttemptState, Dock, Parcel, Purpose, Shipment, State};
use crate::Tells;
use chassis::{Decision, Why};
use contracts::{
    CarrierAnswer, OrderId, PaymentCaptured, ShipmentAnswered, ShipmentRefusal, ShipmentRejected,
    ShipmentScheduled, Text,
};

pub(super) fn captured(dock: &mut Dock, captured: &PaymentCaptured) -> Decision<Tells> {
    let order_id = captured.order_id;
    if captured.surplus {
        // The order was paid before, or cancelled: this goes back and moves no parcel.
        return Decision::Ignore(Why::TooLate);
    }
    let Some(shipment) = dock.shipments.get(&order_id) else {
        dock.shipments.put(order_id, Shipment { paid: true, ..Shipment::expected() });
        return Decision::NOTED;
    };
    match &shipment.state {
        State::Expected if shipment.paid => Decision::Ignore(Why::Repeat),
        State::Expected => {
            let shipment = shipment.clone();
            dock.shipments.put(order_id, Shipment { paid: true, ..shipment });
            Decision::NOTED
        }
        State::Held => {
            let shipment = shipment.clone();
            dock.shipments.put(order_id, Shipment { paid: true, state: State::Booking, ..shipment });
            dock.attempt(order_id, Purpose::Book);
            Decision::NOTED
        }
        State::Booking | State::Scheduled(_) | State::Dispatched(_) | State::Delivered(_) => {
            Decision::Ignore(Why::Repeat)
        }
        // Payments hears of the cancellation too, and gives the money back.
        State::Rejected | State::Cancelled | State::Tombstone => Decision::Ignore(Why::TooLate),
    }
}

pub(super) fn answered(dock: &mut Dock, answered: &ShipmentAnswered) -> Decision<Tells> {
    let order_id = answered.order_id;
    let attempt =
        i16::try_from(answered.attempt).ok().and_then(|number| dock.attempts.get(&(order_id, number)));
    let Some(attempt) = attempt else {
        return impossible("an answer to an attempt that was never recorded");
    };
    match &attempt.state {
        AttemptState::Answered(_) => return Decision::Ignore(Why::Repeat),
        AttemptState::Withdrawn => return impossible("an answer to an attempt that was withdrawn uncalled"),
        AttemptState::Due | AttemptState::Leased => {}
    }
    match (attempt.purpose, &answered.answer) {
        (Purpose::Book, CarrierAnswer::Booked { tracking }) => booked(dock, answered, tracking),
        (Purpose::Book, CarrierAnswer::Refused) => refused(dock, answered),
        (Purpose::Void { .. }, CarrierAnswer::Voided) => {
            note(dock, answered);
            Decision::NOTED
        }
        (Purpose::Book, CarrierAnswer::Voided) => impossible("a booking answered with a void"),
        (Purpose::Void { .. }, CarrierAnswer::Booked { .. } | CarrierAnswer::Refused) => {
            impossible("a void answered like a booking")
        }
    }
}

fn booked(dock: &mut Dock, answered: &ShipmentAnswered, tracking: &Text<64>) -> Decision<Tells> {
    let order_id = answered.order_id;
    match state(dock, order_id) {
        Some(State::Booking) => {
            note(dock, answered);
            let carrier = answered.carrier.clone();
            let parcel = Parcel { carrier: carrier.clone(), tracking: tracking.clone() };
            if let Some(shipment) = dock.shipments.change(&order_id) {
                shipment.state = State::Scheduled(parcel);
            }
            Decision::tell(order_id, ShipmentScheduled { order_id, carrier, tracking: tracking.clone() })
        }
        // Cancelled while the carrier was being asked.
        Some(State::Cancelled) => {
            note(dock, answered);
            void(dock, order_id);
            Decision::NOTED
        }
        // There is one booking an order, and it is open in these two states alone.
        Some(
            State::Expected
            | State::Held
            | State::Scheduled(_)
            | State::Rejected
            | State::Dispatched(_)
            | State::Delivered(_)
            | State::Tombstone,
        )
        | None => impossible("a booking that nobody waits for"),
    }
}

fn refused(dock: &mut Dock, answered: &ShipmentAnswered) -> Decision<Tells> {
    let order_id = answered.order_id;
    match state(dock, order_id) {
        Some(State::Booking) => {
            note(dock, answered);
            end(dock, order_id, State::Rejected);
            Decision::tell(order_id, ShipmentRejected { order_id, why: ShipmentRefusal::CarrierRefused })
        }
        // Cancelled while the carrier was being asked: nothing to undo.
        Some(State::Cancelled) => {
            note(dock, answered);
            Decision::NOTED
        }
        Some(
            State::Expected
            | State::Held
            | State::Scheduled(_)
            | State::Rejected
            | State::Dispatched(_)
            | State::Delivered(_)
            | State::Tombstone,
        )
        | None => impossible("a refusal of a booking that nobody waits for"),
    }
}

/// Ends a live shipment: its place is free again.
pub(super) fn end(dock: &mut Dock, order_id: OrderId, state: State) {
    let Some(shipment) = dock.shipments.get(&order_id).cloned() else { return };
    dock.free_place(&shipment);
    dock.shipments.put(order_id, Shipment { state, ..shipment });
}

/// Has the carrier forget the order's booking.
pub(super) fn void(dock: &mut Dock, order_id: OrderId) {
    dock.attempt(order_id, Purpose::Void { of_attempt: super::attempt::BOOKING });
}

fn note(dock: &mut Dock, answered: &ShipmentAnswered) {
    let number = i16::try_from(answered.attempt).unwrap_or_default();
    if let Some(attempt) = dock.attempts.change(&(answered.order_id, number)) {
        attempt.state = AttemptState::Answered(answered.answer.clone());
    }
}

fn state(dock: &Dock, order_id: OrderId) -> Option<&State> {
    dock.shipments.get(&order_id).map(|shipment| &shipment.state)
}

fn impossible(what: &str) -> Decision<Tells> {
    Decision::Ignore(Why::Impossible(what.to_owned()))
}
