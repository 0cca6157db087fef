//! What `orders` keeps of people who left, on real Postgres: erased once their orders are settled, whatever came first.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

mod shop;
#[path = "shop/database.rs"]
mod with_database;

use chassis::{Decision, Heard, Outgoing, Sweep, Why};
use contracts::{CustomerId, Message, MessageId, OrderCreated, PlaceOrder, UserDeleted};
use orders::{EraseLeavers, Hears};
use shop::*;
use sqlx::PgPool;
use std::time::Duration;
use with_database::{database, load, take};

fn gone(who: CustomerId) -> Heard<Hears> {
    command(UserDeleted { user_id: who, version: 3 })
}

async fn open() -> PgPool {
    let db = database().await;
    take(&db, &[product("cup", 250, 1), product("pot", 1_000, 1)]).await.unwrap();
    db
}

/// One sweep, so many minutes after noon.
async fn sweep(db: &PgPool, minutes: u64) {
    let mut tx = db.begin().await.unwrap();
    let due = EraseLeavers::due(&mut tx, noon().plus(Duration::from_secs(minutes * 60))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due, []);
}

/// How many orders still say where to.
async fn addresses(db: &PgPool) -> i64 {
    let sql = "select count(*) from customer_order where address is not null";
    sqlx::query_scalar(sql).fetch_one(db).await.unwrap()
}

async fn total(db: &PgPool) -> i64 {
    let sql = "select total from customer_order where state = 'cancelled' and lines is not null";
    sqlx::query_scalar(sql).fetch_one(db).await.unwrap()
}

#[tokio::test]
async fn an_order_under_way_keeps_its_address_until_it_is_settled() {
    let db = open().await;
    take(&db, &[place(), gone(ANN)]).await.unwrap();
    sweep(&db, 0).await;
    assert_eq!(addresses(&db).await, 1, "it is still to be delivered");
    take(&db, &[by_ann()]).await.unwrap();
    sweep(&db, 0).await;
    assert_eq!(addresses(&db).await, 1, "looked at a moment ago");
    sweep(&db, 1).await;
    assert_eq!((addresses(&db).await, total(&db).await), (0, 1_500), "the accounts stay");
}

#[tokio::test]
async fn an_order_that_comes_long_after_its_customer_left_is_settled_and_then_erased() {
    let db = open().await;
    take(&db, &[gone(ANN)]).await.unwrap();
    for day in 0..10 {
        sweep(&db, day * 24 * 60).await;
    }
    take(&db, &[place()]).await.unwrap();
    take(&db, &[by_ann()]).await.unwrap();
    assert_eq!(addresses(&db).await, 1);
    sweep(&db, 12 * 24 * 60).await;
    assert_eq!((addresses(&db).await, total(&db).await), (0, 1_500));
}

#[tokio::test]
async fn the_journal_forgets_the_address_too_and_nobody_elses() {
    let db = open().await;
    let mut bobs = order_form(order(9));
    bobs.customer_id = BOB;
    take(&db, &[place(), nth(order(9), 0, bobs)]).await.unwrap();
    for id in [ORDER, order(9)] {
        let form = order_form(id);
        let created = OrderCreated {
            order_id: id,
            customer_id: form.customer_id,
            currency: form.currency,
            total: amount(1_500),
            lines: form.lines,
            address: form.address,
            slot: form.slot,
            payment: form.payment,
        };
        let out = Outgoing::new(MessageId::about(id.0, OrderCreated::INFO.code, 0), id, &created).unwrap();
        sqlx::query("insert into journal (message_id, outputs) values ($1, $2)")
            .bind(MessageId::about(id.0, PlaceOrder::INFO.code, 0).0)
            .bind(out.body.as_ref())
            .execute(&db)
            .await
            .unwrap();
    }
    let kept = async || -> i64 {
        let sql = "select count(*) from journal where position('1 Lane'::bytea in outputs) > 0";
        sqlx::query_scalar(sql).fetch_one(&db).await.unwrap()
    };
    take(&db, &[gone(ANN)]).await.unwrap();
    sweep(&db, 0).await;
    assert_eq!(kept().await, 2, "what is not settled may have to be told again");
    take(&db, &[by_ann()]).await.unwrap();
    sweep(&db, 1).await;
    assert_eq!((kept().await, addresses(&db).await), (1, 1), "Bob has not left");
}

#[tokio::test]
async fn who_left_twice_left_once() {
    let db = open().await;
    take(&db, &[gone(ANN)]).await.unwrap();
    let mut book = load(&db, &[gone(ANN), gone(BOB)]).await;
    assert_eq!(book.decide(&gone(ANN)), Decision::Ignore(Why::Repeat));
    assert_eq!(book.decide(&gone(BOB)), Decision::NOTED);
    assert_eq!(book.decide(&gone(BOB)), Decision::Ignore(Why::Repeat));
}

#[tokio::test]
async fn thousands_of_orders_are_erased_in_steps() {
    let db = open().await;
    take(&db, &[place()]).await.unwrap();
    take(&db, &[by_ann(), gone(ANN)]).await.unwrap();
    let more = "insert into customer_order
                select (jsonb_populate_record(o, jsonb_build_object('order_id', gen_random_uuid()))).*
                from customer_order o, generate_series(1, 1500)";
    sqlx::query(more).execute(&db).await.unwrap();
    sweep(&db, 0).await;
    assert_eq!(addresses(&db).await, 501);
    sweep(&db, 0).await;
    assert_eq!(addresses(&db).await, 0, "due again at once");
}
