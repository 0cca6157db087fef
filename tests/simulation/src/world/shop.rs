//! The shop at first: its catalog, its shelves, its zones and slots.

use crate::{
    parts::{Docks, Shelves, Shop},
    plan::{Plan, product, text},
};
use contracts::Sku;
use inventory::domain::{Cause, Level};
use orders::domain::Price;
use shipping::domain::{Room, SlotKey, Zone, Zones};

/// A catalog with four products.
pub(super) fn shop() -> Shop {
    let price = |sku: &str| {
        let product = product(sku, 1);
        let (price, currency, active) = (product.price, product.currency, product.active);
        (product.sku, Price { price, currency, others: vec![], active, version: 1 })
    };
    Shop { products: ["A", "B", "C", "free"].map(price).into(), ..Shop::default() }
}

pub(super) fn shelves(plan: &Plan) -> Shelves {
    let mut shelves = Shelves::default();
    let goods = ["A", "B", "C"].into_iter().zip(plan.stock).chain([("free", 5)]);
    for ((sku, pieces), line) in goods.zip(0..) {
        let sku: Sku = text(sku);
        shelves.levels.insert(sku.clone(), Level { on_hand: pieces, reserved: 0, version: 1 });
        shelves.movements.insert((Cause::Receipt(text("first")), line), (sku, pieces));
    }
    shelves
}

/// Britain without slots, France with two, and no other zone.
pub(super) fn docks(plan: &Plan) -> Docks {
    let zone = |id: &str, country: &'static str, has_slots| Zone {
        id: text(id),
        country: std::borrow::Cow::Borrowed(country).try_into().expect("a country"),
        postal_prefix: String::new(),
        served: true,
        has_slots,
    };
    let slot = |slot| {
        let key = SlotKey { zone: text("fr"), slot: text(slot) };
        (key, Room { capacity: plan.capacity, taken: 0 })
    };
    Docks {
        zones: Zones(vec![zone("gb", "GB", false), zone("fr", "FR", true)]),
        slots: ["am", "pm"].map(slot).into(),
        ..Docks::default()
    }
}
