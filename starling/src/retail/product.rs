//! The shop's range, as the invoices show it: one product for each (stock code, price).

use super::{Goods, Invoice};
use contracts::{Currency, Product, Quantity, Sku, Text};
use std::collections::BTreeMap;

/// All products that were sold, by SKU, named by the first description met.
///
/// # Errors
/// Never for what [`Retail::read`](super::Retail::read) let through.
pub fn products(sales: &[Invoice]) -> anyhow::Result<Vec<Product>> {
    let currency: Currency = "GBP".parse()?;
    let mut seen: BTreeMap<&Sku, &Goods> = BTreeMap::new();
    for line in sales.iter().flat_map(|sale| &sale.lines) {
        seen.entry(&line.sku).or_insert(line);
    }
    let product = |goods: &Goods| {
        let name: String =
            goods.description.chars().filter(|letter| !letter.is_control()).take(200).collect();
        let name = Text::new(name).or_else(|_| Text::new(goods.sku.as_str()))?;
        Ok(Product { sku: goods.sku.clone(), name, price: goods.price, currency, active: true })
    };
    seen.into_values().map(product).collect()
}

/// Pieces of each SKU that suffice for all sales.
#[must_use]
pub fn stock_for_all(sales: &[Invoice]) -> BTreeMap<Sku, Quantity> {
    let mut wanted: BTreeMap<Sku, i64> = BTreeMap::new();
    for line in sales.iter().flat_map(|sale| &sale.lines) {
        *wanted.entry(line.sku.clone()).or_default() += i64::from(line.quantity.get());
    }
    let most = |pieces: i64| Quantity::new(pieces.clamp(1, Quantity::MAX.into()));
    wanted.into_iter().filter_map(|(sku, pieces)| Some((sku, most(pieces).ok()?))).collect()
}
