//! The rules: what each state of a shipment makes of each input. Pure; one file an input, or a pair of kin.

mod attempt;
mod booking;
mod calling_off;
mod placing;
mod sending;
mod shipment;
mod slot;
mod zone;

pub use attempt::{Attempt, AttemptState, Purpose};
pub use shipment::{Parcel, Shipment, State};
pub use slot::{Place, Room, SlotKey, Slots};
pub use zone::{Zone, ZoneId, Zones};

use crate::{Hears, Tells};
use chassis::{
    Decision, Heard, Rows,
    leavers::{self, Leavers},
};
use contracts::{Address, OrderId};

/// All rows that a batch touches. With everything in it, it is shipping without a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dock {
    /// What is known of each order.
    pub shipments: Rows<OrderId, Shipment>,
    /// Where held parcels go: written once, never read by a decision (so never loaded), but by the caller.
    pub destinations: Rows<OrderId, Address>,
    /// What the carrier is asked to do, by order and number.
    pub attempts: Rows<(OrderId, i16), Attempt>,
    /// Where the shop delivers.
    pub zones: Zones,
    /// Places in slots.
    pub slots: Slots,
    /// Customers whose accounts are gone.
    pub leavers: Leavers,
}

/// Decides one message.
pub fn decide(dock: &mut Dock, heard: &Heard<Hears>) -> Decision<Tells> {
    match &heard.message {
        Hears::OrderCreated(created) => placing::created(dock, created),
        Hears::PaymentCaptured(captured) => booking::captured(dock, captured),
        Hears::ShipmentAnswered(answered) => booking::answered(dock, answered),
        Hears::OrderCancelled(cancelled) => calling_off::cancelled(dock, cancelled),
        Hears::OrderCancelRequested(wish) => calling_off::cancel_requested(dock, wish.order_id),
        Hears::OrderConfirmed(confirmed) => sending::confirmed(dock, confirmed.order_id),
        Hears::DispatchShipment(command) => sending::dispatch(dock, heard.id, command.order_id),
        Hears::DeliverShipment(command) => sending::deliver(dock, heard.id, command.order_id),
        Hears::UserDeleted(gone) => leavers::leave(&mut dock.leavers, gone.user_id, heard.at),
    }
}
