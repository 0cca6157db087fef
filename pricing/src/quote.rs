//! From lines and rules to a quote.

use crate::{
    Ask, CodeAnswer, NotPriced, Promotion, Refused, TaxRate,
    check::{check, folded, is_of, merged},
    coupons::opened,
    discounts::{Work, take_off},
    taxes::{in_force, rate_of, taxed},
    totals::{add, tax_sums, totals},
};
use contracts::{Amount, Breakdown, PricedLine, Prices};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BTreeMap};

/// What the cart costs, and what became of the codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// Every amount with where it comes from.
    pub breakdown: Breakdown,
    /// One for each code, as typed and in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<CodeAnswer>,
}

/// Prices the lines. The same ask gives the same quote, whatever the order of its lists (but for `codes`).
pub fn quote(ask: &Ask) -> Result<Quote, NotPriced> {
    check(ask)?;
    let mut lines = merged(&ask.lines)?.into_iter().map(begin).collect::<Result<Vec<_>, _>>()?;
    let refused = discount(ask, &mut lines)?;
    let rates = in_force(ask);
    let lines =
        lines.into_iter().map(|line| finish(line, ask.prices, &rates)).collect::<Result<Vec<_>, _>>()?;
    let answer = |code: &contracts::CouponCode| CodeAnswer {
        code: code.clone(),
        refused: refused.get(&folded(code)).copied(),
    };
    let breakdown = Breakdown {
        currency: ask.currency,
        prices: ask.prices,
        taxes: tax_sums(&lines)?,
        totals: totals(&lines, Amount::ZERO)?,
        lines,
    };
    Ok(Quote { breakdown, codes: ask.codes.iter().map(answer).collect() })
}

fn begin(item: crate::Item) -> Result<Work, NotPriced> {
    let gross = item.unit_price.times(item.quantity)?;
    Ok(Work { item, gross, left: gross, discounts: Vec::new() })
}

/// Lets the promotions take their parts off, in their order; returns the codes that took nothing.
fn discount(ask: &Ask, lines: &mut [Work]) -> Result<BTreeMap<String, Refused>, NotPriced> {
    let gross = add(lines.iter().map(|line| line.gross))?;
    let (open, mut refused) = opened(ask);
    let mut promotions: Vec<&Promotion> = ask.promotions.iter().collect();
    promotions.sort_by_key(|promotion| (Reverse(promotion.priority), &promotion.id));
    let (mut any, mut closed) = (false, false);
    for promotion in promotions {
        let coupon = open.get(&promotion.id);
        if promotion.needs_code && coupon.is_none() {
            continue;
        }
        let barred = closed || promotion.exclusive && any;
        let took = match applies(promotion, ask, gross) {
            Err(why) => Err(why),
            Ok(()) if barred => Err(Refused::NotCombinable),
            Ok(()) if take_off(promotion, coupon.map(|it| &it.code), lines)? => Ok(()),
            Ok(()) => Err(Refused::NothingToTakeOff),
        };
        match (took, coupon) {
            (Ok(()), _) => {
                any = true;
                closed = promotion.exclusive;
            }
            (Err(why), Some(coupon)) => {
                refused.insert(folded(&coupon.code), why);
            }
            (Err(_), None) => {}
        }
    }
    Ok(refused)
}

fn applies(promotion: &Promotion, ask: &Ask, gross: Amount) -> Result<(), Refused> {
    if promotion.period.is_to_come(ask.at) {
        Err(Refused::NotYet)
    } else if promotion.period.is_over(ask.at) {
        Err(Refused::Over)
    } else if !is_of(promotion, ask.currency) {
        Err(Refused::OtherCurrency)
    } else if promotion.minimum.is_some_and(|minimum| gross < minimum) {
        Err(Refused::BelowMinimum)
    } else {
        Ok(())
    }
}

fn finish(line: Work, prices: Prices, rates: &[&TaxRate]) -> Result<PricedLine, NotPriced> {
    let rate = rate_of(&line.item, rates)?;
    let (net, tax, total) = taxed(line.left, rate.rate, prices)?;
    Ok(PricedLine {
        sku: line.item.sku,
        quantity: line.item.quantity,
        unit_price: line.item.unit_price,
        gross: line.gross,
        discounts: line.discounts,
        jurisdiction: rate.jurisdiction.clone(),
        rate: rate.rate,
        net,
        tax,
        total,
    })
}
