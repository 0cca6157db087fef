//! Wishes as commands.

use super::{Buyer, Deed, IDS, Plan, Who, Wish};
use crate::{
    air::Air,
    letter::{Letter, NO_ORDER, order_id},
};
use contracts::{
    Address, AdjustStock, Amount, Caller, CancelOrder, CustomerId, DeliverShipment, DispatchShipment, Line,
    Message, MessageId, PayOrder, Payment, PlaceOrder, ProductChanged, Quantity, ReceiveStock, ReceivedLine,
    RefundPayment, Role, Sku, Text, UserDeleted, VerifyPayment,
};
use std::rc::Rc;
use uuid::Uuid;

impl Plan {
    /// The command that a wish is sent as.
    pub fn letter(&self, wish: &Wish, air: &mut Air) -> Rc<Letter> {
        let (order, id) = (wish.order, air.fresh_id());
        let order_id = order_id(order);
        let by = |who| caller(order, who);
        match wish.deed {
            Deed::Place => self.place(order, 0, air),
            Deed::PlaceAgain => self.place(order, 1, air),
            Deed::PlaceOther => self.place(order, 2, air),
            Deed::Cancel(who, which) => {
                let order_id = crate::letter::order_id(order + which);
                let cancel = CancelOrder { order_id, by: by(who) };
                air.letter(id, order + which, &cancel, |l, m| l.to_orders(m))
            }
            Deed::Pay(who, method) => {
                let payment = Payment { method: text(method), token: None, on_decline: Default::default() };
                let pay = PayOrder { order_id, by: by(who), payment };
                air.letter(id, order, &pay, |l, m| l.to_payments(m))
            }
            Deed::Verify(who) => {
                let verify = VerifyPayment { order_id, by: by(who) };
                air.letter(id, order, &verify, |l, m| l.to_payments(m))
            }
            Deed::Refund(amount, n) => {
                let amount = amount.and_then(|amount| Amount::new(amount).ok());
                let refund = RefundPayment { order_id, reference: text(&format!("refund-{n}")), amount };
                air.letter(id, order, &refund, |l, m| l.to_payments(m))
            }
            Deed::Dispatch => air.letter(id, order, &DispatchShipment { order_id }, |l, m| l.to_shipping(m)),
            Deed::Deliver => air.letter(id, order, &DeliverShipment { order_id }, |l, m| l.to_shipping(m)),
            Deed::Receive(sku, n) => {
                let lines = vec![ReceivedLine { sku: text(sku), quantity: quantity(2) }];
                let receipt = ReceiveStock { reference: text(&format!("receipt-{n}")), lines };
                air.letter(id, NO_ORDER, &receipt, |l, m| l.to_inventory(m))
            }
            Deed::Adjust(sku, delta, n) => {
                let (reference, reason) = (text(&format!("count-{n}")), text("counted"));
                let adjust = AdjustStock { reference, sku: text(sku), delta, reason };
                air.letter(id, NO_ORDER, &adjust, |l, m| l.to_inventory(m))
            }
            Deed::Product(sku, version) => {
                air.letter(id, NO_ORDER, &product(sku, version), |l, m| l.to_orders(m))
            }
            Deed::Leave => {
                let gone = UserDeleted { user_id: by(Who::Owner).id, version: 2 };
                air.letter(id, NO_ORDER, &gone, |l, m| l.to_orders(m).to_payments(m).to_shipping(m))
            }
        }
    }

    fn place(&self, order: u8, which: u8, air: &Air) -> Rc<Letter> {
        let buyer = &self.buyers[usize::from(order / IDS)];
        let number = order + which;
        let body_hash = if which == 2 { "another" } else { "the same" };
        let place = PlaceOrder {
            order_id: order_id(number),
            customer_id: caller(order, Who::Owner).id,
            idempotency_key: text(&format!("key-{order}")),
            body_hash: text(body_hash),
            currency: "GBP".parse().expect("a currency"),
            lines: buyer.lines.iter().map(|(sku, n)| line(sku, *n, buyer)).collect(),
            address: address(buyer.country),
            slot: buyer.slot.map(text),
            payment: Payment { method: text(buyer.method), token: None, on_decline: buyer.on_decline },
            breakdown: None,
        };
        let id = MessageId::about(place.order_id.0, PlaceOrder::INFO.code, 0);
        air.letter(id, number, &place, |l, m| l.to_orders(m))
    }
}

/// A product, as the catalog tells of it.
#[must_use]
pub fn product(sku: &str, version: i64) -> ProductChanged {
    let (sku, name) = (text(sku), text("A thing"));
    let currency = "GBP".parse().expect("a currency");
    ProductChanged { price: price(&sku), sku, name, currency, active: true, other_prices: vec![], version }
}

fn line(sku: &str, pieces: i64, buyer: &Buyer) -> Line {
    let sku = text(sku);
    let more = if buyer.wrong_price { 1 } else { 0 };
    let unit_price = Amount::new(price(&sku).minor() + more).expect("an amount");
    Line { sku, quantity: quantity(pieces), unit_price }
}

fn price(sku: &Sku) -> Amount {
    if sku.as_str() == "free" { Amount::ZERO } else { Amount::new(500).expect("an amount") }
}

fn caller(order: u8, who: Who) -> Caller {
    let customer = |n: u128| CustomerId(Uuid::from_u128(n));
    match who {
        Who::Owner => Caller { id: customer(u128::from(order) + 1), role: Role::Customer },
        Who::Stranger => Caller { id: customer(9_000), role: Role::Customer },
        Who::Admin => Caller { id: customer(9_001), role: Role::Admin },
    }
}

fn address(country: &'static str) -> Address {
    Address {
        name: text("Ada"),
        line1: text("1 Road"),
        line2: None,
        city: text("London"),
        postal_code: None,
        country: std::borrow::Cow::Borrowed(country).try_into().expect("a country"),
    }
}

fn quantity(pieces: i64) -> Quantity {
    Quantity::new(pieces).expect("a quantity")
}

/// A text of the simulation's own.
pub(crate) fn text<const MAX: usize>(words: &str) -> Text<MAX> {
    Text::new(words).expect("a text")
}
