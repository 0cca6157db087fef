//! Importing, telling and listing products on a real Postgres.

use catalog::{MIGRATIONS, News, Unannounced, get, import, list};
use chassis::{Fault, Outgoing, Sweep, provision::scratch};
use contracts::{
    Amount, MAX_IMPORT, MessageId, Product, ProductChanged, ProductVersion, Refusal, Sku, Text, Timestamp,
};
use sqlx::PgPool;
use std::{collections::BTreeSet, time::Duration};

const NOW: i64 = 1_795_000_000_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(NOW).plus(Duration::from_secs(seconds))
}

async fn database() -> PgPool {
    scratch(tools::postgres::shared(), &MIGRATIONS).await.expect("a database")
}

fn sku(name: &str) -> Sku {
    Text::new(name).expect("a SKU")
}

fn product(name: &str, price: i64) -> Product {
    Product {
        sku: sku(name),
        name: Text::new(format!("A {name}")).expect("a name"),
        price: Amount::new(price).expect("an amount"),
        currency: "GBP".parse().expect("a currency"),
        active: true,
    }
}

fn pairs(versions: &[ProductVersion]) -> Vec<(&str, i64)> {
    versions.iter().map(|product| (product.sku.as_str(), product.version)).collect()
}

/// By SKU: a batch of changes has no order of its own.
fn told(changes: &[ProductChanged]) -> Vec<(&str, i64)> {
    let by_sku: BTreeSet<_> = changes.iter().map(|change| (change.sku.as_str(), change.version)).collect();
    by_sku.into_iter().collect()
}

/// The import answers with these versions, and leaves these changes to be told.
async fn check(db: &PgPool, products: &[Product], versions: &[(&str, i64)], changes: &[(&str, i64)]) {
    let (answered, News { changes: changed, .. }) = import(db, products, at(0)).await.expect("imported");
    assert_eq!(pairs(&answered), versions, "versions");
    assert_eq!(told(&changed), changes, "changes");
}

#[tokio::test]
async fn new_products_begin_at_one_changed_ones_go_up_and_equal_ones_stay() {
    let db = database().await;
    check(
        &db,
        &[product("tea", 100), product("mug", 250)],
        &[("tea", 1), ("mug", 1)],
        &[("mug", 1), ("tea", 1)],
    )
    .await;
    check(&db, &[product("mug", 250), product("tea", 100)], &[("mug", 1), ("tea", 1)], &[]).await;
    check(
        &db,
        &[product("mug", 300), product("tea", 100), product("pot", 900)],
        &[("mug", 2), ("tea", 1), ("pot", 1)],
        &[("mug", 2), ("pot", 1)],
    )
    .await;
    check(&db, &[], &[], &[]).await;
}

#[tokio::test]
async fn a_change_of_any_field_is_a_new_version_and_is_shown() {
    let db = database().await;
    let mut wanted = product("mug", 250);
    check(&db, &[wanted.clone()], &[("mug", 1)], &[("mug", 1)]).await;
    wanted.name = Text::new("A larger mug").unwrap();
    check(&db, &[wanted.clone()], &[("mug", 2)], &[("mug", 2)]).await;
    wanted.currency = "EUR".parse().unwrap();
    check(&db, &[wanted.clone()], &[("mug", 3)], &[("mug", 3)]).await;
    wanted.active = false;
    let (_, News { changes, .. }) = import(&db, &[wanted.clone()], at(0)).await.unwrap();
    let shown = get(&db, &wanted.sku).await.unwrap();
    assert_eq!((&shown.name, shown.price, shown.currency), (&wanted.name, wanted.price, wanted.currency));
    assert_eq!((shown.active, shown.version), (false, 4));
    let [change] = &changes[..] else { panic!("one change: {changes:?}") };
    assert_eq!((&change.name, change.currency, change.active), (&wanted.name, wanted.currency, false));
}

