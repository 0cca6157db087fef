//! Inventory's `decide`, straight or bent.

use super::Mutant;
use chassis::{Decision, Heard, Participant};
use contracts::{Line, OrderCreated, Quantity, Sku};
use inventory::{Hears, Shelf, Tells, domain::Holding};

pub(crate) fn decide(shelf: &mut Shelf, heard: &Heard<Hears>, bend: Mutant) -> Decision<Tells> {
    match (bend, &heard.message) {
        (Mutant::NoTombstoneInventory, Hears::OrderCancelled(m))
            if shelf.orders.get(&m.order_id).is_none() =>
        {
            Decision::NOTED
        }
        (Mutant::NotHeld, Hears::OrderCreated(created)) => {
            let decision = shelf.decide(heard);
            if is_reserved(&decision) {
                add_reserved(shelf, created.lines.iter().map(held), -1);
            }
            decision
        }
        (Mutant::TakesWhatIsThere, Hears::OrderCreated(created)) => {
            shelf.decide(&Heard::new(heard.id, heard.at, clipped(shelf, created).into()))
        }
        (Mutant::NotReleased, Hears::OrderCancelled(m)) => {
            let holding = shelf.orders.get(&m.order_id).cloned();
            let decision = shelf.decide(heard);
            if let Some(Holding::Reserved(lines)) = holding {
                add_reserved(shelf, lines.into_iter(), 1);
            }
            decision
        }
        (Mutant::ReceiptTwice, Hears::ReceiveStock(_)) => {
            shelf.booked.clear();
            let decision = shelf.decide(heard);
            // Past the database's constraint, too: each receipt a line of its own.
            let [.., third, _, _] = heard.id.0.into_bytes();
            shelf.movements.iter_mut().for_each(|movement| movement.line += i32::from(third));
            decision
        }
        _ => shelf.decide(heard),
    }
}

fn is_reserved(decision: &Decision<Tells>) -> bool {
    matches!(decision, Decision::Accept(facts)
        if facts.iter().any(|fact| matches!(fact.message, Tells::Reserved(_))))
}

fn held(line: &Line) -> (Sku, i64) {
    (line.sku.clone(), line.quantity.into())
}

fn add_reserved(shelf: &mut Shelf, lines: impl Iterator<Item = (Sku, i64)>, times: i64) {
    for (sku, quantity) in lines {
        if let Some(level) = shelf.levels.change(&sku) {
            level.reserved += times * quantity;
        }
    }
}

/// As much as there is, but something.
fn clipped(shelf: &Shelf, created: &OrderCreated) -> OrderCreated {
    let mut created = created.clone();
    for line in &mut created.lines {
        let there = shelf.level(&line.sku).available().min(line.quantity.into());
        line.quantity = Quantity::new(there).unwrap_or(line.quantity);
    }
    created
}
