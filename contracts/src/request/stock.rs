//! What `inventory` is asked.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks what there is of a SKU.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetStockLevel {
    /// Of what.
    pub sku: Sku,
}

/// What there is of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockLevel {
    /// Of what.
    pub sku: Sku,
    /// Pieces in the house.
    pub on_hand: i64,
    /// Pieces of them set aside.
    pub reserved: i64,
    /// Pieces that can be sold.
    pub available: i64,
    /// Grows with every change.
    pub version: i64,
}
