//! What `inventory` hears and tells: what the shop has, and what is set aside.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most SKUs that one receipt may name.
pub const MAX_RECEIPT_LINES: usize = 200;

/// Goods came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiveStock {
    /// The client's own; the same one again adds nothing.
    pub reference: Reference,
    /// 1 to [`MAX_RECEIPT_LINES`], each SKU once.
    pub lines: Vec<ReceivedLine>,
}

/// So many of a SKU came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivedLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
}

/// A count showed that there is more or less than was thought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdjustStock {
    /// The client's own; the same one again changes nothing.
    pub reference: Reference,
    /// What.
    pub sku: Sku,
    /// Pieces more (or, below zero, less).
    pub delta: i64,
    /// Why, in words.
    pub reason: Text<200>,
}

/// All lines of the order are set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReserved {
    /// For which order.
    pub order_id: OrderId,
}

/// Something was short, so nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockRejected {
    /// For which order.
    pub order_id: OrderId,
    /// What was short, at most the first ten.
    pub shortages: Vec<Shortage>,
}

/// More was wanted of a SKU than there was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shortage {
    /// What.
    pub sku: Sku,
    /// Pieces wanted, over all lines of the order.
    pub wanted: u64,
    /// Pieces that could be had.
    pub available: u64,
}

/// What was set aside can be sold again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReleased {
    /// For which order it had been.
    pub order_id: OrderId,
}

/// What was set aside has left the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockCommitted {
    /// With which order.
    pub order_id: OrderId,
}

/// What there is of a SKU changed by a receipt or an adjustment. Full state: keep the highest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockLevelChanged {
    /// Of what.
    pub sku: Sku,
    /// Pieces in the house.
    pub on_hand: i64,
    /// Pieces of them set aside.
    pub reserved: i64,
    /// Grows with every change.
    pub version: i64,
    /// Of the receipt or adjustment.
    pub reference: Reference,
}

/// With an order, some SKUs ran out, or are to be had again. Full state: keep the highest version of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockAvailabilityChanged {
    /// With which order.
    pub order_id: OrderId,
    /// Those whose availability is another now.
    pub levels: Vec<Availability>,
}

/// Whether any piece of a SKU can be sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Availability {
    /// Of what.
    pub sku: Sku,
    /// Whether there is at least one.
    pub available: bool,
    /// Of the SKU's level: grows with every change.
    pub version: i64,
}

/// A receipt or an adjustment was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockCommandRefused {
    /// The command's.
    pub reference: Reference,
    /// Why.
    pub why: StockRefusal,
}

/// Why a receipt or an adjustment was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockRefusal {
    /// Less would be left than is set aside.
    BelowReserved,
    /// More than a shelf can hold (10^12 pieces), or no change at all.
    OutOfRange,
}
