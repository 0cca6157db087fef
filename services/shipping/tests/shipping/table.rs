//! Every (state, input) pair and what comes of it.

use crate::{given, given::*, laws};
use chassis::{Decision, Why};
use contracts::*;
use shipping::{
    Hears, Tells,
    domain::{AttemptState, Dock, Purpose, decide},
};

/// Which order the table is about: one in a zone with slots, so that places are counted too.
const ORDER: u8 = 1;

/// A cell is the state after the input, with the order's attempts in brackets (`B` open booking, `b` answered,
/// `w` withdrawn; `V` and `v` likewise for the void), and after a colon what is told; or why the input is ignored;
/// or why a command is refused.
const TABLE: &str = "
state                | created                       | captured    | surplus | booked                | refused              | voided       | cancelled                  | cancel_requested           | confirmed   | dispatch                 | deliver
none                 | held:held                     | expected    | late    | impossible            | impossible           | impossible   | tombstone                  | tombstone:cancelled        | expected    | unknown_order            | unknown_order
expected, paid       | booking[B]:held               | repeat      | late    | impossible            | impossible           | impossible   | tombstone                  | tombstone:cancelled        | expected    | not_scheduled            | not_dispatched
expected, confirmed  | held:held                     | expected    | late    | impossible            | impossible           | impossible   | tombstone                  | tombstone:cancelled        | repeat      | not_scheduled            | not_dispatched
held                 | repeat                        | booking[B]  | late    | impossible            | impossible           | impossible   | cancelled                  | cancelled:cancelled        | held        | not_scheduled            | not_dispatched
booking              | repeat                        | repeat      | late    | scheduled[b]:scheduled| rejected[b]:rejected | impossible   | cancelled[w]               | cancelled[w]:cancelled     | booking[B]  | not_scheduled            | not_dispatched
booking, called      | repeat                        | repeat      | late    | scheduled[b]:scheduled| rejected[b]:rejected | impossible   | cancelled[B]               | cancelled[B]:cancelled     | booking[B]  | not_scheduled            | not_dispatched
scheduled            | repeat                        | repeat      | late    | repeat                | repeat               | impossible   | cancelled[bV]:cancelled    | cancelled[bV]:cancelled    | scheduled[b]| not_confirmed            | not_dispatched
scheduled, confirmed | repeat                        | repeat      | late    | repeat                | repeat               | impossible   | cancelled[bV]:cancelled    | cancelled[bV]:cancelled    | repeat      | dispatched[b]:dispatched | not_dispatched
not served           | repeat                        | late        | late    | impossible            | impossible           | impossible   | late                       | impossible                 | impossible  | not_scheduled            | not_dispatched
refused              | repeat                        | late        | late    | repeat                | repeat               | impossible   | late                       | impossible                 | impossible  | not_scheduled            | not_dispatched
dispatched           | repeat                        | repeat      | late    | repeat                | repeat               | impossible   | impossible                 | late                       | repeat      | already_done             | delivered[b]:delivered
delivered            | repeat                        | repeat      | late    | repeat                | repeat               | impossible   | impossible                 | late                       | repeat      | already_done             | already_done
cancelled, held      | repeat                        | late        | late    | impossible            | impossible           | impossible   | repeat                     | repeat                     | late        | cancelled                | cancelled
cancelled, withdrawn | repeat                        | late        | late    | impossible            | impossible           | impossible   | repeat                     | repeat                     | late        | cancelled                | cancelled
cancelled, called    | repeat                        | late        | late    | cancelled[bV]         | cancelled[b]         | impossible   | repeat                     | repeat                     | late        | cancelled                | cancelled
cancelled, voiding   | repeat                        | late        | late    | repeat                | repeat               | cancelled[bv]| repeat                     | repeat                     | late        | cancelled                | cancelled
cancelled, voided    | repeat                        | late        | late    | repeat                | repeat               | repeat       | repeat                     | repeat                     | late        | cancelled                | cancelled
tombstone            | late                          | late        | late    | impossible            | impossible           | impossible   | repeat                     | repeat                     | late        | cancelled                | cancelled
";

