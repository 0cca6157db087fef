//! The sandbox provider, with its books on a real Postgres.

use crate::world::{amount, text};
use chassis::{Secret, clock, provision, signature};
use contracts::{DeclineReason, ProviderAnswer};
use futures_util::future::join_all;
use payments::provider::{Charge, Giveback, Provider};
use payments::sandbox::{LEDGER, Sandbox, Settlement, UnsettledCharge, settle};
use sqlx::PgPool;
use std::time::Duration;

pub async fn books() -> PgPool {
    provision::scratch(tools::postgres::shared(), &LEDGER).await.unwrap()
}

fn charge(key: &str, method: &str) -> Charge {
    Charge {
        key: key.to_owned(),
        method: text(&format!("sandbox.{method}")),
        token: None,
        amount: amount(100),
        currency: "GBP".parse().unwrap(),
        calls: 1,
    }
}

fn giveback(key: &str, charge_key: &str, minor: i64) -> Giveback {
    Giveback { key: key.to_owned(), charge_key: charge_key.to_owned(), amount: amount(minor) }
}

async fn count(books: &PgPool, table: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(sql).fetch_one(books).await.unwrap()
}

#[tokio::test]
async fn the_method_decides_and_the_same_key_gets_the_same_answer() {
    let books = books().await;
    let sandbox = Sandbox::in_pool(books.clone());
    for (method, expected) in [
        ("succeeds", ProviderAnswer::Captured),
        ("declined", ProviderAnswer::Declined { why: DeclineReason::Declined }),
        ("insufficient_funds", ProviderAnswer::Declined { why: DeclineReason::InsufficientFunds }),
    ] {
        let first = sandbox.charge(&charge(method, method)).await.unwrap();
        assert_eq!(first.answer, expected);
        // Even if something else is asked for under it.
        let again = sandbox.charge(&charge(method, "pending")).await.unwrap();
        assert_eq!(again, first);
        assert_eq!(sandbox.look_up(method).await.unwrap(), first);
    }
    assert_eq!(count(&books, "charge").await, 3);
    assert!(!sandbox.has("sandbox.nonsense") && !sandbox.has("card") && sandbox.has("sandbox.slow"));
    assert_eq!(sandbox.look_up("nobody").await.unwrap().answer, ProviderAnswer::NotFound);
}

#[tokio::test]
async fn thousands_at_once_are_written_in_a_few_groups() {
    let books = books().await;
    let sandbox = Sandbox::in_pool(books.clone());
    let charges: Vec<_> = (0..2_000).map(|n| charge(&format!("k{}", n % 1_900), "succeeds")).collect();
    let replies = join_all(charges.iter().map(|charge| sandbox.charge(charge))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap().answer == ProviderAnswer::Captured));
    assert_eq!(count(&books, "charge").await, 1_900);
    // Rows that one statement wrote have its time.
    let groups = count(&books, "(select distinct created_at from charge) groups").await;
    assert!(groups <= 100, "{groups} statements for 1,900 charges");
}

#[tokio::test]
async fn a_charge_that_is_given_up_holds_nobody_up() {
    let sandbox = Sandbox::in_pool(books().await);
    let (first, second) = (charge("given up", "succeeds"), charge("goes on", "succeeds"));
    // Polled once, so that it leads its group, and dropped before it could write.
    let given_up = tokio::time::timeout(Duration::ZERO, sandbox.charge(&first)).await;
    assert!(given_up.is_err());
    let goes_on = tokio::time::timeout(Duration::from_secs(10), sandbox.charge(&second)).await.unwrap();
    assert_eq!(goes_on.unwrap().answer, ProviderAnswer::Captured);
}

#[tokio::test]
async fn a_lost_answer_is_a_charge_and_the_same_key_tells() {
    let books = books().await;
    let sandbox = Sandbox::in_pool(books.clone());
    let lost = charge("k", "answer_lost");
    assert!(sandbox.charge(&lost).await.is_err());
    assert_eq!(count(&books, "charge where state = 'captured'").await, 1);
    assert_eq!(sandbox.charge(&lost).await.unwrap().answer, ProviderAnswer::Captured);
    assert_eq!(count(&books, "charge").await, 1);
}

#[tokio::test]
async fn down_is_down_three_times_and_charges_nothing_meanwhile() {
    let books = books().await;
    let sandbox = Sandbox::in_pool(books.clone());
    for calls in 1..=3 {
        assert!(sandbox.charge(&Charge { calls, ..charge("k", "down") }).await.is_err());
    }
    assert_eq!(count(&books, "charge").await, 0);
    let fourth = sandbox.charge(&Charge { calls: 4, ..charge("k", "down") }).await.unwrap();
    assert_eq!(fourth.answer, ProviderAnswer::Captured);
}

#[tokio::test]
async fn a_pending_charge_is_called_off_and_a_captured_one_is_not() {
    let sandbox = Sandbox::in_pool(books().await);
    assert!(matches!(
        sandbox.charge(&charge("p", "pending")).await.unwrap().answer,
        ProviderAnswer::Pending { expires_at } if expires_at > clock::now().plus(Duration::from_mins(29))
    ));
    for _ in 0..2 {
        assert_eq!(sandbox.void("p").await.unwrap().answer, ProviderAnswer::Voided);
    }
    sandbox.charge(&charge("c", "succeeds")).await.unwrap();
    assert_eq!(sandbox.void("c").await.unwrap().answer, ProviderAnswer::Captured);
    assert_eq!(sandbox.void("nobody").await.unwrap().answer, ProviderAnswer::NotFound);
}