/// The request is refused for this field, and nothing is imported.
async fn refused(products: &[Product], field: &str) {
    let db = database().await;
    match import(&db, products, at(0)).await {
        Err(Fault::Refused(Refusal::Invalid { field: found, .. })) => assert_eq!(found, field),
        other => panic!("not refused: {other:?}"),
    }
    let stored: i64 =
        sqlx::query_scalar("select count(*) from product").fetch_one(&db).await.expect("a count");
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn an_import_names_each_sku_once() {
    let products = [product("mug", 1), product("tea", 1), product("pot", 1), product("tea", 1)];
    refused(&products, "products[3].sku").await;
}

#[tokio::test]
async fn an_import_has_a_limit() {
    let mut products: Vec<_> = (0..=MAX_IMPORT).map(|n| product(&format!("x{n:03}"), 1)).collect();
    refused(&products, "products").await;
    products.pop();
    let (versions, News { changes, .. }) = import(&database().await, &products, at(0)).await.unwrap();
    assert_eq!((versions.len(), changes.len()), (MAX_IMPORT, MAX_IMPORT));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_at_once_make_each_product_once_and_lose_no_change() {
    /// Imports of the same products at the same time, each with a price of its own.
    const IMPORTS: i64 = 4;
    let db = database().await;
    for round in 0..20 {
        let mut imports = tokio::task::JoinSet::new();
        for price in 1..=IMPORTS {
            let db = db.clone();
            let mut products: Vec<_> =
                (0..10).map(|n| product(&format!("r{round}-{n}"), round * 100 + price)).collect();
            if price % 2 == 0 {
                products.reverse();
            }
            imports.spawn(async move { import(&db, &products, at(0)).await.expect("imported").1.changes });
        }
        let mut ids = BTreeSet::new();
        for changes in imports.join_all().await {
            assert_eq!(changes.len(), 10, "each import changed all prices");
            ids.extend(changes.into_iter().map(|change| (change.sku, change.version)));
        }
        assert_eq!(ids.len(), 40, "each version was given once");
        assert_eq!(ids.iter().map(|(_, version)| *version).max(), Some(IMPORTS));
    }
}

/// What a sweep would tell at this time.
async fn sweep(db: &PgPool, now: Timestamp) -> Vec<Outgoing> {
    let mut tx = db.begin().await.expect("a transaction");
    let due = Unannounced::due(&mut tx, now).await.expect("a sweep");
    tx.commit().await.expect("committed");
    due
}

async fn mark(db: &PgPool, sent: &[MessageId]) {
    let mut connection = db.acquire().await.expect("a connection");
    Unannounced::published(&mut connection, sent).await.expect("marked");
}

fn read(messages: &[Outgoing]) -> Vec<ProductChanged> {
    let read = |message: &Outgoing| contracts::read_body(&message.body).expect("a product.changed");
    messages.iter().map(read).collect()
}

fn ids(messages: &[Outgoing]) -> Vec<MessageId> {
    messages.iter().map(|message| message.id).collect()
}

#[tokio::test]
async fn what_a_request_did_not_tell_a_sweep_tells() {
    let db = database().await;
    let (_, News { changes, .. }) =
        import(&db, &[product("mug", 250), product("tea", 100)], at(0)).await.unwrap();
    assert_eq!(sweep(&db, at(4)).await, [], "the request is still at it");
    let due = sweep(&db, at(5)).await;
    assert_eq!(read(&due), changes);
    assert_eq!(due[0].subject, "product.changed");
    assert_eq!(sweep(&db, at(6)).await, [], "claimed by the sweep before");
    let again = sweep(&db, at(66)).await;
    assert_eq!(ids(&again), ids(&due), "not marked, so told again, under the same ids");
    mark(&db, &ids(&again)).await;
    assert_eq!(sweep(&db, at(1_000)).await, []);
}

#[tokio::test]
async fn an_equal_import_tells_nothing_and_puts_nothing_off() {
    let db = database().await;
    import(&db, &[product("mug", 250)], at(0)).await.unwrap();
    import(&db, &[product("mug", 250)], at(4)).await.unwrap();
    assert_eq!(sweep(&db, at(5)).await.len(), 1);
}

#[tokio::test]
async fn a_version_that_came_meanwhile_is_still_told() {
    let db = database().await;
    import(&db, &[product("mug", 250), product("tea", 100)], at(0)).await.unwrap();
    let first = sweep(&db, at(5)).await;
    import(&db, &[product("mug", 300)], at(6)).await.unwrap();
    mark(&db, &ids(&first)).await;
    let rest = read(&sweep(&db, at(100)).await);
    assert_eq!(told(&rest), [("mug", 2)]);
}

#[tokio::test]
async fn two_sweeps_at_once_do_not_wait_for_each_other() {
    let db = database().await;
    import(&db, &[product("mug", 250)], at(0)).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    assert_eq!(Unannounced::due(&mut tx, at(5)).await.unwrap().len(), 1);
    let other = tokio::time::timeout(Duration::from_secs(10), sweep(&db, at(5)));
    assert_eq!(other.await.expect("it does not wait"), []);
}

#[tokio::test]
async fn an_import_locks_its_products_in_the_order_of_their_keys() {
    let db = database().await;
    // The product that is second by its key was made first, and is first by its version.
    import(&db, &[product("b", 1)], at(0)).await.unwrap();
    import(&db, &[product("a", 1)], at(0)).await.unwrap();
    import(&db, &[product("a", 2)], at(0)).await.unwrap();
    let lock = "select 1 from product where sku = $1 for update nowait";
    let mut holder = db.begin().await.unwrap();
    sqlx::query(lock).bind("a").execute(&mut *holder).await.unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    let replica = db.clone();
    waiting.spawn(async move { import(&replica, &[product("b", 3), product("a", 3)], at(0)).await });
    let blocked = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..500 {
        if sqlx::query_scalar::<_, i64>(blocked).fetch_one(&db).await.unwrap() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(waiting.try_join_next().is_none(), "it did not wait for the first product");
    sqlx::query(lock).bind("b").execute(&mut *holder).await.expect("the second product is still free");
    holder.rollback().await.unwrap();
    let (versions, _) = waiting.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(pairs(&versions), [("b", 2), ("a", 3)]);
}

#[tokio::test]
async fn the_id_of_a_change_is_made_of_sku_and_version() {
    let db = database().await;
    import(&db, &[product("mug", 250)], at(0)).await.unwrap();
    let due = sweep(&db, at(5)).await;
    assert_eq!(ids(&due), [MessageId::named(&["product.changed", "mug", "1"])]);
    assert_eq!(due[0].about, MessageId::named(&["product", "mug"]).0);
}

#[tokio::test]
async fn pages_hold_every_product_once_in_the_order_of_the_keys() {
    let db = database().await;
    // Byte order: capital letters before small ones, and no language's rules.
    let names = ["10@1.00", "85123A@2.55", "B", "Ä", "a", "b@1", "b@1.00"];
    let products: Vec<_> = names.iter().map(|name| product(name, 1)).collect();
    import(&db, &products, at(0)).await.unwrap();
    let mut expected = names.map(sku);
    expected.sort();
    for limit in [1, 2, 3, 7, 500] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = list(&db, after.as_ref(), limit).await.unwrap();
            assert!(page.products.len() <= limit as usize);
            seen.extend(page.products.into_iter().map(|product| product.sku));
            let Some(next) = page.next else { break };
            assert_eq!(seen.last(), Some(&next));
            after = Some(next);
        }
        assert_eq!(seen, expected, "pages of {limit}");
    }
}

#[tokio::test]
async fn a_page_has_a_limit_and_an_unknown_product_is_not_found() {
    let db = database().await;
    for limit in [0, 501, u32::MAX] {
        let refused = list(&db, None, limit).await;
        let Err(Fault::Refused(Refusal::Invalid { field, .. })) = refused else { panic!("{refused:?}") };
        assert_eq!(field, "limit");
    }
    let unknown = get(&db, &sku("yeti")).await;
    assert!(matches!(unknown, Err(Fault::Refused(Refusal::NotFound { .. }))));
}

#[tokio::test]
async fn the_database_states_the_laws_too() {
    let db = database().await;
    import(&db, &[product("mug", 250)], at(0)).await.unwrap();
    let cases = [
        ("update product set price = -1", "product_price_not_negative"),
        ("update product set version = 0", "product_version_from_one"),
        ("insert into product select * from product", "product_pkey"),
    ];
    for (sql, constraint) in cases {
        let error = sqlx::query(sql).execute(&db).await.expect_err("a violation");
        let violated = error.as_database_error().and_then(sqlx::error::DatabaseError::constraint);
        assert_eq!(violated, Some(constraint), "{error}");
    }
}
