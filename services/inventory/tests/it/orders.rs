//! Every (holding, event) pair.

use crate::said::{cancelled, created, dispatched, heard, lines, order, sku};
use chassis::{Decision, Fact, Participant, Why};
use contracts::{Shortage, StockCommitted, StockRejected, StockReleased, StockReserved};
use inventory::{
    Hears, Shelf, Tells,
    domain::{Cause, Holding, Level, MAX_ON_HAND},
};

const WANTED: &[(&str, i64)] = &[("mug", 2), ("tea", 1)];

fn reserved() -> Option<Holding> {
    Some(Holding::Reserved(lines(WANTED)))
}
fn released() -> Option<Holding> {
    Some(Holding::Released(lines(WANTED)))
}
fn committed() -> Option<Holding> {
    Some(Holding::Committed(lines(WANTED)))
}

/// Five mugs and five teas in the house, and what the holding has set aside of them.
fn shelf(holding: Option<&Holding>) -> Shelf {
    let held = |quantity| if matches!(holding, Some(Holding::Reserved(_))) { quantity } else { 0 };
    let level = |reserved| Level { on_hand: 5, reserved, version: 1 };
    Shelf {
        orders: holding.map(|holding| (order(1), holding.clone())).into_iter().collect(),
        levels: [(sku("mug"), level(held(2))), (sku("tea"), level(held(1)))].into_iter().collect(),
        ..Shelf::default()
    }
}

fn tells(facts: impl IntoIterator<Item = Tells>) -> Decision<Tells> {
    Decision::Accept(facts.into_iter().map(|fact| Fact::first(order(1), fact)).collect())
}
fn told_reserved() -> Tells {
    StockReserved { order_id: order(1) }.into()
}
fn told_released() -> Tells {
    StockReleased { order_id: order(1) }.into()
}
fn told_committed() -> Tells {
    StockCommitted { order_id: order(1) }.into()
}

/// In the first state, the event brings this decision and the second state, and leaves so many mugs
/// (in the house, set aside).
#[track_caller]
fn check(
    before: Option<Holding>,
    event: Hears,
    decision: &Decision<Tells>,
    after: Option<Holding>,
    mugs: (i64, i64),
) {
    let begun = shelf(before.as_ref());
    let mut shelf = begun.clone();
    assert_eq!(&shelf.decide(&heard(0, event)), decision);
    assert_eq!(shelf.orders.get(&order(1)), after.as_ref());
    let mug = shelf.level(&sku("mug"));
    assert_eq!((mug.on_hand, mug.reserved), mugs, "mugs");
    if matches!(decision, Decision::Ignore(_)) {
        assert_eq!(shelf, begun, "what is ignored leaves no change");
    }
}

/// The event changes nothing in this state.
#[track_caller]
fn ignored(state: Option<Holding>, event: Hears, why: Why) {
    let mug = shelf(state.as_ref()).level(&sku("mug"));
    check(state.clone(), event, &Decision::Ignore(why), state, (mug.on_hand, mug.reserved));
}

fn impossible(why: &str) -> Why {
    Why::Impossible(why.to_owned())
}

#[test]
fn created_takes_all_lines_or_nothing() {
    let event = || created(order(1), WANTED);
    check(None, event(), &tells([told_reserved()]), reserved(), (5, 2));
    let short = created(order(1), &[("mug", 2), ("tea", 6)]);
    let shortages = vec![Shortage { sku: sku("tea"), wanted: 6, available: 5 }];
    let rejected = tells([StockRejected { order_id: order(1), shortages }.into()]);
    check(None, short, &rejected, Some(Holding::Rejected), (5, 0));
}

#[test]
fn created_again_or_after_its_end_changes_nothing() {
    let event = || created(order(1), WANTED);
    ignored(reserved(), event(), Why::Repeat);
    ignored(Some(Holding::Rejected), event(), Why::Repeat);
    ignored(released(), event(), Why::Repeat);
    ignored(committed(), event(), Why::Repeat);
    ignored(Some(Holding::Tombstone), event(), Why::TooLate);
}

#[test]
fn created_after_its_dispatch_is_booked_in_and_out() {
    let early = || Some(Holding::Dispatched);
    check(
        early(),
        created(order(1), WANTED),
        &tells([told_reserved(), told_committed()]),
        committed(),
        (3, 0),
    );
    let short = created(order(1), &[("mug", 6)]);
    ignored(early(), short, impossible("dispatched, but by our count its goods were never there"));
}

