//! By which means people paid who left is erased once nothing more can be charged.

use crate::{
    store::{database, take},
    world::*,
};
use chassis::{Decision, Participant, Sweep, Why};
use contracts::*;
use payments::domain::Till;
use payments::{Hears, Rules, timers::EraseLeavers};
use sqlx::PgPool;
use std::time::Duration;

async fn hear(db: &PgPool, message: impl Into<Hears>) {
    take(db, &[heard(message)]).await.unwrap();
}

/// One sweep, some days from now.
async fn sweep(db: &PgPool, days: u64) {
    let mut tx = db.begin().await.unwrap();
    let due = EraseLeavers::due(&mut tx, now().plus(Duration::from_secs(days * 86_400))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due, []);
}

/// How many references for means of payment there are, in both tables.
async fn tokens(db: &PgPool) -> i64 {
    let sql = "select (select count(token) + count(waiting_token) from payment) + (select count(token) from attempt)";
    sqlx::query_scalar(sql).fetch_one(db).await.unwrap()
}

async fn sent(db: &PgPool) {
    let sql = "update attempt set state = 'leased', calls = calls + 1 where state = 'due'";
    sqlx::query(sql).execute(db).await.unwrap();
}

/// An order whose customer has left and whose first charge is sent.
async fn charging() -> (PgPool, World) {
    let (db, mut world) = (database().await, World::new());
    hear(&db, UserDeleted { user_id: world.customer, version: 3 }).await;
    world = world.ready_to_charge();
    world.lease(1);
    for message in [Hears::from(world.created()), world.reserved().into(), world.held().into()] {
        hear(&db, message).await;
    }
    sent(&db).await;
    sweep(&db, 1).await;
    assert_eq!(tokens(&db).await, 2, "it may have to be sent again");
    (db, world)
}

#[tokio::test]
async fn a_captured_payment_forgets_by_which_means_and_can_still_be_given_back() {
    let (db, world) = charging().await;
    hear(&db, world.answered(1, captured())).await;
    sweep(&db, 2).await;
    assert_eq!(tokens(&db).await, 0);
    hear(&db, world.cancelled()).await;
    sent(&db).await;
    let refunded =
        PaymentAnswered { purpose: PaymentPurpose::Refund, ..world.answered(2, ProviderAnswer::Refunded) };
    hear(&db, refunded).await;
    let books: (i64, i64, String, String) =
        sqlx::query_as("select total, refunded, method, state from payment").fetch_one(&db).await.unwrap();
    assert_eq!(books, (TOTAL, TOTAL, "sandbox.succeeds".into(), "refunded".into()), "the books stay");
}

#[tokio::test]
async fn what_can_still_be_paid_keeps_its_means_until_it_is_called_off() {
    let (db, world) = charging().await;
    hear(&db, world.answered(1, pending())).await;
    sweep(&db, 2).await;
    assert_eq!(tokens(&db).await, 2);
    hear(&db, world.pay()).await;
    sweep(&db, 3).await;
    assert_eq!(tokens(&db).await, 4, "pending, being voided, and another way that waits");
    hear(&db, world.cancelled()).await;
    sent(&db).await;
    sweep(&db, 4).await;
    assert!(tokens(&db).await > 0, "the provider has not said yet that it is off");
    let voided =
        PaymentAnswered { purpose: PaymentPurpose::Void, ..world.answered(2, ProviderAnswer::Voided) };
    hear(&db, voided).await;
    sweep(&db, 5).await;
    assert_eq!(tokens(&db).await, 0);
}

#[tokio::test]
async fn who_left_twice_left_once_and_others_keep_theirs() {
    let (db, world) = (database().await, World::new());
    let gone = UserDeleted { user_id: CustomerId(world.order.0), version: 3 };
    hear(&db, gone.clone()).await;
    let probe = [heard(gone)];
    let mut till = Till::load(&Rules::default(), &mut db.begin().await.unwrap(), &probe).await.unwrap();
    assert_eq!(till.decide(&probe[0]), Decision::Ignore(Why::Repeat));
    hear(&db, world.created()).await;
    hear(&db, world.cancelled()).await;
    sweep(&db, 1).await;
    assert_eq!(tokens(&db).await, 1);
}
