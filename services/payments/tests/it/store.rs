//! The tables, on a real Postgres.

use crate::world::*;
use chassis::{
    AfterCommit, CallLimits, Decision, Heard, Lease, Outside, Participant, Sweep, provision, save,
};
use contracts::*;
use payments::calls::{Calls, Leased};
use payments::domain::{Account, Progress, Till};
use payments::sandbox::Sandbox;
use payments::timers::ForgetWebhooks;
use payments::{Hears, MIGRATIONS, Rules};
use sqlx::{AssertSqlSafe, PgPool};
use std::time::Duration;
use uuid::Uuid;

pub async fn database() -> PgPool {
    provision::scratch(tools::postgres::shared(), &MIGRATIONS).await.unwrap()
}

/// Takes a batch as the runtime does while nobody calls; nothing may be ignored.
pub async fn take(db: &PgPool, batch: &[Heard<Hears>]) -> sqlx::Result<(Till, AfterCommit<Leased>)> {
    take_leasing(db, batch, Lease::NONE).await
}

async fn take_leasing(
    db: &PgPool,
    batch: &[Heard<Hears>],
    lease: Lease,
) -> sqlx::Result<(Till, AfterCommit<Leased>)> {
    let mut tx = db.begin().await?;
    let mut till = Till::load(&Rules::default(), &mut tx, batch).await?;
    for heard in batch {
        let decision = till.decide(heard);
        assert!(matches!(decision, Decision::Accept(_)), "{decision:?}: {heard:?}");
    }
    let after = save(till.clone(), lease, &mut tx).await?;
    tx.commit().await?;
    Ok((till, after))
}

async fn stored(db: &PgPool, world: &World) -> Account {
    let mut tx = db.begin().await.unwrap();
    let probe = [heard(world.reserved())];
    let till = Till::load(&Rules::default(), &mut tx, &probe).await.unwrap();
    till.accounts.get(&world.order).unwrap().clone()
}

/// What the caller does to an attempt when it takes it.
async fn leased(db: &PgPool, world: &World, number: i32) {
    let sql = "update attempt set state = 'leased', calls = calls + 1 where order_id = $1 and number = $2";
    assert_eq!(
        sqlx::query(sql).bind(world.order.0).bind(number).execute(db).await.unwrap().rows_affected(),
        1
    );
}

/// Rows without their fate: what was saved fresh is loaded as stored.
fn contents(account: &Account) -> String {
    let rows = |rows: Vec<String>| rows.join("\n");
    let attempts = rows(account.attempts.iter().map(|row| format!("{row:?}")).collect());
    let refunds = rows(account.refunds.iter().map(|row| format!("{row:?}")).collect());
    let webhooks = rows(account.webhooks.iter().map(|row| format!("{row:?}")).collect());
    let tokens = account.attempts.iter().map(|(_, a)| a.means.token.as_ref().map(ToString::to_string));
    let tokens: Vec<_> = tokens.collect();
    format!("{:?}\n{attempts}\n{refunds}\n{webhooks}\n{tokens:?}", account.payment)
}

#[tokio::test]
async fn what_was_decided_is_what_is_loaded() {
    let db = database().await;
    let world = World::new();
    let ready = [heard(world.created()), heard(world.reserved()), heard(world.held())];
    let (till, after) = take(&db, &ready).await.unwrap();
    assert!(after.attempts.due && after.attempts.leased.is_empty());
    let mut account = till.accounts.get(&world.order).unwrap().clone();
    assert_eq!(contents(&stored(&db, &world).await), contents(&account));

    leased(&db, &world, 1).await;
    let steps: Vec<Vec<Hears>> = vec![
        vec![world.webhook(9, "expired").into(), world.answered(1, pending()).into()],
        vec![world.pay().into(), world.verify().into()],
        // The pending charge is settled while it is being called off, and the other way to pay never begins.
        vec![world.webhook(1, "captured").into()],
        vec![world.refund("r1", Some(30)).into(), world.refund("r2", Some(20)).into()],
        vec![world.cancelled().into()],
    ];
    for step in steps {
        let batch: Vec<_> = step.into_iter().map(heard).collect();
        let (till, _) = take(&db, &batch).await.unwrap();
        account = till.accounts.get(&world.order).unwrap().clone();
        assert_eq!(contents(&stored(&db, &world).await), contents(&account), "{batch:?}");
    }
    assert_eq!(account.payment.counted, amount(TOTAL));
    // A refund's answer changes rows in three tables.
    let (number, _) = account.attempts.iter().find(|(_, a)| a.purpose == PaymentPurpose::Refund).unwrap();
    leased(&db, &world, *number).await;
    let answered =
        PaymentAnswered { purpose: PaymentPurpose::Refund, ..world.answered(*number, refund_failed()) };
    let (till, after) = take(&db, &[heard(answered)]).await.unwrap();
    assert!(!after.attempts.due);
    account = till.accounts.get(&world.order).unwrap().clone();
    assert_eq!(contents(&stored(&db, &world).await), contents(&account));
}