#[test]
fn cancelled_gives_back_what_was_set_aside_and_nothing_else() {
    let event = || cancelled(order(1));
    check(None, event(), &Decision::NOTED, Some(Holding::Tombstone), (5, 0));
    check(reserved(), event(), &tells([told_released()]), released(), (5, 0));
    ignored(Some(Holding::Rejected), event(), Why::Repeat);
    ignored(released(), event(), Why::Repeat);
    ignored(Some(Holding::Tombstone), event(), Why::Repeat);
    let why = || impossible("cancelled after it was dispatched");
    ignored(committed(), event(), why());
    ignored(Some(Holding::Dispatched), event(), why());
}

#[test]
fn dispatched_takes_what_was_set_aside_out_of_the_house() {
    let event = || dispatched(order(1));
    check(None, event(), &Decision::NOTED, Some(Holding::Dispatched), (5, 0));
    check(reserved(), event(), &tells([told_committed()]), committed(), (3, 0));
    ignored(committed(), event(), Why::Repeat);
    ignored(Some(Holding::Dispatched), event(), Why::Repeat);
    ignored(Some(Holding::Rejected), event(), impossible("dispatched although its stock was rejected"));
    ignored(released(), event(), impossible("dispatched after it was cancelled"));
    ignored(Some(Holding::Tombstone), event(), impossible("dispatched after it was cancelled"));
}

#[test]
fn what_leaves_is_in_the_log() {
    let mut shelf = shelf(reserved().as_ref());
    drop(shelf.decide(&heard(0, dispatched(order(1)))));
    let logged: Vec<_> = shelf.movements.iter().map(|m| (m.sku.as_str(), m.quantity, m.line)).collect();
    assert_eq!(logged, [("mug", -2, 0), ("tea", -1, 1)]);
    assert!(shelf.movements.iter().all(|m| m.cause == Cause::Commit(order(1))));
}

/// The order finds these shortages (SKU, wanted, available).
#[track_caller]
fn short(wanted: &[(&str, i64)], expected: &[(&str, u64, u64)]) {
    let mut shelf = shelf(None);
    let Decision::Accept(facts) = shelf.decide(&heard(0, created(order(1), wanted))) else {
        panic!("ignored");
    };
    let [Fact { message: Tells::Rejected(StockRejected { shortages, .. }), .. }] = &facts[..] else {
        assert!(expected.is_empty(), "not rejected: {facts:?}");
        return;
    };
    let found: Vec<_> = shortages.iter().map(|s| (s.sku.as_str(), s.wanted, s.available)).collect();
    assert_eq!(found, expected);
}

#[test]
fn lines_with_one_sku_are_wanted_together() {
    short(&[("mug", 3), ("mug", 2)], &[]);
    short(&[("mug", 3), ("tea", 1), ("mug", 3)], &[("mug", 6, 5)]);
}

#[test]
fn of_a_sku_that_was_never_here_there_is_nothing() {
    short(&[("mug", 1), ("yeti", 1)], &[("yeti", 1, 0)]);
}

#[test]
fn at_most_ten_shortages_are_named() {
    let names: Vec<String> = (0..12).map(|n| format!("x{n:02}")).collect();
    let wanted: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let named: Vec<_> = names.iter().take(10).map(|name| (name.as_str(), 1, 0)).collect();
    short(&wanted, &named);
}

#[test]
fn the_last_piece_goes_to_one_order() {
    let mut shelf = Shelf {
        levels: [(sku("mug"), Level { on_hand: 1, reserved: 0, version: 1 })].into_iter().collect(),
        ..Shelf::default()
    };
    drop(shelf.decide(&heard(0, created(order(1), &[("mug", 1)]))));
    drop(shelf.decide(&heard(1, created(order(2), &[("mug", 1)]))));
    assert_eq!(shelf.orders.get(&order(1)), Some(&Holding::Reserved(lines(&[("mug", 1)]))));
    assert_eq!(shelf.orders.get(&order(2)), Some(&Holding::Rejected));
    // What the first gives back, a third can have.
    drop(shelf.decide(&heard(2, cancelled(order(1)))));
    drop(shelf.decide(&heard(3, created(order(3), &[("mug", 1)]))));
    assert_eq!(shelf.orders.get(&order(3)), Some(&Holding::Reserved(lines(&[("mug", 1)]))));
}

#[test]
fn a_full_shelf_serves_the_largest_order() {
    let full = Level { on_hand: MAX_ON_HAND, reserved: MAX_ON_HAND - 1_000_000_000, version: 1 };
    let mut shelf = Shelf { levels: [(sku("mug"), full)].into_iter().collect(), ..Shelf::default() };
    let wanted = [("mug", 1_000_000); 1_000];
    drop(shelf.decide(&heard(0, created(order(1), &wanted))));
    assert_eq!(shelf.level(&sku("mug")).available(), 0);
}
