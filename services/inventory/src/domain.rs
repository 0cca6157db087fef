//! The shelf: what there is of each SKU, what each order holds of it, and every piece that came or went.

mod command;
mod order;

use chassis::Rows;
use contracts::{OrderId, Reference, Sku, Text, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The most pieces of a SKU that a shelf can hold.
pub const MAX_ON_HAND: i64 = 1_000_000_000_000;

/// Pieces by SKU, each more than 0: an order's lines with equal SKUs put together.
pub type Lines = BTreeMap<Sku, i64>;

/// All that a batch touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shelf {
    /// What the orders hold.
    pub orders: Rows<OrderId, Holding>,
    /// What there is; a SKU without a row was never here.
    pub levels: Rows<Sku, Level>,
    /// What came and went since the load.
    pub movements: Vec<Movement>,
    /// The receipts and adjustments that are booked already.
    pub booked: BTreeSet<Cause>,
}

/// What inventory remembers of an order. Nothing: no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// Its lines are set aside.
    Reserved(Lines),
    /// Something was short, so nothing was taken.
    Rejected,
    /// Its lines were set aside, and can be sold again.
    Released(Lines),
    /// Its lines have left the house.
    Committed(Lines),
    /// It was cancelled before it was created here.
    Tombstone,
    /// It was dispatched before it was created here.
    Dispatched,
}

/// What there is of a SKU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// Pieces in the house.
    pub on_hand: i64,
    /// Pieces of them set aside.
    pub reserved: i64,
    /// Grows with every change.
    pub version: i64,
}

impl Level {
    /// Pieces that can be sold.
    #[must_use]
    pub const fn available(self) -> i64 {
        self.on_hand - self.reserved
    }
}

/// Pieces of a SKU came or went: an entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Of what.
    pub sku: Sku,
    /// Pieces that came or, below zero, went.
    pub quantity: i64,
    /// What brought it about.
    pub cause: Cause,
    /// Which line of the cause, from 0.
    pub line: i32,
    /// Why, where a human said so.
    pub reason: Option<Text<200>>,
    /// When it was decided.
    pub at: Timestamp,
}

/// What brings a movement about; each does so once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Goods came in.
    Receipt(Reference),
    /// A count showed another number.
    Adjustment(Reference),
    /// An order left the house.
    Commit(OrderId),
}

impl Shelf {
    /// What there is of a SKU; nothing of one that was never here.
    #[must_use]
    pub fn level(&self, sku: &Sku) -> Level {
        self.levels.get(sku).copied().unwrap_or_default()
    }

    /// Changes a SKU's numbers; its version grows.
    ///
    /// A hold whose SKU has no row cannot be: it would end below zero here, which the database refuses.
    fn change(&mut self, sku: &Sku, on_hand: i64, reserved: i64) -> Level {
        let old = self.level(sku);
        let new = Level {
            on_hand: old.on_hand + on_hand,
            reserved: old.reserved + reserved,
            version: old.version + 1,
        };
        self.levels.put(sku.clone(), new);
        new
    }
}
