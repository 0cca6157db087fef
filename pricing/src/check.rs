//! What cannot be priced, and lines made canonical: one for each SKU, in the order of the SKUs.

use crate::{Ask, Benefit, Item, MAX_CODES, MAX_PROMOTIONS, MAX_TAX_RATES, Promotion};
use contracts::{
    CouponCode, Currency, MAX_LINES, NotAQuantity, NotAnAmount, PromotionId, Quantity, Sku, TaxCategory,
};
use std::collections::{BTreeMap, BTreeSet};

/// Why there is no quote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPriced {
    /// A list is longer than its limit.
    #[error("{field}: at most {max}")]
    TooMany {
        /// Which list of the [`Ask`].
        field: &'static str,
        /// Its limit.
        max: usize,
    },
    /// Lines of one SKU differ in price, tax category or categories.
    #[error("lines: {sku} stands in two lines that say different things of it")]
    Differs {
        /// Which.
        sku: Sku,
    },
    /// Lines of one SKU are too many pieces together.
    #[error("lines: too many pieces of {sku}: {source}")]
    Quantity {
        /// Which.
        sku: Sku,
        /// The rule.
        source: NotAQuantity,
    },
    /// An amount or a sum would be too large.
    #[error("too dear to be priced")]
    TooLarge(#[from] NotAnAmount),
    /// Two promotions have the same id.
    #[error("promotions: {promotion} stands there twice")]
    PromotionTwice {
        /// Which.
        promotion: PromotionId,
    },
    /// Two coupons have the same code.
    #[error("coupons: {code} stands there twice")]
    CouponTwice {
        /// Which.
        code: CouponCode,
    },
    /// A promotion speaks of an amount without saying of which currency.
    #[error("promotions: {promotion} speaks of an amount and names no currency")]
    NoCurrency {
        /// Which.
        promotion: PromotionId,
    },
    /// No tax rate is known for the place, the category and the time.
    #[error("tax_rates: none for {sku} ({category}) at the destination")]
    NoTaxRate {
        /// For which line.
        sku: Sku,
        /// Its tax category.
        category: TaxCategory,
    },
}

/// Refuses lists that are too long, names that stand twice, amounts without a currency.
pub fn check(ask: &Ask) -> Result<(), NotPriced> {
    let limits = [
        ("lines", ask.lines.len(), MAX_LINES),
        ("promotions", ask.promotions.len(), MAX_PROMOTIONS),
        ("coupons", ask.coupons.len(), MAX_CODES),
        ("codes", ask.codes.len(), MAX_CODES),
        ("tax_rates", ask.tax_rates.len(), MAX_TAX_RATES),
    ];
    if let Some(&(field, _, max)) = limits.iter().find(|(_, found, max)| found > max) {
        return Err(NotPriced::TooMany { field, max });
    }
    let mut ids = BTreeSet::new();
    for promotion in &ask.promotions {
        if !ids.insert(&promotion.id) {
            return Err(NotPriced::PromotionTwice { promotion: promotion.id.clone() });
        }
        if promotion.currency.is_none() && speaks_of_amounts(promotion) {
            return Err(NotPriced::NoCurrency { promotion: promotion.id.clone() });
        }
    }
    let mut codes = BTreeSet::new();
    for coupon in &ask.coupons {
        if !codes.insert(folded(&coupon.code)) {
            return Err(NotPriced::CouponTwice { code: coupon.code.clone() });
        }
    }
    Ok(())
}

/// The code in the form in which codes are compared.
#[must_use]
pub fn folded(code: &CouponCode) -> String {
    code.as_str().to_uppercase()
}

/// Whether the promotion is in force for orders in this currency at all.
pub fn is_of(promotion: &Promotion, currency: Currency) -> bool {
    promotion.currency.is_none_or(|only| only == currency)
}

/// Whether the promotion means nothing without a currency.
#[must_use]
pub fn speaks_of_amounts(promotion: &Promotion) -> bool {
    let amounts = match promotion.benefit {
        Benefit::AmountPerLine { .. } | Benefit::AmountPerOrder { .. } => true,
        Benefit::Percentage { .. } | Benefit::BuyGet { .. } => false,
    };
    amounts || promotion.minimum.is_some()
}

/// One item for each SKU, in the order of the SKUs, with its categories in order.
pub fn merged(lines: &[Item]) -> Result<Vec<Item>, NotPriced> {
    let mut items: BTreeMap<&Sku, Item> = BTreeMap::new();
    for line in lines {
        let mut line_in_order = line.clone();
        line_in_order.categories.sort();
        line_in_order.categories.dedup();
        match items.get_mut(&line.sku) {
            None => {
                items.insert(&line.sku, line_in_order);
            }
            Some(item) => {
                line_in_order.quantity = item.quantity;
                if *item != line_in_order {
                    return Err(NotPriced::Differs { sku: line.sku.clone() });
                }
                let pieces = i64::from(item.quantity) + i64::from(line.quantity);
                let quantity = Quantity::new(pieces);
                item.quantity =
                    quantity.map_err(|source| NotPriced::Quantity { sku: line.sku.clone(), source })?;
            }
        }
    }
    Ok(items.into_values().collect())
}
