//! Rows on real Postgres: what is saved is what is loaded, and the constraints refuse what they should.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

mod shop;
#[path = "shop/database.rs"]
mod with_database;

use chassis::{AfterCommit, Decision, Heard, Lease, Participant, Rows, Sweep, save};
use contracts::{MessageId, Role};
use orders::{Book, DueOrders, Hears, Rules, domain::Known};
use proptest::{prelude::*, test_runner::TestRunner};
use shop::*;
use sqlx::{PgPool, Row};
use std::{convert::Infallible, time::Duration};
use with_database::{database, load, take};

/// The rows as a later batch finds them: unmarked, and without what no decision needs.
fn at_rest(book: &Book) -> (String, String, String) {
    let orders: Rows<_, _> = book
        .orders
        .iter()
        .map(|(id, row)| {
            let mut row = row.clone();
            if let Known::Placed(order) = &mut row.known {
                order.goods = None;
            }
            (*id, row)
        })
        .collect();
    let keys: Rows<_, _> = book.keys.iter().map(|(key, first)| (key.clone(), first.clone())).collect();
    let products: Rows<_, _> =
        book.products.iter().map(|(sku, price)| (sku.clone(), price.clone())).collect();
    (format!("{orders:#?}"), format!("{keys:#?}"), format!("{products:#?}"))
}

fn catalog() -> [Heard<Hears>; 2] {
    [product("cup", 250, 1), product("pot", 1_000, 1)]
}

fn everything() -> Vec<Heard<Hears>> {
    let mut all =
        vec![place(), place_again(), by_ann(), by_bob(), by_boss(), cancel(AGAIN, ANN, Role::Customer)];
    all.extend([expire_at(noon()), expire_at(deadline()), product("cup", 300, 2)]);
    let names = [
        "stock.reserved",
        "stock.rejected",
        "stock.released",
        "payment.captured",
        "payment.pending",
        "payment.declined",
        "shipment.held",
        "shipment.scheduled",
        "shipment.cancelled",
        "shipment.dispatched",
        "shipment.delivered",
    ];
    all.extend(names.iter().map(|name| news(name)));
    all
}

/// Whatever the batches are, a book that goes through the database decides what one in memory decides.
#[tokio::test]
async fn a_book_survives_the_database() {
    let db = database().await;
    let all = everything();
    let mut runner = TestRunner::deterministic();
    let lives = prop::collection::vec(prop::collection::vec(0..all.len(), 1..6), 1..8);
    for _ in 0..60 {
        use proptest::strategy::ValueTree;
        sqlx::query("truncate customer_order, idempotency, timeline, product").execute(&db).await.unwrap();
        take(&db, &catalog()).await.unwrap();
        let mut memory = shop();
        for batch in lives.new_tree(&mut runner).unwrap().current() {
            let batch: Vec<Heard<Hears>> = batch.iter().map(|at| all[*at].clone()).collect();
            let mut tx = db.begin().await.unwrap();
            let mut book = Book::load(&Rules::default(), &mut tx, &batch).await.unwrap();
            for heard in &batch {
                assert_eq!(book.decide(heard), memory.decide(heard), "{:?}", heard.message);
            }
            save(book, Lease::NONE, &mut tx).await.unwrap();
            tx.commit().await.unwrap();
        }
        let stored = load(&db, &all).await;
        assert_eq!(at_rest(&stored), at_rest(&memory));
        let entries: i64 = sqlx::query_scalar("select count(*) from timeline").fetch_one(&db).await.unwrap();
        assert_eq!(entries, i64::try_from(memory.timeline.len()).unwrap());
    }
}

#[tokio::test]
async fn what_was_only_looked_at_is_not_written() {
    let db = database().await;
    take(&db, &catalog()).await.unwrap();
    take(&db, &[place()]).await.unwrap();
    let version = async || -> String {
        sqlx::query_scalar("select ctid::text from customer_order").fetch_one(&db).await.unwrap()
    };
    let before = version().await;
    take(&db, &[place(), by_bob(), expire_at(noon())]).await.unwrap();
    assert_eq!(version().await, before);
}

fn live(after: AfterCommit<Infallible>) -> Vec<(String, String)> {
    after.live.into_iter().map(|live| (live.subject, String::from_utf8(live.body).unwrap())).collect()
}

