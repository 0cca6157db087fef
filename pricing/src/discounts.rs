//! What one promotion takes off the lines as those before it left them.

use crate::{
    Benefit, Item, Promotion, Scope,
    rounding::{divide, fraction},
};
use contracts::{Amount, CouponCode, Discount, How, NotAnAmount, Quantity, Rate};

/// A line on its way through the promotions.
#[derive(Debug, Clone)]
pub struct Work {
    /// What is priced.
    pub item: Item,
    /// Quantity × unit price.
    pub gross: Amount,
    /// What the promotions so far left of it.
    pub left: Amount,
    /// What they took off.
    pub discounts: Vec<Discount>,
}

/// Takes the promotion's benefit off the lines; says whether there was anything to take.
pub fn take_off(
    promotion: &Promotion,
    code: Option<&CouponCode>,
    lines: &mut [Work],
) -> Result<bool, NotAnAmount> {
    let ways = ways(promotion, lines);
    let bases: Vec<Amount> =
        lines.iter().zip(&ways).map(|(line, how)| how.as_ref().map_or(Amount::ZERO, |_| line.left)).collect();
    let parts = match promotion.benefit {
        Benefit::AmountPerOrder { amount } => {
            let all: i64 = bases.iter().map(|basis| basis.minor()).sum();
            divide(Amount::new(amount.minor().min(all))?, &bases)?
        }
        Benefit::Percentage { .. } | Benefit::AmountPerLine { .. } | Benefit::BuyGet { .. } => Vec::new(),
    };
    let mut any = false;
    for (index, (line, how)) in lines.iter_mut().zip(ways).enumerate() {
        let Some(how) = how else { continue };
        let share = parts.get(index).copied().unwrap_or(Amount::ZERO);
        let amount = alone(&how, line.left, line.item.quantity)?.unwrap_or(share);
        if amount > Amount::ZERO {
            any = true;
            let (promotion, code, basis) = (promotion.id.clone(), code.cloned(), line.left);
            line.left = line.left.less(amount);
            line.discounts.push(Discount { promotion, code, basis, how, amount });
        }
    }
    Ok(any)
}

/// The amount that follows from the line alone; none if it is a share of an amount off the order.
pub fn alone(how: &How, basis: Amount, quantity: Quantity) -> Result<Option<Amount>, NotAnAmount> {
    let whole = u64::from(Rate::WHOLE);
    Ok(match how {
        How::Percentage { rate } => Some(fraction(basis, u64::from(rate.millionths()), whole)?),
        How::Line { amount } => Some(basis.min(*amount)),
        How::Pieces { pieces, rate } => {
            let part = u64::from(pieces.get()) * u64::from(rate.millionths());
            Some(fraction(basis, part, u64::from(quantity.get()) * whole)?)
        }
        How::Order { .. } => None,
    })
}

/// How the promotion concerns each line.
fn ways(promotion: &Promotion, lines: &[Work]) -> Vec<Option<How>> {
    let on = |line: &Work, how: How| promotion.on.has(&line.item).then_some(how);
    match &promotion.benefit {
        Benefit::Percentage { rate } => {
            lines.iter().map(|line| on(line, How::Percentage { rate: *rate })).collect()
        }
        Benefit::AmountPerLine { amount } => {
            lines.iter().map(|line| on(line, How::Line { amount: *amount })).collect()
        }
        Benefit::AmountPerOrder { amount } => {
            lines.iter().map(|line| on(line, How::Order { amount: *amount })).collect()
        }
        Benefit::BuyGet { buy, of, get, rate, at_most } => {
            let pieces = cheaper(lines, (of, *buy), (&promotion.on, *get), *at_most);
            let how = |pieces| Quantity::new(pieces).ok().map(|pieces| How::Pieces { pieces, rate: *rate });
            pieces.into_iter().map(how).collect()
        }
    }
}

/// How many pieces of each line are cheaper, for `buy` pieces of one scope and `get` of another.
///
/// It can be done `times` times if there are enough pieces of each scope, and of both together for both (Hall's
/// marriage theorem for two suitors). The cheapest pieces are taken, ties by SKU; a piece that could also be bought
/// only while enough others are left to be bought.
fn cheaper(
    lines: &[Work],
    (of, buy): (&Scope, Quantity),
    (on, get): (&Scope, Quantity),
    at_most: Option<Quantity>,
) -> Vec<i64> {
    let (buy, get) = (i64::from(buy), i64::from(get));
    let pieces = |is: &dyn Fn(&Item) -> bool| -> i64 {
        lines.iter().filter(|line| is(&line.item)).map(|line| i64::from(line.item.quantity)).sum()
    };
    let to_buy = pieces(&|item| of.has(item));
    let to_get = pieces(&|item| on.has(item));
    let either = pieces(&|item| of.has(item) || on.has(item));
    let often = (to_buy / buy).min(to_get / get).min(either / (buy + get));
    let times = at_most.map_or(often, |most| often.min(i64::from(most)));

    let mut wanted = times * get;
    let mut spare = to_buy - times * buy;
    let mut found = vec![0; lines.len()];
    let mut by_price: Vec<(usize, &Work)> =
        lines.iter().enumerate().filter(|(_, line)| on.has(&line.item)).collect();
    by_price.sort_by_key(|(index, line)| (line.item.unit_price, *index));
    for (index, line) in by_price {
        let could_be_bought = of.has(&line.item);
        let there = i64::from(line.item.quantity).min(wanted);
        let taken = if could_be_bought { there.min(spare) } else { there };
        found[index] = taken;
        wanted -= taken;
        spare -= if could_be_bought { taken } else { 0 };
    }
    found
}
