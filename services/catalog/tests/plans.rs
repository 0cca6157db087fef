//! How searches are planned on a catalog that is large enough for plans to differ.

use catalog::{MIGRATIONS, search};
use chassis::provision::scratch;
use contracts::SearchListings;
use serde_json::json;
use sqlx::PgPool;
use std::time::{Duration, Instant};

/// So many that no planner reads all of them for a word that few have.
const LISTINGS: i32 = 20_000;

/// How often an index was used, as the server counts: within some seconds.
async fn uses(db: &PgPool, index: &str) -> i64 {
    let sql = "select idx_scan from pg_stat_user_indexes where indexrelname = $1";
    sqlx::query_scalar(sql).bind(index).fetch_one(db).await.expect("there is such an index")
}

#[tokio::test]
async fn a_search_for_words_reads_their_index_whatever_the_other_statements_plans_are_pinned_to() {
    let db = scratch(tools::postgres::shared(), &MIGRATIONS).await.expect("a database");
    // As right after an import: nobody has counted the rows yet.
    sqlx::query(
        "insert into listing (slug, title, description, attributes, tax_category, published, automatic, version, search)
         select 'thing-' || n, 'Thing ' || n, '', '{}', 'standard', true, false, 1, to_tsvector('simple', 'thing number' || n)
         from generate_series(1, $1) n",
    )
    .bind(LISTINGS)
    .execute(&db)
    .await
    .expect("filled");
    let ask: SearchListings =
        serde_json::from_value(json!({ "words": "thing number4711", "limit": 20, "facets": true }))
            .expect("a question");
    let found = search(&db, &ask).await.expect("found");
    assert_eq!(found.listings.iter().map(|hit| hit.slug.as_str()).collect::<Vec<_>>(), ["thing-4711"]);
    let began = Instant::now();
    while uses(&db, "listing_search").await < 2 {
        assert!(began.elapsed() < Duration::from_secs(60), "neither page nor facets read the index of words");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