#[tokio::test]
async fn one_batch_holds_many_orders_in_all_stages() {
    let db = database().await;
    let worlds: Vec<_> = (0..100).map(|_| World::new()).collect();
    let created: Vec<_> = worlds.iter().map(|w| heard(w.created())).collect();
    take(&db, &created).await.unwrap();
    let rest = worlds.iter().flat_map(|w| [heard(w.reserved()), heard(w.held())]);
    let late = World::new();
    let rest: Vec<_> = rest.chain([heard(late.cancelled())]).collect();
    let (_, after) = take(&db, &rest).await.unwrap();
    assert!(after.attempts.due && after.attempts.leased.is_empty());
    let due: i64 =
        sqlx::query_scalar("select count(*) from attempt where state = 'due'").fetch_one(&db).await.unwrap();
    assert_eq!(due, 100);
}

#[tokio::test]
async fn attempts_are_leased_as_they_are_recorded_while_the_caller_has_places() {
    let db = database().await;
    let worlds = [World::new(), World::new(), World::new()];
    let batch: Vec<_> = worlds
        .iter()
        .flat_map(|world| [heard(world.created()), heard(world.reserved()), heard(world.held())])
        .collect();
    let lease = Lease { places: 2, time: Duration::from_secs(60) };
    let (_, after) = take_leasing(&db, &batch, lease).await.unwrap();
    assert!(after.attempts.due, "one had no place");
    assert_eq!(after.attempts.leased.len(), 2);
    let rows = "select count(*) from attempt where state = 'leased' and calls = 1 and first_sent_at is not null \
        and next_try_at between now() + interval '50 s' and now() + interval '60 s'";
    let leased: i64 = sqlx::query_scalar(rows).fetch_one(&db).await.unwrap();
    assert_eq!(leased, 2);

    // What the database would have given the caller is what it was given.
    sqlx::query("update attempt set next_try_at = now() where state = 'leased'").execute(&db).await.unwrap();
    let calls = Calls::new(Sandbox::in_pool(db.clone()), CallLimits::default());
    let found = calls.lease(&mut db.acquire().await.unwrap(), 10, Duration::from_secs(60)).await.unwrap();
    assert_eq!(found.len(), 3, "whose lease has run out, and who is due");
    let found: Vec<_> = found.iter().map(|attempt| format!("{attempt:?}")).collect();
    for given in &after.attempts.leased {
        let again = format!("{given:?}").replace("calls: 1", "calls: 2");
        assert!(found.contains(&again), "{again} is not in {found:?}");
    }
}

#[tokio::test]
async fn a_charge_is_closed_and_the_next_opened_in_one_batch() {
    let db = database().await;
    let world = World::new();
    take(&db, &[heard(world.created()), heard(world.reserved()), heard(world.held())]).await.unwrap();
    leased(&db, &world, 1).await;
    take(&db, &[heard(world.answered(1, pending())), heard(world.pay())]).await.unwrap();
    leased(&db, &world, 2).await;
    // The pending charge is voided, and the other way to pay begins: rows that one statement could not change.
    let voided =
        PaymentAnswered { purpose: PaymentPurpose::Void, ..world.answered(2, ProviderAnswer::Voided) };
    let (till, after) = take(&db, &[heard(voided)]).await.unwrap();
    assert!(after.attempts.due);
    let account = till.accounts.get(&world.order).unwrap();
    assert_eq!(contents(&stored(&db, &world).await), contents(account));
}

