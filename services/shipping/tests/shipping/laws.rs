//! The laws, and that no order of events breaks them.

use crate::world::{KINDS, Kind, ORDERS, Step, World};
use proptest::{prelude::*, strategy::ValueTree};
use shipping::domain::{Dock, Purpose, SlotKey, State};
use std::collections::BTreeMap;

/// What holds after every message.
#[track_caller]
pub fn always(dock: &Dock) {
    places_add_up(dock);
    none_left_before_its_confirmation(dock);
    one_booking_an_order(dock);
}

/// Taken places are those of live shipments; so each is freed exactly once, and no slot is overbooked.
#[track_caller]
fn places_add_up(dock: &Dock) {
    let mut live: BTreeMap<SlotKey, i64> = BTreeMap::new();
    for (_, shipment) in dock.shipments.iter().filter(|(_, shipment)| shipment.state.is_live()) {
        let zone = shipment.zone.clone().expect("a live shipment has a zone");
        if let Some(slot) = shipment.slot.clone() {
            *live.entry(SlotKey { zone, slot }).or_default() += 1;
        }
    }
    for (key, room) in dock.slots.iter() {
        assert_eq!(room.taken, live.get(key).copied().unwrap_or_default(), "places of {key:?}");
        assert!((0..=room.capacity).contains(&room.taken), "{key:?} is overbooked");
    }
}

#[track_caller]
fn none_left_before_its_confirmation(dock: &Dock) {
    for (order, shipment) in dock.shipments.iter() {
        if matches!(shipment.state, State::Dispatched(_) | State::Delivered(_)) {
            assert!(shipment.confirmed, "{order} left before its confirmation");
        }
    }
}

#[track_caller]
fn one_booking_an_order(dock: &Dock) {
    let mut bookings = BTreeMap::new();
    for ((order, number), attempt) in dock.attempts.iter() {
        assert!((1..=250).contains(number));
        if attempt.purpose == Purpose::Book {
            *bookings.entry(order).or_insert(0) += 1;
        }
    }
    assert!(bookings.values().all(|count| *count == 1));
}

fn any_step(kinds: &'static [Kind]) -> impl Strategy<Value = Step> {
    let about = 0..ORDERS;
    prop_oneof![
        6 => (about.clone(), prop::sample::select(kinds)).prop_map(|(order, kind)| Step::Hear(order, kind)),
        2 => about.prop_map(Step::Call),
        1 => any::<prop::sample::Index>().prop_map(Step::CallAndCrash),
        3 => any::<prop::sample::Index>().prop_map(Step::Answer),
    ]
}

/// What an order that nobody calls off hears.
const CALM: &[Kind] = &[Kind::Created, Kind::Captured, Kind::Surplus, Kind::Confirmed];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Everything may come at any time and any number of times; calls crash; answers come late and again.
    #[test]
    fn no_order_of_events_breaks_a_law(steps in prop::collection::vec(any_step(KINDS), 0..80)) {
        let mut world = World::default();
        for step in &steps {
            world.step(step);
            always(&world.dock);
        }
        world.rest();
        always(&world.dock);
        world.at_rest();
    }

    /// Without a cancellation or a dispatch the end is the same, whatever came first.
    #[test]
    fn who_calls_nothing_off_ends_in_the_same_state(
        steps in prop::collection::vec(any_step(CALM), 0..60),
        last in Just(World::whole_story(CALM)).prop_shuffle(),
    ) {
        let mut world = World::default();
        for step in steps.iter().chain(&last) {
            world.step(step);
            always(&world.dock);
        }
        world.rest();
        world.at_rest();
        prop_assert_eq!(world.ends(), ["scheduled", "scheduled", "scheduled", "rejected", "rejected"]);
    }
}

#[test]
fn the_simulated_steps_reach_every_state() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let steps = prop::collection::vec(any_step(KINDS), 80).new_tree(&mut runner).unwrap().current();
        let mut world = World::default();
        for step in &steps {
            world.step(step);
            reached.extend(world.dock.shipments.iter().map(|(_, shipment)| shipment.state.name()));
        }
    }
    let all = [
        "booking",
        "cancelled",
        "delivered",
        "dispatched",
        "expected",
        "held",
        "rejected",
        "scheduled",
        "tombstone",
    ];
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), all);
}