#[tokio::test]
async fn who_watches_an_order_or_its_alias_is_told_after_commit() {
    let db = database().await;
    take(&db, &catalog()).await.unwrap();
    let told = live(take(&db, &[place(), news("shipment.held"), news("stock.reserved")]).await.unwrap());
    assert_eq!(told, [(format!("live.order.{ORDER}"), r#"{"seq":3,"status":"stock_reserved"}"#.to_owned())]);
    let told = live(take(&db, &[place_again()]).await.unwrap());
    let body = r#"{"seq":4,"status":"stock_reserved"}"#.to_owned();
    assert_eq!(told, [ORDER, AGAIN].map(|id| (format!("live.order.{id}"), body.clone())));
    assert_eq!(live(take(&db, &[place_again(), by_bob()]).await.unwrap()), []);
}

#[track_caller]
fn check_refused(outcome: sqlx::Result<impl Sized>, constraint: &str) {
    let Err(sqlx::Error::Database(error)) = outcome else { panic!("not refused: {constraint}") };
    assert_eq!(error.constraint(), Some(constraint));
}

#[tokio::test]
async fn two_replicas_cannot_both_make_an_order_or_use_a_key_first() {
    let db = database().await;
    take(&db, &catalog()).await.unwrap();
    // Both load before either has saved: a tombstone and a placement, then two placements under one key.
    let mut first = db.begin().await.unwrap();
    let mut second = db.begin().await.unwrap();
    let mut placing = Book::load(&Rules::default(), &mut first, &[place()]).await.unwrap();
    let mut cancelling = Book::load(&Rules::default(), &mut second, &[by_ann()]).await.unwrap();
    assert!(matches!(placing.decide(&place()), Decision::Accept(_)));
    assert_eq!(cancelling.decide(&by_ann()), Decision::NOTED);
    save(placing, Lease::NONE, &mut first).await.unwrap();
    first.commit().await.unwrap();
    check_refused(save(cancelling, Lease::NONE, &mut second).await, "customer_order_pkey");
    drop(second);

    let other = |id| {
        let mut form = order_form(id);
        form.idempotency_key = text("second");
        nth(id, 0, form)
    };
    let (one, two) = (other(order(7)), other(order(8)));
    let mut first = db.begin().await.unwrap();
    let mut second = db.begin().await.unwrap();
    let mut a = Book::load(&Rules::default(), &mut first, std::slice::from_ref(&one)).await.unwrap();
    let mut b = Book::load(&Rules::default(), &mut second, std::slice::from_ref(&two)).await.unwrap();
    assert!(matches!(a.decide(&one), Decision::Accept(_)) && matches!(b.decide(&two), Decision::Accept(_)));
    save(a, Lease::NONE, &mut first).await.unwrap();
    first.commit().await.unwrap();
    check_refused(save(b, Lease::NONE, &mut second).await, "idempotency_key_stands_for_one_order");
    drop(second);
    // Taken again, it is found to be an alias.
    take(&db, &[two]).await.unwrap();
    let known: String = sqlx::query_scalar("select state from customer_order where order_id = $1")
        .bind(order(8).0)
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(known, "alias");
}

async fn spoil(db: &PgPool, set: &str) -> sqlx::Result<()> {
    sqlx::query(sqlx::AssertSqlSafe(format!("update customer_order set {set}"))).execute(db).await.map(drop)
}

#[tokio::test]
async fn the_database_knows_the_laws_too() {
    let db = database().await;
    take(&db, &catalog()).await.unwrap();
    take(&db, &[place()]).await.unwrap();
    for (set, constraint) in [
        ("state = 'lost'", "customer_order_state_known"),
        ("customer_id = null", "customer_order_placed_is_whole"),
        ("lines = null", "customer_order_placed_is_whole"),
        ("state = 'alias'", "customer_order_alias_has_original"),
        ("state = 'alias', alias_of = order_id", "customer_order_alias_of_another"),
        ("state = 'cancelled'", "customer_order_cancelled_has_reason"),
        ("reason = '{}'", "customer_order_cancelled_has_reason"),
        ("state = 'confirmed', reserved = true, captured = true", "customer_order_confirmed_has_all_marks"),
        ("next_sweep_at = null", "customer_order_open_is_swept"),
        ("total = -1", "customer_order_total_in_range"),
        ("on_decline = 'hope'", "customer_order_on_decline_known"),
        ("cancel_wanted = 'nobody'", "customer_order_cancel_wanted_known"),
        ("cancel_refused = 'never'", "customer_order_cancel_refused_known"),
        ("seq = -1", "customer_order_seq_counts"),
    ] {
        check_refused(spoil(&db, set).await, constraint);
    }
    let again = "insert into timeline select * from timeline";
    check_refused(sqlx::query(again).execute(&db).await, "timeline_one_entry_per_number");
    let zeroth = "update timeline set seq = 0";
    check_refused(sqlx::query(zeroth).execute(&db).await, "timeline_seq_from_one");
    let negative = "update product set price = -1";
    check_refused(sqlx::query(negative).execute(&db).await, "product_price_in_range");
}

#[tokio::test]
async fn an_orders_personal_data_is_kept_only_where_somebody_needs_it() {
    let db = database().await;
    take(&db, &catalog()).await.unwrap();
    take(&db, &[by_ann(), place()]).await.unwrap();
    let row = sqlx::query("select address, payment_method, to_jsonb(o)::text as all from customer_order o")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(row.get::<Option<serde_json::Value>, _>("address"), None);
    assert_eq!(row.get::<&str, _>("payment_method"), "sandbox.succeeds");
    assert!(!row.get::<&str, _>("all").contains(r#""tok""#), "the token is payments' alone");
}

async fn due(db: &PgPool, minutes: u64) -> Vec<MessageId> {
    let mut tx = db.begin().await.unwrap();
    let now = noon().plus(Duration::from_secs(minutes * 60));
    let due = DueOrders::due(&mut tx, now).await.unwrap();
    tx.commit().await.unwrap();
    due.iter().map(|command| command.id).collect()
}

#[tokio::test]
async fn the_timer_fires_at_the_deadline_and_every_minute_until_the_order_is_settled_or_paid() {
    let db = database().await;
    take(&db, &catalog()).await.unwrap();
    take(&db, &[place()]).await.unwrap();
    assert_eq!(due(&db, 14).await, []);
    let fired = due(&db, 15).await;
    let parts = ["order.expire", &ORDER.to_string(), &deadline().to_string()];
    assert_eq!(fired, [MessageId::named(&parts)]);
    assert_eq!(due(&db, 15).await, [], "claimed for a minute");
    take(&db, &[news("shipment.held")]).await.unwrap();
    assert_eq!(due(&db, 15).await, [], "and news does not change that");
    assert_eq!(due(&db, 16).await, fired, "the command may have been lost");

    take(&db, &[news("payment.pending")]).await.unwrap();
    assert_eq!(due(&db, 20).await, [], "the deadline moved");
    let parts = ["order.expire", &ORDER.to_string(), &later().to_string()];
    assert_eq!(due(&db, 30).await, [MessageId::named(&parts)]);

    take(&db, &[news("payment.captured")]).await.unwrap();
    assert_eq!(due(&db, 60).await, [], "what is paid no longer expires");
    take(&db, &[news("stock.rejected")]).await.unwrap();
    let next: Option<time::OffsetDateTime> =
        sqlx::query_scalar("select next_sweep_at from customer_order").fetch_one(&db).await.unwrap();
    assert_eq!(next, None, "settled");
}

#[tokio::test]
async fn two_sweeps_at_once_share_the_due_orders() {
    let db = database().await;
    take(&db, &catalog()).await.unwrap();
    let forms: Vec<Heard<Hears>> = (10..14)
        .map(|number| {
            let mut form = order_form(order(number));
            form.idempotency_key = text(&number.to_string());
            nth(order(number), 0, form)
        })
        .collect();
    take(&db, &forms).await.unwrap();
    let now = noon().plus(Duration::from_secs(3_600));
    let (mut one, mut two) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    let first = DueOrders::due(&mut one, now).await.unwrap();
    let second = DueOrders::due(&mut two, now).await.unwrap();
    assert_eq!((first.len(), second.len()), (4, 0));
}
