//! The SQL says the same as the rules in memory, and the constraints refuse what must not be.

use crate::{
    given::*,
    world::{KINDS, Kind, ORDERS, message},
};
use chassis::{CallLimits, Decision, Heard, Outside, Participant};
use contracts::*;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use shipping::{
    Hears, MIGRATIONS, Tells,
    carrier::{CarrierCalls, Leased, Sandbox},
    domain::{Attempt, AttemptState, Dock, Purpose, Room, SlotKey, decide},
};
use sqlx::PgPool;
use std::{collections::BTreeMap, time::Duration};

/// All rows of the orders in the database, without keeping their locks.
async fn stored(db: &PgPool) -> Dock {
    let all: Vec<Heard<Hears>> =
        (0..ORDERS).map(|number| heard(order(number), message(number, Kind::Cancelled))).collect();
    let mut tx = db.begin().await.unwrap();
    let dock = <Dock as Participant>::load(&(), &mut tx, &all).await.unwrap();
    tx.rollback().await.unwrap();
    dock
}

async fn rooms(db: &PgPool) -> Vec<(SlotKey, Room)> {
    let rows: Vec<(String, String, i64, i64)> =
        sqlx::query_as("select zone, slot, capacity, taken from slot order by zone, slot")
            .fetch_all(db)
            .await
            .unwrap();
    rows.into_iter()
        .map(|(zone, slot, capacity, taken)| {
            (SlotKey { zone: text(&zone), slot: text(&slot) }, Room { capacity, taken })
        })
        .collect()
}

#[track_caller]
fn same(stored: &Dock, rooms: &[(SlotKey, Room)], memory: &Dock) {
    assert!(stored.shipments.iter().eq(memory.shipments.iter()), "{stored:#?}\n{memory:#?}");
    assert!(stored.attempts.iter().eq(memory.attempts.iter()), "{stored:#?}\n{memory:#?}");
    assert!(rooms.iter().map(|(key, room)| (key, room)).eq(memory.slots.iter()), "{rooms:?}\n{memory:#?}");
}

/// Leases all that is due, in the database and in memory, and answers: the carrier refuses one order.
async fn call_all(db: &PgPool, memory: &mut Dock) -> Vec<Heard<Hears>> {
    let calls = CarrierCalls::new(Sandbox::with(db.clone(), Duration::MAX), CallLimits::default());
    let mut connection = db.acquire().await.unwrap();
    let mut leased = calls.lease(&mut connection, 100, Duration::from_secs(60)).await.unwrap();
    leased.sort_by_key(|attempt| (attempt.order_id, attempt.number));
    let due = memory.attempts.iter().filter(|(_, attempt)| attempt.state == AttemptState::Due);
    let due: Vec<(OrderId, i16)> = due.map(|(key, _)| *key).collect();
    assert_eq!(leased.iter().map(|l| (l.order_id, l.number)).collect::<Vec<_>>(), due);
    let mut answers = Vec::new();
    for attempt in leased {
        let row = memory.attempts.change(&(attempt.order_id, attempt.number)).unwrap();
        (row.state, row.calls) = (AttemptState::Leased, row.calls + 1);
        let answer = match attempt.purpose {
            Purpose::Void { .. } => CarrierAnswer::Voided,
            Purpose::Book if attempt.order_id == order(3) => CarrierAnswer::Refused,
            Purpose::Book => booked(),
        };
        answers.push(heard(attempt.order_id, answered(attempt.order_id, i32::from(attempt.number), answer)));
    }
    answers
}

/// Random batches on the database and in memory: the same decisions, the same rows.
#[tokio::test]
async fn a_batch_on_the_database_is_the_batch_in_memory() {
    let mut runner = TestRunner::deterministic();
    let any_message = (0..ORDERS, prop::sample::select(KINDS));
    let any_batch = prop::collection::vec(any_message, 1..8);
    for _ in 0..6 {
        let db = database().await;
        let mut memory = dock();
        let mut answers = Vec::new();
        for _ in 0..12 {
            let messages = any_batch.new_tree(&mut runner).unwrap().current();
            let mut batch = std::mem::take(&mut answers);
            batch
                .extend(messages.iter().map(|(number, kind)| heard(order(*number), message(*number, *kind))));
            let in_memory: Vec<Decision<Tells>> =
                batch.iter().map(|heard| decide(&mut memory, heard)).collect();
            assert_eq!(take(&db, &batch).await, in_memory, "{batch:#?}");
            same(&stored(&db).await, &rooms(&db).await, &memory);
            answers = call_all(&db, &mut memory).await;
        }
        let written: BTreeMap<OrderId, Address> =
            memory.destinations.iter().map(|(order, address)| (*order, address.clone())).collect();
        let rows: Vec<(uuid::Uuid, String)> =
            sqlx::query_as("select order_id, address::text from destination").fetch_all(&db).await.unwrap();
        let stored: BTreeMap<OrderId, Address> =
            rows.iter().map(|(id, json)| (OrderId(*id), serde_json::from_str(json).unwrap())).collect();
        assert_eq!(stored, written);
    }
}

