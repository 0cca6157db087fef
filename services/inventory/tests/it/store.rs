//! The shelf on a real Postgres.

use crate::said::{adjust, cancelled, created, dispatched, heard, lines, order, receive, sku};
use chassis::{Decision, Fault, Heard, Lease, Participant, Why, provision::scratch, save};
use contracts::Refusal;
use inventory::{
    Hears, MIGRATIONS, Shelf,
    domain::{Holding, Level},
};
use sqlx::{Error, PgPool};

async fn database() -> PgPool {
    scratch(tools::postgres::shared(), &MIGRATIONS).await.expect("a database")
}

/// What the runtime does with a batch; returns the decisions.
async fn batch(db: &PgPool, messages: Vec<Hears>) -> Result<Vec<Decision<inventory::Tells>>, Error> {
    let heard: Vec<Heard<Hears>> = (0..).zip(messages).map(|(n, message)| heard(n, message)).collect();
    let mut tx = db.begin().await?;
    let mut shelf = Shelf::load(&(), &mut tx, &heard).await?;
    let decisions = heard.iter().map(|heard| shelf.decide(heard)).collect();
    save(shelf, Lease::NONE, &mut tx).await?;
    tx.commit().await?;
    Ok(decisions)
}

/// The rows that these messages touch, as they are stored.
async fn stored(db: &PgPool, messages: Vec<Hears>) -> Shelf {
    let heard: Vec<_> = messages.into_iter().map(|message| heard(0, message)).collect();
    let mut connection = db.acquire().await.expect("a connection");
    Shelf::load(&(), &mut connection, &heard).await.expect("a shelf")
}

#[track_caller]
fn violated(result: Result<impl std::fmt::Debug, Error>, constraint: &str) {
    let error = result.expect_err("a violation");
    let violated = error.as_database_error().and_then(sqlx::error::DatabaseError::constraint);
    assert_eq!(violated, Some(constraint), "{error}");
}

#[tokio::test]
async fn what_a_batch_decides_the_next_one_finds() {
    let db = database().await;
    let wanted = &[("mug", 2), ("tea", 1)];
    batch(&db, vec![receive("r1", &[("mug", 10), ("tea", 3)])]).await.unwrap();
    batch(&db, vec![created(order(1), wanted), created(order(2), wanted), created(order(3), wanted)])
        .await
        .unwrap();
    // Alone in their batches: the SKUs that they change stand only in the stored holds.
    batch(&db, vec![cancelled(order(2))]).await.unwrap();
    batch(&db, vec![dispatched(order(1))]).await.unwrap();
    batch(&db, vec![created(order(4), &[("mug", 10)]), cancelled(order(5)), dispatched(order(6))])
        .await
        .unwrap();
    batch(&db, vec![adjust("a1", "mug", -1)]).await.unwrap();

    let all = (1..=6).map(|n| created(order(n), wanted)).collect();
    let shelf = stored(&db, all).await;
    let expected = [
        (order(1), Holding::Committed(lines(wanted))),
        (order(2), Holding::Released(lines(wanted))),
        (order(3), Holding::Reserved(lines(wanted))),
        (order(4), Holding::Rejected),
        (order(5), Holding::Tombstone),
        (order(6), Holding::Dispatched),
    ];
    assert_eq!(shelf.orders, expected.into_iter().collect());
    // +10 −2 (dispatched) −1 (counted), one order open; each of six changes made the version grow.
    assert_eq!(shelf.level(&sku("mug")), Level { on_hand: 7, reserved: 2, version: 7 });
    assert_eq!(shelf.level(&sku("tea")), Level { on_hand: 2, reserved: 1, version: 6 });
    audit(&db).await;
}

