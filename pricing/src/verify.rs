//! Works a breakdown out again, knowing neither promotions nor tax rates: is it consistent, and of these lines?

use crate::{
    discounts::alone,
    taxes::taxed,
    totals::{add, tax_sums, totals},
};
use contracts::{
    Amount, Breakdown, Discount, How, Line, MAX_LINES, NotAnAmount, PricedLine, PromotionId, Sku,
};
use std::collections::BTreeMap;

/// What is wrong with a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    /// It has more lines than an order may.
    #[error("lines: at most {MAX_LINES}")]
    TooMany,
    /// It is not of these lines: a SKU is missing, is one too many, or differs in quantity or unit price.
    #[error("lines: {sku} is not what was ordered")]
    Lines {
        /// Which.
        sku: Sku,
    },
    /// Lines are not in the order of their SKUs, or a SKU stands twice.
    #[error("lines: {sku} is out of order")]
    OutOfOrder {
        /// Which.
        sku: Sku,
    },
    /// An amount of a line does not follow from what it is made from.
    #[error("lines: {amount} of {sku} does not add up")]
    Line {
        /// Which.
        sku: Sku,
        /// The amount at fault.
        amount: &'static str,
    },
    /// The parts of an amount off the order are not that amount.
    #[error("lines: the parts of {promotion} do not add up")]
    Parts {
        /// Of which promotion.
        promotion: PromotionId,
    },
    /// The sums by tax are not those of the lines.
    #[error("taxes: do not add up")]
    Taxes,
    /// The totals are not those of the lines.
    #[error("totals: do not add up")]
    Totals,
    /// An amount or a sum would be too large.
    #[error("an amount is too large")]
    TooLarge(#[from] NotAnAmount),
}

/// Checks that every amount of the breakdown follows from the others, and that it is of the lines ordered.
///
/// `lines` may have a SKU in several lines, as an order may. Whether the promotions, coupons and tax rates were in
/// force is not checked: that was for whoever made the quote (and signed it).
pub fn verify(breakdown: &Breakdown, lines: &[Line]) -> Result<(), Inconsistent> {
    if breakdown.lines.len() > MAX_LINES || lines.len() > MAX_LINES {
        return Err(Inconsistent::TooMany);
    }
    same_lines(breakdown, lines)?;
    for line in &breakdown.lines {
        check_line(line, breakdown)?;
    }
    check_parts(breakdown)?;
    if tax_sums(&breakdown.lines)? != breakdown.taxes {
        return Err(Inconsistent::Taxes);
    }
    if totals(&breakdown.lines, breakdown.totals.shipping)? != breakdown.totals {
        return Err(Inconsistent::Totals);
    }
    Ok(())
}

fn same_lines(breakdown: &Breakdown, lines: &[Line]) -> Result<(), Inconsistent> {
    let mut before: Option<&Sku> = None;
    for line in &breakdown.lines {
        if before.is_some_and(|before| *before >= line.sku) {
            return Err(Inconsistent::OutOfOrder { sku: line.sku.clone() });
        }
        before = Some(&line.sku);
    }
    let mut ordered: BTreeMap<&Sku, (Amount, i64)> = BTreeMap::new();
    for line in lines {
        let (price, pieces) = ordered.entry(&line.sku).or_insert((line.unit_price, 0));
        if *price != line.unit_price {
            return Err(Inconsistent::Lines { sku: line.sku.clone() });
        }
        *pieces += i64::from(line.quantity);
    }
    for line in &breakdown.lines {
        if ordered.remove(&line.sku) != Some((line.unit_price, i64::from(line.quantity))) {
            return Err(Inconsistent::Lines { sku: line.sku.clone() });
        }
    }
    ordered.into_keys().next().map_or(Ok(()), |sku| Err(Inconsistent::Lines { sku: sku.clone() }))
}

fn check_line(line: &PricedLine, breakdown: &Breakdown) -> Result<(), Inconsistent> {
    let wrong = |amount| Err(Inconsistent::Line { sku: line.sku.clone(), amount });
    if line.unit_price.times(line.quantity)? != line.gross {
        return wrong("gross");
    }
    let mut left = line.gross;
    for discount in &line.discounts {
        let amount = alone(&discount.how, left, line.quantity)?.unwrap_or(discount.amount);
        if discount.basis != left || discount.amount != amount || amount > left {
            return wrong("discounts");
        }
        left = left.less(amount);
    }
    let (net, tax, total) = taxed(left, line.rate, breakdown.prices)?;
    match (line.net == net, line.tax == tax, line.total == total) {
        (false, _, _) => wrong("net"),
        (true, false, _) => wrong("tax"),
        (true, true, false) => wrong("total"),
        (true, true, true) => Ok(()),
    }
}

/// The parts of an amount off the order add up to it, or to all there was if that is less.
fn check_parts(breakdown: &Breakdown) -> Result<(), Inconsistent> {
    let mut off: BTreeMap<&PromotionId, (Amount, Vec<&Discount>)> = BTreeMap::new();
    for discount in breakdown.lines.iter().flat_map(|line| &line.discounts) {
        if let How::Order { amount } = discount.how {
            let (whole, parts) = off.entry(&discount.promotion).or_insert((amount, Vec::new()));
            if *whole != amount {
                return Err(Inconsistent::Parts { promotion: discount.promotion.clone() });
            }
            parts.push(discount);
        }
    }
    for (promotion, (whole, parts)) in off {
        let bases = add(parts.iter().map(|part| part.basis))?;
        if add(parts.iter().map(|part| part.amount))? != whole.min(bases) {
            return Err(Inconsistent::Parts { promotion: promotion.clone() });
        }
    }
    Ok(())
}
