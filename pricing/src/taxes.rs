//! Which tax rate a line falls under, and what of its amount is tax.

use crate::{Ask, Destination, Item, NotPriced, TaxRate, rounding::fraction};
use contracts::{Amount, NotAnAmount, Prices, Rate};
use std::cmp::Reverse;

/// The rates in force at the time and place of the ask, the most precise place first: the longest postal prefix,
/// then one with a region, then the jurisdiction that comes first by name, then the lower rate.
pub fn in_force(ask: &Ask) -> Vec<&TaxRate> {
    let holds = |rate: &&TaxRate| rate.period.holds(ask.at) && covers(rate, &ask.destination);
    let mut rates: Vec<&TaxRate> = ask.tax_rates.iter().filter(holds).collect();
    rates.sort_by_key(|rate| {
        let prefix = rate.postal_prefix.as_ref().map_or(0, |prefix| plain(prefix.as_str()).len());
        (Reverse(prefix), rate.region.is_none(), rate.jurisdiction.clone(), rate.rate)
    });
    rates
}

/// The first of the rates that is for the item's tax category.
pub fn rate_of<'a>(item: &Item, rates: &[&'a TaxRate]) -> Result<&'a TaxRate, NotPriced> {
    let missing = || NotPriced::NoTaxRate { sku: item.sku.clone(), category: item.tax_category.clone() };
    rates.iter().copied().find(|rate| rate.category == item.tax_category).ok_or_else(missing)
}

fn covers(rate: &TaxRate, place: &Destination) -> bool {
    let code = place.postal_code.as_ref().map(|code| plain(code.as_str())).unwrap_or_default();
    let prefix = rate.postal_prefix.as_ref().is_none_or(|prefix| code.starts_with(&plain(prefix.as_str())));
    let region = rate.region.is_none() || rate.region == place.region;
    rate.country == place.country && region && prefix
}

/// A postal code as it is compared: `sw1a 1aa` is `SW1A1AA`.
fn plain(code: &str) -> String {
    code.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// Net, tax and total of a price at a rate.
///
/// Tax that is in the price is price × rate ÷ (1 + rate), and the rest is net; tax on top is price × rate. So a
/// total with the tax in it gives back the net and the tax it was made from, to the minor unit.
pub fn taxed(price: Amount, rate: Rate, prices: Prices) -> Result<(Amount, Amount, Amount), NotAnAmount> {
    let (part, whole) = (u64::from(rate.millionths()), u64::from(Rate::WHOLE));
    match prices {
        Prices::IncludeTax => {
            let tax = fraction(price, part, whole + part)?;
            Ok((price.less(tax), tax, price))
        }
        Prices::ExcludeTax => {
            let tax = fraction(price, part, whole)?;
            Ok((price, tax, price.plus(tax)?))
        }
    }
}
