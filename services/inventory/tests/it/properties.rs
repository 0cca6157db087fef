//! Whatever the order and however often: the laws hold.

use crate::{
    laws,
    said::{adjust, cancelled, created, dispatched, heard, order, receive, sku},
};
use chassis::{Decision, Fact, Heard, Participant};
use inventory::{
    Hears, Shelf, Tells,
    domain::{Holding, Level},
};
use proptest::{collection::vec, prelude::*, sample::Index};

const SKUS: [&str; 3] = ["mug", "tea", "pot"];

fn some_lines() -> impl Strategy<Value = Vec<(usize, i64)>> {
    vec((0..SKUS.len(), 1_i64..6), 1..4)
}

fn named(lines: &[(usize, i64)]) -> Vec<(&'static str, i64)> {
    lines.iter().map(|(sku, quantity)| (SKUS[*sku], *quantity)).collect()
}

/// Everything that inventory can hear: of ten orders, with whatever end, and of the shelf.
fn anything() -> impl Strategy<Value = Vec<Hears>> {
    let an_order = (some_lines(), any::<bool>(), any::<bool>());
    let a_change = prop_oneof![
        (0..SKUS.len(), 1_i64..30).prop_map(|line| (true, line)),
        (0..SKUS.len(), -20_i64..20).prop_map(|line| (false, line)),
    ];
    (vec(an_order, 1..10), vec(a_change, 1..10)).prop_map(|(orders, changes)| {
        let mut said = Vec::new();
        for (n, (lines, is_cancelled, is_dispatched)) in (0_u16..).zip(orders) {
            said.push(created(order(n), &named(&lines)));
            said.extend(is_cancelled.then(|| cancelled(order(n))));
            said.extend(is_dispatched.then(|| dispatched(order(n))));
        }
        for (n, (is_receipt, (sku, quantity))) in changes.into_iter().enumerate() {
            let reference = format!("r{n}");
            said.push(if is_receipt {
                receive(&reference, &[(SKUS[sku], quantity)])
            } else {
                adjust(&reference, SKUS[sku], quantity)
            });
        }
        said
    })
}

/// These messages in some order, each with an id of its own, some of them delivered again later.
fn delivered(said: impl Strategy<Value = Vec<Hears>>) -> impl Strategy<Value = Vec<Heard<Hears>>> {
    let numbered = said.prop_map(|said| (0..).zip(said).map(|(n, said)| heard(n, said)).collect::<Vec<_>>());
    (numbered, vec(any::<Index>(), 0..20)).prop_flat_map(|(mut messages, again)| {
        let repeats: Vec<_> = again.iter().map(|at| at.get(&messages).clone()).collect();
        messages.extend(repeats);
        Just(messages).prop_shuffle()
    })
}

/// The shelf hears these, each twice.
fn run(shelf: &mut Shelf, messages: &[Heard<Hears>], told: &mut Vec<Fact<Tells>>) {
    for message in messages {
        tell_new(shelf, message, told);
        laws::hold(shelf);
        let (once, known) = (shelf.clone(), told.len());
        tell_new(shelf, message, told);
        assert_eq!(shelf, &once, "a repetition changes nothing");
        assert_eq!(told.len(), known, "a repetition tells nothing new");
    }
}

/// Keeps what is told under an id that is not known yet.
fn tell_new(shelf: &mut Shelf, message: &Heard<Hears>, told: &mut Vec<Fact<Tells>>) {
    let begun = shelf.clone();
    match shelf.decide(message) {
        Decision::Accept(facts) => {
            for fact in facts {
                if told.iter().all(|known| known.id() != fact.id()) {
                    told.push(fact);
                }
            }
        }
        Decision::Ignore(_) => assert_eq!(shelf, &begun, "what is ignored leaves no change"),
    }
}