#[tokio::test]
async fn two_replicas_cannot_both_make_an_order() {
    let db = database().await;
    let world = World::new();
    let mut till = Till::default();
    let mut other = Till::default();
    drop(till.decide(&heard(world.created())));
    drop(other.decide(&heard(world.cancelled())));
    let mut tx = db.begin().await.unwrap();
    save(till, Lease::NONE, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let error = save(other, Lease::NONE, &mut db.begin().await.unwrap()).await.unwrap_err();
    assert!(error.as_database_error().unwrap().is_unique_violation(), "{error}");
}

#[tokio::test]
async fn a_withdrawn_attempt_is_not_leased_and_a_leased_one_is_not_withdrawn() {
    let db = database().await;
    let (unsent, sent) = (World::new(), World::new());
    for world in [&unsent, &sent] {
        take(&db, &[heard(world.created()), heard(world.reserved()), heard(world.held())]).await.unwrap();
    }
    leased(&db, &sent, 1).await;
    let (till, _) = take(&db, &[heard(unsent.cancelled()), heard(sent.cancelled())]).await.unwrap();
    let progress =
        |world: &World| till.accounts.get(&world.order).unwrap().attempts.get(&1).unwrap().progress;
    assert_eq!((progress(&unsent), progress(&sent)), (Progress::Withdrawn, Progress::Leased));
}

#[tokio::test]
async fn webhook_events_are_forgotten_after_thirty_days() {
    let db = database().await;
    let world = World::new();
    let mut old = heard(world.webhook(1, "captured"));
    take(&db, &[old.clone()]).await.unwrap();
    let forget = async |days: u64| {
        let later = now().plus(Duration::from_hours(24 * days) + Duration::from_secs(1));
        let sent = ForgetWebhooks::due(&mut db.acquire().await.unwrap(), later).await.unwrap();
        assert_eq!(sent, []);
        stored(&db, &world).await.webhooks.iter().count()
    };
    assert_eq!((forget(29).await, forget(30).await), (1, 0));
    // Forgotten, and so taken in again: what it says still has no charge.
    old.id = MessageId(Uuid::now_v7());
    take(&db, &[old]).await.unwrap();
}

#[track_caller]
fn refuses(result: sqlx::Result<sqlx::postgres::PgQueryResult>, constraint: &str) {
    let error = result.expect_err(constraint);
    assert_eq!(error.as_database_error().and_then(|error| error.constraint()), Some(constraint), "{error}");
}

#[tokio::test]
async fn the_database_refuses_what_the_laws_forbid() {
    let db = database().await;
    let world = World::new();
    take(&db, &[heard(world.created()), heard(world.reserved()), heard(world.held())]).await.unwrap();
    for (change, constraint) in [
        ("payment set captured = 101, captured_by = 1", "payment_captured_within_total"),
        ("payment set captured = 100", "payment_captured_by_attempt"),
        ("payment set counted = 1", "payment_refunds_within_captured"),
        (
            "payment set captured = 5, captured_by = 1, counted = 4, refunded = 5",
            "payment_refunds_within_captured",
        ),
        ("payment set state = 'voided'", "payment_voided_when_cancelled"),
        ("payment set state = 'paid'", "payment_state_known"),
        ("payment set held = false", "payment_begun_when_due"),
        ("payment set on_decline = null", "payment_bill_whole"),
        ("payment set waiting_method = 'm'", "payment_waiting_whole"),
        ("attempt set number = 251", "attempt_number_fits_id"),
        ("attempt set amount = 0", "attempt_amount_positive"),
        ("attempt set state = 'answered'", "attempt_answered_has_outcome"),
        ("attempt set state = 'answered', outcome = 'maybe'", "attempt_outcome_known"),
        ("attempt set state = 'withdrawn', calls = 1", "attempt_withdrawn_unsent"),
        ("attempt set of_attempt = 1", "attempt_about_another"),
        ("attempt set reference = 'r'", "attempt_refund_has_reference"),
    ] {
        refuses(sqlx::query(AssertSqlSafe(format!("update {change}"))).execute(&db).await, constraint);
    }
    let second = "insert into attempt (order_id, number, purpose, method, amount, currency, state) \
        select order_id, 2, purpose, method, amount, currency, state from attempt";
    refuses(sqlx::query(second).execute(&db).await, "attempt_one_charge_open");
    let refund = "insert into refund values ($1, 'r', 1, 'open', 2, 1)";
    sqlx::query(refund).bind(world.order.0).execute(&db).await.unwrap();
    refuses(sqlx::query(refund).bind(world.order.0).execute(&db).await, "refund_reference_unique");
    sqlx::query(refund).bind(Uuid::now_v7()).execute(&db).await.unwrap();
}
