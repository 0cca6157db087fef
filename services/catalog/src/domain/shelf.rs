//! What catalog hears: whether SKUs can be had, and that an order's coupons are free again.

use crate::Hears;
use chassis::{Decision, Heard, Live, Rows, Why};
use contracts::{
    LISTINGS_CHANGED, ListingsChanged, Nothing, OrderId, Sku, Slug, StockAvailabilityChanged,
    StockLevelChanged,
};
use std::collections::{BTreeMap, BTreeSet};

/// All that a batch of what catalog hears touches.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// What can be had.
    pub stock: Rows<Sku, Stocked>,
    /// The pages on which it is sold.
    pub pages: BTreeMap<Sku, Slug>,
    /// Orders that used coupons.
    pub uses: Rows<OrderId, Uses>,
}

/// What inventory told last of a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stocked {
    pub available: bool,
    pub version: i64,
}

/// The coupons that an order used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uses {
    pub codes: Vec<String>,
    pub returned: bool,
}

impl Shelf {
    /// The pages that are shown otherwise now.
    pub(crate) fn live(&self) -> sqlx::Result<Vec<Live>> {
        let changed = self.stock.fresh().chain(self.stock.changed());
        let slugs: BTreeSet<&Slug> = changed.filter_map(|(sku, _)| self.pages.get(sku)).collect();
        if slugs.is_empty() {
            return Ok(vec![]);
        }
        let news = ListingsChanged { slugs: slugs.into_iter().cloned().collect() };
        let body = serde_json::to_vec(&news).map_err(|error| sqlx::Error::Encode(error.into()))?;
        Ok(vec![Live { subject: LISTINGS_CHANGED.to_owned(), body }])
    }

    pub(crate) fn hear(&mut self, heard: &Heard<Hears>) -> Decision<Nothing> {
        match &heard.message {
            Hears::LevelChanged(StockLevelChanged { sku, on_hand, reserved, version, .. }) => {
                self.learn(sku, Stocked { available: on_hand > reserved, version: *version })
            }
            Hears::AvailabilityChanged(StockAvailabilityChanged { levels, .. }) => {
                let mut news = Decision::Ignore(Why::Repeat);
                for level in levels {
                    let stocked = Stocked { available: level.available, version: level.version };
                    if matches!(self.learn(&level.sku, stocked), Decision::Accept(_)) {
                        news = Decision::NOTED;
                    }
                }
                news
            }
            Hears::OrderCancelled(order) => self.give_back(order.order_id),
        }
    }

    /// Keeps the highest version.
    fn learn(&mut self, sku: &Sku, stocked: Stocked) -> Decision<Nothing> {
        match self.stock.get(sku).map(|known| known.version) {
            Some(known) if known == stocked.version => Decision::Ignore(Why::Repeat),
            Some(known) if known > stocked.version => Decision::Ignore(Why::TooLate),
            Some(_) | None => {
                self.stock.put(sku.clone(), stocked);
                Decision::NOTED
            }
        }
    }

    fn give_back(&mut self, order: OrderId) -> Decision<Nothing> {
        match self.uses.get(&order) {
            None => Decision::Ignore(Why::TooLate), // it used none, as most orders
            Some(uses) if uses.returned => Decision::Ignore(Why::Repeat),
            Some(_) => {
                if let Some(uses) = self.uses.change(&order) {
                    uses.returned = true;
                }
                Decision::NOTED
            }
        }
    }
}
