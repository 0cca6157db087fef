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
