//! What an import does to the products: pure.

use chassis::Rows;
use contracts::{Amount, Currency, MAX_IMPORT, MessageId, Product, ProductChanged, Refusal, Sku, Text};
use std::collections::BTreeSet;

/// A product in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: Text<200>,
    pub price: Amount,
    pub currency: Currency,
    pub active: bool,
    pub version: i64,
}

/// Finds the fault of an import, if it has one.
pub fn check(products: &[Product]) -> Result<(), Refusal> {
    if products.len() > MAX_IMPORT {
        return Err(invalid("products".to_owned(), format!("at most {MAX_IMPORT} at once")));
    }
    let mut seen = BTreeSet::new();
    for (index, product) in products.iter().enumerate() {
        if !seen.insert(&product.sku) {
            return Err(invalid(format!("products[{index}].sku"), "stands here twice".to_owned()));
        }
    }
    Ok(())
}

fn invalid(field: String, why: String) -> Refusal {
    Refusal::Invalid { field, why }
}

/// Makes the products as they are wanted: new ones begin at version 1, others go one up, equal ones stay.
pub fn import(listed: &mut Rows<Sku, Listed>, wanted: &[Product]) {
    for product in wanted {
        let old = listed.get(&product.sku);
        let version = old.map_or(0, |old| old.version);
        let same = Listed {
            name: product.name.clone(),
            price: product.price,
            currency: product.currency,
            active: product.active,
            version,
        };
        if old != Some(&same) {
            listed.put(product.sku.clone(), Listed { version: version + 1, ..same });
        }
    }
}

/// The news of a version.
pub fn changed(sku: &Sku, listed: &Listed) -> ProductChanged {
    ProductChanged {
        sku: sku.clone(),
        name: listed.name.clone(),
        price: listed.price,
        currency: listed.currency,
        active: listed.active,
        version: listed.version,
    }
}

/// The id of the news of a version: the same whoever tells it, and however often.
pub fn event_id(sku: &Sku, version: i64) -> MessageId {
    MessageId::named(&["product.changed", sku.as_str(), &version.to_string()])
}
