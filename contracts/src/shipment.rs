//! What `shipping` hears and tells: slots, carriers, parcels.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The parcel leaves the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DispatchShipment {
    /// Of which order.
    pub order_id: OrderId,
}

/// The parcel arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliverShipment {
    /// Of which order.
    pub order_id: OrderId,
}

/// The zone is served and a place in a slot is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentHeld {
    /// For which order.
    pub order_id: OrderId,
    /// The delivery zone.
    pub zone: Text<32>,
    /// The slot; none in zones without slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<SlotId>,
}

/// It cannot be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentRejected {
    /// Which order.
    pub order_id: OrderId,
    /// Why.
    pub why: ShipmentRefusal,
}

/// Why an order cannot be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentRefusal {
    /// No zone covers the address.
    NotServed,
    /// No such slot in this zone.
    UnknownSlot,
    /// The slot has no room left.
    SlotFull,
    /// The carrier refuses the parcel.
    CarrierRefused,
}

/// Something that the carrier is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentPurpose {
    /// Take a parcel.
    Book,
    /// Forget a booking.
    Void,
}

/// What the carrier answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum CarrierAnswer {
    /// The parcel will be fetched.
    Booked {
        /// The carrier's number for it.
        tracking: Text<64>,
    },
    /// It will not.
    Refused,
    /// The booking is forgotten.
    Voided,
}

/// One exchange with the carrier: the service's own event, which it decides upon when it hears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentAnswered {
    /// Of which order.
    pub order_id: OrderId,
    /// The attempt's number within the order.
    pub attempt: i32,
    /// What was asked.
    pub purpose: ShipmentPurpose,
    /// Which carrier.
    pub carrier: Text<32>,
    /// The answer.
    pub answer: CarrierAnswer,
}

/// The carrier will fetch the parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentScheduled {
    /// Of which order.
    pub order_id: OrderId,
    /// Which carrier.
    pub carrier: Text<32>,
    /// The carrier's number.
    pub tracking: Text<64>,
}

/// A held, booked or scheduled shipment is called off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentCancelled {
    /// Of which order.
    pub order_id: OrderId,
}

/// The parcel is on its way: the order can no longer be cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentDispatched {
    /// Of which order.
    pub order_id: OrderId,
    /// The carrier's number.
    pub tracking: Text<64>,
}

/// The parcel arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentDelivered {
    /// Of which order.
    pub order_id: OrderId,
}

/// A command to shipping was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentCommandRefused {
    /// Of which order.
    pub order_id: OrderId,
    /// The command's subject.
    pub command: Text<64>,
    /// Why.
    pub why: ShipmentCommandRefusal,
}

/// Why a command to shipping was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentCommandRefusal {
    /// No such order.
    UnknownOrder,
    /// Not scheduled (yet).
    NotScheduled,
    /// Scheduled, but the order is not confirmed (yet).
    NotConfirmed,
    /// Not dispatched (yet).
    NotDispatched,
    /// Done before.
    AlreadyDone,
    /// The shipment was called off.
    Cancelled,
}
