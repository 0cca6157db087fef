//! What holds in whatever order, and however often, an order's messages come.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

mod shop;

use chassis::{Decision, Fact, Heard};
use contracts::{MessageEnum, MessageId, OrderId, OrderStatus, Role};
use orders::{Book, Hears, Tells, domain::Known};
use proptest::prelude::*;
use shop::*;
use std::collections::BTreeSet;

/// Everything that this service may hear about an order and its alias.
fn everything() -> Vec<Heard<Hears>> {
    let mut other_body = order_form(order(3));
    other_body.body_hash = text("other");
    let mut all = vec![
        place(),
        place_again(),
        nth(order(3), 0, other_body),
        by_ann(),
        by_bob(),
        by_boss(),
        cancel(AGAIN, ANN, Role::Customer),
        cancel(AGAIN, BOB, Role::Customer),
        expire_at(noon()),
        expire_at(deadline()),
        expire_at(later()),
        product("cup", 250, 1),
        product("cup", 300, 2),
    ];
    let names = [
        "stock.reserved",
        "stock.rejected",
        "stock.released",
        "stock.committed",
        "payment.captured",
        "payment.captured!",
        "payment.surplus",
        "payment.pending",
        "payment.declined",
        "payment.refunded",
        "payment.refunded!",
        "payment.refund_failed",
        "payment.voided",
        "shipment.held",
        "shipment.rejected",
        "shipment.scheduled",
        "shipment.cancelled",
        "shipment.dispatched",
        "shipment.delivered",
    ];
    all.extend(names.iter().map(|name| news(name)));
    all
}

const IDS: [OrderId; 3] = [ORDER, AGAIN, order(3)];

/// All that was told so far, and how far the orders were.
#[derive(Default)]
struct Story {
    accepted: Vec<Heard<Hears>>,
    told: Vec<Fact<Tells>>,
    reached: Vec<(OrderId, OrderStatus)>,
}

impl Story {
    fn tell(&mut self, book: &mut Book, heard: &Heard<Hears>) -> Result<(), TestCaseError> {
        let before = book.clone();
        match book.decide(heard) {
            Decision::Ignore(_) => prop_assert_eq!(&*book, &before, "ignored, and yet something changed"),
            Decision::Accept(facts) => {
                self.accepted.push(heard.clone());
                for fact in facts {
                    prop_assert!(
                        self.told.iter().all(|told| told.id() != fact.id()),
                        "told twice: {:?}",
                        fact
                    );
                    self.told.push(fact);
                    self.cancelled_and_confirmed_exclude_each_other()?;
                }
                self.status_moves_forward(book)?;
            }
        }
        timelines_are_gapless_and_impersonal(book)?;
        confirmed_has_its_marks_and_open_waits(book)
    }

    /// Each at most once; cancelled after confirmed only when shipping gave the wanted shipment up; nothing after
    /// the end.
    fn cancelled_and_confirmed_exclude_each_other(&self) -> Result<(), TestCaseError> {
        for id in IDS {
            let about: Vec<&Tells> =
                self.told.iter().filter(|f| f.about == id.0).map(|f| &f.message).collect();
            let place = |subject: &str| about.iter().position(|told| told.info().subject == subject);
            let (confirmed, cancelled) = (place("order.confirmed"), place("order.cancelled"));
            if let (Some(confirmed), Some(cancelled)) = (confirmed, cancelled) {
                prop_assert!(confirmed < cancelled, "confirmed after it was cancelled");
                let requested = place("order.cancel_requested");
                prop_assert!(
                    requested.is_some_and(|requested| confirmed < requested && requested < cancelled)
                );
                let called_off = |h: &Heard<Hears>| matches!(h.message, Hears::ShipmentCancelled(_));
                prop_assert!(self.accepted.iter().any(called_off), "shipping has not given it up");
            }
            prop_assert!(place("order.completed").is_none() || cancelled.is_none());
            prop_assert!(place("order.completed").is_none() || confirmed.is_some());
            prop_assert!(place("order.cancel_refused").is_none() || cancelled.is_none());
            prop_assert!(about.is_empty() || place("order.created").is_none_or(|first| first == 0));
        }
        Ok(())
    }

    fn status_moves_forward(&mut self, book: &Book) -> Result<(), TestCaseError> {
        for (id, row) in book.orders.iter() {
            let now = row.status();
            for (_, then) in self.reached.iter().filter(|(known, _)| known == id) {
                prop_assert!(*then <= now, "{} moved back from {:?} to {:?}", id, then, now);
                let gone = [OrderStatus::Dispatched, OrderStatus::Completed].contains(then);
                prop_assert!(!(gone && now == OrderStatus::Cancelled), "cancelled after it was dispatched");
            }
            self.reached.push((*id, now));
        }
        Ok(())
    }
}

