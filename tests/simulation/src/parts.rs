//! The four services, as the modelled chassis sees them.

mod inventory;
mod orders;
mod payments;
mod shipping;

pub use inventory::{Inventory, Shelves};
pub use orders::{Orders, Shop};
pub use payments::{Accounts, Payments};
pub use shipping::{Docks, Shipping};

use chassis::leavers::Leavers;
use contracts::{CustomerId, Sku, Timestamp, UserDeleted};
use std::collections::BTreeMap;

/// The bits above the orders' own: by the first letter of a SKU, of which the simulation has few.
const fn sku_bit(letter: u8) -> u128 {
    1 << (96 + letter as u32 % 8)
}

fn lock_of(sku: &Sku) -> u128 {
    sku_bit(sku.as_str().as_bytes()[0])
}

/// Any slot, or any place where the rows are few and locked together.
const SLOTS: u128 = 1 << 110;

/// The bit of an order's row.
fn bit(order: u8) -> u128 {
    1_u128.checked_shl(u32::from(order)).filter(|_| order < 96).unwrap_or(0)
}

/// Customers whose accounts are gone, as a service's table.
pub type Left = BTreeMap<CustomerId, Timestamp>;

/// Whether it is known of them is loaded for these.
fn load_left<'a>(left: &Left, gone: impl Iterator<Item = &'a UserDeleted>) -> Leavers {
    gone.filter_map(|gone| Some((gone.user_id, *left.get(&gone.user_id)?))).collect()
}

fn save_left(leavers: &Leavers, left: &mut Left) {
    left.extend(leavers.fresh().map(|(who, at)| (*who, *at)));
}

fn left_twice(leavers: &Leavers, left: &Left) -> bool {
    leavers.fresh().any(|(who, _)| left.contains_key(who))
}