#[tokio::test]
async fn of_two_replicas_that_hear_of_an_order_first_one_has_to_begin_again() {
    let db = database().await;
    let batch = [heard(order(1), message(1, Kind::Created))];
    let mut first = db.begin().await.unwrap();
    let mut second = db.begin().await.unwrap();
    // Nobody has the row yet: both load before one saves. (In a zone without slots, where nothing makes one wait.)
    let batch_elsewhere = [heard(order(0), message(0, Kind::Created))];
    let mut a = <Dock as Participant>::load(&(), &mut first, &batch_elsewhere).await.unwrap();
    let mut b = <Dock as Participant>::load(&(), &mut second, &batch_elsewhere).await.unwrap();
    assert!(matches!(decide(&mut a, &batch_elsewhere[0]), Decision::Accept(_)));
    assert!(matches!(decide(&mut b, &batch_elsewhere[0]), Decision::Accept(_)));
    save(a, &mut first).await.unwrap();
    first.commit().await.unwrap();
    let error = save(b, &mut second).await.unwrap_err();
    let error = error.into_database_error().unwrap();
    assert!(error.is_unique_violation());
    // Whichever of the order's rows the statement came to first.
    assert!(["shipment_pkey", "destination_pkey"].map(Some).contains(&error.constraint()), "{error}");
    second.rollback().await.unwrap();
    // Begun again it finds the row.
    assert_eq!(take(&db, &batch_elsewhere).await, [Decision::Ignore(chassis::Why::Repeat)]);
    assert!(matches!(take(&db, &batch).await[0], Decision::Accept(_)));
}

#[tokio::test]
async fn replicas_that_fill_a_slot_at_the_same_time_never_overbook_it() {
    let db = chassis::provision::scratch(tools::postgres::shared(), &MIGRATIONS).await.unwrap();
    let mut replicas = tokio::task::JoinSet::new();
    for replica in 0..4_u8 {
        let db = db.clone();
        replicas.spawn(async move {
            let mut held = 0;
            for number in 0..8 {
                let id = order(replica * 8 + number);
                let named = created(id, address("JP", None, "1 Main Street"), Some("2030-01-01-am"));
                if let Decision::Accept(facts) = &take(&db, &[heard(id, named)]).await[0] {
                    held += usize::from(matches!(facts[0].message, Tells::ShipmentHeld(_)));
                }
            }
            held
        });
    }
    let held: usize = replicas.join_all().await.into_iter().sum();
    assert_eq!(held, 10, "the slot has ten places");
    let (taken,): (i64,) =
        sqlx::query_as("select taken from slot where slot = '2030-01-01-am'").fetch_one(&db).await.unwrap();
    assert_eq!(taken, 10);
}

