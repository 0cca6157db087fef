//! Breakdowns that somebody made up, consistent in all but one thing.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

use contracts::{Amount, Breakdown, Discount, How, Line, PricedLine, Prices, Quantity, Rate, Text, Totals};
use pricing::{Inconsistent, verify};

fn amount(minor: i64) -> Amount {
    Amount::new(minor).unwrap()
}

/// One piece of A at 100 with this taken off, not taxed; net, sums and totals fit the discount.
fn off(how: How, off: i64) -> (Breakdown, Vec<Line>) {
    let (sku, quantity, price) = (Text::new("A").unwrap(), Quantity::new(1).unwrap(), amount(100));
    let (jurisdiction, rate) = (Text::new("GB").unwrap(), Rate::new(0).unwrap());
    let (net, tax) = (price.less(amount(off)), Amount::ZERO);
    let promotion = Text::new("P").unwrap();
    let discount = Discount { promotion, code: None, basis: price, how, amount: amount(off) };
    let line = Line { sku: sku.clone(), quantity, unit_price: price };
    let priced = PricedLine {
        sku,
        quantity,
        unit_price: price,
        gross: price,
        discounts: vec![discount],
        jurisdiction: jurisdiction.clone(),
        rate,
        net,
        tax,
        total: net,
    };
    let breakdown = Breakdown {
        currency: "GBP".parse().unwrap(),
        prices: Prices::IncludeTax,
        lines: vec![priced],
        taxes: vec![contracts::TaxSum { jurisdiction, rate, net, tax }],
        totals: Totals { gross: price, discount: amount(off), net, tax, shipping: Amount::ZERO, total: net },
    };
    (breakdown, vec![line])
}

#[track_caller]
fn check(how: How, taken: i64, expected: Result<(), Inconsistent>) {
    let (breakdown, lines) = off(how, taken);
    assert_eq!(verify(&breakdown, &lines), expected);
}

fn discounts() -> Inconsistent {
    Inconsistent::Line { sku: Text::new("A").unwrap(), amount: "discounts" }
}

fn parts() -> Inconsistent {
    Inconsistent::Parts { promotion: Text::new("P").unwrap() }
}

#[test]
fn more_pieces_than_there_are_cannot_be_free() {
    let free =
        |pieces| How::Pieces { pieces: Quantity::new(pieces).unwrap(), rate: Rate::new(1_000_000).unwrap() };
    check(free(1), 100, Ok(()));
    check(free(2), 200, Err(discounts()));
}

#[test]
fn the_parts_of_an_amount_off_the_order_are_that_amount() {
    let order = |whole| How::Order { amount: amount(whole) };
    check(order(50), 50, Ok(()));
    check(order(150), 100, Ok(()));
    check(order(50), 40, Err(parts()));
    check(order(50), 60, Err(parts()));
}

#[test]
fn a_discount_is_what_its_rule_says() {
    check(How::Line { amount: amount(30) }, 30, Ok(()));
    check(How::Line { amount: amount(30) }, 31, Err(discounts()));
    check(How::Percentage { rate: Rate::new(100_000).unwrap() }, 10, Ok(()));
    check(How::Percentage { rate: Rate::new(100_000).unwrap() }, 11, Err(discounts()));
}

#[test]
fn a_breakdown_is_of_the_lines_that_were_ordered() {
    let (breakdown, lines) = off(How::Line { amount: amount(30) }, 30);
    let refused = |lines: &[Line]| matches!(verify(&breakdown, lines), Err(Inconsistent::Lines { .. }));
    let other = |change: fn(&mut Line)| {
        let mut lines = lines.clone();
        change(&mut lines[0]);
        lines
    };
    assert!(refused(&[]));
    assert!(refused(&[lines[0].clone(), lines[0].clone()]));
    assert!(refused(&other(|line| line.sku = Text::new("B").unwrap())));
    assert!(refused(&other(|line| line.unit_price = Amount::ZERO)));
    let mut more = lines.clone();
    more.extend(other(|line| line.sku = Text::new("B").unwrap()));
    assert!(refused(&more));
}
