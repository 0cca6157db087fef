//! The way to the provider and back: leases, answers, what a crash leaves, and keys that have died.

use crate::sandbox::books;
use crate::store::{database, take};
use crate::world::*;
use chassis::{CallLimits, Outgoing, Outside};
use contracts::*;
use payments::calls::{Calls, Leased};
use payments::sandbox::Sandbox;
use sqlx::PgPool;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(60);

struct Till {
    db: PgPool,
    books: PgPool,
    calls: Calls<Sandbox>,
}

impl Till {
    async fn open() -> Self {
        let (db, books) = (database().await, books().await);
        let calls = Calls::new(Sandbox::in_pool(books.clone()), CallLimits::default());
        Self { db, books, calls }
    }

    /// An order that is to be charged by a method.
    async fn order(&self, method: &str) -> World {
        let world = World::new();
        let created = OrderCreated { payment: means(method), ..world.created() };
        take(&self.db, &[heard(created), heard(world.reserved()), heard(world.held())]).await.unwrap();
        world
    }

    async fn lease(&self) -> Vec<Leased> {
        let mut tx = self.db.begin().await.unwrap();
        let leased = self.calls.lease(&mut tx, 100, LEASE).await.unwrap();
        tx.commit().await.unwrap();
        leased
    }

    /// Leases the one attempt that is due, and calls.
    async fn call(&self) -> Result<Outgoing, chassis::CallFailed> {
        let leased = self.lease().await;
        let [attempt] = leased.as_slice() else { panic!("{leased:?}") };
        self.calls.call(attempt).await
    }

    async fn lease_runs_out(&self) {
        self.sql("update attempt set next_try_at = now()").await;
    }

    async fn sql(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.db).await.unwrap();
    }

    async fn charges(&self) -> i64 {
        sqlx::query_scalar("select count(*) from charge").fetch_one(&self.books).await.unwrap()
    }
}

fn answer(outgoing: &Outgoing) -> PaymentAnswered {
    read_body(&outgoing.body).unwrap()
}

#[tokio::test]
async fn the_answer_comes_back_as_an_event_under_the_attempts_own_id() {
    let till = Till::open().await;
    let world = till.order("sandbox.succeeds").await;
    let told = till.call().await.unwrap();
    assert_eq!(told.id, MessageId::about(world.order.0, PaymentAnswered::INFO.code, 1));
    assert_eq!((told.subject.as_ref(), told.about), ("payment.answered", world.order.0));
    let answered = answer(&told);
    assert_eq!((answered.answer.clone(), answered.amount), (ProviderAnswer::Captured, amount(TOTAL)));
    take(&till.db, &[heard(answered)]).await.unwrap();
    till.lease_runs_out().await;
    assert!(till.lease().await.is_empty(), "answered, and yet due");
}

#[tokio::test]
async fn what_one_leases_no_other_does_until_the_lease_ends() {
    let till = Till::open().await;
    till.order("sandbox.succeeds").await;
    let (mut one, mut two) = (till.db.begin().await.unwrap(), till.db.begin().await.unwrap());
    assert_eq!(till.calls.lease(&mut one, 100, LEASE).await.unwrap().len(), 1);
    assert!(till.calls.lease(&mut two, 100, LEASE).await.unwrap().is_empty(), "skips what is locked");
    one.commit().await.unwrap();
    two.commit().await.unwrap();
    assert!(till.lease().await.is_empty());
    // Whoever had it crashed after the provider was called: the same key, the same answer, the same id.
    till.lease_runs_out().await;
    let first = till.call().await.unwrap();
    till.lease_runs_out().await;
    let again = till.call().await.unwrap();
    assert_eq!((again.id, &again.body), (first.id, &first.body));
    assert_eq!(till.charges().await, 1);
}

