//! A small shop for tests: one order, everything that can be said about it, with the ids that it really has.

#![allow(dead_code, reason = "each test file uses its own part")]

use chassis::{Decision, Fact, Heard, Why};
use contracts::{
    Amount, Caller, CancelOrder, CustomerId, DeclineReason, ExpireOrder, Line, Message, MessageEnum,
    MessageId, OnDecline, OrderId, Payment, PaymentCaptured, PaymentDeclined, PaymentPart, PaymentPending,
    PaymentRefundFailed, PaymentRefunded, PaymentVoided, PlaceOrder, ProductChanged, Quantity, Role,
    ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentHeld, ShipmentRefusal,
    ShipmentRejected, ShipmentScheduled, Shortage, StockCommitted, StockRejected, StockReleased,
    StockReserved, Text, Timestamp,
};
use orders::{Book, Hears, Tells, domain::Known};
use std::time::Duration;
use uuid::Uuid;

pub const ANN: CustomerId = CustomerId(Uuid::from_u128(0xa));
pub const BOB: CustomerId = CustomerId(Uuid::from_u128(0xb));
pub const BOSS: CustomerId = CustomerId(Uuid::from_u128(0xc));

/// The order that everything is about.
pub const ORDER: OrderId = order(1);
/// The same once more, under the same key.
pub const AGAIN: OrderId = order(2);

pub const fn order(number: u128) -> OrderId {
    OrderId(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + (number << 16)))
}

pub fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

pub fn amount(minor: i64) -> Amount {
    Amount::new(minor).unwrap()
}

/// When everything is placed.
pub fn noon() -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z").unwrap()
}

/// The deadline of what is placed at noon.
pub fn deadline() -> Timestamp {
    noon().plus(Duration::from_secs(15 * 60))
}

/// When the provider gives a pending payment up: after the deadline.
pub fn later() -> Timestamp {
    noon().plus(Duration::from_secs(30 * 60))
}

/// An event about an order, under its real id, at noon.
pub fn nth<M: Message>(about: OrderId, count: u8, event: M) -> Heard<Hears>
where
    Hears: From<M>,
{
    Heard::new(MessageId::about(about.0, M::INFO.code, count), noon(), event.into())
}

/// A command with an id of its own.
pub fn command(message: impl Into<Hears>) -> Heard<Hears> {
    Heard::new(MessageId(Uuid::now_v7()), noon(), message.into())
}

