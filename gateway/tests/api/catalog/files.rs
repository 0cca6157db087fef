//! Files of listings: taken line by line, with an account of what was refused.

use super::world::World;
use reqwest::Method;
use serde_json::{Value, json};

/// The lines of the answer.
async fn import(world: &World, media: &str, file: String) -> (u16, Vec<Value>) {
    let request = world.gateway.admin(Method::POST, "/v1/listings/import");
    let answer = request.header("content-type", media).body(file).send().await.unwrap();
    let status = answer.status().as_u16();
    let lines = answer.text().await.unwrap();
    (status, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn line(number: usize) -> Value {
    json!({ "slug": format!("thing-{number}"), "title": format!("Thing number {number}"), "variants": [
        { "sku": format!("T{number}"), "prices": [{ "currency": "GBP", "amount": 100 + number }] }] })
}

#[tokio::test]
async fn the_57th_line_is_wrong_and_all_others_are_taken() {
    let world = World::open().await;
    let mut lines: Vec<String> = (1..=250).map(|number| line(number).to_string()).collect();
    lines[56] = line(57).to_string().replace("157", "-1");
    lines[99] = "{ no json".to_owned();
    lines[199] = line(1).to_string().replace("thing-1\"", "thing-200\""); // sold on another page
    let (status, said) = import(&world, "application/x-ndjson", lines.join("\n")).await;
    assert_eq!(status, 200);
    let refused: Vec<(u64, &str)> = said
        .iter()
        .filter_map(|line| line.get("refused"))
        .map(|note| (note["line"].as_u64().unwrap(), note["field"].as_str().unwrap()))
        .collect();
    assert_eq!(refused, [(57, "variants[0].prices[0].amount"), (100, "line"), (200, "variants[0].sku")]);
    let sums = json!({ "listings": 250, "changed": 247, "unchanged": 0, "refused": 3 });
    assert_eq!(said.last().unwrap()["done"], sums);
    assert_eq!(
        said.iter().filter(|line| line.get("progress").is_some()).count(),
        4,
        "one a batch, one before"
    );
    assert_eq!(world.get("/v1/listings/thing-58", "").await.1["title"], "Thing number 58");

    let (_, said) = import(&world, "application/x-ndjson", lines.join("\n")).await;
    let sums = json!({ "listings": 250, "changed": 0, "unchanged": 247, "refused": 3 });
    assert_eq!(said.last().unwrap()["done"], sums, "again, nothing changes");
}

#[tokio::test]
async fn a_table_has_a_variant_a_row() {
    let world = World::open().await;
    let table = "slug,title,sku,price,currency,options\r\n\
                 mug,\"Mug, large\",M-RED,1000,GBP,colour=red\r\n\
                 mug,,M-RED,1200,EUR,\r\n\
                 mug,,M-BLUE,1000,GBP,colour=blue\r\n\
                 pot,Pot,P,dear,GBP,\r\n";
    let (_, said) = import(&world, "text/csv", table.to_owned()).await;
    assert_eq!(said.last().unwrap()["done"]["changed"], 1, "{said:?}");
    let mug = world.get("/v1/listings/mug", "").await.1;
    assert_eq!(mug["title"], "Mug, large");
    assert_eq!(mug["variants"][1]["prices"][1], json!({ "currency": "EUR", "amount": 1_200 }), "{mug}");
}

#[tokio::test]
async fn what_is_no_file_of_listings_is_refused() {
    let world = World::open().await;
    assert_eq!(import(&world, "application/json", "{}".to_owned()).await.0, 415);
    let (_, said) = import(&world, "application/x-ndjson", "x".repeat((32 << 20) + 1)).await;
    assert!(said.last().unwrap()["broken"]["why"].as_str().unwrap().contains("at most"), "{said:?}");
    let (_, said) = import(&world, "text/csv", "\u{0}\u{1},,,\n\"".to_owned()).await;
    assert_eq!(said.last().unwrap()["done"]["changed"], 0, "{said:?}");
}

async fn export(world: &World, query: &str) -> String {
    let path = format!("/v1/listings/export{query}");
    let answer = world.gateway.admin(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

#[tokio::test]
async fn what_is_exported_can_be_imported_and_is_then_as_it_was() {
    let world = World::with_mugs().await;
    // With all that may stand in a file otherwise than it is meant.
    let odd = json!({
        "title": "Pot, \"brown\"; large", "description": "Two lines,\nthe second one \"quoted\"; =SUM(A1)",
        "category": "kitchen", "tax_category": "reduced", "published": false,
        "attributes": { "a=b": "x;y=z", "path\\": "C:\\pots\\" },
        "variants": [
            { "sku": "POT;1", "weight_g": 900, "options": { "size": "L; XL" }, "prices": [
                { "currency": "JPY", "amount": 300 }, { "currency": "EUR", "amount": 0 }] },
            { "sku": "POT,2", "active": false, "prices": [{ "currency": "EUR", "amount": 1 }] }],
    });
    world.write("odd-pot", "*", &odd).await;
    let product = json!({ "products": [{ "sku": "PLAIN", "name": "Plain", "price": 5, "currency": "GBP" }] });
    let (status, told) = world.ask(Method::POST, "/v1/products/import", &world.admin, &product).await;
    assert_eq!(status, 200, "{told}");
    // More than one page, by number and by size.
    let long = |number: usize| {
        let mut long = line(number);
        long["description"] = json!("\u{e4}".repeat(10_000));
        long.to_string()
    };
    let many: Vec<String> = (0..130).map(|n| if n < 40 { long(n) } else { line(n).to_string() }).collect();
    let (_, said) = import(&world, "application/x-ndjson", many.join("\n")).await;
    assert_eq!(said.last().unwrap()["done"]["changed"], 130, "{:?}", said.last());

    let (whole, table) = (export(&world, "").await, export(&world, "?format=csv").await);
    let lines: Vec<Value> = whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 130 + 4, "no line is missing, none stands twice");
    let exported = lines.iter().find(|line| line["slug"] == "odd-pot").unwrap();
    assert_eq!((&exported["attributes"], &exported["published"]), (&odd["attributes"], &json!(false)));
    for (media, file) in [("application/x-ndjson", &whole), ("text/csv", &table)] {
        let other = json!({ "title": "Another", "variants": [
            { "sku": "NEW", "prices": [{ "currency": "GBP", "amount": 1 }] }] });
        for slug in ["odd-pot", "starling-mug", "thing-7"] {
            let mut put = other.clone();
            put["variants"][0]["sku"] = json!(format!("NEW-{slug}-{}", file.len()));
            let file = json!({ "slug": slug, "title": put["title"], "variants": put["variants"] });
            import(&world, "application/x-ndjson", file.to_string()).await;
        }
        assert_ne!(&export(&world, "").await, &whole);
        let (_, said) = import(&world, media, file.clone()).await;
        assert_eq!(said.last().unwrap()["done"]["refused"], 0, "{said:?}");
        assert_eq!(export(&world, "").await, whole, "by {media}");
        assert_eq!(export(&world, "?format=csv").await, table, "by {media}");
        let (_, said) = import(&world, media, file.clone()).await;
        assert_eq!(said.last().unwrap()["done"]["changed"], 0, "again, nothing changes");
    }
}

#[tokio::test]
async fn a_listing_that_no_request_can_carry_is_refused_and_all_others_are_taken() {
    let world = World::open().await;
    let mut huge = line(1);
    let value = "\u{20ac}".repeat(100);
    let options: serde_json::Map<String, Value> = (0..30).map(|n| (n.to_string(), json!(value))).collect();
    let variant = |n: usize| json!({ "sku": n.to_string(), "options": options, "prices": [{ "currency": "GBP", "amount": 1 }] });
    huge["variants"] = (0..100).map(variant).collect();
    let file = [line(0), huge, line(2)].map(|line| line.to_string()).join("\n");
    let (_, said) = import(&world, "application/x-ndjson", file).await;
    let refused = said.iter().find_map(|line| line.get("refused")).unwrap();
    assert_eq!((&refused["line"], &refused["field"]), (&json!(2), &json!("listing")), "{said:?}");
    assert_eq!(said.last().unwrap()["done"]["changed"], 2, "{said:?}");
}
