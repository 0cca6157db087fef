//! What `catalog` tells: products.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most products that one import request may carry.
pub const MAX_IMPORT: usize = 500;

/// A product is new or another than it was. Full state: keep the highest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductChanged {
    /// Which.
    pub sku: Sku,
    /// What it is called.
    pub name: Text<200>,
    /// Price of one, in minor units.
    pub price: Amount,
    /// Of the price.
    pub currency: Currency,
    /// Whether it is sold.
    pub active: bool,
    /// Prices in other currencies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_prices: Vec<PriceIn>,
    /// Grows by one with every change.
    pub version: i64,
}

/// A product as a shop keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its key.
    pub sku: Sku,
    /// What it is called.
    pub name: Text<200>,
    /// Price of one, in minor units.
    pub price: Amount,
    /// Of the price.
    pub currency: Currency,
    /// Whether it is sold; yes unless said otherwise.
    #[serde(default = "yes")]
    pub active: bool,
}

const fn yes() -> bool {
    true
}
