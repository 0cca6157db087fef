//! What `catalog` is asked about promotions, coupons, taxes, and what a cart costs.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most lines of a cart.
pub const MAX_CART_LINES: usize = 100;

/// Shows the rules that prices follow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetPriceRules {}

/// The rules that prices follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceRules {
    /// By id.
    pub promotions: Vec<Promotion>,
    /// By code, with their uses so far (of no customer in particular).
    pub coupons: Vec<Coupon>,
    /// By jurisdiction.
    pub tax_rates: Vec<TaxRate>,
}

/// Creates or changes a promotion.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PutPromotion {
    /// How it shall be.
    pub promotion: Promotion,
}

/// Deletes a promotion, and its coupons with it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeletePromotion {
    /// Which.
    pub id: PromotionId,
}

/// Creates or changes a coupon. Its uses so far are counted, not set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PutCoupon {
    /// How it shall be.
    pub coupon: Coupon,
}

/// Deletes a coupon; orders that used it keep what it took off.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeleteCoupon {
    /// Which.
    pub code: CouponCode,
}

/// Sets all tax rates: those that are not named are no more.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PutTaxRates {
    /// At most 10,000 in all, as many as fit a request.
    pub tax_rates: Vec<TaxRate>,
}

/// So many of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CartLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
}

/// Says what a cart costs; for an order, also counts the uses of its codes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct QuoteCart {
    /// Whose it is; none: whoever.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// Of all prices.
    pub currency: Currency,
    /// At most [`MAX_CART_LINES`], each SKU once.
    pub lines: Vec<CartLine>,
    /// At most [`MAX_CODES`].
    #[serde(default)]
    pub codes: Vec<CouponCode>,
    /// Where to.
    pub destination: Destination,
    /// The order that it is about to become: its codes are used, once, unless the order is cancelled.
    #[serde(default)]
    pub order: Option<OrderFromCart>,
}

/// The order that a cart is about to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderFromCart {
    /// Its id.
    pub order_id: OrderId,
    /// What the customer saw that it costs; if it costs another amount, no code is used.
    pub total: Amount,
}

/// What a cart costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CartQuote {
    /// Every amount with where it comes from; none when nothing can be bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Breakdown>,
    /// What became of the codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<CodeAnswer>,
    /// Lines that cannot be bought; they are in no amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingLine>,
}

/// A line that cannot be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MissingLine {
    /// What.
    pub sku: Sku,
    /// Why not.
    pub why: WhyMissing,
}

/// Why something cannot be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyMissing {
    /// There is none of that name.
    Unknown,
    /// It is sold no more, or not yet.
    NotSold,
    /// It has no price in the currency.
    NoPrice,
}
