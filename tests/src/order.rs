//! Orders to place.

use serde_json::{Value, json};

/// One line of an order.
pub fn line(sku: &str, quantity: i64) -> Value {
    json!({"sku": sku, "quantity": quantity, "unit_price": Order::PRICE})
}

/// The body of `POST /v1/orders`, with what most tests do not care about filled in.
pub struct Order(pub Value);

impl Order {
    /// Price of one of every test product, in pence.
    pub const PRICE: i64 = 1_250;

    /// One line, paid at once, delivered in London.
    pub fn of(sku: &str, quantity: i64) -> Self {
        Self(json!({
            "currency": "GBP",
            "lines": [line(sku, quantity)],
            "address": {"name": "Ada Buyer", "line1": "1 Test Road", "city": "London", "postal_code": "N1 9GU", "country": "GB"},
            "payment": {"method": "sandbox.succeeds"},
        }))
    }

    /// Paid by this method.
    #[must_use]
    pub fn paid_by(self, method: &str) -> Self {
        self.with("/payment/method", json!(method))
    }

    /// With the value at this JSON pointer replaced or added.
    #[must_use]
    pub fn with(mut self, pointer: &str, value: Value) -> Self {
        let (parent, field) = pointer.rsplit_once('/').expect("a JSON pointer has a slash");
        let parent = self.0.pointer_mut(parent).expect("the parent is there");
        if let Value::Array(items) = parent {
            let index: usize = field.parse().expect("an index");
            if index < items.len() { items[index] = value } else { items.push(value) }
        } else {
            parent[field] = value;
        }
        self
    }
}
