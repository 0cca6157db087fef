//! Listings to be read and searched: titles, attributes and categories made of a few hundred words.

use crate::{http::Connection, mix::Random};
use anyhow::ensure;
use hyper::Method;
use serde_json::{Value, json};

/// Listings of one file.
const AT_ONCE: usize = 10_000;
/// Makes words: `bano`, `cilu` … as many as the product of their number.
const FIRST: [&str; 20] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we",
    "xi", "yo", "zu",
];
const THEN: [&str; 20] = [
    "rado", "nel", "stim", "lor", "ndu", "gar", "vet", "pil", "mok", "shu", "tran", "ked", "fis", "bol",
    "cur", "dax", "quen", "rim", "jov", "lup",
];
const COLOURS: [&str; 8] = ["red", "blue", "green", "white", "black", "brown", "grey", "yellow"];
const CATEGORIES: usize = 20;

/// A word.
#[must_use]
pub fn word(number: usize) -> String {
    let (first, then) = (FIRST[number % FIRST.len()], THEN[number / FIRST.len() % THEN.len()]);
    format!("{first}{then}")
}

/// All words.
pub const WORDS: usize = FIRST.len() * THEN.len();

/// Where a listing is shown.
#[must_use]
pub fn path(number: usize) -> String {
    format!("/v1/listings/thing-{number}")
}

/// A question that a shopper may ask: two words of a listing there is, the second mistyped now and then; a filter now
/// and then; what there is to filter by, now and then.
#[must_use]
pub fn question(random: &mut Random, listings: usize) -> String {
    let title = title(random.below(listings));
    let mut words: Vec<String> = title.split(' ').take(2).map(str::to_owned).collect();
    if random.below(5) == 0
        && let Some(last) = words.last_mut()
    {
        last.remove(1);
    }
    let mut question = format!("/v1/search?limit=24&q={}", words.join("%20"));
    match random.below(4) {
        0 => question += &format!("&attr.colour={}", COLOURS[random.below(COLOURS.len())]),
        1 => question += &format!("&category=part-{}", random.below(CATEGORIES)),
        2 => question += "&currency=GBP&sort=price_up",
        _ => question += "&facets=true",
    }
    question
}

fn title(number: usize) -> String {
    let mut random = Random::new(u32::try_from(number).unwrap_or_default());
    let words: Vec<String> = (0..4).map(|_| word(random.below(WORDS))).collect();
    format!("{} {number}", words.join(" "))
}

fn listing(number: usize) -> Value {
    json!({
        "slug": format!("thing-{number}"),
        "title": title(number),
        "description": "One of many things that a shop may have.",
        "category": format!("part-{}", number % CATEGORIES),
        "attributes": { "colour": COLOURS[number % COLOURS.len()], "maker": word(number % 60) },
        "variants": [
            { "sku": format!("THING-{number}-S"), "options": { "size": "small" },
              "prices": [{ "currency": "GBP", "amount": 100 + number % 10_000 }] },
            { "sku": format!("THING-{number}-L"), "options": { "size": "large" },
              "prices": [{ "currency": "GBP", "amount": 200 + number % 10_000 }] },
        ],
    })
}

/// Imports so many, the way a shop would.
pub async fn fill(gateway: &str, token: &str, listings: usize) -> anyhow::Result<()> {
    let mut connection = Connection::open(gateway).await?;
    for part in 0..CATEGORIES {
        let body = json!({ "name": format!("Part {part}") }).to_string();
        let (status, answer) = connection
            .upload(Method::PUT, &format!("/v1/categories/part-{part}"), token, "application/json", body)
            .await?;
        ensure!(status == 204, "category: {status} {answer}");
    }
    let numbers: Vec<usize> = (0..listings).collect();
    for chunk in numbers.chunks(AT_ONCE) {
        let file: Vec<String> = chunk.iter().map(|number| listing(*number).to_string()).collect();
        let (status, answer) = connection
            .upload(Method::POST, "/v1/listings/import", token, "application/x-ndjson", file.join("\n"))
            .await?;
        let last = answer.lines().last().unwrap_or_default();
        ensure!(
            status == 200 && last.contains("\"done\"") && last.contains("\"refused\":0"),
            "import: {last}"
        );
        if listings > AT_ONCE {
            eprintln!("  listings imported: {} of {listings}", chunk[chunk.len() - 1] + 1);
        }
    }
    Ok(())
}
