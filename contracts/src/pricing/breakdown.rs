//! How the amounts of an order came about: what the crate `pricing` works out and an order can record.

use crate::{Amount, Currency, Quantity, Sku, Text};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// Names one promotion of the shop.
pub type PromotionId = Text<64>;
/// A coupon code as a customer types it; upper and lower case are the same.
pub type CouponCode = Text<64>;
/// Who levies a tax, such as `GB` or `US-NY-NYC`.
pub type Jurisdiction = Text<64>;
/// What a tax rate is looked up by besides the place, such as `standard` or `books`.
pub type TaxCategory = Text<64>;

/// A share in millionths, 0 to 1,000,000 (100 %): 20 % is 200,000, New York's 8.875 % is 88,750.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Rate(u32);

/// A rate below zero or above 100 %.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a whole number of millionths from 0 to {max}", max = Rate::WHOLE)]
pub struct NotARate;

impl Rate {
    /// 100 %.
    pub const WHOLE: u32 = 1_000_000;

    /// So many millionths.
    pub fn new(millionths: i64) -> Result<Self, NotARate> {
        match u32::try_from(millionths) {
            Ok(rate @ 0..=Self::WHOLE) => Ok(Self(rate)),
            Ok(_) | Err(_) => Err(NotARate),
        }
    }

    /// The number of millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

impl TryFrom<i64> for Rate {
    type Error = NotARate;
    fn try_from(millionths: i64) -> Result<Self, NotARate> {
        Self::new(millionths)
    }
}

impl From<Rate> for i64 {
    fn from(rate: Rate) -> Self {
        Self::from(rate.0)
    }
}

impl fmt::Display for Rate {
    /// In per cent: `8.875 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:04}", self.0 % 10_000);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{}{point}{fraction} %", self.0 / 10_000)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": Self::WHOLE, "description": "millionths" })
    }
}

/// Whether the shop's unit prices have the tax in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prices {
    /// Tax is a part of the price, as in Europe.
    IncludeTax,
    /// Tax is added to the price, as in the United States.
    ExcludeTax,
}

/// How the amounts of an order came about. Every amount is in minor units of the one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Breakdown {
    /// Of all amounts.
    pub currency: Currency,
    /// Whether the unit prices have the tax in them.
    pub prices: Prices,
    /// One for each SKU, in the order of their SKUs.
    pub lines: Vec<PricedLine>,
    /// One for each jurisdiction and rate, in that order: what a tax return adds up.
    pub taxes: Vec<TaxSum>,
    /// What all lines come to.
    pub totals: Totals,
}

/// One SKU of an order with everything that makes its amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PricedLine {
    /// What.
    pub sku: Sku,
    /// How many, in all lines that asked for it.
    pub quantity: Quantity,
    /// Of one.
    pub unit_price: Amount,
    /// Quantity × unit price.
    pub gross: Amount,
    /// What was taken off, in the order in which it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// Who levies the tax.
    pub jurisdiction: Jurisdiction,
    /// The tax rate.
    pub rate: Rate,
    /// The tax base: the amount without tax, after discounts.
    pub net: Amount,
    /// The tax.
    pub tax: Amount,
    /// Net and tax together: what the customer pays for it.
    pub total: Amount,
}

/// What one promotion took off one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discount {
    /// Which promotion.
    pub promotion: PromotionId,
    /// The coupon code that opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CouponCode>,
    /// What was left of the line before it.
    pub basis: Amount,
    /// How the amount was found from the basis.
    pub how: How,
    /// What it took off, at most the basis.
    pub amount: Amount,
}

/// How a discount follows from what was left of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum How {
    /// This share of the basis.
    Percentage {
        /// The share.
        rate: Rate,
    },
    /// An amount off the line, or all of the basis if that is less.
    Line {
        /// The amount.
        amount: Amount,
    },
    /// The line's share of an amount off the order, in proportion to the bases of the lines it is off.
    Order {
        /// The amount off all those lines together.
        amount: Amount,
    },
    /// This share of the price of some of the line's pieces.
    Pieces {
        /// How many of the line's pieces.
        pieces: Quantity,
        /// The share of their price; 100 % is free.
        rate: Rate,
    },
}

/// All of one tax at one rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxSum {
    /// Who levies it.
    pub jurisdiction: Jurisdiction,
    /// At which rate.
    pub rate: Rate,
    /// The tax base.
    pub net: Amount,
    /// The tax: the sum of the lines', never worked out anew.
    pub tax: Amount,
}

/// The sums over all lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Before discounts.
    pub gross: Amount,
    /// All discounts.
    pub discount: Amount,
    /// Without tax, after discounts.
    pub net: Amount,
    /// All tax.
    pub tax: Amount,
    /// For delivery; 0 until the shop charges for it.
    pub shipping: Amount,
    /// Net, tax and shipping: what the customer pays.
    pub total: Amount,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_share_of_the_whole_and_reads_as_per_cent() {
        let text = |millionths| Rate::new(millionths).unwrap().to_string();
        assert_eq!(text(200_000), "20 %");
        assert_eq!(text(88_750), "8.875 %");
        assert_eq!(text(1), "0.0001 %");
        assert_eq!(text(1_000_000), "100 %");
        assert_eq!(Rate::new(-1), Err(NotARate));
        assert_eq!(Rate::new(1_000_001), Err(NotARate));
    }
}
