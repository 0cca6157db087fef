//! The state table: every state, every message, what comes of it.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

mod shop;

use chassis::{Decision, Heard};
use contracts::{MessageEnum, OrderId};
use orders::{Book, Hears};
use shop::*;

/// The states, each reached by real messages.
fn states() -> Vec<(&'static str, Book)> {
    let after = |names: &[&str]| {
        let mut messages = vec![place()];
        messages.extend(names.iter().map(|name| news(name)));
        shop_after(&messages)
    };
    let then = |mut book: Book, heard: Heard<Hears>| {
        assert!(matches!(book.decide(&heard), Decision::Accept(_)));
        book
    };
    let all = ["stock.reserved", "payment.captured", "shipment.scheduled"];
    let sent = ["stock.reserved", "payment.captured", "shipment.scheduled", "shipment.dispatched"];
    let done = [&sent[..], &["shipment.delivered"]].concat();
    let mut first = order_form(AGAIN);
    first.body_hash = text("hash");
    vec![
        ("absent", shop()),
        ("tombstone", shop_after(&[by_ann()])),
        ("awaited", shop_after(&[news("shipment.held")])),
        ("alias", shop_after(&[nth(AGAIN, 0, first), place()])),
        ("placed", after(&[])),
        ("stockreserved", after(&["stock.reserved"])),
        ("paid", after(&["stock.reserved", "payment.captured"])),
        ("confirmed", after(&all)),
        ("confirmed+wanted", then(after(&all), by_ann())),
        ("dispatched", after(&sent)),
        ("completed", after(&done)),
        ("cancelled", then(after(&[]), by_ann())),
    ]
}

/// One row of the table: what comes of this message in each state. `=` stands for "noted, and the state stays".
#[track_caller]
fn check(heard: &Heard<Hears>, expected: &[(&str, &str)]) {
    let states = states();
    let named: Vec<&str> = expected.iter().flat_map(|(names, _)| names.split_whitespace()).collect();
    for (name, mut book) in states {
        assert_eq!(named.iter().filter(|named| **named == name).count(), 1, "{name} must be named once");
        let (_, expected) =
            expected.iter().find(|(names, _)| names.split_whitespace().any(|n| n == name)).unwrap();
        let before = (state(&book, ORDER), book.clone());
        let found = outcome(&mut book, heard);
        let expected = if *expected == "=" { before.0 } else { (*expected).to_owned() };
        assert_eq!(found, expected, "{} in state {name}", heard.message.info().subject);
        if ["repeat", "late", "impossible"].contains(&found.as_str()) {
            assert_eq!(book, before.1, "ignored, and yet something changed: {name}");
        }
    }
}

#[test]
fn stock_reserved_is_one_of_three_marks() {
    check(
        &news("stock.reserved"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias", "impossible"),
            ("placed", "stockreserved"),
            ("stockreserved paid confirmed confirmed+wanted dispatched completed", "repeat"),
            ("cancelled", "="),
        ],
    );
    check(
        &news("stock.reserved!"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias stockreserved paid confirmed confirmed+wanted dispatched completed", "impossible"),
            ("placed", "stockreserved"),
            ("cancelled", "="),
        ],
    );
}

#[test]
fn payment_captured_is_one_of_three_marks() {
    check(
        &news("payment.captured"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias", "impossible"),
            ("placed", "placed"),
            ("stockreserved", "paid"),
            ("paid confirmed confirmed+wanted dispatched completed", "repeat"),
            ("cancelled", "="),
        ],
    );
    check(
        &news("payment.captured!"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias paid confirmed confirmed+wanted dispatched completed", "impossible"),
            ("placed", "placed"),
            ("stockreserved", "paid"),
            ("cancelled", "="),
        ],
    );
}

#[test]
fn shipment_scheduled_is_one_of_three_marks() {
    check(
        &news("shipment.scheduled"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias", "impossible"),
            ("placed", "placed"),
            ("stockreserved", "stockreserved"),
            ("paid", "confirmed confirmed"),
            ("confirmed confirmed+wanted dispatched completed", "repeat"),
            ("cancelled", "="),
        ],
    );
}

#[test]
fn a_refusal_by_inventory_or_shipping_cancels_an_open_order() {
    check(
        &news("stock.rejected"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("placed", "cancelled(out_of_stock) cancelled"),
            ("alias stockreserved paid confirmed confirmed+wanted dispatched completed", "impossible"),
            ("cancelled", "="),
        ],
    );
    check(
        &news("shipment.rejected"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("placed stockreserved paid", "cancelled(not_deliverable) cancelled"),
            ("alias confirmed confirmed+wanted dispatched completed", "impossible"),
            ("cancelled", "="),
        ],
    );
}

#[test]
fn a_declined_payment_cancels_an_unpaid_order() {
    check(
        &news("payment.declined"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias", "impossible"),
            ("placed stockreserved", "cancelled(declined) cancelled"),
            ("paid confirmed confirmed+wanted dispatched completed cancelled", "="),
        ],
    );
}