#[test]
fn every_state_answers_every_input() {
    let mut lines = TABLE.lines().filter(|line| !line.is_empty());
    let inputs: Vec<&str> = lines.next().unwrap().split('|').map(str::trim).skip(1).collect();
    let mut wrong = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), inputs.len() + 1, "{line}");
        for (input, expected) in inputs.iter().zip(&cells[1..]) {
            let outcome = outcome(cells[0], input);
            if outcome != *expected {
                wrong.push(format!("{} ← {input}: {outcome}, not {expected}", cells[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn outcome(state: &str, name: &str) -> String {
    let mut dock = in_state(state);
    let before = dock.clone();
    let decision = decide(&mut dock, &heard(order(ORDER), input(name)));
    laws::always(&dock);
    match decision {
        Decision::Ignore(why) => {
            assert_eq!(dock, before, "{state} ← {name}: ignored, and something changed");
            match why {
                Why::Repeat => "repeat".into(),
                Why::TooLate => "late".into(),
                Why::Impossible(_) => "impossible".into(),
            }
        }
        Decision::Accept(facts) => {
            let told: Vec<String> = facts.iter().map(|fact| told(&fact.message)).collect();
            if let [Tells::ShipmentCommandRefused(refused)] =
                facts.iter().map(|fact| fact.message.clone()).collect::<Vec<_>>().as_slice()
            {
                assert_eq!(dock, before, "{state} ← {name}: refused, and something changed");
                return serde_json::to_value(refused.why).unwrap().as_str().unwrap().to_owned();
            }
            let colon = if told.is_empty() { "" } else { ":" };
            format!("{}{colon}{}", summary(&dock), told.join(","))
        }
    }
}

fn told(message: &Tells) -> String {
    MessageEnum::info(message).subject.trim_start_matches("shipment.").to_owned()
}

/// The state and the attempts of the table's order.
pub fn summary(dock: &Dock) -> String {
    let state = dock.shipments.get(&order(ORDER)).map_or("none", |shipment| shipment.state.name());
    let attempts: String = dock
        .attempts
        .iter()
        .map(|(_, attempt)| match (attempt.purpose, &attempt.state) {
            (Purpose::Book, AttemptState::Due | AttemptState::Leased) => 'B',
            (Purpose::Book, AttemptState::Answered(_)) => 'b',
            (Purpose::Void { .. }, AttemptState::Due | AttemptState::Leased) => 'V',
            (Purpose::Void { .. }, AttemptState::Answered(_)) => 'v',
            (_, AttemptState::Withdrawn) => 'w',
        })
        .collect();
    if attempts.is_empty() { state.to_owned() } else { format!("{state}[{attempts}]") }
}

fn input(name: &str) -> Hears {
    let id = order(ORDER);
    match name {
        "created" => given::created(id, address("JP", None, "1 Main Street"), None).into(),
        "created elsewhere" => given::created(id, address("AQ", None, "1 Main Street"), None).into(),
        "captured" => captured(id, false).into(),
        "surplus" => captured(id, true).into(),
        "booked" => answered(id, 1, booked()).into(),
        "refused" => answered(id, 1, CarrierAnswer::Refused).into(),
        "voided" => answered(id, 2, CarrierAnswer::Voided).into(),
        "cancelled" => cancelled(id).into(),
        "cancel_requested" => OrderCancelRequested { order_id: id }.into(),
        "confirmed" => confirmed(id).into(),
        "dispatch" => DispatchShipment { order_id: id }.into(),
        "deliver" => DeliverShipment { order_id: id }.into(),
        _ => panic!("no such input: {name}"),
    }
}

/// How each state of the table comes about; `call` is the caller leasing the open attempt.
fn in_state(state: &str) -> Dock {
    let way: &[&str] = match state {
        "none" => &[],
        "expected, paid" => &["captured"],
        "expected, confirmed" => &["confirmed"],
        "held" => &["created"],
        "booking" => &["created", "captured"],
        "booking, called" => &["created", "captured", "call"],
        "scheduled" => &["created", "captured", "call", "booked"],
        "scheduled, confirmed" => &["created", "captured", "call", "booked", "confirmed"],
        "not served" => &["created elsewhere"],
        "refused" => &["created", "captured", "call", "refused"],
        "dispatched" => &["created", "captured", "call", "booked", "confirmed", "dispatch"],
        "delivered" => &["created", "captured", "call", "booked", "confirmed", "dispatch", "deliver"],
        "cancelled, held" => &["created", "cancelled"],
        "cancelled, withdrawn" => &["created", "captured", "cancelled"],
        "cancelled, called" => &["created", "captured", "call", "cancelled"],
        "cancelled, voiding" => &["created", "captured", "call", "booked", "cancelled"],
        "cancelled, voided" => &["created", "captured", "call", "booked", "cancelled", "call", "voided"],
        "tombstone" => &["cancelled"],
        _ => panic!("no such state: {state}"),
    };
    let mut dock = dock();
    for step in way {
        if *step == "call" {
            let open = dock.attempts.iter().find(|(_, attempt)| attempt.state == AttemptState::Due);
            let key = *open.unwrap().0;
            let attempt = dock.attempts.change(&key).unwrap();
            attempt.state = AttemptState::Leased;
            attempt.calls += 1;
        } else {
            let decision = decide(&mut dock, &heard(order(ORDER), input(step)));
            assert!(matches!(decision, Decision::Accept(_)), "{state}: {step} came to {decision:?}");
        }
    }
    dock
}

#[track_caller]
fn check_place(taken: &[&str], address: Address, slot: Option<&str>, expected: &str) {
    let mut dock = dock();
    let mut number = 0;
    for slot in taken {
        number += 1;
        let full = given::created(order(number), given::address("JP", None, "1 Main Street"), Some(slot));
        assert!(matches!(decide(&mut dock, &heard(order(number), full)), Decision::Accept(_)));
    }
    let asked = order(number + 1);
    let outcome = match decide(&mut dock, &heard(asked, given::created(asked, address, slot))) {
        Decision::Accept(facts) => match facts.into_iter().next().unwrap().message {
            Tells::ShipmentHeld(held) => {
                format!("{} {}", held.zone, held.slot.map_or("-".into(), |slot| slot.to_string()))
            }
            Tells::ShipmentRejected(rejected) => {
                serde_json::to_value(rejected.why).unwrap().as_str().unwrap().to_owned()
            }
            other @ (Tells::ShipmentAnswered(_)
            | Tells::ShipmentScheduled(_)
            | Tells::ShipmentCancelled(_)
            | Tells::ShipmentDispatched(_)
            | Tells::ShipmentDelivered(_)
            | Tells::ShipmentCommandRefused(_)) => panic!("{other:?}"),
        },
        Decision::Ignore(why) => panic!("{why:?}"),
    };
    assert_eq!(outcome, expected);
    laws::always(&dock);
}

#[test]
fn a_country_without_a_zone_is_not_served() {
    check_place(&[], address("AQ", None, "1 Main Street"), None, "not_served");
}

#[test]
fn the_longest_prefix_of_the_postal_code_decides() {
    check_place(&[], address("GB", None, "1 Main Street"), None, "GB -");
    check_place(&[], address("GB", Some("EC1A 1BB"), "1 Main Street"), None, "GB -");
    check_place(&[], address("GB", Some("ZZ1 1ZZ"), "1 Main Street"), None, "not_served");
    check_place(&[], address("GB", Some("z z-1"), "1 Main Street"), None, "not_served");
}

#[test]
fn who_names_no_slot_gets_the_first_with_room() {
    let jp = || address("JP", None, "1 Main Street");
    check_place(&[], jp(), None, "JP am");
    check_place(&["am", "am"], jp(), None, "JP pm");
    check_place(&["am", "am", "pm", "pm", "pm"], jp(), None, "slot_full");
}

#[test]
fn who_names_a_slot_gets_that_or_none() {
    let jp = || address("JP", None, "1 Main Street");
    check_place(&["am"], jp(), Some("am"), "JP am");
    check_place(&["am", "am"], jp(), Some("am"), "slot_full");
    check_place(&[], jp(), Some("night"), "unknown_slot");
    check_place(&[], address("GB", None, "1 Main Street"), Some("am"), "unknown_slot");
}