/// on hand = Σ movements, reserved = Σ live reservations, as `starling audit` asks it.
async fn audit(db: &PgPool) {
    let wrong: Vec<String> = sqlx::query_scalar(
        "select s.sku from stock s
         where s.on_hand <> coalesce((select sum(m.quantity) from movement m where m.sku = s.sku), 0)
            or s.reserved <> coalesce((select sum(l.value::bigint)
                                       from stock_order o, jsonb_each_text(o.lines) l
                                       where o.state = 'reserved' and l.key = s.sku), 0)",
    )
    .fetch_all(db)
    .await
    .expect("an answer");
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn an_order_is_taken_and_given_back_within_one_batch() {
    let db = database().await;
    batch(
        &db,
        vec![
            receive("r1", &[("mug", 5)]),
            created(order(1), &[("mug", 5)]),
            cancelled(order(1)),
            created(order(2), &[("mug", 3)]),
            dispatched(order(2)),
        ],
    )
    .await
    .unwrap();
    let shelf = stored(&db, vec![cancelled(order(1)), created(order(2), &[("mug", 3)])]).await;
    assert_eq!(shelf.orders.get(&order(1)), Some(&Holding::Released(lines(&[("mug", 5)]))));
    assert_eq!(shelf.level(&sku("mug")), Level { on_hand: 2, reserved: 0, version: 5 });
    audit(&db).await;
}

#[tokio::test]
async fn a_reference_is_booked_once_for_ever() {
    let db = database().await;
    batch(&db, vec![receive("r1", &[("mug", 5)]), adjust("r1", "mug", 1)]).await.unwrap();
    let again = batch(&db, vec![receive("r1", &[("tea", 5)]), adjust("r1", "tea", 1)]).await.unwrap();
    assert_eq!(again, [Decision::Ignore(Why::Repeat), Decision::Ignore(Why::Repeat)]);
}

/// Two replicas decide at the same time on what both have loaded.
async fn race(db: &PgPool, one: Hears, other: Hears) -> Result<(), Error> {
    let (one, other) = ([heard(1, one)], [heard(2, other)]);
    let (mut tx_one, mut tx_other) = (db.begin().await?, db.begin().await?);
    let mut shelf_one = Shelf::load(&(), &mut tx_one, &one).await?;
    let mut shelf_other = Shelf::load(&(), &mut tx_other, &other).await?;
    drop((shelf_one.decide(&one[0]), shelf_other.decide(&other[0])));
    save(shelf_one, Lease::NONE, &mut tx_one).await?;
    let late = async {
        save(shelf_other, Lease::NONE, &mut tx_other).await?;
        tx_other.commit().await
    };
    let (first, second) = tokio::join!(tx_one.commit(), late);
    first?;
    second
}

#[tokio::test]
async fn two_replicas_do_not_both_make_one_order() {
    let db = database().await;
    let result = race(&db, cancelled(order(1)), created(order(1), &[("mug", 1)])).await;
    violated(result, "stock_order_pkey");
}

#[tokio::test]
async fn two_replicas_do_not_both_book_one_reference() {
    let db = database().await;
    let result = race(&db, receive("r1", &[("mug", 1)]), receive("r1", &[("tea", 1)])).await;
    violated(result, "movement_reference_once");
}

#[tokio::test]
async fn two_replicas_do_not_both_make_one_sku() {
    let db = database().await;
    let result = race(&db, receive("r1", &[("mug", 1)]), receive("r2", &[("mug", 1)])).await;
    violated(result, "stock_pkey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_want_the_same_pieces_sell_each_once() {
    let db = database().await;
    batch(&db, vec![receive("r1", &[("mug", 50), ("tea", 50)])]).await.unwrap();
    let mut buyers = tokio::task::JoinSet::new();
    for replica in 0..4_u16 {
        let db = db.clone();
        buyers.spawn(async move {
            for n in 0..10_u16 {
                let first = 1 + replica * 100 + n * 4;
                // Named in both orders: the rows are locked in the order of their keys all the same.
                let orders = (first..first + 4).map(|n| match n % 2 {
                    0 => created(order(n), &[("mug", 1), ("tea", 1)]),
                    _ => created(order(n), &[("tea", 1), ("mug", 1)]),
                });
                batch(&db, orders.collect()).await.expect("no deadlock");
            }
        });
    }
    while let Some(buyer) = buyers.join_next().await {
        buyer.unwrap();
    }
    let shelf = stored(&db, vec![created(order(0), &[("mug", 1), ("tea", 1)])]).await;
    for name in ["mug", "tea"] {
        let Level { on_hand, reserved, .. } = shelf.level(&sku(name));
        assert_eq!((on_hand, reserved), (50, 50), "{name}");
    }
    let sold: i64 = sqlx::query_scalar("select count(*) from stock_order where state = 'reserved'")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(sold, 50);
    audit(&db).await;
}

/// While one transaction holds the row `first`, another that wants both waits for it, and does not hold `second`.
async fn locked_in_order<K>(db: &PgPool, lock: &'static str, first: K, second: K, wants: Vec<Hears>)
where
    K: Copy + for<'q> sqlx::Encode<'q, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + 'static,
{
    let mut holder = db.begin().await.expect("a transaction");
    sqlx::query(lock).bind(first).execute(&mut *holder).await.expect("the first row");
    let mut waiting = tokio::task::JoinSet::new();
    let replica = db.clone();
    waiting.spawn(async move { batch(&replica, wants).await.expect("a batch") });
    let blocked = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..500 {
        let blocked: i64 = sqlx::query_scalar(blocked).fetch_one(db).await.expect("a count");
        if blocked > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(waiting.try_join_next().is_none(), "it did not wait for the first row");
    sqlx::query(lock).bind(second).execute(&mut *holder).await.expect("the second row is still free");
    holder.rollback().await.expect("rolled back");
    waiting.join_all().await;
}

#[tokio::test]
async fn rows_are_locked_in_the_order_of_their_keys() {
    let db = database().await;
    // The row that is second by its key was written first, and is first by its version.
    batch(&db, vec![receive("r1", &[("b", 9)])]).await.unwrap();
    batch(&db, vec![receive("r2", &[("a", 5)]), receive("r3", &[("a", 4)])]).await.unwrap();
    batch(&db, vec![created(order(2), &[("b", 1)])]).await.unwrap();
    batch(&db, vec![created(order(1), &[("a", 1)])]).await.unwrap();
    let lock = "select 1 from stock where sku = $1 for update nowait";
    locked_in_order(&db, lock, "a", "b", vec![created(order(3), &[("b", 1), ("a", 1)])]).await;
    let lock = "select 1 from stock_order where order_id = $1 for update nowait";
    let ends = vec![cancelled(order(2)), cancelled(order(1))];
    locked_in_order(&db, lock, order(1).0, order(2).0, ends).await;
    audit(&db).await;
}

#[tokio::test]
async fn the_database_states_the_laws_too() {
    let db = database().await;
    let cases = [
        ("insert into stock values ('a', 1, 2, 1)", "stock_available_not_negative"),
        ("insert into stock values ('a', 1, -1, 1)", "stock_reserved_not_negative"),
        ("insert into stock values ('a', 1000000000001, 0, 1)", "stock_on_hand_in_range"),
        ("insert into stock_order values (gen_random_uuid(), 'lost', null)", "stock_order_state_known"),
        (
            "insert into stock_order values (gen_random_uuid(), 'reserved', null)",
            "stock_order_lines_with_hold",
        ),
        (
            "insert into stock_order values (gen_random_uuid(), 'tombstone', '{}')",
            "stock_order_lines_with_hold",
        ),
        (
            "insert into movement (sku, quantity, kind, reference, line, at)
             values ('a', -1, 'receipt', 'r', 0, now())",
            "movement_direction",
        ),
        (
            "insert into movement (sku, quantity, kind, order_id, line, at)
             values ('a', 1, 'commit', gen_random_uuid(), 0, now())",
            "movement_direction",
        ),
        (
            "insert into movement (sku, quantity, kind, line, at) values ('a', 1, 'adjustment', 0, now())",
            "movement_cause",
        ),
        (
            "insert into movement (sku, quantity, kind, order_id, line, at)
             select 'a', -1, 'commit', '00000000-0000-0000-0000-000000000001', 0, now()
             from generate_series(1, 2)",
            "movement_commit_once",
        ),
    ];
    for (sql, constraint) in cases {
        violated(sqlx::query(sql).execute(&db).await, constraint);
    }
}

#[tokio::test]
async fn a_level_is_shown_and_an_unknown_sku_is_not_found() {
    let db = database().await;
    batch(&db, vec![receive("r1", &[("mug", 5)]), created(order(1), &[("mug", 2)])]).await.unwrap();
    let level = inventory::level(&db, sku("mug")).await.unwrap();
    assert_eq!((level.on_hand, level.reserved, level.available, level.version), (5, 2, 3, 2));
    let unknown = inventory::level(&db, sku("yeti")).await;
    assert!(matches!(unknown, Err(Fault::Refused(Refusal::NotFound { .. }))));
}
