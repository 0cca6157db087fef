//! Writing, showing and finding listings on a real Postgres.

use catalog::{MIGRATIONS, News, import, put, search, show};
use chassis::{Fault, provision::scratch};
use contracts::{
    Basis, Found, GetListing, ListingView, Put, PutListing, Refusal, SearchListings, Slug, SortBy, Timestamp,
};
use serde_json::{Value, json};
use sqlx::PgPool;

const NOW: i64 = 1_795_000_000_000;

async fn database() -> PgPool {
    scratch(tools::postgres::shared(), &MIGRATIONS).await.expect("a database")
}

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

/// A listing with a variant for each of these SKUs, at a price each.
fn listing(title: &str, variants: &[(&str, i64)]) -> Value {
    let variant = |(sku, amount): &(&str, i64)| json!({ "sku": sku, "prices": [{ "currency": "GBP", "amount": amount }] });
    json!({ "title": title, "variants": variants.iter().map(variant).collect::<Vec<_>>() })
}

fn wanted(name: &str, basis: Basis, listing: &Value) -> PutListing {
    PutListing {
        slug: slug(name),
        basis,
        listing: serde_json::from_value(listing.clone()).expect("a listing"),
    }
}

/// What became of it, and which products are to be told: SKU, version, whether it is sold.
async fn write(db: &PgPool, name: &str, basis: Basis, listing: &Value) -> (Put, Vec<(String, i64, bool)>) {
    let (mut outcomes, news) =
        put(db, &[wanted(name, basis, listing)], Timestamp::from_millis(NOW)).await.expect("answered");
    let told =
        news.changes.iter().map(|change| (change.sku.as_str().to_owned(), change.version, change.active));
    (outcomes.remove(0), told.collect())
}

async fn done(db: &PgPool, name: &str, listing: &Value) {
    let (outcome, _) = write(db, name, Basis::Any, listing).await;
    assert!(matches!(outcome, Put::Done { .. }), "{name}: {outcome:?}");
}

async fn shown(db: &PgPool, name: &str) -> Option<ListingView> {
    match show(db, &GetListing { slug: slug(name), unpublished: false }).await {
        Ok(listing) => Some(listing),
        Err(Fault::Refused(Refusal::NotFound { .. })) => None,
        Err(other) => panic!("{other}"),
    }
}

async fn find(db: &PgPool, ask: Value) -> Found {
    let mut whole = json!({ "limit": 20 });
    whole.as_object_mut().expect("an object").extend(ask.as_object().expect("an object").clone());
    let ask: SearchListings = serde_json::from_value(whole).expect("a question");
    search(db, &ask).await.expect("found")
}

async fn slugs(db: &PgPool, ask: Value) -> Vec<String> {
    find(db, ask).await.listings.into_iter().map(|found| found.slug.to_string()).collect()
}

fn told(changes: &[(&str, i64, bool)]) -> Vec<(String, i64, bool)> {
    changes.iter().map(|(sku, version, active)| ((*sku).to_owned(), *version, *active)).collect()
}

#[tokio::test]
async fn a_change_builds_on_the_version_that_was_read() {
    let db = database().await;
    let first = listing("Mug", &[("mug-red", 500), ("mug-blue", 500)]);
    let (outcome, changes) = write(&db, "mug", Basis::New, &first).await;
    assert_eq!(outcome, Put::Done { version: 1, changed: true });
    assert_eq!(changes, told(&[("mug-blue", 1, true), ("mug-red", 1, true)]));
    let stale = |version| Put::Refused(Refusal::Stale { version });
    assert_eq!(write(&db, "mug", Basis::New, &first).await, (stale(1), vec![]));
    let dearer = listing("Mug", &[("mug-red", 600), ("mug-blue", 500)]);
    let (outcome, changes) = write(&db, "mug", Basis::Version(1), &dearer).await;
    assert_eq!(outcome, Put::Done { version: 2, changed: true });
    assert_eq!(changes, told(&[("mug-red", 2, true)]), "only what is another is told");
    assert_eq!(write(&db, "mug", Basis::Version(1), &first).await, (stale(2), vec![]));
    assert_eq!(write(&db, "pot", Basis::Version(1), &first).await, (stale(0), vec![]));
    assert_eq!(
        write(&db, "mug", Basis::Version(2), &dearer).await.0,
        Put::Done { version: 2, changed: false }
    );
}

