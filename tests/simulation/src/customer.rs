//! Customers and their wishes.

use crate::world::World;
use contracts::Message as _;
use contracts::{
    Address, Amount, Caller, CancelOrder, CustomerId, DeliverShipment, DispatchShipment, Line, MessageId,
    OnDecline, OrderId, PayOrder, Payment, PlaceOrder, ProductChanged, Quantity, ReceiveStock, ReceivedLine,
    RefundPayment, Role, Sku, Text,
};
use uuid::Uuid;

/// Something that somebody does about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It is placed, to be paid by this method.
    Place(&'static str, OnDecline),
    /// It is placed again, by a retry of the client under another id.
    PlaceAgain,
    /// Its customer wants it cancelled.
    Cancel,
    /// Somebody else wants it cancelled.
    CancelByAnother,
    /// Its customer pays another way.
    Pay(&'static str),
    /// An admin gives back so many pence.
    Refund(i64),
    /// It is sent.
    Dispatch,
    /// It arrives.
    Deliver,
}

/// A world with one product, so many of it in stock, and zones that serve Britain.
#[must_use]
pub fn shop(mut world: World, stock: i64) -> World {
    let product = ProductChanged {
        sku: sku(),
        name: text("A thing"),
        price: price(),
        currency: "GBP".parse().expect("a currency"),
        active: true,
        version: 1,
    };
    let id = world.fresh_id();
    world.send(id, &product);
    if let Ok(quantity) = Quantity::new(stock) {
        let lines = vec![ReceivedLine { sku: sku(), quantity }];
        let id = world.fresh_id();
        world.send(id, &ReceiveStock { reference: text("first"), lines });
    }
    world.dock.zones = shipping::domain::Zones(vec![shipping::domain::Zone {
        id: text("gb"),
        country: address().country,
        postal_prefix: String::new(),
        served: true,
        has_slots: false,
    }]);
    world.heal();
    world.told.clear();
    world
}

impl World {
    /// The id of the n-th order.
    #[must_use]
    pub fn order(n: u16) -> OrderId {
        OrderId::from_v7(Uuid::from_u128(0x0193_aaaa_0000_7000_8000_0000_0000_0000 + (u128::from(n) << 32)))
    }

    /// Somebody does something about the n-th order.
    pub fn wish(&mut self, n: u16, wish: Wish) {
        let order_id = Self::order(n);
        match wish {
            Wish::Place(method, on_decline) => self.place(n, order_id, method, on_decline),
            Wish::PlaceAgain => {
                let again = OrderId::from_v7(Uuid::from_u128(order_id.0.as_u128() + (1 << 24)));
                self.place(n, again, "sandbox.succeeds", OnDecline::Cancel);
            }
            Wish::Cancel => self.command(&CancelOrder { order_id, by: caller(n) }),
            Wish::CancelByAnother => self.command(&CancelOrder { order_id, by: caller(n + 1) }),
            Wish::Pay(method) => {
                self.command(&PayOrder {
                    order_id,
                    by: caller(n),
                    payment: payment(method, OnDecline::Wait),
                });
            }
            Wish::Refund(pence) => {
                let reference = text(format!("refund-{n}-{pence}"));
                self.command(&RefundPayment { order_id, reference, amount: Amount::new(pence).ok() });
            }
            Wish::Dispatch => self.command(&DispatchShipment { order_id }),
            Wish::Deliver => self.command(&DeliverShipment { order_id }),
        }
    }

    fn command<M: contracts::Message>(&mut self, command: &M) {
        let id = self.fresh_id();
        self.send(id, command);
    }

    fn place(&mut self, n: u16, order_id: OrderId, method: &str, on_decline: OnDecline) {
        let place = PlaceOrder {
            order_id,
            customer_id: caller(n).id,
            idempotency_key: text(format!("key-{n}")),
            body_hash: text("the same"),
            currency: "GBP".parse().expect("a currency"),
            lines: vec![Line { sku: sku(), quantity: Quantity::new(2).expect("two"), unit_price: price() }],
            address: address(),
            slot: None,
            payment: payment(method, on_decline),
        };
        self.send(MessageId::about(order_id.0, PlaceOrder::INFO.code, 0), &place);
    }
}

fn caller(n: u16) -> Caller {
    Caller { id: CustomerId(Uuid::from_u128(u128::from(n) + 1)), role: Role::Customer }
}

fn payment(method: &str, on_decline: OnDecline) -> Payment {
    Payment { method: text(method), token: None, on_decline }
}

fn address() -> Address {
    Address {
        name: text("Ada"),
        line1: text("1 Road"),
        line2: None,
        city: text("London"),
        postal_code: None,
        country: std::borrow::Cow::Borrowed("GB").try_into().expect("a country"),
    }
}

fn sku() -> Sku {
    text("THING")
}

fn price() -> Amount {
    Amount::new(500).expect("an amount")
}

fn text<const MAX: usize>(words: impl Into<String>) -> Text<MAX> {
    Text::new(words).expect("a text")
}
