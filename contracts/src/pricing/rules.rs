//! The rules that prices follow: promotions, coupons, tax rates, and what they are about.

use crate::{
    Amount, Country, CouponCode, Currency, Jurisdiction, PromotionId, Quantity, Rate, Sku, TaxCategory, Text,
    Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most promotions of a shop.
pub const MAX_PROMOTIONS: usize = 1_000;
/// The most coupon codes in one cart.
pub const MAX_CODES: usize = 10;
/// The most tax rates of a shop.
pub const MAX_TAX_RATES: usize = 10_000;

/// A category of products, as promotions name it.
pub type Category = Text<64>;

/// A line of the cart. Lines of the same SKU must say the same of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// Of one.
    pub unit_price: Amount,
    /// Which tax rate it falls under.
    pub tax_category: TaxCategory,
    /// The categories it is in.
    #[serde(default)]
    pub categories: Vec<Category>,
}

/// A place, as precisely as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// The country.
    pub country: Country,
    /// State or province, the part after the hyphen in ISO 3166-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Text<10>>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Text<20>>,
}

/// From when until when something is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first instant; none: always was.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// The first instant after it; none: without end.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

impl Period {
    /// Already over at this time.
    #[must_use]
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= at)
    }

    /// Not yet begun at this time.
    #[must_use]
    pub fn is_to_come(&self, at: Timestamp) -> bool {
        self.from.is_some_and(|from| at < from)
    }

    /// In force at this time.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        !self.is_over(at) && !self.is_to_come(at)
    }
}

/// A tax rate of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxRate {
    /// Who levies it.
    pub jurisdiction: Jurisdiction,
    /// Where.
    pub country: Country,
    /// Only in this state or province.
    #[serde(default)]
    pub region: Option<Text<10>>,
    /// Only where the postal code begins so; spaces and case don't count.
    #[serde(default)]
    pub postal_prefix: Option<Text<20>>,
    /// Of which products.
    pub category: TaxCategory,
    /// How much.
    pub rate: Rate,
    /// When.
    #[serde(default)]
    pub period: Period,
}

/// A reason to take something off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// Its name in every breakdown.
    pub id: PromotionId,
    /// Higher goes first.
    #[serde(default)]
    pub priority: i32,
    /// Takes something off alone or not at all.
    #[serde(default)]
    pub exclusive: bool,
    /// When.
    #[serde(default)]
    pub period: Period,
    /// Only with a coupon code.
    #[serde(default)]
    pub needs_code: bool,
    /// Only in this currency. Needed where the promotion speaks of amounts.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// Only for orders of at least this much before discounts.
    #[serde(default)]
    pub minimum: Option<Amount>,
    /// Which products it is off; for "buy X get Y" those that are cheaper.
    #[serde(default)]
    pub on: Scope,
    /// What it takes off.
    pub benefit: Benefit,
}

/// Some products: those named, and those in one of the categories. Nothing named means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// By SKU.
    #[serde(default)]
    pub skus: Vec<Sku>,
    /// By category.
    #[serde(default)]
    pub categories: Vec<Category>,
}

impl Scope {
    /// Whether the product is one of them.
    #[must_use]
    pub fn has(&self, item: &Item) -> bool {
        let everything = self.skus.is_empty() && self.categories.is_empty();
        let by_category = || item.categories.iter().any(|category| self.categories.contains(category));
        everything || self.skus.contains(&item.sku) || by_category()
    }
}

/// What a promotion takes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Benefit {
    /// A share of each line.
    Percentage {
        /// The share.
        rate: Rate,
    },
    /// An amount off each line (not each piece), at most what is left of it.
    AmountPerLine {
        /// The amount.
        amount: Amount,
    },
    /// An amount off all lines together, divided in proportion to what is left of them.
    AmountPerOrder {
        /// The amount.
        amount: Amount,
    },
    /// For every `buy` pieces, `get` other pieces are cheaper: the cheapest that leave enough to be bought.
    BuyGet {
        /// How many must be bought.
        buy: Quantity,
        /// Of these products.
        #[serde(default)]
        of: Scope,
        /// How many are cheaper.
        get: Quantity,
        /// By how much; 100 % is free.
        rate: Rate,
        /// How often in one order; none: as often as it goes.
        #[serde(default)]
        at_most: Option<Quantity>,
    },
}

/// A code that opens a promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coupon {
    /// What customers type.
    pub code: CouponCode,
    /// What it opens.
    pub promotion: PromotionId,
    /// When.
    #[serde(default)]
    pub period: Period,
    /// How many orders may use it; none: any number.
    #[serde(default)]
    pub limit: Option<u32>,
    /// How many orders of one customer may use it; none: any number.
    #[serde(default)]
    pub limit_per_customer: Option<u32>,
    /// Orders that used it so far.
    #[serde(default)]
    pub used: u32,
    /// Orders of this customer that used it so far.
    #[serde(default)]
    pub used_by_customer: u32,
}