#[tokio::test]
async fn recorded_attempts_are_due_while_nobody_calls() {
    let db = database().await;
    for (kind, due) in [(Kind::Created, false), (Kind::Captured, true), (Kind::Confirmed, false)] {
        let mut tx = db.begin().await.unwrap();
        let heard = heard(order(0), message(0, kind));
        let mut dock = <Dock as Participant>::load(&(), &mut tx, std::slice::from_ref(&heard)).await.unwrap();
        assert!(matches!(decide(&mut dock, &heard), Decision::Accept(_)));
        assert_eq!(save(dock, &mut tx).await.unwrap().attempts.due, due, "{kind:?}");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_attempt_is_leased_as_it_is_recorded_with_where_its_parcel_goes() {
    let db = database().await;
    take(&db, &[heard(order(0), message(0, Kind::Created))]).await;
    let paid = heard(order(0), message(0, Kind::Captured));
    let mut tx = db.begin().await.unwrap();
    let mut dock = <Dock as Participant>::load(&(), &mut tx, std::slice::from_ref(&paid)).await.unwrap();
    assert!(matches!(decide(&mut dock, &paid), Decision::Accept(_)));
    let lease = chassis::Lease { places: 1, time: Duration::from_secs(60) };
    let given = chassis::save(dock, lease, &mut tx).await.unwrap().attempts;
    tx.commit().await.unwrap();
    assert!(!given.due);

    let calls = CarrierCalls::new(Sandbox::with(db.clone(), Duration::MAX), CallLimits::default());
    let lease =
        async || calls.lease(&mut db.acquire().await.unwrap(), 10, Duration::from_secs(60)).await.unwrap();
    assert_eq!(lease().await.len(), 0, "it is another's");
    sqlx::query("update attempt set next_try_at = now()").execute(&db).await.unwrap();
    let found = lease().await;
    let told = |attempts: &[Leased]| -> Vec<_> {
        attempts.iter().map(|a| (a.key(), a.purpose, a.address.clone())).collect()
    };
    assert!(found[0].address.is_some());
    assert_eq!(told(&given.leased), told(&found));
}

#[track_caller]
fn refused_by(result: sqlx::Result<()>, constraint: &str) {
    let error = result.expect_err("the database took it");
    assert_eq!(error.as_database_error().and_then(|error| error.constraint()), Some(constraint), "{error}");
}

#[tokio::test]
async fn the_constraints_refuse_what_must_not_be() {
    let db = database().await;
    let refused = async |sql: &'static str, constraint: &str| refused_by(run(&db, sql).await, constraint);
    refused("update slot set taken = capacity + 1", "slot_taken_within_capacity").await;
    refused("update slot set taken = -1", "slot_taken_within_capacity").await;
    refused("insert into zone (id, country) values ('XX', 'gb')", "zone_country_is_a_code").await;
    refused("insert into zone (id, country) values ('GB-2', 'GB')", "zone_place_once").await;
    refused(
        "insert into zone (id, country, postal_prefix) values ('GB-2', 'GB', 'e 1')",
        "zone_prefix_is_plain",
    )
    .await;

    run(
        &db,
        "insert into shipment (order_id, state, customer_id, zone, paid, confirmed, attempts, carrier, tracking)
         values (gen_random_uuid(), 'scheduled', gen_random_uuid(), 'GB', true, false, 1, 'sandbox', 'SB1')",
    )
    .await
    .unwrap();
    refused("update shipment set state = 'lost', carrier = null, tracking = null", "shipment_state_known")
        .await;
    refused("update shipment set customer_id = null", "shipment_is_somebodys").await;
    refused("update shipment set zone = null", "shipment_live_in_zone").await;
    refused("update shipment set paid = false", "shipment_booked_once_paid").await;
    refused("update shipment set tracking = null", "shipment_scheduled_has_tracking").await;
    refused("update shipment set state = 'held'", "shipment_scheduled_has_tracking").await;
    refused("update shipment set state = 'dispatched'", "shipment_dispatched_once_confirmed").await;
    refused("update shipment set attempts = 251", "shipment_attempts_fit").await;

    run(&db, "insert into attempt (order_id, number, purpose) values (gen_random_uuid(), 1, 'book')")
        .await
        .unwrap();
    let again = "insert into attempt (order_id, number, purpose) select order_id, 2, 'book' from attempt";
    refused(again, "attempt_books_once").await;
    let void = "insert into attempt (order_id, number, purpose) select order_id, 2, 'void' from attempt";
    refused(void, "attempt_void_of_booking").await;
    let void = "insert into attempt (order_id, number, purpose, of_attempt)
                select order_id, 251, 'void', 1 from attempt";
    refused(void, "attempt_number_fits").await;
    refused("update attempt set state = 'answered'", "attempt_answered_has_outcome").await;
    let booked = "update attempt set state = 'answered', outcome = 'booked'";
    refused(booked, "attempt_booked_has_tracking").await;
    refused("update attempt set state = 'withdrawn', calls = 1", "attempt_withdrawn_uncalled").await;
}

#[tokio::test]
async fn an_attempt_that_is_being_called_is_not_withdrawn() {
    let db = database().await;
    take(&db, &[heard(order(0), message(0, Kind::Created)), heard(order(0), message(0, Kind::Captured))])
        .await;
    let calls = CarrierCalls::new(Sandbox::with(db.clone(), Duration::MAX), CallLimits::default());
    let leased = calls.lease(&mut db.acquire().await.unwrap(), 10, Duration::from_secs(60)).await.unwrap();
    assert_eq!(leased.len(), 1);
    take(&db, &[heard(order(0), message(0, Kind::Cancelled))]).await;
    let leased = Attempt { purpose: Purpose::Book, state: AttemptState::Leased, calls: 1 };
    assert_eq!(stored(&db).await.attempts.get(&(order(0), 1)), Some(&leased));
}
