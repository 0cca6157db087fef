//! What a quote is made from.

use contracts::{Coupon, CouponCode, Currency, Destination, Item, Prices, Promotion, TaxRate, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that a price depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Of all unit prices.
    pub currency: Currency,
    /// Whether the unit prices have the tax in them.
    pub prices: Prices,
    /// Where to: says which taxes apply.
    pub destination: Destination,
    /// When: says which promotions, coupons and rates are in force.
    pub at: Timestamp,
    /// At most [`contracts::MAX_LINES`].
    pub lines: Vec<Item>,
    /// All that may apply, at most [`contracts::MAX_PROMOTIONS`], each id once.
    #[serde(default)]
    pub promotions: Vec<Promotion>,
    /// The coupons behind the codes, with their uses so far, each code once.
    #[serde(default)]
    pub coupons: Vec<Coupon>,
    /// What the customer typed, at most [`contracts::MAX_CODES`].
    #[serde(default)]
    pub codes: Vec<CouponCode>,
    /// At most [`contracts::MAX_TAX_RATES`].
    pub tax_rates: Vec<TaxRate>,
}