/// Has a sandbox with these books misbehave; one that is made now knows it from its first call.
async fn temper(books: &PgPool, change: &str) -> Sandbox {
    let sql = sqlx::AssertSqlSafe(format!("update temper set {change}"));
    sqlx::query(sql).execute(books).await.unwrap();
    Sandbox::in_pool(books.clone())
}

#[tokio::test]
async fn in_a_bad_temper_nothing_is_done_or_it_is_done_and_nobody_is_told() {
    let books = books().await;
    for in_vain in ["down = true", "down = false, fails_percent = 100"] {
        let sandbox = temper(&books, in_vain).await;
        assert!(sandbox.charge(&charge("k", "succeeds")).await.is_err(), "{in_vain}");
        assert!(sandbox.look_up("k").await.is_err(), "{in_vain}");
        assert!(sandbox.void("k").await.is_err(), "{in_vain}");
        assert_eq!(count(&books, "charge").await, 0, "{in_vain}");
    }
    let sandbox = temper(&books, "fails_percent = 0, loses_percent = 100").await;
    assert!(sandbox.charge(&charge("k", "succeeds")).await.is_err());
    assert!(sandbox.refund(&giveback("r", "k", 100)).await.is_err());
    assert_eq!((count(&books, "charge").await, count(&books, "refund").await), (1, 1), "done all the same");
    let sandbox = temper(&books, "loses_percent = 0, late_ms = 1").await;
    assert_eq!(sandbox.charge(&charge("k", "succeeds")).await.unwrap().answer, ProviderAnswer::Captured);
    assert_eq!(
        sandbox.refund(&giveback("r", "k", 100)).await.unwrap().answer,
        ProviderAnswer::Refunded,
        "told under the same key"
    );
}

#[tokio::test]
async fn a_sandbox_notices_that_its_temper_has_changed() {
    let books = books().await;
    let sandbox = temper(&books, "down = true").await;
    assert!(sandbox.look_up("k").await.is_err());
    drop(temper(&books, "down = false").await);
    while sandbox.look_up("k").await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn no_more_is_given_back_than_was_charged() {
    let books = books().await;
    let sandbox = Sandbox::in_pool(books.clone());
    sandbox.charge(&charge("c", "succeeds")).await.unwrap();
    let refunds: Vec<_> = (0..8).map(|n| giveback(&format!("r{n}"), "c", 30)).collect();
    let replies = join_all(refunds.iter().map(|refund| sandbox.refund(refund))).await;
    let answers: Vec<_> = replies.into_iter().map(|reply| reply.unwrap().answer).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == ProviderAnswer::Refunded).count(), 3);
    for (refund, answer) in refunds.iter().zip(&answers) {
        assert_eq!(sandbox.refund(refund).await.unwrap().answer, *answer);
        assert_eq!(sandbox.look_up(&refund.key).await.unwrap().answer, *answer);
    }
    assert_eq!(count(&books, "refund").await, 8);
    let of_nothing = sandbox.refund(&giveback("r", "nobody", 1)).await.unwrap().answer;
    assert!(matches!(of_nothing, ProviderAnswer::RefundFailed { .. }));
}

#[tokio::test]
async fn refunds_fail_by_method() {
    let sandbox = Sandbox::in_pool(books().await);
    for method in ["refund_fails", "refund_fails_once"] {
        assert_eq!(sandbox.charge(&charge(method, method)).await.unwrap().answer, ProviderAnswer::Captured);
    }
    let refund = async |key: &str, of: &str| sandbox.refund(&giveback(key, of, 100)).await.unwrap().answer;
    for key in ["a1", "a2"] {
        assert!(matches!(refund(key, "refund_fails").await, ProviderAnswer::RefundFailed { .. }));
    }
    assert!(matches!(refund("b1", "refund_fails_once").await, ProviderAnswer::RefundFailed { .. }));
    assert_eq!(refund("b2", "refund_fails_once").await, ProviderAnswer::Refunded);
}

#[tokio::test]
async fn the_bank_settles_a_pending_charge_once_and_signs_its_webhook() {
    let books = books().await;
    let sandbox = Sandbox::in_pool(books.clone());
    let secret = Secret::from("bank".to_owned());
    let order = "0193e3a0-0000-7000-8000-000000000000";
    for number in [1, 9, 10] {
        sandbox.charge(&charge(&format!("{order}-{number}"), "pending")).await.unwrap();
    }
    // By order: its last charge.
    let webhook = settle(&books, &secret, order, Settlement::Captured).await.unwrap();
    signature::verify(&secret, &webhook.signature, &webhook.body, clock::now(), signature::TOLERANCE)
        .unwrap();
    let body: serde_json::Value = serde_json::from_str(&webhook.body).unwrap();
    assert_eq!((&body["key"], &body["outcome"]), (&format!("{order}-10").into(), &"captured".into()));
    let again = settle(&books, &secret, &format!("{order}-10"), Settlement::Captured).await.unwrap();
    assert_eq!(again.body, webhook.body);
    let otherwise = settle(&books, &secret, &format!("{order}-10"), Settlement::Expired).await;
    assert!(matches!(otherwise, Err(UnsettledCharge::Otherwise { .. })), "{otherwise:?}");
    assert_eq!(sandbox.void(&format!("{order}-10")).await.unwrap().answer, ProviderAnswer::Captured);
    // By key.
    settle(&books, &secret, &format!("{order}-1"), Settlement::Expired).await.unwrap();
    let expired = sandbox.look_up(&format!("{order}-1")).await.unwrap().answer;
    assert_eq!(expired, ProviderAnswer::Declined { why: DeclineReason::Expired });
    let unknown = settle(&books, &secret, "0193e3a0", Settlement::Captured).await;
    assert!(matches!(unknown, Err(UnsettledCharge::Unknown(_))), "{unknown:?}");
}
