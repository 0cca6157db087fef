//! What `shipping` is asked.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shows an order's shipment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetShipment {
    /// Of which order.
    pub order_id: OrderId,
    /// Who asks.
    pub by: Caller,
}

/// An order's shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentView {
    /// Of which order.
    pub order_id: OrderId,
    /// How far: `held`, `booking`, `scheduled`, `rejected`, `dispatched`, `delivered`, `cancelled`.
    pub state: String,
    /// The slot, if any.
    pub slot: Option<SlotId>,
    /// Which carrier, once scheduled.
    pub carrier: Option<String>,
    /// The carrier's number, once scheduled.
    pub tracking: Option<String>,
}

/// Lists the slots of an address's zone that have room.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListSlots {
    /// ISO 3166-1 alpha-2.
    pub country: Country,
    /// Where the country has them.
    #[serde(default)]
    pub postal_code: Option<Text<20>>,
}

/// A slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slot {
    /// Its id, as an order names it.
    pub slot: SlotId,
    /// Of which zone.
    pub zone: Text<32>,
    /// Places in it.
    pub capacity: i64,
    /// Places taken.
    pub taken: i64,
}
