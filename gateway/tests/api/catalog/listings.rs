//! Listings: written with optimistic concurrency, shown with a tag, found by mistyped words.

use super::world::{World, eventually, mug};
use crate::gateway::told;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_listing_is_written_under_its_tag_and_shown_with_it() {
    let world = World::with_mugs().await;
    let path = "/v1/listings/starling-mug";
    let shown = world.gateway.request(Method::GET, path).send().await.unwrap();
    let tag = shown.headers()["etag"].to_str().unwrap().to_owned();
    let (_, listing) = told(shown).await;
    assert_eq!(listing["variants"].as_array().map(Vec::len), Some(2), "{listing}");
    let categories: Vec<&str> =
        listing["categories"].as_array().unwrap().iter().map(|one| one["slug"].as_str().unwrap()).collect();
    assert_eq!(categories, ["kitchen", "mugs"], "from the top down");
    let again = world.gateway.request(Method::GET, path).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(again.status(), 304);

    let mut dearer = mug();
    dearer["variants"][0]["prices"][0]["amount"] = json!(1_100);
    let newer = world.write("starling-mug", &tag, &dearer).await;
    assert_ne!(newer, tag);
    let (status, problem) = told(world.try_to_write("starling-mug", &tag, &mug()).await).await;
    assert_eq!((status, &problem["type"]), (412, &json!("/problems/stale")), "{problem}");
    let (status, problem) = told(world.try_to_write("starling-mug", "*", &mug()).await).await;
    assert_eq!(status, 412, "{problem}");
    let (status, problem) = world.ask(Method::PUT, path, &world.admin, &mug()).await;
    assert_eq!((status, &problem["field"]), (428, &json!("If-Match")), "{problem}");
    // The price is told: the product by its SKU has it too.
    assert_eq!(world.get("/v1/products/MUG-RED", "").await.1["price"], 1_100);
}

#[tokio::test]
async fn what_is_not_published_is_shown_to_those_who_run_the_shop_alone() {
    let world = World::with_mugs().await;
    let mut hidden = mug();
    hidden["published"] = json!(false);
    world.write("starling-mug", "\"1\"", &hidden).await;
    assert_eq!(world.get("/v1/listings/starling-mug", "").await.0, 404);
    assert_eq!(world.get("/v1/search?q=starling", "").await.1["listings"], json!([]));
    assert_eq!(world.get("/v1/listings/starling-mug/draft", &world.admin).await.1["published"], false);
}

#[tokio::test]
async fn a_mistyped_word_finds_filters_narrow_and_facets_count() {
    let world = World::with_mugs().await;
    let slugs = |found: &Value| -> Vec<String> {
        let listings = found["listings"].as_array().unwrap_or_else(|| panic!("{found}"));
        listings.iter().map(|one| one["slug"].as_str().unwrap().to_owned()).collect()
    };
    let found = world.get("/v1/search?q=strling%20mgu&facets=true&currency=EUR", "").await.1;
    assert_eq!(slugs(&found), ["starling-mug"]);
    assert_eq!(found["corrected"], "starling mug");
    assert_eq!(found["listings"][0]["price"], json!({ "currency": "EUR", "amount": 1_200 }));
    assert_eq!(found["facets"]["attributes"]["material"], json!([{ "value": "stoneware", "count": 1 }]));
    for (query, expected) in [
        ("category=kitchen&sort=title", vec!["teapot", "starling-mug"]),
        ("category=mugs", vec!["starling-mug"]),
        ("attr.material=stoneware", vec!["starling-mug"]),
        ("attr.material=glass", vec![]),
        ("currency=GBP&min_price=2000&sort=price_up", vec!["teapot"]),
        ("currency=GBP&sort=price_up&limit=1", vec!["starling-mug"]),
        ("q=%27%3B%20drop%20table%20listing%3B--", vec![]),
    ] {
        assert_eq!(slugs(&world.get(&format!("/v1/search?{query}"), "").await.1), expected, "{query}");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("min_price=1", "currency"),
        ("after=x", "after"),
        ("sort=magic", "sort"),
        ("nonsense=1", "nonsense"),
        ("attr.colour=", "attr.*"),
        ("category=No%20Slug", "category"),
    ] {
        let (status, problem) = world.get(&format!("/v1/search?{query}"), "").await;
        assert_eq!((status, problem["field"].as_str()), (400, Some(field)), "{query}: {problem}");
    }
}

#[tokio::test]
async fn what_can_be_had_follows_what_inventory_tells() {
    let world = World::with_mugs().await;
    let available = async |query: &str| {
        let found = world.get(&format!("/v1/search?available=true&{query}"), "").await.1;
        found["listings"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(available("q=mug").await, 0, "nothing came in yet");
    world.receive(&["MUG-RED"], "first").await;
    eventually("the mug can be had", async || available("q=mug").await == 1).await;
    let listing = world.get("/v1/listings/starling-mug", "").await.1;
    let of = |sku: &str| {
        let variants = listing["variants"].as_array().unwrap();
        variants.iter().find(|one| one["sku"] == sku).unwrap()["available"].clone()
    };
    assert_eq!((of("MUG-RED"), of("MUG-BLUE")), (json!(true), json!(false)));
}

#[tokio::test]
async fn categories_are_a_tree_that_stays_one() {
    let world = World::with_mugs().await;
    let ring = json!({ "name": "Kitchen", "parent": "mugs" });
    let (status, problem) = world.ask(Method::PUT, "/v1/categories/kitchen", &world.admin, &ring).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("parent")), "{problem}");
    let (status, problem) = world.ask(Method::DELETE, "/v1/categories/mugs", &world.admin, &json!({})).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/conflict")), "{problem}");
    world.done(Method::PUT, "/v1/categories/empty", &json!({ "name": "Empty" })).await;
    world.done(Method::DELETE, "/v1/categories/empty", &json!({})).await;
    assert_eq!(world.get("/v1/categories", "").await.1["categories"].as_array().map(Vec::len), Some(2));
}
