//! Inventory: its tables in memory, and what its `load` and `save` do.

use super::{bit, lock_of};
use crate::{
    broken::{Broken, must},
    letter::{Letter, NO_ORDER, order_id},
    mutants::{self, Mutant},
    part::{Locks, Part, Service},
};
use chassis::{Decision, Heard};
use contracts::{MessageEnum, MessageId, OrderId, Sku, Timestamp};
use inventory::{
    Hears, Shelf, Tells,
    domain::{Cause, Holding, Level},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// The service.
pub struct Inventory;

/// Its database.
#[derive(Debug, Default)]
pub struct Shelves {
    /// What the orders hold.
    pub orders: BTreeMap<OrderId, Holding>,
    /// What there is.
    pub levels: BTreeMap<Sku, Level>,
    /// Causes of movements, by cause and line: each only once.
    pub movements: BTreeMap<(Cause, i32), (Sku, i64)>,
    /// Receipts and adjustments that are booked.
    pub booked: BTreeSet<Cause>,
}

impl Shelves {
    /// The SKUs that a message touches, with those that its order holds.
    fn skus<'a>(&'a self, letter: &'a Letter) -> Vec<&'a Sku> {
        let mut skus: Vec<&Sku> = match Inventory::heard(letter).map(|heard| &heard.message) {
            Some(Hears::OrderCreated(order)) => order.lines.iter().map(|line| &line.sku).collect(),
            Some(Hears::ReceiveStock(receipt)) => receipt.lines.iter().map(|line| &line.sku).collect(),
            Some(Hears::AdjustStock(adjustment)) => vec![&adjustment.sku],
            Some(Hears::OrderCancelled(_) | Hears::ShipmentDispatched(_)) | None => vec![],
        };
        if let Some(Holding::Reserved(lines)) = self.holding(letter) {
            skus.extend(lines.keys());
        }
        skus
    }

    fn holding(&self, letter: &Letter) -> Option<&Holding> {
        (letter.order != NO_ORDER).then(|| self.orders.get(&order_id(letter.order)))?
    }
}

fn cause_of(heard: &Hears) -> Option<Cause> {
    match heard {
        Hears::ReceiveStock(receipt) => Some(Cause::Receipt(receipt.reference.clone())),
        Hears::AdjustStock(adjustment) => Some(Cause::Adjustment(adjustment.reference.clone())),
        Hears::OrderCreated(_) | Hears::OrderCancelled(_) | Hears::ShipmentDispatched(_) => None,
    }
}

impl Part for Inventory {
    const SERVICE: Service = Service::Inventory;
    const STATES: &'static [&'static str] = &[
        "unknown",
        "reserved",
        "rejected",
        "released",
        "committed",
        "tombstone",
        "dispatched",
        "new reference",
        "known reference",
    ];
    type Hears = Hears;
    type Tells = Tells;
    type Tables = Shelves;
    type Rows = Shelf;

    fn heard(letter: &Letter) -> Option<&Heard<Hears>> {
        letter.inventory.as_deref()
    }

    fn locks(tables: &Shelves, letter: &Letter) -> Locks {
        let order = if tables.holding(letter).is_some() { bit(letter.order) } else { 0 };
        tables.skus(letter).into_iter().fold(order, |locks, sku| locks | lock_of(sku))
    }

    fn load(tables: &Shelves, batch: &[Rc<Letter>]) -> Shelf {
        let orders = batch.iter().filter_map(|letter| Some((letter.order, tables.holding(letter)?)));
        let skus = batch.iter().flat_map(|letter| tables.skus(letter));
        let causes = batch.iter().filter_map(|letter| cause_of(&Self::heard(letter)?.message));
        Shelf {
            orders: orders.map(|(number, holding)| (order_id(number), holding.clone())).collect(),
            levels: skus.filter_map(|sku| Some((sku.clone(), *tables.levels.get(sku)?))).collect(),
            movements: vec![],
            booked: causes.filter(|cause| tables.booked.contains(cause)).collect(),
        }
    }

    fn state(rows: &Shelf, letter: &Letter) -> usize {
        if letter.order == NO_ORDER {
            let cause = Self::heard(letter).and_then(|heard| cause_of(&heard.message));
            return if cause.is_some_and(|cause| rows.booked.contains(&cause)) { 8 } else { 7 };
        }
        match rows.orders.get(&order_id(letter.order)) {
            None => 0,
            Some(Holding::Reserved(_)) => 1,
            Some(Holding::Rejected) => 2,
            Some(Holding::Released(_)) => 3,
            Some(Holding::Committed(_)) => 4,
            Some(Holding::Tombstone) => 5,
            Some(Holding::Dispatched) => 6,
        }
    }

    fn decide(rows: &mut Shelf, heard: &Heard<Hears>, bend: Mutant) -> Decision<Tells> {
        mutants::inventory(rows, heard, bend)
    }

    fn lawful(before: &Shelves, after: &Shelf) -> Result<(), Broken> {
        for (id, now) in after.orders.iter() {
            let Some(was) = before.orders.get(id) else { continue };
            let fits = match (was, now) {
                (Holding::Reserved(_), _) => true,
                (was, now) => was == now,
            };
            must(fits, *id, "only a reservation ends, and ends once", || format!("from {was:?} to {now:?}"))?;
        }
        Ok(())
    }

    fn raced(rows: &Shelf, tables: &Shelves) -> bool {
        let known =
            |m: &inventory::domain::Movement| tables.movements.contains_key(&(m.cause.clone(), m.line));
        rows.orders.fresh().any(|(id, _)| tables.orders.contains_key(id))
            || rows.levels.fresh().any(|(sku, _)| tables.levels.contains_key(sku))
            || rows.movements.iter().any(known)
    }

    fn save(rows: &Shelf, tables: &mut Shelves) {
        for (id, holding) in rows.orders.fresh().chain(rows.orders.changed()) {
            tables.orders.insert(*id, holding.clone());
        }
        for (sku, level) in rows.levels.fresh().chain(rows.levels.changed()) {
            tables.levels.insert(sku.clone(), *level);
        }
        for movement in &rows.movements {
            let key = (movement.cause.clone(), movement.line);
            tables.movements.insert(key, (movement.sku.clone(), movement.quantity));
        }
        tables.booked.extend(rows.booked.iter().cloned());
    }

    fn always(tables: &Shelves) -> Result<(), Broken> {
        // But for the goods at first, the simulation's receipts and counts have one line each.
        let of_one_line = |cause: &Cause| match cause {
            Cause::Receipt(reference) => reference.as_str() != "first",
            Cause::Adjustment(_) => true,
            Cause::Commit(_) => false,
        };
        let causes = || tables.movements.keys().map(|(cause, _)| cause);
        let twice = causes().zip(causes().skip(1)).find(|(a, b)| a == b && of_one_line(a));
        if let Some((cause, _)) = twice {
            return Err(Broken::somewhere("a reference counts once", format!("{cause:?}")));
        }
        for (sku, level) in &tables.levels {
            let of = |moved: &(Sku, i64)| if moved.0 == *sku { moved.1 } else { 0 };
            let moved: i64 = tables.movements.values().map(of).sum();
            let held = |holding: &Holding| {
                let Holding::Reserved(lines) = holding else { return 0 };
                lines.get(sku).copied().unwrap_or_default()
            };
            let reserved: i64 = tables.orders.values().map(held).sum();
            let found = || format!("{sku}: {level:?}, moved {moved}, reserved {reserved}");
            let somewhere = |law| Err(Broken::somewhere(law, found()));
            if level.on_hand != moved {
                return somewhere("what is on hand is the sum of what came and went");
            }
            if level.reserved != reserved {
                return somewhere("what is reserved is the sum of live reservations");
            }
            if level.reserved < 0 || level.available() < 0 {
                return somewhere("nothing is sold beyond its stock");
            }
        }
        Ok(())
    }

    fn letter(fact: &Tells, id: MessageId, at: Timestamp, order: u8) -> Letter {
        let letter = Letter::new(Some(fact.info()), id, at, order);
        match fact {
            Tells::Reserved(m) => letter.to_orders(m).to_payments(m),
            Tells::Rejected(m) => letter.to_orders(m),
            Tells::Released(m) => letter.to_orders(m),
            Tells::Committed(m) => letter.to_orders(m),
            // Only catalog hears whether something can be had.
            Tells::LevelChanged(_) | Tells::CommandRefused(_) | Tells::AvailabilityChanged(_) => letter,
        }
    }
}
