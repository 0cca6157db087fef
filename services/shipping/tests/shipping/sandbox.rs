//! The sandbox carrier and its ledger, on a real Postgres.

use crate::given::*;
use contracts::CarrierAnswer;
use shipping::carrier::{Carrier, Sandbox};
use sqlx::PgPool;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

async fn sandbox() -> (Sandbox, PgPool) {
    let ledger = ledger().await;
    (Sandbox::with(ledger.clone(), Duration::MAX), ledger)
}

async fn states(ledger: &PgPool) -> Vec<String> {
    let rows: Vec<(String,)> =
        sqlx::query_as("select state from booking order by key").fetch_all(ledger).await.unwrap();
    rows.into_iter().map(|(state,)| state).collect()
}

#[tokio::test]
async fn the_same_key_is_the_same_booking() {
    let (sandbox, ledger) = sandbox().await;
    let home = address("GB", None, "1 Main Street");
    let first = sandbox.book("o-1", &home).await.unwrap();
    let CarrierAnswer::Booked { tracking } = &first else { panic!("{first:?}") };
    assert!(tracking.as_str().starts_with("SB"));
    assert_eq!(sandbox.book("o-1", &home).await.unwrap(), first);
    assert_eq!(sandbox.look_up("o-1").await.unwrap(), Some(first.clone()));
    assert_ne!(sandbox.book("p-1", &home).await.unwrap(), first);
    assert_eq!(sandbox.look_up("q-1").await.unwrap(), None);
    assert_eq!(states(&ledger).await, ["booked", "booked"]);
}

#[tokio::test]
async fn an_address_can_be_refused() {
    let (sandbox, ledger) = sandbox().await;
    let address = address("GB", None, "sandbox:refuse please");
    for _ in 0..2 {
        assert_eq!(sandbox.book("o-1", &address).await.unwrap(), CarrierAnswer::Refused);
    }
    assert_eq!(states(&ledger).await, ["refused"]);
}

#[tokio::test]
async fn a_booking_whose_answer_was_lost_is_answered_the_second_time() {
    let (sandbox, ledger) = sandbox().await;
    let address = address("GB", None, "sandbox:lost");
    assert!(sandbox.book("o-1", &address).await.is_err());
    assert_eq!(states(&ledger).await, ["booked"], "booked all the same");
    assert!(matches!(sandbox.book("o-1", &address).await, Ok(CarrierAnswer::Booked { .. })));
    assert_eq!(states(&ledger).await, ["booked"]);
}

#[tokio::test]
async fn a_carrier_that_is_down_comes_back() {
    let (sandbox, ledger) = sandbox().await;
    let address = address("GB", None, "sandbox:down");
    for _ in 0..3 {
        assert!(sandbox.book("o-1", &address).await.is_err());
        assert!(states(&ledger).await.is_empty());
    }
    assert!(matches!(sandbox.book("o-1", &address).await, Ok(CarrierAnswer::Booked { .. })));
}

#[tokio::test]
async fn a_slow_carrier_takes_two_seconds() {
    let (sandbox, _) = sandbox().await;
    let began = Instant::now();
    assert!(sandbox.book("o-1", &address("GB", None, "sandbox:slow")).await.is_ok());
    assert!(began.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_void_forgets_a_booking_and_keeps_out_one_that_comes_later() {
    let (sandbox, ledger) = sandbox().await;
    let home = address("GB", None, "1 Main Street");
    let first = sandbox.book("o-1", &home).await.unwrap();
    for _ in 0..2 {
        assert_eq!(sandbox.void("o-1").await.unwrap(), CarrierAnswer::Voided);
    }
    assert_eq!(sandbox.book("o-1", &home).await.unwrap(), first, "the same answer to the same key");
    assert_eq!(sandbox.void("p-1").await.unwrap(), CarrierAnswer::Voided);
    assert_eq!(sandbox.book("p-1", &home).await.unwrap(), CarrierAnswer::Refused);
    assert_eq!(states(&ledger).await, ["voided", "voided"]);
}

#[tokio::test]
async fn bookings_that_come_together_are_written_together() {
    let (sandbox, ledger) = sandbox().await;
    let sandbox = Arc::new(sandbox);
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..500 {
        let sandbox = sandbox.clone();
        // Each key comes twice at the same time.
        calls.spawn(async move {
            let key = format!("o-{}", number / 2);
            (key.clone(), sandbox.book(&key, &address("GB", None, "1 Main Street")).await.unwrap())
        });
    }
    let answers = calls.join_all().await;
    for (key, answer) in &answers {
        assert_eq!(Some(answer), sandbox.look_up(key).await.unwrap().as_ref());
    }
    let (bookings, transactions): (i64, i64) =
        sqlx::query_as("select count(*), count(distinct xmin::text) from booking")
            .fetch_one(&ledger)
            .await
            .unwrap();
    assert_eq!(bookings, 250);
    assert!(transactions <= 10, "{transactions} transactions, so as many fsyncs, for 250 bookings");
}

/// The writer is given up by its caller's timeout: the others do not wait for ever, and can call again.
#[tokio::test]
async fn a_writer_that_is_given_up_leaves_nobody_waiting() {
    let (sandbox, ledger) = sandbox().await;
    let sandbox = Arc::new(sandbox);
    let home = address("GB", None, "1 Main Street");
    let mut locked = ledger.begin().await.unwrap();
    sqlx::query("lock table booking").execute(&mut *locked).await.unwrap();
    let (writer, other) = tokio::join!(
        tokio::time::timeout(Duration::from_millis(200), sandbox.book("o-1", &home)),
        tokio::time::timeout(Duration::from_secs(5), sandbox.book("p-1", &home)),
    );
    assert!(writer.is_err(), "its time was over");
    assert!(other.expect("waits for ever").is_err(), "the outcome is unknown");
    locked.rollback().await.unwrap();
    for key in ["o-1", "p-1"] {
        assert!(matches!(sandbox.book(key, &home).await, Ok(CarrierAnswer::Booked { .. })));
    }
}

#[tokio::test]
async fn in_a_bad_temper_nothing_is_done_or_it_is_done_and_nobody_is_told() {
    let (_, ledger) = sandbox().await;
    let home = address("GB", None, "1 Main Street");
    let temper = async |change: &str| {
        let sql = sqlx::AssertSqlSafe(format!("update temper set {change}"));
        sqlx::query(sql).execute(&ledger).await.unwrap();
        Sandbox::with(ledger.clone(), Duration::MAX)
    };
    for in_vain in ["down = true", "down = false, fails_percent = 100"] {
        let sandbox = temper(in_vain).await;
        assert!(sandbox.book("o-1", &home).await.is_err(), "{in_vain}");
        assert!(sandbox.look_up("o-1").await.is_err(), "{in_vain}");
        assert!(sandbox.void("o-1").await.is_err(), "{in_vain}");
        assert!(states(&ledger).await.is_empty(), "{in_vain}");
    }
    let sandbox = temper("fails_percent = 0, loses_percent = 100").await;
    assert!(sandbox.book("o-1", &home).await.is_err());
    assert!(sandbox.void("p-1").await.is_err());
    assert_eq!(states(&ledger).await, ["booked", "voided"], "done all the same");
    let sandbox = temper("loses_percent = 0, late_ms = 1").await;
    assert!(matches!(sandbox.book("o-1", &home).await, Ok(CarrierAnswer::Booked { .. })));
    assert_eq!(states(&ledger).await, ["booked", "voided"]);
}
