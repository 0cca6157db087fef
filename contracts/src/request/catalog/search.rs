//! Finding listings.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// In which order listings are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// What fits best first; without words to look for, the newest.
    #[default]
    Relevance,
    /// The newest first.
    Newest,
    /// The cheapest first.
    PriceUp,
    /// The dearest first.
    PriceDown,
    /// By title.
    Title,
}

/// Finds published listings.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SearchListings {
    /// Words, the last of which may be the beginning of one; mistyped ones are taken for those that are like them.
    #[serde(default)]
    pub words: Option<Text<200>>,
    /// Only in this category, and in those that are parts of it.
    #[serde(default)]
    pub category: Option<Slug>,
    /// The currency of prices; needed to filter or sort by them.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// Only if the cheapest variant costs at least so much.
    #[serde(default)]
    pub min_price: Option<Amount>,
    /// Only if the cheapest variant costs at most so much.
    #[serde(default)]
    pub max_price: Option<Amount>,
    /// Only with these attributes.
    #[serde(default)]
    pub attributes: BTreeMap<AttributeName, AttributeValue>,
    /// Only what is available.
    #[serde(default)]
    pub only_available: bool,
    /// In which order.
    #[serde(default)]
    pub sort: SortBy,
    /// Only after this place: the last page's `next`.
    #[serde(default)]
    pub after: Option<Text<1500>>,
    /// 1 to 100.
    pub limit: u32,
    /// Whether to count what there is to filter by.
    #[serde(default)]
    pub facets: bool,
}

impl SearchListings {
    /// Whether prices are compared: only what has one in the currency is found.
    #[must_use]
    pub const fn by_price(&self) -> bool {
        self.min_price.is_some()
            || self.max_price.is_some()
            || matches!(self.sort, SortBy::PriceUp | SortBy::PriceDown)
    }
}

/// One page of listings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// In the order that was asked for.
    pub listings: Vec<FoundListing>,
    /// Cursor of the next page; none on the last.
    pub next: Option<Text<1500>>,
    /// What was looked for instead of words that nothing is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<String>,
    /// What there is to filter by, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facets: Option<Facets>,
}

/// A listing as it is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundListing {
    /// Its name in URLs.
    pub slug: Slug,
    /// What it is called.
    pub title: Text<200>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Slug>,
    /// The lowest price, in the currency that was asked for, or that of the cheapest variant's first price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceIn>,
    /// Whether one of its variants was available when inventory last told.
    pub available: bool,
    /// Its first picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<FoundImage>,
}

/// The first picture of a listing, in the size for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundImage {
    /// What it shows, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<AltText>,
    /// Where it is, and how large.
    #[serde(flatten)]
    pub thumb: ImageVariant,
}

/// How many of the listings that fit there are of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Facets {
    /// How many fit.
    pub total: i64,
    /// False when more fit than are counted: then all numbers are of the first so many.
    pub exact: bool,
    /// By category, the most frequent first.
    pub categories: Vec<FacetValue>,
    /// By attribute, the most frequent values first.
    pub attributes: BTreeMap<String, Vec<FacetValue>>,
    /// How many are available.
    pub available: i64,
    /// The lowest price, in the currency that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowest: Option<Amount>,
    /// The highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest: Option<Amount>,
}

/// One value to filter by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FacetValue {
    /// Which.
    pub value: String,
    /// How many listings have it.
    pub count: i64,
}