pub fn order_form(order_id: OrderId) -> PlaceOrder {
    PlaceOrder {
        order_id,
        customer_id: ANN,
        idempotency_key: text("first"),
        body_hash: text("hash"),
        currency: "GBP".parse().unwrap(),
        lines: vec![
            Line { sku: text("cup"), quantity: Quantity::new(2).unwrap(), unit_price: amount(250) },
            Line { sku: text("pot"), quantity: Quantity::new(1).unwrap(), unit_price: amount(1_000) },
        ],
        address: serde_json::from_str(r#"{"name":"Ann","line1":"1 Lane","city":"Leeds","country":"GB"}"#)
            .unwrap(),
        slot: Some(text("standard")),
        payment: Payment {
            method: text("sandbox.succeeds"),
            token: Some(text("tok")),
            on_decline: OnDecline::Cancel,
        },
        breakdown: None,
    }
}

pub fn place() -> Heard<Hears> {
    nth(ORDER, 0, order_form(ORDER))
}

/// The same order with `on_decline: wait`.
pub fn place_patiently() -> Heard<Hears> {
    let mut form = order_form(ORDER);
    form.payment.on_decline = OnDecline::Wait;
    nth(ORDER, 0, form)
}

pub fn place_again() -> Heard<Hears> {
    nth(AGAIN, 0, order_form(AGAIN))
}

pub fn cancel(order_id: OrderId, id: CustomerId, role: Role) -> Heard<Hears> {
    command(CancelOrder { order_id, by: Caller { id, role } })
}

pub fn by_ann() -> Heard<Hears> {
    cancel(ORDER, ANN, Role::Customer)
}

pub fn by_bob() -> Heard<Hears> {
    cancel(ORDER, BOB, Role::Customer)
}

pub fn by_boss() -> Heard<Hears> {
    cancel(ORDER, BOSS, Role::Admin)
}

pub fn expire_at(due_at: Timestamp) -> Heard<Hears> {
    command(ExpireOrder { order_id: ORDER, due_at })
}

pub fn product(sku: &str, price: i64, version: i64) -> Heard<Hears> {
    let (sku, currency) = (text(sku), "GBP".parse().unwrap());
    let product = ProductChanged {
        sku,
        name: text("thing"),
        price: amount(price),
        currency,
        active: true,
        other_prices: vec![],
        version,
    };
    command(product)
}

/// An event about [`ORDER`] by its short name; `!` after it: told a second time under the next id.
pub fn news(name: &str) -> Heard<Hears> {
    let (name, count) = name.strip_suffix('!').map_or((name, 0), |name| (name, 1));
    let order_id = ORDER;
    let currency = "GBP".parse().unwrap();
    match name {
        "stock.reserved" => nth(ORDER, count, StockReserved { order_id }),
        "stock.rejected" => {
            let shortages = vec![Shortage { sku: text("cup"), wanted: 2, available: 1 }];
            nth(ORDER, count, StockRejected { order_id, shortages })
        }
        "stock.released" => nth(ORDER, count, StockReleased { order_id }),
        "stock.committed" => nth(ORDER, count, StockCommitted { order_id }),
        "payment.captured" | "payment.surplus" => {
            let surplus = name == "payment.surplus";
            let parts = vec![PaymentPart { method: text("sandbox.succeeds"), amount: amount(1_500) }];
            let count = count + 2 * u8::from(surplus);
            let amount = amount(1_500);
            nth(ORDER, count, PaymentCaptured { order_id, attempt: 1, amount, currency, parts, surplus })
        }
        "payment.pending" => nth(ORDER, count, PaymentPending { order_id, attempt: 1, expires_at: later() }),
        "payment.declined" => {
            nth(ORDER, count, PaymentDeclined { order_id, attempt: 1, why: DeclineReason::Declined })
        }
        "payment.refunded" => {
            let (reference, amount) = (text("r1"), amount(500));
            nth(ORDER, count, PaymentRefunded { order_id, reference, amount, currency })
        }
        "payment.refund_failed" => {
            let (reference, amount, why) = (text("r2"), amount(500), text("closed"));
            nth(ORDER, count, PaymentRefundFailed { order_id, reference, amount, currency, why })
        }
        "payment.voided" => nth(ORDER, count, PaymentVoided { order_id, attempt: None }),
        "shipment.held" => nth(ORDER, count, ShipmentHeld { order_id, zone: text("GB"), slot: None }),
        "shipment.rejected" => {
            nth(ORDER, count, ShipmentRejected { order_id, why: ShipmentRefusal::SlotFull })
        }
        "shipment.scheduled" => {
            nth(ORDER, count, ShipmentScheduled { order_id, carrier: text("sandbox"), tracking: text("SB1") })
        }
        "shipment.cancelled" => nth(ORDER, count, ShipmentCancelled { order_id }),
        "shipment.dispatched" => nth(ORDER, count, ShipmentDispatched { order_id, tracking: text("SB1") }),
        "shipment.delivered" => nth(ORDER, count, ShipmentDelivered { order_id }),
        other => panic!("no such event: {other}"),
    }
}

/// A book whose catalog copy has what the order wants.
pub fn shop() -> Book {
    let mut book = Book::default();
    for (sku, price) in [("cup", 250), ("pot", 1_000)] {
        assert_eq!(book.decide(&product(sku, price, 1)), Decision::NOTED);
    }
    book
}

/// The shop after these messages, all of which it takes in.
#[track_caller]
pub fn shop_after(messages: &[Heard<Hears>]) -> Book {
    let mut book = shop();
    for heard in messages {
        let decision = book.decide(heard);
        assert!(matches!(decision, Decision::Accept(_)), "{:?}: {decision:?}", heard.message);
    }
    book
}

/// How far an order is: its state's word.
pub fn state(book: &Book, id: OrderId) -> String {
    match book.orders.get(&id).map(|row| &row.known) {
        None => "absent".to_owned(),
        Some(Known::Awaited(_)) => "awaited".to_owned(),
        Some(Known::Alias(_)) => "alias".to_owned(),
        Some(Known::Placed(order)) => {
            let wanted = if order.is_wanted_back() { "+wanted" } else { "" };
            format!("{:?}{wanted}", order.status).to_lowercase()
        }
    }
}

/// A fact in short: its subject's last word, and the reason.
pub fn short(fact: &Fact<Tells>) -> String {
    let name = fact.message.info().subject.trim_start_matches("order.");
    match &fact.message {
        Tells::OrderCancelled(event) => format!("{name}({})", event.reason.code()),
        Tells::OrderCancelRefused(event) => format!("{name}({:?})", event.why).to_lowercase(),
        Tells::OrderCreated(_)
        | Tells::OrderConfirmed(_)
        | Tells::OrderCancelRequested(_)
        | Tells::OrderCompleted(_)
        | Tells::OrderDuplicate(_) => name.to_owned(),
    }
}

/// What came of a message in short: `repeat`, `late`, `impossible`, or the facts and then the state.
pub fn outcome(book: &mut Book, heard: &Heard<Hears>) -> String {
    match book.decide(heard) {
        Decision::Ignore(Why::Repeat) => "repeat".to_owned(),
        Decision::Ignore(Why::TooLate) => "late".to_owned(),
        Decision::Ignore(Why::Impossible(_)) => "impossible".to_owned(),
        Decision::Accept(facts) => {
            let mut words: Vec<String> = facts.iter().map(short).collect();
            words.push(state(book, ORDER));
            words.join(" ")
        }
    }
}
