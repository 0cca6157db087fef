//! Sums over the lines: added up, never rounded.

use contracts::{Amount, NotAnAmount, PricedLine, TaxSum, Totals};
use std::collections::BTreeMap;

/// What the lines come to, with shipping.
pub fn totals(lines: &[PricedLine], shipping: Amount) -> Result<Totals, NotAnAmount> {
    let sum = |of: fn(&PricedLine) -> Amount| add(lines.iter().map(of));
    let discounts = lines.iter().flat_map(|line| &line.discounts);
    let (net, tax) = (sum(|line| line.net)?, sum(|line| line.tax)?);
    Ok(Totals {
        gross: sum(|line| line.gross)?,
        discount: add(discounts.map(|discount| discount.amount))?,
        net,
        tax,
        shipping,
        total: net.plus(tax)?.plus(shipping)?,
    })
}

/// The lines' taxes by jurisdiction and rate, in that order.
pub fn tax_sums(lines: &[PricedLine]) -> Result<Vec<TaxSum>, NotAnAmount> {
    let mut sums: BTreeMap<_, (Amount, Amount)> = BTreeMap::new();
    for line in lines {
        let (net, tax) = sums.entry((&line.jurisdiction, line.rate)).or_default();
        *net = net.plus(line.net)?;
        *tax = tax.plus(line.tax)?;
    }
    let sum = |((jurisdiction, rate), (net, tax)): ((&contracts::Jurisdiction, _), _)| TaxSum {
        jurisdiction: jurisdiction.clone(),
        rate,
        net,
        tax,
    };
    Ok(sums.into_iter().map(sum).collect())
}

/// All of them together.
pub fn add(amounts: impl Iterator<Item = Amount>) -> Result<Amount, NotAnAmount> {
    amounts.into_iter().try_fold(Amount::ZERO, Amount::plus)
}
