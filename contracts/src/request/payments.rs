//! What `payments` is asked.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shows an order's payment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetPayment {
    /// Of which order.
    pub order_id: OrderId,
    /// Who asks.
    pub by: Caller,
}

/// An order's payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentView {
    /// Of which order.
    pub order_id: OrderId,
    /// How far: `owes`, `ready`, `charging`, `pending`, `captured`, `declined`, `voided`, `refunding`, `refunded`.
    pub state: String,
    /// Of all amounts.
    pub currency: Currency,
    /// What the order costs.
    pub total: Amount,
    /// What was captured, without surplus.
    pub captured: Amount,
    /// What went back.
    pub refunded: Amount,
}