/// What a shelf ends in, up to the order in which things came about.
fn end(shelf: &Shelf) -> impl PartialEq + std::fmt::Debug + use<> {
    let orders: Vec<_> = shelf.orders.iter().map(|(id, holding)| (*id, holding.clone())).collect();
    let levels: Vec<_> =
        shelf.levels.iter().map(|(sku, level)| (sku.clone(), level.on_hand, level.reserved)).collect();
    (orders, levels)
}

/// Enough of everything for all orders of a case.
fn plenty() -> Shelf {
    let mut shelf = Shelf::default();
    for (n, sku) in (0..).zip(SKUS) {
        drop(shelf.decide(&heard(1_000 + n, receive(&format!("plenty-{sku}"), &[(sku, 10_000)]))));
    }
    shelf
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_and_number_the_laws_hold(messages in delivered(anything())) {
        let (mut shelf, mut told) = (Shelf::default(), Vec::new());
        run(&mut shelf, &messages, &mut told);
        laws::hold_of_facts(&shelf, &told);
    }

    #[test]
    fn what_was_heard_before_changes_nothing(messages in delivered(anything())) {
        // With plenty on the shelf nothing is refused, so that all that was heard is known by the state alone.
        // (A refusal is known to the journal only: its reference may still be used.)
        let mut shelf = plenty();
        run(&mut shelf, &messages, &mut Vec::new());
        let rested = shelf.clone();
        for message in &messages {
            let again = shelf.decide(message);
            prop_assert!(matches!(again, Decision::Ignore(_)) || refused(&again), "{again:?}");
        }
        prop_assert_eq!(shelf, rested);
    }

    #[test]
    fn without_ends_the_order_of_events_does_not_matter(
        (first, second) in vec(some_lines(), 1..10).prop_flat_map(|orders| {
            let said: Vec<_> = (0..).zip(&orders).map(|(n, lines)| created(order(n), &named(lines))).collect();
            (delivered(Just(said.clone())), delivered(Just(said)))
        })
    ) {
        let (mut one, mut other) = (plenty(), plenty());
        run(&mut one, &first, &mut Vec::new());
        run(&mut other, &second, &mut Vec::new());
        prop_assert_eq!(end(&one), end(&other));
    }

    #[test]
    fn a_dispatched_order_has_left_in_whatever_order_it_was_heard(
        (lines, messages) in some_lines().prop_flat_map(|lines| {
            let said = vec![created(order(1), &named(&lines)), dispatched(order(1))];
            (Just(lines), delivered(Just(said)))
        })
    ) {
        let (mut shelf, mut told) = (plenty(), Vec::new());
        run(&mut shelf, &messages, &mut told);
        laws::hold_of_facts(&shelf, &told);
        prop_assert!(matches!(shelf.orders.get(&order(1)), Some(Holding::Committed(_))));
        for (index, name) in SKUS.into_iter().enumerate() {
            let gone: i64 = lines.iter().filter(|(sku, _)| *sku == index).map(|(_, quantity)| quantity).sum();
            let Level { on_hand, reserved, .. } = shelf.level(&sku(name));
            prop_assert_eq!((on_hand, reserved), (10_000 - gone, 0));
        }
    }

    #[test]
    fn a_cancelled_order_holds_nothing_and_releases_once(
        messages in some_lines().prop_flat_map(|lines| {
            delivered(Just(vec![created(order(1), &named(&lines)), cancelled(order(1))]))
        })
    ) {
        let (mut shelf, mut told) = (plenty(), Vec::new());
        run(&mut shelf, &messages, &mut told);
        laws::hold_of_facts(&shelf, &told);
        for (_, level) in shelf.levels.iter() {
            prop_assert_eq!((level.on_hand, level.reserved), (10_000, 0));
        }
    }
}

/// An adjustment by 0 is refused however much there is.
fn refused(decision: &Decision<Tells>) -> bool {
    let Decision::Accept(facts) = decision else { return false };
    matches!(&facts[..], [Fact { message: Tells::CommandRefused(_), .. }])
}
