//! A breakdown in sentences, for a person who asks how an amount came about.

use contracts::{Breakdown, Discount, How, PricedLine, Prices};

/// One sentence for each amount, from the first line's to the total. Amounts are in minor units.
#[must_use]
pub fn explain(breakdown: &Breakdown) -> Vec<String> {
    let mut sentences = Vec::new();
    for line in &breakdown.lines {
        let (sku, pieces, price) = (&line.sku, line.quantity.get(), line.unit_price.minor());
        sentences.push(format!("{sku}: {pieces} × {price} = {}", line.gross.minor()));
        sentences.extend(line.discounts.iter().map(|discount| off(line, discount)));
        sentences.push(tax(line, breakdown.prices));
    }
    let totals = &breakdown.totals;
    sentences.push(format!(
        "total: {} − {} off; {} net + {} tax + {} shipping = {} {}",
        totals.gross.minor(),
        totals.discount.minor(),
        totals.net.minor(),
        totals.tax.minor(),
        totals.shipping.minor(),
        totals.total.minor(),
        breakdown.currency,
    ));
    sentences
}

fn off(line: &PricedLine, discount: &Discount) -> String {
    let (basis, amount) = (discount.basis.minor(), discount.amount.minor());
    let what = match &discount.how {
        How::Percentage { rate } => format!("{rate} of {basis}"),
        How::Line { amount: whole } => format!("{} off, at most {basis}", whole.minor()),
        How::Order { amount: whole } => format!("share of {} off the order, by {basis}", whole.minor()),
        How::Pieces { pieces, rate } => {
            format!("{rate} of {} of {} pieces of {basis}", pieces.get(), line.quantity.get())
        }
    };
    let code = discount.code.as_ref().map(|code| format!(" with code {code}")).unwrap_or_default();
    format!("{}: {}{code}: {what} = −{amount}", line.sku, discount.promotion)
}

fn tax(line: &PricedLine, prices: Prices) -> String {
    let (sku, place, rate) = (&line.sku, &line.jurisdiction, line.rate);
    let (net, tax, total) = (line.net.minor(), line.tax.minor(), line.total.minor());
    match prices {
        Prices::IncludeTax => format!("{sku}: {total} has {rate} {place} tax in it: {net} + {tax}"),
        Prices::ExcludeTax => format!("{sku}: {net} + {rate} {place} tax {tax} = {total}"),
    }
}
