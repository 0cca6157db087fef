//! What must always hold of the shelf, and of what was told about it.

use chassis::Fact;
use contracts::{OrderId, Sku};
use inventory::{
    Shelf, Tells,
    domain::{Cause, Holding},
};
use std::collections::{BTreeMap, BTreeSet};

/// The laws of a shelf that began empty.
pub fn hold(shelf: &Shelf) {
    let mut moved: BTreeMap<&Sku, i64> = BTreeMap::new();
    for movement in &shelf.movements {
        *moved.entry(&movement.sku).or_default() += movement.quantity;
    }
    let mut held: BTreeMap<&Sku, i64> = BTreeMap::new();
    for (_, holding) in shelf.orders.iter() {
        if let Holding::Reserved(lines) = holding {
            for (sku, quantity) in lines {
                *held.entry(sku).or_default() += quantity;
            }
        }
    }
    for (sku, level) in shelf.levels.iter() {
        assert!(level.available() >= 0, "{sku}: more is set aside than there is: {level:?}");
        assert!(level.reserved >= 0, "{sku}: more was given back than was set aside: {level:?}");
        assert_eq!(level.on_hand, moved.remove(sku).unwrap_or(0), "{sku}: on hand = Σ movements");
        assert_eq!(level.reserved, held.remove(sku).unwrap_or(0), "{sku}: reserved = Σ live reservations");
    }
    assert!(moved.is_empty() && held.is_empty(), "moved or held, but not on the shelf: {moved:?} {held:?}");
    let booked: BTreeSet<_> = shelf.movements.iter().map(|m| (&m.cause, m.line)).collect();
    assert_eq!(booked.len(), shelf.movements.len(), "a line of a cause moved twice");
    for movement in &shelf.movements {
        if let Cause::Commit(order) = &movement.cause {
            assert!(matches!(shelf.orders.get(order), Some(Holding::Committed(_))), "left without a commit");
        }
    }
}

/// The laws of all that was told, repetitions under a known id left out.
pub fn hold_of_facts(shelf: &Shelf, told: &[Fact<Tells>]) {
    let ids: BTreeSet<_> = told.iter().map(Fact::id).collect();
    assert_eq!(ids.len(), told.len(), "two facts under one id");
    let mut of: BTreeMap<OrderId, [u32; 4]> = BTreeMap::new();
    let mut available: BTreeMap<&Sku, (i64, bool)> = BTreeMap::new();
    let mut newest = |sku, version, is_available| {
        let known = available.entry(sku).or_insert((version, is_available));
        *known = (*known).max((version, is_available));
    };
    for fact in told {
        match &fact.message {
            Tells::Reserved(f) => of.entry(f.order_id).or_default()[0] += 1,
            Tells::Rejected(f) => of.entry(f.order_id).or_default()[1] += 1,
            Tells::Released(f) => of.entry(f.order_id).or_default()[2] += 1,
            Tells::Committed(f) => of.entry(f.order_id).or_default()[3] += 1,
            Tells::LevelChanged(f) => newest(&f.sku, f.version, f.on_hand > f.reserved),
            Tells::AvailabilityChanged(f) => {
                f.levels.iter().for_each(|level| newest(&level.sku, level.version, level.available));
            }
            Tells::CommandRefused(_) => {}
        }
    }
    for (sku, (_, told)) in available {
        assert_eq!(told, shelf.level(sku).available() > 0, "the newest that was told of {sku}");
    }
    for (order, counts) in of {
        let expected = match shelf.orders.get(&order) {
            Some(Holding::Reserved(_)) => [1, 0, 0, 0],
            Some(Holding::Rejected) => [0, 1, 0, 0],
            Some(Holding::Released(_)) => [1, 0, 1, 0],
            Some(Holding::Committed(_)) => [1, 0, 0, 1],
            Some(Holding::Tombstone | Holding::Dispatched) | None => [0, 0, 0, 0],
        };
        assert_eq!(counts, expected, "reserved, rejected, released, committed of {order}");
    }
}
