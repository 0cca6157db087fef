//! Out of the house: `order.confirmed` allows it, the commands dispatch and deliver do it.

use super::{Dock, Shipment, State};
use crate::Tells;
use chassis::{Decision, Why};
use contracts::{
    DeliverShipment, DispatchShipment, Message, MessageId, OrderId, ShipmentCommandRefusal as Refusal,
    ShipmentCommandRefused, ShipmentDelivered, ShipmentDispatched, Text,
};

pub(super) fn confirmed(dock: &mut Dock, order_id: OrderId) -> Decision<Tells> {
    let Some(shipment) = dock.shipments.get(&order_id) else {
        dock.shipments.put(order_id, Shipment { confirmed: true, ..Shipment::expected() });
        return Decision::NOTED;
    };
    match &shipment.state {
        State::Expected | State::Held | State::Booking | State::Scheduled(_) if shipment.confirmed => {
            Decision::Ignore(Why::Repeat)
        }
        State::Expected | State::Held | State::Booking | State::Scheduled(_) => {
            let shipment = shipment.clone();
            dock.shipments.put(order_id, Shipment { confirmed: true, ..shipment });
            Decision::NOTED
        }
        State::Dispatched(_) | State::Delivered(_) => Decision::Ignore(Why::Repeat),
        // Orders confirms only what was scheduled, and what was scheduled is never rejected.
        State::Rejected => Decision::Ignore(Why::Impossible("a rejected order was confirmed".to_owned())),
        State::Cancelled | State::Tombstone => Decision::Ignore(Why::TooLate),
    }
}

pub(super) fn dispatch(dock: &mut Dock, command: MessageId, order_id: OrderId) -> Decision<Tells> {
    let refuse = |why| refuse(DispatchShipment::INFO.subject, command, order_id, why);
    let Some(shipment) = dock.shipments.get(&order_id) else { return refuse(Refusal::UnknownOrder) };
    match &shipment.state {
        State::Expected | State::Held | State::Booking | State::Rejected => refuse(Refusal::NotScheduled),
        State::Scheduled(_) if !shipment.confirmed => refuse(Refusal::NotConfirmed),
        State::Scheduled(parcel) => {
            let (parcel, shipment) = (parcel.clone(), shipment.clone());
            let tracking = parcel.tracking.clone();
            dock.shipments.put(order_id, Shipment { state: State::Dispatched(parcel), ..shipment });
            Decision::tell(order_id, ShipmentDispatched { order_id, tracking })
        }
        State::Dispatched(_) | State::Delivered(_) => refuse(Refusal::AlreadyDone),
        State::Cancelled | State::Tombstone => refuse(Refusal::Cancelled),
    }
}

pub(super) fn deliver(dock: &mut Dock, command: MessageId, order_id: OrderId) -> Decision<Tells> {
    let refuse = |why| refuse(DeliverShipment::INFO.subject, command, order_id, why);
    let Some(shipment) = dock.shipments.get(&order_id) else { return refuse(Refusal::UnknownOrder) };
    match &shipment.state {
        State::Expected | State::Held | State::Booking | State::Scheduled(_) | State::Rejected => {
            refuse(Refusal::NotDispatched)
        }
        State::Dispatched(parcel) => {
            let (parcel, shipment) = (parcel.clone(), shipment.clone());
            dock.shipments.put(order_id, Shipment { state: State::Delivered(parcel), ..shipment });
            Decision::tell(order_id, ShipmentDelivered { order_id })
        }
        State::Delivered(_) => refuse(Refusal::AlreadyDone),
        State::Cancelled | State::Tombstone => refuse(Refusal::Cancelled),
    }
}

/// A refusal changes no row, so its id is made of the command's: an order can refuse any number of commands.
fn refuse(subject: &str, command: MessageId, order_id: OrderId, why: Refusal) -> Decision<Tells> {
    match Text::new(subject) {
        Ok(subject) => Decision::tell(command, ShipmentCommandRefused { order_id, command: subject, why }),
        Err(error) => Decision::Ignore(Why::Impossible(format!("a command's subject is {error}"))),
    }
}
