//! Receipts and adjustments.

use crate::{
    laws,
    said::{adjust, created, heard, order, receive, sku, text},
};
use chassis::{Decision, Fact, Participant, Why};
use contracts::{StockCommandRefused, StockLevelChanged, StockRefusal};
use inventory::{
    Hears, Shelf, Tells,
    domain::{Level, MAX_ON_HAND},
};

/// Ten mugs in the house, four of them set aside.
fn shelf() -> Shelf {
    let mut shelf = Shelf::default();
    drop(shelf.decide(&heard(100, receive("first", &[("mug", 10)]))));
    drop(shelf.decide(&heard(101, created(order(1), &[("mug", 4)]))));
    shelf
}

/// The command brings a `stock.level_changed` for each of these (SKU, in the house, set aside).
#[track_caller]
fn changes(command: Hears, expected: &[(&str, i64, i64)]) {
    let mut shelf = shelf();
    let heard = heard(0, command);
    let Decision::Accept(facts) = shelf.decide(&heard) else { panic!("ignored") };
    let told: Vec<_> = facts.iter().map(|fact| level(fact, &heard.id.0, &shelf)).collect();
    let expected: Vec<_> = expected.iter().map(|(name, on, held)| ((*name).to_owned(), *on, *held)).collect();
    assert_eq!(told, expected);
    assert_eq!(shelf.decide(&heard), Decision::Ignore(Why::Repeat), "the same reference again");
    laws::hold(&shelf);
    laws::hold_of_facts(&shelf, &facts);
}

#[track_caller]
fn level(fact: &Fact<Tells>, about: &uuid::Uuid, shelf: &Shelf) -> (String, i64, i64) {
    let Tells::LevelChanged(StockLevelChanged { sku, on_hand, reserved, version, .. }) = &fact.message else {
        panic!("told {fact:?}")
    };
    assert_eq!(&fact.about, about, "the fact is about its command");
    let stored = shelf.level(sku);
    assert_eq!(stored, Level { on_hand: *on_hand, reserved: *reserved, version: *version });
    (sku.as_str().to_owned(), *on_hand, *reserved)
}

/// The command is refused, and nothing is booked: its reference can be used again.
#[track_caller]
fn refused(command: Hears, why: StockRefusal) {
    let begun = shelf();
    let mut shelf = begun.clone();
    let heard = heard(0, command);
    let refusal = StockCommandRefused { reference: text("r"), why };
    assert_eq!(shelf.decide(&heard), Decision::tell(heard.id, refusal));
    assert_eq!(shelf, begun);
}

#[track_caller]
fn impossible(command: Hears) {
    let begun = shelf();
    let mut shelf = begun.clone();
    let decision = shelf.decide(&heard(0, command));
    assert!(matches!(decision, Decision::Ignore(Why::Impossible(_))), "{decision:?}");
    assert_eq!(shelf, begun);
}

#[test]
fn a_receipt_adds_all_its_lines() {
    changes(receive("r", &[("mug", 5), ("tea", 3)]), &[("mug", 15, 4), ("tea", 3, 0)]);
}

#[test]
fn a_reference_counts_once_whatever_its_lines() {
    let mut shelf = shelf();
    let again = shelf.decide(&heard(0, receive("first", &[("tea", 3)])));
    assert_eq!(again, Decision::Ignore(Why::Repeat));
}

#[test]
fn a_receipt_and_an_adjustment_may_share_a_reference() {
    changes(adjust("first", "mug", 1), &[("mug", 11, 4)]);
}

#[test]
fn a_receipt_of_200_lines_tells_each_under_an_id_of_its_own() {
    let names: Vec<String> = (0..200).map(|n| format!("x{n:03}")).collect();
    let lines: Vec<_> = names.iter().map(|name| (name.as_str(), 7)).collect();
    let expected: Vec<_> = names.iter().map(|name| (name.as_str(), 7, 0)).collect();
    changes(receive("r", &lines), &expected);
}

#[test]
fn a_receipt_that_the_gateway_would_not_let_in_is_parked() {
    impossible(receive("r", &[]));
    impossible(receive("r", &[("mug", 1), ("mug", 2)]));
    let names: Vec<String> = (0..201).map(|n| format!("x{n:03}")).collect();
    let lines: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
    impossible(receive("r", &lines));
}

#[test]
fn an_adjustment_goes_both_ways() {
    changes(adjust("r", "mug", 1), &[("mug", 11, 4)]);
    changes(adjust("r", "tea", 8), &[("tea", 8, 0)]);
    changes(adjust("r", "mug", -6), &[("mug", 4, 4)]);
}

#[test]
fn an_adjustment_never_goes_below_what_is_set_aside() {
    refused(adjust("r", "mug", -7), StockRefusal::BelowReserved);
    refused(adjust("r", "tea", -1), StockRefusal::BelowReserved);
    refused(adjust("r", "mug", i64::MIN), StockRefusal::BelowReserved);
}

#[test]
fn no_shelf_holds_more_than_it_can() {
    changes(adjust("r", "mug", MAX_ON_HAND - 10), &[("mug", MAX_ON_HAND, 4)]);
    refused(adjust("r", "mug", MAX_ON_HAND - 9), StockRefusal::OutOfRange);
    refused(adjust("r", "mug", i64::MAX), StockRefusal::OutOfRange);
    refused(adjust("r", "mug", 0), StockRefusal::OutOfRange);
}

#[test]
fn a_receipt_with_one_line_too_many_adds_none() {
    let mut shelf = shelf();
    drop(shelf.decide(&heard(0, adjust("fill", "mug", MAX_ON_HAND - 10))));
    let begun = shelf.clone();
    let heard = heard(1, receive("r", &[("tea", 1), ("mug", 1)]));
    let refusal = StockCommandRefused { reference: text("r"), why: StockRefusal::OutOfRange };
    assert_eq!(shelf.decide(&heard), Decision::tell(heard.id, refusal));
    assert_eq!(shelf, begun);
    assert_eq!(shelf.level(&sku("tea")), Level::default());
}