#[test]
fn what_is_for_the_timeline_only_changes_no_status() {
    let names = [
        "payment.surplus",
        "payment.pending",
        "payment.refunded",
        "payment.refunded!",
        "payment.refund_failed",
        "payment.voided",
        "stock.released",
        "stock.committed",
    ];
    for name in names {
        check(
            &news(name),
            &[
                ("absent tombstone awaited", "awaited"),
                ("alias", "impossible"),
                ("placed stockreserved paid confirmed confirmed+wanted dispatched completed cancelled", "="),
            ],
        );
    }
    check(
        &news("shipment.held"),
        &[
            ("absent tombstone", "awaited"),
            ("awaited", "repeat"),
            ("alias", "impossible"),
            ("placed stockreserved paid confirmed confirmed+wanted dispatched completed cancelled", "="),
        ],
    );
}

#[test]
fn a_shipment_that_is_called_off_cancels_a_confirmed_order_that_is_wanted_back() {
    check(
        &news("shipment.cancelled"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias dispatched completed", "impossible"),
            ("placed stockreserved paid confirmed cancelled", "="),
            ("confirmed+wanted", "cancelled(by_customer) cancelled"),
        ],
    );
}

#[test]
fn dispatch_answers_an_open_wish_to_cancel() {
    check(
        &news("shipment.dispatched"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias cancelled", "impossible"),
            ("placed stockreserved paid", "="),
            ("confirmed", "dispatched"),
            ("confirmed+wanted", "cancel_refused(dispatched) dispatched"),
            ("dispatched completed", "repeat"),
        ],
    );
    check(
        &news("shipment.dispatched!"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias cancelled dispatched", "impossible"),
            ("placed stockreserved paid completed", "="),
            ("confirmed", "dispatched"),
            ("confirmed+wanted", "cancel_refused(dispatched) dispatched"),
        ],
    );
}

#[test]
fn delivery_completes_even_before_dispatch_is_heard_of() {
    check(
        &news("shipment.delivered"),
        &[
            ("absent tombstone awaited", "awaited"),
            ("alias cancelled", "impossible"),
            ("placed stockreserved paid", "="),
            ("confirmed dispatched", "completed completed"),
            ("confirmed+wanted", "cancel_refused(completed) completed completed"),
            ("completed", "repeat"),
        ],
    );
    let mut book = shop_after(&[
        place(),
        news("stock.reserved"),
        news("payment.captured"),
        news("shipment.scheduled"),
        news("shipment.delivered"),
    ]);
    assert_eq!(outcome(&mut book, &news("shipment.dispatched")), "completed");
}

#[test]
fn a_customers_wish_to_cancel() {
    check(
        &by_ann(),
        &[
            ("absent awaited", "awaited"),
            ("tombstone confirmed+wanted cancelled", "repeat"),
            // The original is cancelled; this row stays the alias.
            ("alias", "cancelled(by_customer) alias"),
            ("placed stockreserved paid", "cancelled(by_customer) cancelled"),
            ("confirmed", "cancel_requested confirmed+wanted"),
            ("dispatched", "cancel_refused(dispatched) dispatched"),
            ("completed", "cancel_refused(completed) completed"),
        ],
    );
}

#[test]
fn an_admins_wish_to_cancel() {
    check(
        &by_boss(),
        &[
            ("absent awaited tombstone", "awaited"),
            ("confirmed+wanted cancelled", "repeat"),
            ("alias", "cancelled(by_admin) alias"),
            ("placed stockreserved paid", "cancelled(by_admin) cancelled"),
            ("confirmed", "cancel_requested confirmed+wanted"),
            ("dispatched", "cancel_refused(dispatched) dispatched"),
            ("completed", "cancel_refused(completed) completed"),
        ],
    );
}

#[test]
fn anothers_wish_to_cancel_is_ignored_once_it_is_known_whose_the_order_is() {
    check(
        &by_bob(),
        &[
            ("absent awaited tombstone", "awaited"),
            (
                "alias placed stockreserved paid confirmed confirmed+wanted dispatched completed cancelled",
                "late",
            ),
        ],
    );
}

#[test]
fn only_the_rows_own_deadline_expires_an_unpaid_order() {
    check(
        &expire_at(deadline()),
        &[
            ("absent awaited tombstone", "awaited"),
            ("placed stockreserved", "cancelled(expired) cancelled"),
            ("alias paid confirmed confirmed+wanted dispatched completed cancelled", "late"),
        ],
    );
    check(
        &expire_at(noon()),
        &[
            ("absent awaited tombstone", "awaited"),
            (
                "alias placed stockreserved paid confirmed confirmed+wanted dispatched completed cancelled",
                "late",
            ),
        ],
    );
}

#[test]
fn an_order_is_placed_once() {
    check(
        &place(),
        &[
            ("absent awaited", "created placed"),
            ("tombstone", "cancelled(by_customer) cancelled"),
            (
                "alias placed stockreserved paid confirmed confirmed+wanted dispatched completed cancelled",
                "repeat",
            ),
        ],
    );
}

#[test]
fn an_event_whose_id_is_not_made_of_its_order_is_impossible() {
    let mut book = shop_after(&[place()]);
    let mut stranger = news("stock.reserved");
    stranger.id = nth(AGAIN, 0, contracts::StockReserved { order_id: OrderId(ORDER.0) }).id;
    assert_eq!(outcome(&mut book, &stranger), "impossible");
}