#[tokio::test]
async fn a_failed_call_is_made_again_after_the_wait_and_an_answered_one_is_not() {
    let till = Till::open().await;
    till.order("sandbox.answer_lost").await;
    let leased = till.lease().await;
    assert!(till.calls.call(&leased[0]).await.is_err());
    let mut db = till.db.acquire().await.unwrap();
    till.calls.postpone(&mut db, &[(&leased[0], Duration::from_secs(60))]).await.unwrap();
    assert!(till.lease().await.is_empty(), "not before the wait is over");
    till.lease_runs_out().await;
    let leased = till.lease().await;
    let told = answer(&till.calls.call(&leased[0]).await.unwrap());
    assert_eq!(told.answer, ProviderAnswer::Captured);
    take(&till.db, &[heard(told)]).await.unwrap();
    till.calls.postpone(&mut db, &[(&leased[0], Duration::ZERO)]).await.unwrap();
    assert!(till.lease().await.is_empty());
    assert_eq!(till.charges().await, 1);
}

#[tokio::test]
async fn an_unknown_method_is_declined_without_a_provider() {
    let till = Till::open().await;
    till.order("cowrie.shells").await;
    let told = answer(&till.call().await.unwrap());
    assert_eq!(told.answer, ProviderAnswer::Declined { why: DeclineReason::UnknownMethod });
    assert_eq!((told.provider_ref, till.charges().await), (None, 0));
}

#[tokio::test]
async fn what_is_unknown_for_longer_than_its_key_lives_is_looked_up_and_never_sent_again() {
    let till = Till::open().await;
    let never_arrived = till.order("sandbox.down").await;
    assert!(till.call().await.is_err());
    till.sql(
        "update attempt set next_try_at = now(), first_sent_at = now() - interval '25 hours', calls = 9",
    )
    .await;
    let told = answer(&till.call().await.unwrap());
    assert_eq!((told.order_id, &told.answer), (never_arrived.order, &ProviderAnswer::NotFound));
    assert_eq!(till.charges().await, 0);
    take(&till.db, &[heard(told)]).await.unwrap();

    till.order("sandbox.answer_lost").await;
    assert!(till.call().await.is_err());
    till.sql("update attempt set next_try_at = now(), first_sent_at = now() - interval '25 hours'").await;
    assert_eq!(answer(&till.call().await.unwrap()).answer, ProviderAnswer::Captured);
}

#[tokio::test]
async fn a_cancelled_order_is_given_back_what_it_paid() {
    let till = Till::open().await;
    let world = till.order("sandbox.succeeds").await;
    let charged = answer(&till.call().await.unwrap());
    take(&till.db, &[heard(charged), heard(world.refund("part", Some(30)))]).await.unwrap();
    let part = answer(&till.call().await.unwrap());
    take(&till.db, &[heard(part), heard(world.cancelled())]).await.unwrap();
    let rest = answer(&till.call().await.unwrap());
    assert_eq!((rest.amount, &rest.answer), (amount(TOTAL - 30), &ProviderAnswer::Refunded));
    take(&till.db, &[heard(rest)]).await.unwrap();
    let back: i64 = sqlx::query_scalar("select sum(amount)::bigint from refund where state = 'refunded'")
        .fetch_one(&till.books)
        .await
        .unwrap();
    assert_eq!(back, TOTAL);
}

#[tokio::test]
async fn another_way_to_pay_begins_once_the_bank_called_the_first_off() {
    let till = Till::open().await;
    let world = till.order("sandbox.pending").await;
    let pending = answer(&till.call().await.unwrap());
    take(&till.db, &[heard(pending), heard(world.pay()), heard(world.verify())]).await.unwrap();
    let leased = till.lease().await;
    for attempt in &leased {
        take(&till.db, &[heard(answer(&till.calls.call(attempt).await.unwrap()))]).await.unwrap();
    }
    assert_eq!(leased.len(), 2, "a void and a look-up");
    let told = answer(&till.call().await.unwrap());
    assert_eq!((told.purpose, told.method.as_str()), (PaymentPurpose::Charge, "sandbox.slow"));
    assert_eq!(told.answer, ProviderAnswer::Captured);
}