#[tokio::test]
async fn a_variant_that_is_left_out_is_sold_no_more() {
    let db = database().await;
    done(&db, "mug", &listing("Mug", &[("mug-red", 500), ("mug-blue", 500)])).await;
    let (_, changes) = write(&db, "mug", Basis::Any, &listing("Mug", &[("mug-blue", 500)])).await;
    assert_eq!(changes, told(&[("mug-red", 2, false)]));
    let variants = shown(&db, "mug").await.expect("shown").variants;
    assert_eq!(variants.iter().map(|one| one.variant.sku.as_str()).collect::<Vec<_>>(), ["mug-blue"]);
    // It may be sold elsewhere now.
    done(&db, "red-mug", &listing("Red mug", &[("mug-red", 500)])).await;
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_keeps_no_other_from_being_taken() {
    let db = database().await;
    done(&db, "mug", &listing("Mug", &[("mug", 500)])).await;
    let mut nowhere = listing("Pot", &[("pot", 900)]);
    nowhere["category"] = json!("kitchen");
    let mut twice = listing("Tea", &[("tea", 100)]);
    twice["variants"][0]["prices"] =
        json!([{ "currency": "GBP", "amount": 1 }, { "currency": "GBP", "amount": 2 }]);
    let batch = [
        wanted("pot", Basis::Any, &nowhere),
        wanted("cup", Basis::Any, &listing("Cup", &[("cup", 200)])),
        wanted("tea", Basis::Any, &twice),
        wanted("other", Basis::Any, &listing("Other", &[("mug", 500)])),
        wanted("none", Basis::Any, &listing("None", &[])),
    ];
    let (outcomes, News { changes, .. }) =
        put(&db, &batch, Timestamp::from_millis(NOW)).await.expect("answered");
    let fault = |outcome: &Put| match outcome {
        Put::Done { .. } => String::new(),
        Put::Refused(Refusal::Invalid { field, .. } | Refusal::Conflict { field, .. }) => field.clone(),
        Put::Refused(other) => other.to_string(),
    };
    let faults: Vec<String> = outcomes.iter().map(fault).collect();
    assert_eq!(faults, ["category", "", "variants[0].prices", "variants[0].sku", "variants"]);
    assert_eq!(changes.len(), 1);
    assert!(shown(&db, "pot").await.is_none() && shown(&db, "cup").await.is_some());
}

#[tokio::test]
async fn an_imported_product_has_a_page_of_its_own_until_a_listing_takes_it() {
    let db = database().await;
    let product = |name: &str| {
        let product = json!({ "sku": "MUG_RED", "name": name, "price": 500, "currency": "GBP" });
        vec![serde_json::from_value(product).expect("a product")]
    };
    let now = Timestamp::from_millis(NOW);
    import(&db, &product("Mug, red"), now).await.expect("imported");
    assert_eq!(shown(&db, "mug-red").await.expect("a page").title.as_str(), "Mug, red");
    import(&db, &product("Mug, bright red"), now).await.expect("imported");
    let page = shown(&db, "mug-red").await.expect("a page");
    assert_eq!(
        (page.title.as_str(), page.version),
        ("Mug, bright red", 2),
        "an automatic page follows its product"
    );
    assert_eq!(slugs(&db, json!({ "words": "bright" })).await, ["mug-red"]);

    done(&db, "mug", &listing("Mug", &[("MUG_RED", 500)])).await;
    assert!(shown(&db, "mug-red").await.is_none(), "nothing is sold on it any more");
    assert_eq!(slugs(&db, json!({ "words": "mug" })).await, ["mug"]);
    // An import changes what it says, and nothing else.
    import(&db, &product("Mug, dark red"), now).await.expect("imported");
    let page = shown(&db, "mug").await.expect("a page");
    assert_eq!((page.title.as_str(), page.version), ("Mug", 2));
}

#[tokio::test]
async fn words_are_found_by_stem_beginning_and_likeness_and_titles_count_most() {
    let db = database().await;
    let mut pot = listing("Brown Betty teapot", &[("POT-1", 2_495)]);
    pot["description"] = json!("For four cups.\nMade of red clay.");
    pot["attributes"] = json!({ "maker": "Cauldon" });
    done(&db, "teapot", &pot).await;
    done(&db, "cups", &listing("Cups with saucers", &[("CUP-1", 1_450)])).await;
    done(&db, "running", &listing("Running shoes", &[("SHOE-1", 9_900)])).await;
    for (words, found) in [
        ("teapot", vec!["teapot"]),
        ("tea", vec!["teapot"]),
        ("Teapto", vec!["teapot"]),
        ("brwon betty", vec!["teapot"]),
        ("cup", vec!["cups", "teapot"]),
        ("run", vec!["running"]),
        ("runs the shoe", vec!["running"]),
        ("cauldon", vec!["teapot"]),
        ("pot-1", vec!["teapot"]),
        ("red clay", vec!["teapot"]),
        ("xyzzyx", vec![]),
        ("' & | ! :* (", vec!["running", "cups", "teapot"]),
    ] {
        assert_eq!(slugs(&db, json!({ "words": words })).await, found, "{words}");
    }
    assert_eq!(find(&db, json!({ "words": "brwon betty" })).await.corrected.as_deref(), Some("brown betty"));
    assert_eq!(find(&db, json!({ "words": "teapot" })).await.corrected, None);
}

/// Three dozen listings: every third is a cup, prices go round, colours and makers differ.
async fn shelves(db: &PgPool) {
    for category in [
        "insert into category values ('home', 'Home', null)",
        "insert into category values ('cups', 'Cups', 'home')",
    ] {
        sqlx::query(category).execute(db).await.expect("a category");
    }
    for number in 0..36_i64 {
        let kind = if number % 3 == 0 { "cup" } else { "pot" };
        let sku = format!("S{number:02}");
        let mut one = listing(&format!("A {kind} no {number:02}"), &[(&sku, 100 + (number * 7) % 36)]);
        one["category"] = if kind == "cup" { json!("cups") } else { json!("home") };
        one["attributes"] = json!({ "colour": if number % 2 == 0 { "red" } else { "blue" } });
        done(db, &format!("{kind}-{number:02}"), &one).await;
    }
    sqlx::query("insert into stock select sku, true, 1 from product where sku < 'S10'")
        .execute(db)
        .await
        .expect("stock");
}

#[tokio::test]
async fn pages_in_every_order_give_each_listing_once() {
    let db = database().await;
    shelves(&db).await;
    for sort in [SortBy::Relevance, SortBy::Newest, SortBy::PriceUp, SortBy::PriceDown, SortBy::Title] {
        for words in [None, Some("pot")] {
            let (mut after, mut found, mut prices) = (None, vec![], vec![]);
            for _ in 0..20 {
                let ask =
                    json!({ "words": words, "sort": sort, "currency": "GBP", "limit": 5, "after": after });
                let page = find(&db, ask).await;
                prices.extend(page.listings.iter().filter_map(|one| one.price).map(|price| price.amount));
                found.extend(page.listings.into_iter().map(|one| one.slug));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let all = if words.is_some() { 24 } else { 36 };
            assert_eq!(found.len(), all, "{sort:?} {words:?}");
            match sort {
                SortBy::PriceUp => assert!(prices.is_sorted()),
                SortBy::PriceDown => assert!(prices.iter().rev().is_sorted()),
                SortBy::Relevance | SortBy::Newest | SortBy::Title => {}
            }
            found.sort();
            found.dedup();
            assert_eq!(found.len(), all, "{sort:?} {words:?}: each once");
        }
    }
}

#[tokio::test]
async fn filters_narrow_what_is_found_and_facets_count_it() {
    let db = database().await;
    shelves(&db).await;
    let found =
        find(&db, json!({ "words": "cup", "currency": "GBP", "facets": true })).await.facets.expect("facets");
    assert_eq!((found.total, found.exact, found.available), (12, true, 4));
    let counts: Vec<(&str, i64)> =
        found.attributes["colour"].iter().map(|value| (value.value.as_str(), value.count)).collect();
    assert_eq!(counts, [("blue", 6), ("red", 6)]);
    assert_eq!((found.categories[0].value.as_str(), found.categories[0].count), ("cups", 12));
    assert!(found.lowest < found.highest);

    let count = async |ask: Value| slugs(&db, ask).await.len();
    let narrow =
        json!({ "words": "cup", "attributes": { "colour": "red" }, "only_available": true, "limit": 100 });
    assert_eq!(slugs(&db, narrow).await, ["cup-00", "cup-06"]);
    assert_eq!(count(json!({ "category": "home", "limit": 100 })).await, 36, "what is below is in it");
    assert_eq!(count(json!({ "category": "cups", "limit": 100 })).await, 12);
    assert_eq!(count(json!({ "category": "garden", "limit": 100 })).await, 0);
    assert_eq!(
        count(json!({ "currency": "GBP", "min_price": 100, "max_price": 109, "limit": 100 })).await,
        10
    );
    assert_eq!(count(json!({ "currency": "EUR", "max_price": 1_000_000, "limit": 100 })).await, 0);
}

#[tokio::test]
async fn a_wrong_question_is_refused_by_its_field() {
    let db = database().await;
    shelves(&db).await;
    let next = find(&db, json!({ "sort": "newest", "limit": 1 })).await.next.expect("a next page");
    for (ask, wrong) in [
        (json!({ "limit": 0 }), "limit"),
        (json!({ "limit": 101 }), "limit"),
        (json!({ "limit": 1, "min_price": 1 }), "currency"),
        (json!({ "limit": 1, "sort": "price_up" }), "currency"),
        (json!({ "limit": 1, "after": "nonsense" }), "after"),
        (json!({ "limit": 1, "sort": "title", "after": next }), "after"),
    ] {
        let ask: SearchListings = serde_json::from_value(ask).expect("a question");
        match search(&db, &ask).await {
            Err(Fault::Refused(Refusal::Invalid { field, .. })) => assert_eq!(field, wrong),
            other => panic!("{wrong}: {other:?}"),
        }
    }
}
