//! The caller's queue on a real Postgres, and the calls from it to the sandbox.

use crate::{
    given::*,
    world::{Kind, ORDERS, message},
};
use chassis::{CallLimits, Outside};
use contracts::*;
use shipping::{
    carrier::{CarrierCalls, Leased, Sandbox},
    domain::Purpose,
    requests,
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

async fn paid_orders(db: &PgPool, count: u8) {
    for number in 0..count {
        let id = order(number);
        let created = created(id, address("GB", None, "1 Main Street"), None);
        take(db, &[heard(id, created), heard(id, captured(id, false))]).await;
    }
}

fn calls(ledger: PgPool, key_life: Duration) -> CarrierCalls<Sandbox> {
    CarrierCalls::new(Sandbox::with(ledger, key_life), CallLimits::default())
}

async fn lease(calls: &CarrierCalls<Sandbox>, db: &PgPool, limit: i64, time: Duration) -> Vec<Leased> {
    calls.lease(&mut db.acquire().await.unwrap(), limit, time).await.unwrap()
}

fn read(outgoing: &chassis::Outgoing) -> ShipmentAnswered {
    serde_json::from_slice(&outgoing.body).unwrap()
}

#[tokio::test]
async fn a_leased_attempt_is_nobody_elses_until_its_lease_ends() {
    let db = database().await;
    paid_orders(&db, 3).await;
    let calls = calls(ledger().await, Duration::MAX);
    let first = lease(&calls, &db, 2, MINUTE).await;
    assert_eq!(first.len(), 2);
    assert_eq!(lease(&calls, &db, 10, Duration::ZERO).await.len(), 1, "what is left, for no time at all");
    assert_eq!(lease(&calls, &db, 10, MINUTE).await.len(), 1, "that lease has ended");
    assert_eq!(lease(&calls, &db, 10, MINUTE).await.len(), 0);

    let mut connection = db.acquire().await.unwrap();
    calls.postpone(&mut connection, &[(&first[0], Duration::ZERO), (&first[1], MINUTE)]).await.unwrap();
    let again = lease(&calls, &db, 10, MINUTE).await;
    assert_eq!(again.iter().map(|attempt| attempt.order_id).collect::<Vec<_>>(), [first[0].order_id]);
}

#[tokio::test]
async fn two_callers_at_once_lease_different_attempts() {
    let db = database().await;
    paid_orders(&db, 4).await;
    let calls = calls(ledger().await, Duration::MAX);
    let (mut one, mut two) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    let first = calls.lease(&mut one, 3, MINUTE).await.unwrap();
    let second = calls.lease(&mut two, 3, MINUTE).await.unwrap();
    assert_eq!((first.len(), second.len()), (3, 1), "the second skips what the first has locked");
    assert!(second.iter().all(|attempt| first.iter().all(|other| other.order_id != attempt.order_id)));
}

#[tokio::test]
async fn what_was_answered_meanwhile_is_not_put_back() {
    let db = database().await;
    paid_orders(&db, 1).await;
    let calls = calls(ledger().await, Duration::MAX);
    let leased = lease(&calls, &db, 1, MINUTE).await;
    take(&db, &[heard(order(0), answered(order(0), 1, booked()))]).await;
    let mut connection = db.acquire().await.unwrap();
    calls.postpone(&mut connection, &[(&leased[0], Duration::ZERO)]).await.unwrap();
    assert_eq!(lease(&calls, &db, 1, MINUTE).await.len(), 0);
}

#[tokio::test]
async fn the_same_attempt_is_answered_the_same_under_the_same_id() {
    let db = database().await;
    paid_orders(&db, 1).await;
    let calls = calls(ledger().await, Duration::MAX);
    let leased = lease(&calls, &db, 1, MINUTE).await;
    assert_eq!(leased[0].key(), format!("{}-1", order(0)));
    assert_eq!(leased[0].address, Some(address("GB", None, "1 Main Street")));
    let first = calls.call(&leased[0]).await.unwrap();
    let second = calls.call(&leased[0]).await.unwrap();
    assert_eq!(first.id, MessageId::about(order(0).0, ShipmentAnswered::INFO.code, 1));
    assert_eq!((first.id, &first.body), (second.id, &second.body));
    let answered = read(&first);
    assert_eq!((answered.attempt, answered.purpose), (1, ShipmentPurpose::Book));
    assert!(matches!(answered.answer, CarrierAnswer::Booked { .. }));
}

/// The whole way of a cancelled booking: booked, cancelled, voided, and the carrier's books say so.
#[tokio::test]
async fn a_booking_that_is_cancelled_meanwhile_is_voided_at_the_carrier() {
    let (db, books) = (database().await, ledger().await);
    paid_orders(&db, 1).await;
    let calls = calls(books.clone(), Duration::MAX);
    let booking = lease(&calls, &db, 1, MINUTE).await;
    take(&db, &[heard(order(0), message(0, Kind::Cancelled))]).await;
    let answer = read(&calls.call(&booking[0]).await.unwrap());
    take(&db, &[heard(order(0), answer)]).await;

    let void = lease(&calls, &db, 10, MINUTE).await;
    assert_eq!(void.len(), 1);
    assert_eq!((void[0].number, void[0].purpose), (2, Purpose::Void { of_attempt: 1 }));
    assert_eq!((void[0].key(), &void[0].address), (booking[0].key(), &None));
    let answer = read(&calls.call(&void[0]).await.unwrap());
    assert_eq!((answer.attempt, &answer.answer), (2, &CarrierAnswer::Voided));
    take(&db, &[heard(order(0), answer)]).await;

    assert_eq!(lease(&calls, &db, 10, MINUTE).await.len(), 0);
    let (state,): (String,) = sqlx::query_as("select state from booking").fetch_one(&books).await.unwrap();
    assert_eq!(state, "voided");
}

#[tokio::test]
async fn a_booking_older_than_the_carriers_memory_is_looked_up_and_never_sent_again() {
    let (db, books) = (database().await, ledger().await);
    paid_orders(&db, 1).await;
    let patient = calls(books.clone(), Duration::MAX);
    let forgetful = calls(books.clone(), Duration::from_secs(3_600));
    lease(&patient, &db, 1, Duration::ZERO).await;
    run(&db, "update attempt set first_leased_at = now() - interval '2 hours'").await.unwrap();
    let leased = lease(&patient, &db, 1, MINUTE).await;

    assert!(forgetful.call(&leased[0]).await.is_err(), "not known: a person has to settle it");
    let (bookings,): (i64,) = sqlx::query_as("select count(*) from booking").fetch_one(&books).await.unwrap();
    assert_eq!(bookings, 0, "it was not sent again");

    let sent = read(&patient.call(&leased[0]).await.unwrap());
    assert_eq!(read(&forgetful.call(&leased[0]).await.unwrap()), sent, "known: the look-up's answer counts");
}

/// The settings that services run under leave a sequential scan only where there is no index to use.
#[tokio::test]
async fn all_rows_are_found_by_index() {
    let plain = database().await;
    // One connection, which has all the counts.
    let options = (*plain.connect_options()).clone();
    let db = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let before = sequential_scans(&db).await;

    let calls = calls(ledger().await, Duration::MAX);
    for number in 0..ORDERS {
        for kind in [Kind::Created, Kind::Captured, Kind::Confirmed] {
            take(&db, &[heard(order(number), message(number, kind))]).await;
        }
    }
    let leased = lease(&calls, &db, 10, MINUTE).await;
    assert_eq!(leased.len(), 4);
    for attempt in &leased[1..] {
        take(&db, &[heard(attempt.order_id, answered(attempt.order_id, 1, booked()))]).await;
        take(&db, &[heard(attempt.order_id, cancelled(attempt.order_id))]).await;
    }
    let mut connection = db.acquire().await.unwrap();
    calls.postpone(&mut connection, &[(&leased[0], MINUTE)]).await.unwrap();
    drop(connection);
    let asked = GetShipment { order_id: order(0), by: Caller { id: customer(1), role: Role::Customer } };
    requests::shipment(&db, &asked).await.unwrap();
    requests::slots(&db, &ListSlots { country: country("JP"), postal_code: None }).await.unwrap();

    assert_eq!(sequential_scans(&db).await, before);
}

async fn sequential_scans(db: &PgPool) -> Vec<(String, i64)> {
    run(db, "select pg_stat_force_next_flush()").await.unwrap();
    let tables = "'shipment', 'destination', 'attempt', 'zone', 'slot'";
    let query = format!(
        "select relname::text, seq_scan from pg_stat_user_tables where relname in ({tables}) order by 1"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(db).await.unwrap()
}
