//! What `catalog` is asked about products, by SKU.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks whether `orders` has these products in its copy of the catalog.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CountCopied {
    /// At most [`MAX_IMPORT`].
    pub products: Vec<ProductVersion>,
}

/// How many products are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Copied {
    /// In that version or a higher one.
    pub copied: usize,
}

/// A product and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductVersion {
    /// Which.
    pub sku: Sku,
    /// Its version.
    pub version: i64,
}

/// Creates or changes products; what is already so stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ImportProducts {
    /// At most [`MAX_IMPORT`].
    pub products: Vec<Product>,
}

/// Shows a product.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetProduct {
    /// Which.
    pub sku: Sku,
}

/// A product with its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductView {
    /// Its key.
    pub sku: Sku,
    /// What it is called.
    pub name: Text<200>,
    /// Price of one, in minor units.
    pub price: Amount,
    /// Of the price.
    pub currency: Currency,
    /// Whether it is sold.
    pub active: bool,
    /// Grows by one with every change.
    pub version: i64,
}

/// Lists products by SKU.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListProducts {
    /// Only after this one: the cursor.
    #[serde(default)]
    pub after: Option<Sku>,
    /// 1 to 500.
    pub limit: u32,
}

/// One page of products.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProductPage {
    /// By SKU.
    pub products: Vec<ProductView>,
    /// Cursor of the next page; none on the last.
    pub next: Option<Sku>,
}
