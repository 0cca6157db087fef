//! One product: the row that others hear of.

use contracts::{
    Amount, AttributeName, AttributeValue, Currency, MessageId, PriceIn, ProductChanged, Sku, Slug, Text,
    Variant,
};
use std::collections::BTreeMap;

/// A product in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: Text<200>,
    pub price: Amount,
    pub currency: Currency,
    pub others: Vec<PriceIn>,
    pub active: bool,
    /// The page on which it is sold.
    pub listing: Option<Slug>,
    pub options: BTreeMap<AttributeName, AttributeValue>,
    pub weight_g: Option<u32>,
    pub version: i64,
}

impl Listed {
    /// What is sold, as a listing says it.
    pub fn variant(self, sku: Sku) -> Variant {
        let first = PriceIn { currency: self.currency, amount: self.price };
        Variant {
            sku,
            options: self.options,
            prices: [first].into_iter().chain(self.others).collect(),
            weight_g: self.weight_g,
            active: self.active,
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
        other_prices: listed.others.clone(),
        version: listed.version,
    }
}

/// The id of the news of a version: the same whoever tells it, and however often.
pub fn event_id(sku: &Sku, version: i64) -> MessageId {
    MessageId::named(&["product.changed", sku.as_str(), &version.to_string()])
}
