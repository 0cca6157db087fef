//! The laws that hold once everything is at rest: every order settled, and all four and the outside agree.

use super::money;
use crate::{
    broken::{Broken, must},
    desk::Desk,
    letter::{Letter, number_of, order_id},
    outside::Booking,
    part::Part,
    plan::IDS,
    world::{World, rightful_cancel},
};
use contracts::CancelReason;
use inventory::domain::{Holding, Lines};
use orders::domain::{Known, Order, Status};
use shipping::domain::State;
use std::{collections::BTreeMap, rc::Rc};

/// Checks all of them.
///
/// # Errors
/// The first that is broken.
pub fn at_rest(world: &World) -> Result<(), Broken> {
    nothing_is_left(&world.orders)?;
    nothing_is_left(&world.inventory)?;
    nothing_is_left(&world.payments)?;
    nothing_is_left(&world.shipping)?;
    keys_are_unique(world)?;
    for row in world.orders.tables.orders.values() {
        if let Known::Placed(order) = &row.known {
            settled(world, order)?;
            goods_agree(world, order)?;
            shipment_agrees(world, order)?;
            money::agrees(world, order.id, stands(order), order.total.minor())?;
        }
    }
    for (order, ..) in world.ledgers.charges.keys() {
        let placed = world.order(*order).is_some();
        must(placed, order_id(*order), "only an order is charged", || "no such order".to_owned())?;
    }
    world.sent.iter().try_for_each(|wish| cancel_is_answered(world, rightful_cancel(wish)))
}

/// Confirmed, or further.
#[must_use]
pub fn stands(order: &Order) -> bool {
    matches!(order.status, Status::Confirmed | Status::Dispatched | Status::Completed)
}

fn nothing_is_left<P: Part>(desk: &Desk<P>) -> Result<(), Broken> {
    let dead = desk.journal.iter().find(|(_, entry)| entry.dead);
    if let Some((id, _)) = dead {
        return Err(Broken::somewhere("every dead letter can be redriven", format!("{id} is still one")));
    }
    let unheard = |letter: &Rc<Letter>| !desk.journal.contains_key(&letter.id);
    match desk.heard.iter().find(|letter| unheard(letter)) {
        Some(letter) => {
            let found = format!("{} never took in {}", P::SERVICE.name(), letter.words());
            Err(Broken { law: "no message is lost", order: letter.order, found })
        }
        None => Ok(()),
    }
}

fn settled(world: &World, order: &Order) -> Result<(), Broken> {
    let found = || format!("{:?}, {:?}", order.status, order.reason);
    must(!order.is_open(), order.id, "every order is settled in the end", found)?;
    must(!order.is_wanted_back(), order.id, "a wish to cancel is answered", found)?;
    let buyer = &world.plan.buyers[usize::from(number_of(order.id.0) / IDS)];
    let rightly = buyer.is_valid() || order.status == Status::Cancelled;
    must(rightly, order.id, "only what the catalog has, at its price, is an order", found)
}

/// One order for each idempotency key; the others are its aliases, or conflicts.
fn keys_are_unique(world: &World) -> Result<(), Broken> {
    let mut of_key: BTreeMap<u8, u8> = BTreeMap::new();
    for (id, row) in &world.orders.tables.orders {
        let Known::Placed(order) = &row.known else { continue };
        if matches!(order.reason, Some(CancelReason::IdempotencyConflict { .. })) {
            continue;
        }
        let first = of_key.insert(number_of(id.0) / IDS, number_of(id.0));
        let found = || format!("{first:?} has the same key");
        must(first.is_none(), *id, "a key stands for one order", found)?;
    }
    Ok(())
}

fn goods_agree(world: &World, order: &Order) -> Result<(), Broken> {
    let holding = world.inventory.tables.orders.get(&order.id);
    let found = || format!("{:?} ({:?}), and its goods are {holding:?}", order.status, order.reason);
    let fits = match order.status {
        Status::Confirmed => matches!(holding, Some(Holding::Reserved(_))),
        Status::Dispatched | Status::Completed => matches!(holding, Some(Holding::Committed(_))),
        Status::Cancelled => {
            matches!(holding, Some(Holding::Rejected | Holding::Released(_) | Holding::Tombstone))
        }
        Status::Placed | Status::StockReserved | Status::Paid => false,
    };
    must(fits, order.id, "an order that stands has its goods, a cancelled one none", found)?;
    let buyer = &world.plan.buyers[usize::from(number_of(order.id.0) / IDS)];
    let mut wanted = Lines::new();
    for (sku, pieces) in &buyer.lines {
        *wanted.entry(crate::plan::text(sku)).or_default() += pieces;
    }
    let whole = match holding {
        Some(Holding::Reserved(lines) | Holding::Committed(lines)) => *lines == wanted,
        Some(Holding::Rejected | Holding::Released(_) | Holding::Tombstone | Holding::Dispatched) | None => {
            true
        }
    };
    must(whole, order.id, "what is held for an order is what was ordered", found)
}

/// An order that stands has exactly one booking at the carrier, a cancelled one none.
fn shipment_agrees(world: &World, order: &Order) -> Result<(), Broken> {
    let number = number_of(order.id.0);
    let bookings = world.ledgers.bookings.range((number, 0)..=(number, i16::MAX));
    let live = bookings.filter(|(_, booking)| **booking == Booking::Stands).count();
    let state = world.shipping.tables.shipments.get(&order.id).map(|shipment| &shipment.state);
    let found = || format!("{:?}, {live} bookings at the carrier, shipment {state:?}", order.status);
    let fits = match order.status {
        Status::Confirmed => live == 1 && matches!(state, Some(State::Scheduled(_))),
        Status::Dispatched => live == 1 && matches!(state, Some(State::Dispatched(_))),
        Status::Completed => live == 1 && matches!(state, Some(State::Delivered(_))),
        Status::Cancelled => live == 0 && !state.is_some_and(State::is_live),
        Status::Placed | Status::StockReserved | Status::Paid => false,
    };
    must(fits, order.id, "an order that stands has one live shipment, a cancelled one none", found)
}

/// Whoever may cancel an order, and asks for it, gets it cancelled or is told why not.
fn cancel_is_answered(world: &World, wanted: Option<u8>) -> Result<(), Broken> {
    let Some(number) = wanted else { return Ok(()) };
    let own = world.orders.tables.orders.get(&order_id(number)).map(|row| &row.known);
    let original = if let Some(Known::Alias(of)) = own { number_of(of.0) } else { number };
    let Some(order) = world.order(original) else { return Ok(()) };
    let answered = order.status == Status::Cancelled || order.refused.is_some();
    let found = || format!("{:?}, refused {:?}", order.status, order.refused);
    must(answered, order.id, "a wish to cancel is answered", found)
}
