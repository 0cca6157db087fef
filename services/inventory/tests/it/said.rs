//! What inventory is told in these tests, in short words.

use chassis::Heard;
use contracts::{
    Address, AdjustStock, Amount, CancelReason, CustomerId, Line, MessageId, OnDecline, OrderCancelled,
    OrderCreated, OrderId, Payment, Quantity, ReceiveStock, ReceivedLine, ShipmentDispatched, Sku, Text,
    Timestamp,
};
use inventory::{Hears, domain::Lines};
use std::borrow::Cow;
use uuid::Uuid;

/// The `n`-th order.
pub fn order(n: u16) -> OrderId {
    OrderId::from_v7(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | (u128::from(n) << 32)))
}

pub fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).expect("a text")
}

pub fn sku(name: &str) -> Sku {
    text(name)
}

pub fn lines(lines: &[(&str, i64)]) -> Lines {
    lines.iter().map(|(name, quantity)| (sku(name), *quantity)).collect()
}

pub fn created(id: OrderId, lines: &[(&str, i64)]) -> Hears {
    let line = |(name, quantity): &(&str, i64)| Line {
        sku: sku(name),
        quantity: Quantity::new(*quantity).expect("a quantity"),
        unit_price: Amount::ZERO,
    };
    Hears::OrderCreated(OrderCreated {
        order_id: id,
        customer_id: CustomerId(Uuid::nil()),
        currency: "GBP".parse().expect("a currency"),
        total: Amount::ZERO,
        lines: lines.iter().map(line).collect(),
        address: Address {
            name: text("A. Buyer"),
            line1: text("1 High Street"),
            line2: None,
            city: text("London"),
            postal_code: None,
            country: Cow::from("GB").try_into().expect("a country"),
        },
        slot: None,
        payment: Payment { method: text("sandbox.succeeds"), token: None, on_decline: OnDecline::Cancel },
    })
}

pub fn cancelled(id: OrderId) -> Hears {
    let customer_id = CustomerId(Uuid::nil());
    Hears::OrderCancelled(OrderCancelled { order_id: id, customer_id, reason: CancelReason::ByCustomer })
}

pub fn dispatched(id: OrderId) -> Hears {
    Hears::ShipmentDispatched(ShipmentDispatched { order_id: id, tracking: text("SB1") })
}

pub fn receive(reference: &str, lines: &[(&str, i64)]) -> Hears {
    let line = |(name, quantity): &(&str, i64)| ReceivedLine {
        sku: sku(name),
        quantity: Quantity::new(*quantity).expect("a quantity"),
    };
    Hears::ReceiveStock(ReceiveStock { reference: text(reference), lines: lines.iter().map(line).collect() })
}

pub fn adjust(reference: &str, name: &str, delta: i64) -> Hears {
    Hears::AdjustStock(AdjustStock {
        reference: text(reference),
        sku: sku(name),
        delta,
        reason: text("counted"),
    })
}

/// The `n`-th message.
pub fn heard(n: u64, message: Hears) -> Heard<Hears> {
    let id = MessageId(Uuid::from_u128(0x0194_0000_0000_7000_8000_0000_0000_0000 | (u128::from(n) << 32)));
    Heard::new(id, Timestamp::from_millis(1_795_000_000_000), message)
}
