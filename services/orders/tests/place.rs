//! Placing: what is checked, in which order, and what becomes of what came too early.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

mod shop;

use chassis::{Decision, Heard};
use contracts::{
    CancelReason, Currency, InvalidLine, MAX_AMOUNT, MessageEnum, OrderId, PlaceOrder, Quantity, Role,
};
use orders::{Book, Hears, Tells, domain::Known};
use shop::*;

/// Places an order that differs from the usual one; gives what is told.
#[track_caller]
fn placed(book: &mut Book, change: impl FnOnce(&mut PlaceOrder)) -> Vec<Tells> {
    let mut form = order_form(ORDER);
    change(&mut form);
    match book.decide(&nth(ORDER, 0, form)) {
        Decision::Accept(facts) => facts.into_iter().map(|fact| fact.message).collect(),
        Decision::Ignore(why) => panic!("{why:?}"),
    }
}

#[track_caller]
fn check_invalid(change: impl FnOnce(&mut PlaceOrder), at: usize, expected: InvalidLine) {
    let mut book = shop();
    let told = placed(&mut book, change);
    let [Tells::OrderCancelled(event)] = told.as_slice() else { panic!("only cancelled, not {told:?}") };
    let CancelReason::Invalid { line, why, catalog } = &event.reason else { panic!("{:?}", event.reason) };
    assert_eq!((*line, *why), (at, expected));
    assert_eq!(catalog.is_none(), expected == InvalidLine::UnknownSku, "what the catalog says is told");
    let Known::Placed(order) = &book.orders.get(&ORDER).unwrap().known else { panic!("placed") };
    assert_eq!(order.goods.as_ref().unwrap().address, None, "nobody needs the address");
    assert_eq!(book.keys.fresh().count(), 1, "the first use of a key counts, whatever becomes of the order");
}

#[test]
fn a_line_that_does_not_match_the_catalog_cancels_the_order_before_anybody_hears_of_it() {
    check_invalid(|form| form.lines[1].sku = text("pan"), 1, InvalidLine::UnknownSku);
    check_invalid(|form| form.lines[0].unit_price = amount(249), 0, InvalidLine::Price);
    check_invalid(|form| form.currency = "EUR".parse().unwrap(), 0, InvalidLine::Currency);
}

#[test]
fn what_is_not_sold_at_present_cannot_be_ordered() {
    let mut book = shop();
    let mut gone = product("pot", 1_000, 2);
    let Hears::ProductChanged(product) = &mut gone.message else { unreachable!() };
    product.active = false;
    assert_eq!(book.decide(&gone), Decision::NOTED);
    let told = placed(&mut book, |_| {});
    assert!(matches!(
        told.as_slice(),
        [Tells::OrderCancelled(event)] if matches!(event.reason, CancelReason::Invalid { line: 1, why: InvalidLine::Inactive, .. })
    ));
}

#[test]
fn a_total_beyond_the_largest_amount_cancels_the_order() {
    let mut book = Book::default();
    assert_eq!(book.decide(&product("cup", MAX_AMOUNT, 1)), Decision::NOTED);
    let told = placed(&mut book, |form| {
        form.lines.truncate(1);
        form.lines[0].unit_price = amount(MAX_AMOUNT);
        form.lines[0].quantity = Quantity::new(2).unwrap();
    });
    assert!(matches!(
        told.as_slice(),
        [Tells::OrderCancelled(event)] if matches!(event.reason, CancelReason::Invalid { line: 0, why: InvalidLine::Total, .. })
    ));
}

