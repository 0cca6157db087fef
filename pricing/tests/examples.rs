//! Worked examples, worked out by hand: `examples.json`.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

use contracts::{Amount, Line, PricedLine, Totals};
use pricing::{Ask, NotPriced, Refused, explain, quote, verify};
use serde::Deserialize;

#[derive(Deserialize)]
struct Example {
    name: String,
    ask: Ask,
    lines: Vec<Expected>,
    totals: Totals,
    refused: Vec<Option<Refused>>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Expected {
    sku: String,
    gross: i64,
    discount: i64,
    net: i64,
    tax: i64,
    total: i64,
}

impl From<&PricedLine> for Expected {
    fn from(line: &PricedLine) -> Self {
        Self {
            sku: line.sku.to_string(),
            gross: line.gross.minor(),
            discount: line.discounts.iter().map(|discount| discount.amount.minor()).sum(),
            net: line.net.minor(),
            tax: line.tax.minor(),
            total: line.total.minor(),
        }
    }
}

fn examples() -> Vec<Example> {
    serde_json::from_str(include_str!("examples.json")).unwrap()
}

fn ordered(ask: &Ask) -> Vec<Line> {
    let line = |item: &pricing::Item| Line {
        sku: item.sku.clone(),
        quantity: item.quantity,
        unit_price: item.unit_price,
    };
    ask.lines.iter().map(line).collect()
}

#[test]
fn every_example_comes_out_as_worked_out_by_hand() {
    for Example { name, ask, lines, totals, refused } in examples() {
        let quote = quote(&ask).unwrap();
        assert_eq!(quote.breakdown.lines.iter().map(Expected::from).collect::<Vec<_>>(), lines, "{name}");
        assert_eq!(quote.breakdown.totals, totals, "{name}");
        assert_eq!(quote.codes.iter().map(|code| code.refused).collect::<Vec<_>>(), refused, "{name}");
        assert_eq!(verify(&quote.breakdown, &ordered(&ask)), Ok(()), "{name}");
    }
}

#[test]
fn a_breakdown_says_how_each_amount_came_about() {
    let ask =
        examples().into_iter().find(|example| example.name.starts_with("a percentage, then")).unwrap().ask;
    assert_eq!(
        explain(&quote(&ask).unwrap().breakdown),
        [
            "A: 1 × 1005 = 1005",
            "A: TEN: 10 % of 1005 = −101",
            "A: FIVER with code FIVER: share of 500 off the order, by 904 = −167",
            "A: 737 has 20 % GB tax in it: 614 + 123",
            "B: 1 × 2000 = 2000",
            "B: TEN: 10 % of 2000 = −200",
            "B: FIVER with code FIVER: share of 500 off the order, by 1800 = −333",
            "B: 1467 has 20 % GB tax in it: 1222 + 245",
            "total: 3005 − 801 off; 1836 net + 368 tax + 0 shipping = 2204 GBP",
        ]
    );
}

#[test]
fn a_breakdown_survives_the_wire() {
    for example in examples() {
        let breakdown = quote(&example.ask).unwrap().breakdown;
        let wire = serde_json::to_string(&breakdown).unwrap();
        assert_eq!(serde_json::from_str::<contracts::Breakdown>(&wire).unwrap(), breakdown);
    }
}

#[track_caller]
fn check_refused(change: impl Fn(&mut Ask), is: impl Fn(&NotPriced) -> bool) {
    let mut ask =
        examples().into_iter().find(|example| example.name.starts_with("a percentage, then")).unwrap().ask;
    assert!(quote(&ask).is_ok());
    change(&mut ask);
    let refused = quote(&ask).unwrap_err();
    assert!(is(&refused), "{refused}");
}

#[test]
fn what_cannot_be_priced_is_an_error_that_names_the_field() {
    check_refused(|ask| ask.tax_rates.clear(), |it| matches!(it, NotPriced::NoTaxRate { .. }));
    check_refused(
        |ask| ask.destination.country = serde_json::from_str("\"FR\"").unwrap(),
        |it| matches!(it, NotPriced::NoTaxRate { .. }),
    );
    check_refused(|ask| ask.promotions[1].currency = None, |it| matches!(it, NotPriced::NoCurrency { .. }));
    check_refused(
        |ask| ask.promotions.extend(ask.promotions.clone()),
        |it| matches!(it, NotPriced::PromotionTwice { .. }),
    );
    check_refused(
        |ask| ask.coupons.extend(ask.coupons.clone()),
        |it| matches!(it, NotPriced::CouponTwice { .. }),
    );
    check_refused(
        |ask| ask.codes = vec![ask.codes[0].clone(); 11],
        |it| matches!(it, NotPriced::TooMany { field: "codes", max: 10 }),
    );
    check_refused(
        |ask| {
            ask.lines.push(ask.lines[0].clone());
            ask.lines[2].unit_price = Amount::ZERO;
        },
        |it| matches!(it, NotPriced::Differs { .. }),
    );
    check_refused(
        |ask| {
            ask.lines.push(ask.lines[0].clone());
            ask.lines[2].quantity = contracts::Quantity::new(1_000_000).unwrap();
        },
        |it| matches!(it, NotPriced::Quantity { .. }),
    );
    check_refused(
        |ask| {
            for line in &mut ask.lines {
                line.unit_price = Amount::new(contracts::MAX_AMOUNT).unwrap();
            }
        },
        |it| matches!(it, NotPriced::TooLarge(_)),
    );
}
