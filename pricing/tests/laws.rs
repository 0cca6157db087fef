//! Laws that hold for every cart, promotion, rate and currency.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

use contracts::{Amount, Breakdown, How, Line, MAX_AMOUNT, Prices, Quantity, Rate, Sku, Text, Timestamp};
use pricing::{
    Ask, Benefit, Coupon, Destination, Item, NotPriced, Period, Promotion, Scope, TaxRate, quote, verify,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::collections::BTreeMap;

const SKUS: [&str; 5] = ["A", "B", "C", "D", "E"];
const CATEGORIES: [&str; 2] = ["red", "blue"];
const TAXES: [&str; 2] = ["standard", "books"];

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

fn any_amount() -> impl Strategy<Value = Amount> {
    prop_oneof![0..10_i64, 0..10_000_i64, 0..10_000_000_i64].prop_map(|minor| Amount::new(minor).unwrap())
}

fn any_rate() -> impl Strategy<Value = Rate> {
    prop_oneof![Just(0_i64), Just(200_000), Just(88_750), Just(1_000_000), 0..=1_000_000_i64]
        .prop_map(|millionths| Rate::new(millionths).unwrap())
}

fn any_pieces() -> impl Strategy<Value = Quantity> {
    (1..8_i64).prop_map(|pieces| Quantity::new(pieces).unwrap())
}

fn any_scope() -> impl Strategy<Value = Scope> {
    let skus = prop::sample::subsequence(SKUS.to_vec(), 0..3);
    let categories = prop::sample::subsequence(CATEGORIES.to_vec(), 0..2);
    (skus, categories).prop_map(|(skus, categories)| Scope {
        skus: skus.into_iter().map(text).collect(),
        categories: categories.into_iter().map(text).collect(),
    })
}

fn any_benefit() -> impl Strategy<Value = Benefit> {
    let buy_get = (any_pieces(), any_scope(), any_pieces(), any_rate(), prop::option::of(any_pieces()));
    prop_oneof![
        any_rate().prop_map(|rate| Benefit::Percentage { rate }),
        any_amount().prop_map(|amount| Benefit::AmountPerLine { amount }),
        any_amount().prop_map(|amount| Benefit::AmountPerOrder { amount }),
        buy_get.prop_map(|(buy, of, get, rate, at_most)| Benefit::BuyGet { buy, of, get, rate, at_most }),
    ]
}

fn any_promotion() -> impl Strategy<Value = Promotion> {
    let flags = (-2..3_i32, prop::bool::weighted(0.2), prop::bool::weighted(0.3));
    (flags, prop::option::of(any_amount()), any_scope(), any_benefit()).prop_map(
        |(flags, minimum, on, benefit)| {
            let (priority, exclusive, needs_code) = flags;
            Promotion {
                id: text("given later"),
                priority,
                exclusive,
                period: Period::default(),
                needs_code,
                currency: Some("GBP".parse().unwrap()),
                minimum,
                on,
                benefit,
            }
        },
    )
}

/// A SKU always has the same price, tax category and categories: those of its product.
fn any_lines() -> impl Strategy<Value = Vec<Item>> {
    let product =
        (any_amount(), prop::sample::select(TAXES.to_vec()), prop::sample::subsequence(&CATEGORIES, 0..=2));
    let products = prop::collection::vec(product, SKUS.len());
    let lines = prop::collection::vec((0..SKUS.len(), any_pieces()), 0..9);
    (products, lines).prop_map(|(products, lines)| {
        let item = |(index, quantity): (usize, Quantity)| {
            let (unit_price, tax, categories): &(Amount, &str, Vec<&str>) = &products[index];
            Item {
                sku: text(SKUS[index]),
                quantity,
                unit_price: *unit_price,
                tax_category: text(tax),
                categories: categories.iter().map(|category| text(category)).collect(),
            }
        };
        lines.into_iter().map(item).collect()
    })
}

prop_compose! {
    fn any_ask()(
        lines in any_lines(),
        promotions in prop::collection::vec(any_promotion(), 0..6),
        rates in prop::array::uniform2(any_rate()),
        include in any::<bool>(),
    ) -> Ask {
        let named = |(index, promotion)| Promotion { id: text(&format!("P{index}")), ..promotion };
        let promotions: Vec<Promotion> = promotions.into_iter().enumerate().map(named).collect();
        let coupon = |promotion: &Promotion| Coupon {
            code: promotion.id.clone(),
            promotion: promotion.id.clone(),
            period: Period::default(),
            limit: None,
            limit_per_customer: None,
            used: 0,
            used_by_customer: 0,
        };
        let rate = |(category, rate): (&str, Rate)| TaxRate {
            jurisdiction: text("GB"),
            country: country(),
            region: None,
            postal_prefix: None,
            category: text(category),
            rate,
            period: Period::default(),
        };
        Ask {
            currency: "GBP".parse().unwrap(),
            prices: if include { Prices::IncludeTax } else { Prices::ExcludeTax },
            destination: Destination { country: country(), region: None, postal_code: None },
            at: Timestamp::from_millis(1_795_000_000_000),
            codes: promotions.iter().map(|promotion| promotion.id.clone()).collect(),
            coupons: promotions.iter().map(coupon).collect(),
            tax_rates: TAXES.into_iter().zip(rates).map(rate).collect(),
            lines,
            promotions,
        }
    }
}

fn country() -> contracts::Country {
    std::borrow::Cow::Borrowed("GB").try_into().unwrap()
}

fn ordered(ask: &Ask) -> Vec<Line> {
    let line =
        |item: &Item| Line { sku: item.sku.clone(), quantity: item.quantity, unit_price: item.unit_price };
    ask.lines.iter().map(line).collect()
}

fn sum(amounts: impl Iterator<Item = Amount>) -> i64 {
    amounts.map(Amount::minor).sum()
}

/// The laws of adding up, worked out here without the crate's own sums.
fn adds_up(breakdown: &Breakdown) {
    let (lines, totals) = (&breakdown.lines, &breakdown.totals);
    for line in lines {
        let off = sum(line.discounts.iter().map(|discount| discount.amount));
        assert!(off <= line.gross.minor(), "discounts exceed the price");
        let left = line.gross.minor() - off;
        assert_eq!(line.net.minor() + line.tax.minor(), line.total.minor());
        let taken = match breakdown.prices {
            Prices::IncludeTax => line.total,
            Prices::ExcludeTax => line.net,
        };
        assert_eq!(taken.minor(), left, "what is taxed is what discounts left");
    }
    let discounts = lines.iter().flat_map(|line| &line.discounts);
    assert_eq!(totals.gross.minor(), sum(lines.iter().map(|line| line.gross)));
    assert_eq!(totals.discount.minor(), sum(discounts.map(|discount| discount.amount)));
    assert_eq!(totals.net.minor(), sum(lines.iter().map(|line| line.net)));
    assert_eq!(totals.tax.minor(), sum(lines.iter().map(|line| line.tax)));
    assert_eq!(totals.tax.minor(), sum(breakdown.taxes.iter().map(|tax| tax.tax)));
    assert_eq!(totals.net.minor(), sum(breakdown.taxes.iter().map(|tax| tax.net)));
    assert_eq!(totals.total.minor(), sum(lines.iter().map(|line| line.total)) + totals.shipping.minor());
}

/// A list of the amounts of a breakdown, to change one of them.
fn amounts(breakdown: &mut Breakdown) -> Vec<&mut Amount> {
    let totals = &mut breakdown.totals;
    let mut all =
        vec![&mut totals.gross, &mut totals.discount, &mut totals.net, &mut totals.tax, &mut totals.total];
    all.push(&mut totals.shipping);
    for line in &mut breakdown.lines {
        all.extend([&mut line.unit_price, &mut line.gross, &mut line.net, &mut line.tax, &mut line.total]);
        all.extend(
            line.discounts.iter_mut().flat_map(|discount| [&mut discount.basis, &mut discount.amount]),
        );
    }
    all.extend(breakdown.taxes.iter_mut().flat_map(|tax| [&mut tax.net, &mut tax.tax]));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_add_up_to_totals_and_the_quote_verifies(ask in any_ask()) {
        let quote = quote(&ask).unwrap();
        adds_up(&quote.breakdown);
        prop_assert_eq!(verify(&quote.breakdown, &ordered(&ask)), Ok(()));
    }

    #[test]
    fn neither_the_order_of_the_lists_nor_asking_again_changes_the_quote(
        ask in any_ask(),
        turn in any::<prop::sample::Index>(),
    ) {
        let before = quote(&ask).unwrap();
        prop_assert_eq!(&before, &quote(&ask).unwrap());
        let mut turned = ask;
        turned.promotions.reverse();
        turned.coupons.reverse();
        turned.tax_rates.reverse();
        turned.lines.reverse();
        if !turned.lines.is_empty() {
            let by = turn.index(turned.lines.len());
            turned.lines.rotate_left(by);
        }
        prop_assert_eq!(before, quote(&turned).unwrap());
    }

    #[test]
    fn a_line_split_in_two_costs_the_same(ask in any_ask(), which in any::<prop::sample::Index>()) {
        let before = quote(&ask).unwrap();
        let mut split = ask;
        if let Some(line) = split.lines.get(which.index(9)).cloned() && line.quantity.get() > 1 {
            let rest = i64::from(line.quantity) - 1;
            split.lines[which.index(9)].quantity = Quantity::new(1).unwrap();
            split.lines.push(Item { quantity: Quantity::new(rest).unwrap(), ..line });
        }
        prop_assert_eq!(before, quote(&split).unwrap());
    }

    #[test]
    fn a_change_of_any_one_amount_is_found(
        ask in any_ask(),
        which in any::<prop::sample::Index>(),
        by in 1..1_000_i64,
    ) {
        let mut breakdown = quote(&ask).unwrap().breakdown;
        let mut all = amounts(&mut breakdown);
        let index = which.index(all.len());
        let changed = Amount::new(all[index].minor() + by).unwrap();
        *all[index] = changed;
        prop_assert!(verify(&breakdown, &ordered(&ask)).is_err());
    }

    #[test]
    fn tax_put_on_top_is_found_again_in_the_price(price in any_amount(), rate in any_rate()) {
        let priced = |price, prices| {
            let mut ask = one_line(price);
            ask.prices = prices;
            ask.tax_rates[0].rate = rate;
            quote(&ask).unwrap().breakdown.totals
        };
        let on_top = priced(price, Prices::ExcludeTax);
        let inside = priced(on_top.total, Prices::IncludeTax);
        prop_assert_eq!((on_top.net, on_top.tax, on_top.total), (inside.net, inside.tax, inside.total));
    }

    #[test]
    fn what_is_too_dear_is_an_error_and_never_wraps(price in 0..=MAX_AMOUNT, pieces in 1..=1_000_000_i64) {
        let mut ask = one_line(Amount::new(price).unwrap());
        ask.lines[0].quantity = Quantity::new(pieces).unwrap();
        let exact = i128::from(price) * i128::from(pieces);
        match quote(&ask) {
            Ok(quote) => prop_assert_eq!(i128::from(quote.breakdown.totals.gross.minor()), exact),
            Err(error) => {
                prop_assert!(matches!(error, NotPriced::TooLarge(_)));
                prop_assert!(exact > i128::from(MAX_AMOUNT));
            }
        }
    }
}

/// The laws above would hold of carts in which nothing happens: these are not such carts.
#[test]
fn the_carts_of_the_laws_reach_every_kind_of_discount_and_refusal() {
    const CARTS: usize = 2_000;
    const EACH: usize = 50;
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..CARTS {
        let quote = quote(&any_ask().new_tree(&mut runner).unwrap().current()).unwrap();
        for line in &quote.breakdown.lines {
            if line.discounts.len() > 1 {
                *seen.entry("several on one line".into()).or_default() += 1;
            }
        }
        for discount in quote.breakdown.lines.iter().flat_map(|line| &line.discounts) {
            let how = match discount.how {
                How::Percentage { .. } => "percentage",
                How::Line { .. } => "line",
                How::Order { .. } => "order",
                How::Pieces { .. } => "pieces",
            };
            *seen.entry(how.into()).or_default() += 1;
        }
        for refused in quote.codes.iter().filter_map(|code| code.refused) {
            *seen.entry(format!("{refused:?}")).or_default() += 1;
        }
    }
    let kinds = ["percentage", "line", "order", "pieces", "several on one line"];
    for kind in kinds.into_iter().chain(["BelowMinimum", "NotCombinable", "NothingToTakeOff"]) {
        let found = seen.get(kind).copied().unwrap_or_default();
        assert!(found >= EACH, "{kind}: {found} in {CARTS} carts; all: {seen:?}");
    }
}

/// One piece at this price, without promotions and tax.
fn one_line(price: Amount) -> Ask {
    let sku: Sku = text("A");
    let categories = Vec::new();
    let one = Quantity::new(1).unwrap();
    Ask {
        currency: "KWD".parse().unwrap(),
        prices: Prices::IncludeTax,
        destination: Destination { country: country(), region: None, postal_code: None },
        at: Timestamp::from_millis(0),
        lines: vec![Item {
            sku,
            quantity: one,
            unit_price: price,
            tax_category: text("standard"),
            categories,
        }],
        promotions: Vec::new(),
        coupons: Vec::new(),
        codes: Vec::new(),
        tax_rates: vec![TaxRate {
            jurisdiction: text("GB"),
            country: country(),
            region: None,
            postal_prefix: None,
            category: text("standard"),
            rate: Rate::new(0).unwrap(),
            period: Period::default(),
        }],
    }
}
