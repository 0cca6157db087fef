//! "Buy X get Y" against every way in which pieces could be bought and made cheaper.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

use contracts::{Amount, Prices, Quantity, Rate, Text, Timestamp};
use pricing::{Ask, Benefit, Destination, Item, Period, Promotion, Scope, TaxRate, quote};
use proptest::prelude::*;

/// One line: pieces, unit price, whether they can be bought for the promotion, whether they can be made cheaper.
type Shelf = (i64, i64, bool, bool);

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

fn quantity(pieces: i64) -> Quantity {
    Quantity::new(pieces).unwrap()
}

fn scope(category: &str) -> Scope {
    Scope { skus: Vec::new(), categories: vec![text(category)] }
}

fn discount(lines: &[Shelf], buy: i64, get: i64, at_most: Option<i64>) -> i64 {
    let country: contracts::Country = std::borrow::Cow::Borrowed("GB").try_into().unwrap();
    let item = |(index, (pieces, price, of, on)): (usize, &Shelf)| Item {
        sku: text(&format!("S{index}")),
        quantity: quantity(*pieces),
        unit_price: Amount::new(*price).unwrap(),
        tax_category: text("standard"),
        categories: [(of, "buy"), (on, "get")]
            .iter()
            .filter(|(is, _)| **is)
            .map(|(_, name)| text(name))
            .collect(),
    };
    let rate = Rate::new(1_000_000).unwrap();
    let at_most = at_most.map(quantity);
    let benefit = Benefit::BuyGet { buy: quantity(buy), of: scope("buy"), get: quantity(get), rate, at_most };
    let ask = Ask {
        currency: "GBP".parse().unwrap(),
        prices: Prices::IncludeTax,
        destination: Destination { country, region: None, postal_code: None },
        at: Timestamp::from_millis(0),
        lines: lines.iter().enumerate().map(item).collect(),
        promotions: vec![Promotion {
            id: text("P"),
            priority: 0,
            exclusive: false,
            period: Period::default(),
            needs_code: false,
            currency: None,
            minimum: None,
            on: scope("get"),
            benefit,
        }],
        coupons: Vec::new(),
        codes: Vec::new(),
        tax_rates: vec![TaxRate {
            jurisdiction: text("GB"),
            country,
            region: None,
            postal_prefix: None,
            category: text("standard"),
            rate: Rate::new(0).unwrap(),
            period: Period::default(),
        }],
    };
    quote(&ask).unwrap().breakdown.totals.discount.minor()
}

/// Every way to choose pieces to be made cheaper, as pieces of each line.
fn choices(lines: &[Shelf]) -> Vec<Vec<i64>> {
    lines.iter().fold(vec![Vec::new()], |choices, (pieces, _, _, on)| {
        let most = if *on { *pieces } else { 0 };
        let longer = |choice: &Vec<i64>| -> Vec<Vec<i64>> {
            (0..=most).map(|taken| choice.iter().copied().chain([taken]).collect()).collect()
        };
        choices.iter().flat_map(longer).collect()
    })
}

/// The cheapest way to do it as often as it can be done.
fn expected(lines: &[Shelf], buy: i64, get: i64, at_most: Option<i64>) -> i64 {
    let mut best: Option<(i64, i64)> = None;
    for choice in choices(lines) {
        let taken: i64 = choice.iter().sum();
        let with = || lines.iter().zip(&choice);
        let to_buy: i64 =
            with().filter(|((.., of, _), _)| *of).map(|((pieces, ..), taken)| pieces - taken).sum();
        let times = taken / get;
        if taken % get == 0 && times * buy <= to_buy && at_most.is_none_or(|most| times <= most) {
            let worth = with().map(|((_, price, ..), taken)| price * taken).sum();
            best = match best {
                Some((often, less)) if often > times || (often == times && less <= worth) => {
                    Some((often, less))
                }
                Some(_) | None => Some((times, worth)),
            };
        }
    }
    best.map_or(0, |(_, worth)| worth)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_cheapest_pieces_are_free_as_often_as_it_goes(
        lines in prop::collection::vec((1..4_i64, 0..6_i64, any::<bool>(), any::<bool>()), 1..5),
        buy in 1..4_i64,
        get in 1..3_i64,
        at_most in prop::option::of(1..3_i64),
    ) {
        prop_assert_eq!(discount(&lines, buy, get, at_most), expected(&lines, buy, get, at_most));
    }
}
