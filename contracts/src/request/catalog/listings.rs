//! What `catalog` is asked about listings and categories.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most listings that one request may carry.
pub const MAX_LISTINGS: usize = 100;

/// Which version of a listing a change builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It must not be there yet.
    New,
    /// It must have this version.
    Version(i64),
    /// Whatever there is, if anything: for imports.
    Any,
}

/// Creates or changes listings. Each stands for itself: one that is refused keeps no other from being taken.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PutListings {
    /// At most [`MAX_LISTINGS`], each slug once.
    pub listings: Vec<PutListing>,
}

/// One listing as it shall be. A variant that is left out is sold no more.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PutListing {
    /// Its name in URLs.
    pub slug: Slug,
    /// What the change builds on.
    pub basis: Basis,
    /// How it shall be.
    pub listing: Listing,
}

/// What became of one of them, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Put {
    /// It is as it shall be, in this version.
    Done {
        /// Its version now.
        version: i64,
        /// Whether it was another before.
        changed: bool,
    },
    /// It is not.
    Refused(Refusal),
}

/// Lists listings by slug, as they were written; also those that are not published. Those that nothing is sold on are left
/// out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListListings {
    /// Only after this one: the cursor.
    #[serde(default)]
    pub after: Option<Slug>,
    /// 1 to [`MAX_LISTINGS`]; large ones make fewer.
    pub limit: u32,
}

/// One page of listings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListingPage {
    /// By slug.
    pub listings: Vec<WrittenListing>,
    /// Cursor of the next page; none on the last.
    pub next: Option<Slug>,
}

/// A listing as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WrittenListing {
    /// Its name in URLs.
    pub slug: Slug,
    /// The rest.
    #[serde(flatten)]
    pub listing: Listing,
}

/// Shows a listing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetListing {
    /// Which.
    pub slug: Slug,
    /// Also one that is not published.
    pub unpublished: bool,
}

/// A listing as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListingView {
    /// Its name in URLs.
    pub slug: Slug,
    /// What it is called.
    pub title: Text<200>,
    /// More of it.
    pub description: Prose,
    /// From the top of the tree down to where it stands.
    pub categories: Vec<CategoryView>,
    /// What customers filter by.
    pub attributes: std::collections::BTreeMap<AttributeName, AttributeValue>,
    /// Which tax rate it falls under.
    pub tax_category: TaxCategory,
    /// Whether it is found and shown.
    pub published: bool,
    /// Its pictures, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageView>,
    /// What can be bought, by SKU.
    pub variants: Vec<VariantView>,
    /// Grows by one with every change.
    pub version: i64,
}

/// A variant as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VariantView {
    /// The variant.
    #[serde(flatten)]
    pub variant: Variant,
    /// Whether some were left when inventory last told.
    pub available: bool,
}

/// Lists all categories.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListCategories {}

/// A category and its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CategoryView {
    /// Its name in URLs.
    pub slug: Slug,
    /// What it is called, and what it is a part of.
    #[serde(flatten)]
    pub node: CategoryNode,
}

/// Creates or changes a category.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PutCategory {
    /// Its name in URLs.
    pub slug: Slug,
    /// How it shall be.
    pub node: CategoryNode,
}

/// Deletes a category that nothing stands in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeleteCategory {
    /// Which.
    pub slug: Slug,
}
