//! The laws of CHOREOGRAPHY: what must hold once the world is at rest.

use crate::{outside::ChargeState, world::World};
use contracts::{CancelReason, OrderId};
use inventory::domain::{Cause, Holding};
use orders::domain::{Known, Status};
use shipping::domain::State;

/// How an order ended, up to the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody ever heard of it, or only of a wish to cancel it.
    Nothing,
    /// Confirmed, dispatched or completed.
    Stands,
    /// Cancelled.
    Cancelled,
    /// Another order's alias.
    Alias,
}

/// How an order ended.
#[must_use]
pub fn outcome(world: &World, order: OrderId) -> Outcome {
    match world.book.orders.get(&order).map(|row| &row.known) {
        None | Some(Known::Awaited(_)) => Outcome::Nothing,
        Some(Known::Alias(_)) => Outcome::Alias,
        Some(Known::Placed(order)) => match order.status {
            Status::Confirmed | Status::Dispatched | Status::Completed => Outcome::Stands,
            Status::Cancelled => Outcome::Cancelled,
            Status::Placed | Status::StockReserved | Status::Paid => {
                panic!("at rest, and still {:?}", order.status)
            }
        },
    }
}

/// Checks all laws.
///
/// # Panics
/// When one is broken, with its name.
pub fn at_rest(world: &World) {
    stock_agrees(world);
    for (id, row) in world.book.orders.iter() {
        if let Known::Placed(order) = &row.known {
            let stands = outcome(world, *id) == Outcome::Stands;
            money_agrees(world, *id, stands, order.total.minor());
            shipment_agrees(world, *id, stands);
            reservation_agrees(world, *id, order.status, order.reason.as_ref());
        }
    }
    for (id, ..) in world.told.iter().map(|(_, about, _)| (about, ())) {
        let told =
            |subject: &str| world.told.iter().filter(|(s, about, _)| *s == subject && about == id).count();
        assert!(told("order.confirmed") <= 1 && told("order.cancelled") <= 1, "law 3: settled once");
    }
}

/// Law 1: movements, reservations and counters agree, and nothing is sold that is not there.
fn stock_agrees(world: &World) {
    for (sku, level) in world.shelf.levels.iter() {
        let moved: i64 = world.shelf.movements.iter().filter(|m| m.sku == *sku).map(|m| m.quantity).sum();
        let held: i64 = world
            .shelf
            .orders
            .iter()
            .filter_map(|(_, holding)| match holding {
                Holding::Reserved(lines) => lines.get(sku),
                Holding::Rejected
                | Holding::Released(_)
                | Holding::Committed(_)
                | Holding::Tombstone
                | Holding::Dispatched => None,
            })
            .sum();
        assert_eq!(level.on_hand, moved, "law 1: on hand is the sum of movements");
        assert_eq!(level.reserved, held, "law 1: reserved is the sum of live reservations");
        assert!(level.available() >= 0, "law 1: nothing is sold beyond its stock");
    }
    let received = world.shelf.movements.iter().filter(|m| matches!(m.cause, Cause::Receipt(_))).count();
    assert!(received <= 1, "a receipt counts once");
}

/// Law 2: for an order that stands, captured without surplus is its total, all else went back; for a cancelled one
/// everything went back, or an open refund_failed says that it did not. The ledger says the same.
fn money_agrees(world: &World, order: OrderId, stands: bool, total: i64) {
    let of_order = |key: &(OrderId, i32)| key.0 == order;
    let captured = world.outside.charges.iter().filter(|(key, _)| of_order(key));
    let captured: i64 =
        captured.filter(|(_, c)| c.state == ChargeState::Captured).map(|(_, c)| c.amount.minor()).sum();
    let refunded: i64 =
        world.outside.refunds.iter().filter(|(key, _)| of_order(key)).map(|(_, a)| a.minor()).sum();
    let account = world.till.accounts.get(&order);
    let (believed, went_back, owes_back) = account.map_or((0, 0, false), |account| {
        (account.payment.captured.minor(), account.payment.refunded.minor(), account.owes_back())
    });
    assert!(refunded <= captured, "law 2: no more goes back than came in");
    assert!(
        world
            .outside
            .charges
            .iter()
            .filter(|(key, _)| of_order(key))
            .all(|(_, c)| c.state != ChargeState::Pending),
        "law 2: nothing is pending at rest"
    );
    if stands {
        assert_eq!(believed, total, "law 2: captured without surplus is the total");
        assert!(captured - refunded == total - went_back || owes_back, "law 2: the ledger says the same");
    } else {
        assert!(
            refunded == captured || owes_back,
            "law 2: a cancelled order's money went back: {captured} came, {refunded} went"
        );
    }
}

/// Law 4: an order that stands has exactly one live shipment, a cancelled one none.
fn shipment_agrees(world: &World, order: OrderId, stands: bool) {
    let live = world.outside.bookings.iter().filter(|((of, _), stands)| *of == order && **stands).count();
    let state = world.dock.shipments.get(&order).map(|shipment| &shipment.state);
    if stands {
        assert_eq!(live, 1, "law 4: one booking at the carrier");
        assert!(
            matches!(state, Some(State::Scheduled(_) | State::Dispatched(_) | State::Delivered(_))),
            "law 4: {state:?}"
        );
    } else {
        assert_eq!(live, 0, "law 4: no booking at the carrier");
        assert!(
            !state.is_some_and(State::is_live),
            "law 4: a cancelled order has no live shipment: {state:?}"
        );
    }
}

fn reservation_agrees(world: &World, order: OrderId, status: Status, reason: Option<&CancelReason>) {
    let holding = world.shelf.orders.get(&order);
    let fits = match status {
        Status::Confirmed => matches!(holding, Some(Holding::Reserved(_))),
        Status::Dispatched | Status::Completed => matches!(holding, Some(Holding::Committed(_))),
        Status::Cancelled => {
            matches!(holding, None | Some(Holding::Rejected | Holding::Released(_) | Holding::Tombstone))
        }
        Status::Placed | Status::StockReserved | Status::Paid => false,
    };
    assert!(fits, "law 1: {status:?} ({reason:?}), but its goods are {holding:?}");
}