fn timelines_are_gapless_and_impersonal(book: &Book) -> Result<(), TestCaseError> {
    for (id, row) in book.orders.iter() {
        let numbers: Vec<i64> = book.timeline.iter().filter(|e| e.order_id == *id).map(|e| e.seq).collect();
        prop_assert_eq!(numbers, (1..=row.seq).collect::<Vec<i64>>());
    }
    for data in book.timeline.iter().filter_map(|entry| entry.data.as_ref()) {
        let data = data.to_string();
        prop_assert!(["Ann", "Lane", "Leeds", "tok"].iter().all(|word| !data.contains(word)), "{}", data);
    }
    Ok(())
}

fn confirmed_has_its_marks_and_open_waits(book: &Book) -> Result<(), TestCaseError> {
    for (_, row) in book.orders.iter() {
        let Known::Placed(order) = &row.known else { continue };
        let confirmed =
            [OrderStatus::Confirmed, OrderStatus::Dispatched, OrderStatus::Completed].contains(&row.status());
        prop_assert!(!confirmed || (order.reserved && order.captured && order.scheduled));
        prop_assert_eq!(order.reason.is_some(), row.status() == OrderStatus::Cancelled);
        prop_assert_eq!(row.is_waiting(), !row.status().is_settled() || order.is_wanted_back());
        prop_assert!(order.deadline >= deadline());
    }
    Ok(())
}

/// What an order's life is made of, if nobody cancels and it does not expire; every service says its part once.
const LIVES: [&[&str]; 9] = [
    &["place", "shipment.held", "stock.reserved", "payment.captured", "shipment.scheduled"],
    &[
        "place",
        "shipment.held",
        "stock.reserved",
        "payment.pending",
        "payment.captured",
        "shipment.scheduled",
    ],
    &[
        "wait",
        "shipment.held",
        "stock.reserved",
        "payment.declined",
        "payment.captured",
        "shipment.scheduled",
    ],
    &["wait", "shipment.held", "stock.reserved", "payment.declined", "payment.pending"],
    &["place", "shipment.held", "stock.rejected", "payment.voided"],
    &["place", "shipment.rejected", "stock.reserved", "stock.released", "payment.voided"],
    &["place", "shipment.rejected", "stock.rejected", "payment.voided"],
    &["place", "shipment.held", "stock.reserved", "payment.declined", "stock.released", "shipment.cancelled"],
    &[
        "place",
        "stock.reserved",
        "payment.captured",
        "shipment.rejected",
        "payment.refunded",
        "stock.released",
    ],
];

fn message_of(name: &str) -> Heard<Hears> {
    match name {
        "place" => place(),
        "wait" => place_patiently(),
        name => news(name),
    }
}

/// The end, up to the reason, the numbering, and a deadline that no longer matters.
fn end(book: &Book) -> String {
    let row = book.orders.get(&ORDER).unwrap();
    let Known::Placed(order) = &row.known else { return state(book, ORDER) };
    let deadline = order.is_open().then_some(order.deadline);
    let marks = (order.reserved, order.captured, order.scheduled);
    format!("{:?} {marks:?} {deadline:?} {:?} {:?}", order.status, row.seen, order.reason.is_some())
}

fn told_by(messages: &[Heard<Hears>]) -> (BTreeSet<MessageId>, Book) {
    let mut book = shop();
    let mut told = BTreeSet::new();
    for heard in messages {
        if let Decision::Accept(facts) = book.decide(heard) {
            told.extend(facts.iter().map(Fact::id));
        }
    }
    (told, book)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in_whatever_order_the_laws_hold(
        steps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..60),
    ) {
        let (all, mut book, mut story) = (everything(), shop(), Story::default());
        for (next, again) in steps {
            story.tell(&mut book, next.get(&all))?;
            if !story.accepted.is_empty() {
                let known = again.get(&story.accepted).clone();
                let before = book.clone();
                prop_assert!(matches!(book.decide(&known), Decision::Ignore(_)), "redelivered: {:?}", known);
                prop_assert_eq!(&book, &before, "redelivery changes nothing");
            }
        }
    }

    #[test]
    fn any_order_of_an_orders_events_ends_in_the_same_state(
        (life, shuffled) in (0..LIVES.len())
            .prop_flat_map(|life| (Just(life), Just(LIVES[life].to_vec()).prop_shuffle())),
    ) {
        let straight: Vec<_> = LIVES[life].iter().map(|name| message_of(name)).collect();
        let shuffled: Vec<_> = shuffled.iter().map(|name| message_of(name)).collect();
        let (facts, book) = told_by(&straight);
        let (other_facts, other_book) = told_by(&shuffled);
        prop_assert_eq!(end(&book), end(&other_book));
        prop_assert_eq!(facts, other_facts, "the same facts follow");
        prop_assert_eq!(book.timeline.len(), other_book.timeline.len());
    }
}

#[test]
fn the_lives_reach_every_end_that_needs_no_wish() {
    let ends: BTreeSet<String> = LIVES
        .iter()
        .map(|life| {
            let messages: Vec<_> = life.iter().map(|name| message_of(name)).collect();
            state(&told_by(&messages).1, ORDER)
        })
        .collect();
    assert_eq!(ends.into_iter().collect::<Vec<_>>(), ["cancelled", "confirmed", "stockreserved"]);
}