#[test]
fn an_order_that_is_as_the_catalog_has_it_is_priced_and_told() {
    let told = placed(&mut shop(), |_| {});
    let [Tells::OrderCreated(event)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(event.total, amount(1_500));
    assert_eq!(event.payment.token, Some(text("tok")));
    assert_eq!(event.currency, "GBP".parse::<Currency>().unwrap());
}

#[test]
fn the_copy_of_the_catalog_keeps_the_highest_version() {
    let mut book = shop();
    assert_eq!(outcome(&mut book, &product("cup", 300, 3)), "absent");
    assert_eq!(outcome(&mut book, &product("cup", 300, 3)), "repeat");
    assert_eq!(outcome(&mut book, &product("cup", 275, 2)), "late");
    let told = placed(&mut book, |form| form.lines[0].unit_price = amount(300));
    assert!(matches!(told.as_slice(), [Tells::OrderCreated(_)]));
}

#[test]
fn the_same_key_and_body_is_the_same_order() {
    let mut book = shop_after(&[place()]);
    let Decision::Accept(facts) = book.decide(&place_again()) else { panic!("accepted") };
    let [fact] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(fact.about, AGAIN.0);
    assert!(
        matches!(&fact.message, Tells::OrderDuplicate(event) if event.of == ORDER && event.order_id == AGAIN)
    );
    assert_eq!(state(&book, AGAIN), "alias");
    assert_eq!(outcome(&mut book, &place_again()), "repeat");
    assert_eq!(
        book.timeline.last().map(|entry| (entry.order_id, entry.event)),
        Some((ORDER, "order.duplicate"))
    );
}

#[test]
fn the_same_key_with_another_body_is_a_conflict() {
    let mut book = shop_after(&[place()]);
    let mut form = order_form(AGAIN);
    form.body_hash = text("other");
    let Decision::Accept(facts) = book.decide(&nth(AGAIN, 0, form)) else { panic!("accepted") };
    let words: Vec<String> = facts.iter().map(short).collect();
    assert_eq!(words, ["cancelled(idempotency_conflict)"]);
    assert_eq!(state(&book, ORDER), "placed");
    // The key still stands for the first.
    let mut third = order_form(order(3));
    third.body_hash = text("hash");
    assert!(matches!(book.decide(&nth(order(3), 0, third)), Decision::Accept(_)));
    assert_eq!(book.orders.get(&order(3)).map(|row| &row.known), Some(&Known::Alias(ORDER)));
}

#[test]
fn another_customers_same_key_is_another_key() {
    let mut book = shop_after(&[place()]);
    let mut form = order_form(AGAIN);
    form.customer_id = BOB;
    let Decision::Accept(facts) = book.decide(&nth(AGAIN, 0, form)) else { panic!("accepted") };
    assert_eq!(facts.iter().map(short).collect::<Vec<_>>(), ["created"]);
}

#[test]
fn the_key_is_looked_at_before_the_tombstone_and_the_tombstone_before_the_catalog() {
    // The alias's tombstone cancels the original.
    let mut book = shop_after(&[place(), cancel(AGAIN, ANN, Role::Customer)]);
    assert_eq!(outcome(&mut book, &place_again()), "duplicate cancelled(by_customer) cancelled");
    // A wish on a confirmed original is a request.
    let all = ["stock.reserved", "payment.captured", "shipment.scheduled"];
    let mut book =
        shop_after(&[place(), news(all[0]), news(all[1]), news(all[2]), cancel(AGAIN, BOSS, Role::Admin)]);
    assert_eq!(outcome(&mut book, &place_again()), "duplicate cancel_requested confirmed+wanted");
    // A stranger's is none.
    let mut book = shop_after(&[place(), cancel(AGAIN, BOB, Role::Customer)]);
    assert_eq!(outcome(&mut book, &place_again()), "duplicate placed");
    // Cancelled as wanted, though the price is wrong too.
    let mut book = shop_after(&[by_boss()]);
    let told = placed(&mut book, |form| form.lines[0].unit_price = amount(1));
    assert!(
        matches!(told.as_slice(), [Tells::OrderCancelled(event)] if event.reason == CancelReason::ByAdmin)
    );
}

#[test]
fn a_tombstone_keeps_every_customer_who_asked() {
    let mut book = shop_after(&[by_bob(), by_ann(), by_boss()]);
    assert_eq!(outcome(&mut book, &place()), "cancelled(by_customer) cancelled");
    let mut book = shop_after(&[by_bob()]);
    assert_eq!(outcome(&mut book, &place()), "created placed", "a stranger's wish is none");
}

#[test]
fn whoever_placed_a_declined_order_to_wait_can_pay_another_way() {
    let mut book = shop_after(&[place_patiently(), news("stock.reserved")]);
    assert_eq!(outcome(&mut book, &news("payment.declined")), "stockreserved");
    assert_eq!(outcome(&mut book, &news("payment.captured")), "paid");
    let mut book = shop_after(&[place_patiently(), news("payment.declined")]);
    assert_eq!(outcome(&mut book, &expire_at(deadline())), "cancelled(expired) cancelled");
}

#[test]
fn a_pending_payment_moves_the_deadline_but_never_back() {
    let mut book = shop_after(&[place(), news("payment.pending")]);
    assert_eq!(outcome(&mut book, &expire_at(deadline())), "late");
    assert_eq!(outcome(&mut book, &expire_at(later())), "cancelled(expired) cancelled");
    let mut soon = news("payment.pending");
    let Hears::PaymentPending(event) = &mut soon.message else { unreachable!() };
    event.expires_at = noon();
    let mut book = shop_after(&[place(), soon]);
    assert_eq!(outcome(&mut book, &expire_at(noon())), "late");
    assert_eq!(outcome(&mut book, &expire_at(deadline())), "cancelled(expired) cancelled");
}

#[test]
fn a_memory_that_was_lost_is_rebuilt_from_what_comes_again_in_any_order() {
    let lost =
        ["shipment.delivered", "shipment.scheduled", "payment.captured", "stock.reserved", "stock.committed"];
    let early: Vec<Heard<Hears>> = lost.iter().map(|name| news(name)).collect();
    let mut book = shop_after(&early);
    assert_eq!(outcome(&mut book, &place()), "created confirmed completed completed");
    // The wish had been refused; it is again, even if it comes before the placement.
    let mut book = shop_after(&[&early[..], &[by_ann()]].concat());
    assert_eq!(
        outcome(&mut book, &place()),
        "created confirmed completed cancel_refused(completed) completed"
    );
    let mut book = shop_after(&[expire_at(deadline()), news("stock.reserved")]);
    assert_eq!(outcome(&mut book, &place()), "created cancelled(expired) cancelled");
    // Events count before timers: the deadline had moved when this one fired too early.
    let mut book = shop_after(&[expire_at(deadline()), news("payment.pending")]);
    assert_eq!(outcome(&mut book, &place()), "created placed");
}

#[test]
fn a_confirmed_order_that_shipping_gave_up_is_cancelled_once_the_wish_is_heard() {
    let mut book = shop_after(&[
        place(),
        news("shipment.cancelled"),
        news("stock.reserved"),
        news("payment.captured"),
        news("shipment.scheduled"),
    ]);
    assert_eq!(outcome(&mut book, &by_ann()), "cancel_requested cancelled(by_customer) cancelled");
}

#[test]
fn what_no_gateway_would_send_is_impossible() {
    let mut book = shop();
    let mut form = order_form(ORDER);
    form.lines.clear();
    assert_eq!(outcome(&mut book, &nth(ORDER, 0, form)), "impossible");
    let odd = OrderId(uuid::Uuid::from_u128(ORDER.0.as_u128() + 1));
    assert_eq!(outcome(&mut book, &command(order_form(odd))), "impossible");
}

#[test]
fn early_news_has_a_limit() {
    let mut book = shop();
    for caller in 0..orders::domain::MAX_EARLY {
        let caller = contracts::CustomerId(uuid::Uuid::from_u128(1_000 + caller as u128));
        assert_eq!(outcome(&mut book, &cancel(ORDER, caller, Role::Customer)), "awaited");
    }
    assert_eq!(outcome(&mut book, &by_ann()), "impossible");
}

#[test]
fn the_timeline_shows_an_orders_life() {
    let mut messages = vec![place()];
    let life = ["shipment.held", "stock.reserved", "payment.captured", "shipment.scheduled"];
    messages.extend(life.iter().map(|name| news(name)));
    let book = shop_after(&messages);
    let events: Vec<&str> = book.timeline.iter().map(|entry| entry.event).collect();
    assert_eq!(events, [&["order.created"], &life[..], &["order.confirmed"]].concat());
    assert!(messages.iter().all(|heard| Hears::INFOS.contains(&heard.message.info())));
}
