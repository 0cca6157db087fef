//! A product as a shop shows it: one page, with variants that can be bought.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where catalog says on core NATS which listings are shown otherwise than before ([`ListingsChanged`]).
pub const LISTINGS_CHANGED: &str = "live.listings.changed";

/// Listings that are shown otherwise than before, also because something of them ran out or can be had again: what is
/// remembered of them, and of what was found, is old. Told on [`LISTINGS_CHANGED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListingsChanged {
    /// Which.
    pub slugs: Vec<Slug>,
}

/// The most variants of a listing.
pub const MAX_VARIANTS: usize = 100;
/// The most currencies that a variant has a price in.
pub const MAX_PRICES: usize = 20;
/// The most attributes of a listing, and the most options of a variant.
pub const MAX_ATTRIBUTES: usize = 30;

/// What an attribute or an option is called, such as `colour`.
pub type AttributeName = Text<40>;
/// What it says, such as `red`.
pub type AttributeValue = Text<100>;

/// A price in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceIn {
    /// Which.
    pub currency: Currency,
    /// In its minor units.
    pub amount: Amount,
}

/// A page of the shop: what its variants have in common, and the variants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// What it is called.
    pub title: Text<200>,
    /// More of it.
    #[serde(default, skip_serializing_if = "Prose::is_empty")]
    pub description: Prose,
    /// Where it stands in the tree of categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Slug>,
    /// What customers filter by, such as material or maker; at most [`MAX_ATTRIBUTES`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<AttributeName, AttributeValue>,
    /// Which tax rate it falls under; `standard` unless said otherwise.
    #[serde(default = "standard")]
    pub tax_category: TaxCategory,
    /// Whether it is found and shown; yes unless said otherwise.
    #[serde(default = "yes")]
    pub published: bool,
    /// What can be bought, 1 to [`MAX_VARIANTS`].
    pub variants: Vec<Variant>,
}

/// One thing that can be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its key, in the whole shop.
    pub sku: Sku,
    /// What tells it from the others, such as a size; at most [`MAX_ATTRIBUTES`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<AttributeName, AttributeValue>,
    /// 1 to [`MAX_PRICES`], each currency once; the first is the one that counts when none is asked for.
    pub prices: Vec<PriceIn>,
    /// In grams, with its packing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_g: Option<u32>,
    /// Whether it is sold; yes unless said otherwise.
    #[serde(default = "yes")]
    pub active: bool,
}

/// The tax category of what says nothing else.
#[must_use]
pub fn standard() -> TaxCategory {
    Text::new("standard").unwrap_or_else(|_| unreachable!("it is a text"))
}

const fn yes() -> bool {
    true
}

/// A part of the tree of categories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryNode {
    /// What it is called.
    pub name: Text<100>,
    /// What it is a part of; none: stands at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Slug>,
}
