//! What `orders` hears and tells: the life of an order.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A customer's order, as the gateway took it in; not yet checked against the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceOrder {
    /// Given by the gateway.
    pub order_id: OrderId,
    /// Who orders.
    pub customer_id: CustomerId,
    /// The client's `Idempotency-Key`.
    pub idempotency_key: Text<255>,
    /// SHA-256 of the request's canonical body, in hex: tells a retry from another order under the same key.
    pub body_hash: Text<64>,
    /// Of all prices.
    pub currency: Currency,
    /// 1 to [`MAX_LINES`].
    pub lines: Vec<Line>,
    /// Where to.
    pub address: Address,
    /// When to deliver; none: the next that has room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<SlotId>,
    /// How it is paid.
    pub payment: Payment,
    /// How the total comes about; none: it is the sum of quantity × unit price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Box<Breakdown>>,
}

/// The customer, or an admin, wants an order to be called off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelOrder {
    /// Which.
    pub order_id: OrderId,
    /// Who asks. Another customer's wish is ignored; an admin's is not.
    pub by: Caller,
}

/// An order's deadline has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpireOrder {
    /// Which.
    pub order_id: OrderId,
    /// The deadline that the timer saw; another one by now makes this command void.
    pub due_at: Timestamp,
}

/// The order is priced, checked and open: inventory, payments and shipping do their part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCreated {
    /// Which.
    pub order_id: OrderId,
    /// Whose.
    pub customer_id: CustomerId,
    /// Of all prices.
    pub currency: Currency,
    /// What the customer pays: the breakdown's total, or the sum of quantity × unit price.
    pub total: Amount,
    /// As ordered; a SKU may stand in several lines.
    pub lines: Vec<Line>,
    /// Where to.
    pub address: Address,
    /// The slot that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<SlotId>,
    /// How it is paid.
    pub payment: Payment,
}

/// Stock is reserved, the payment captured, the shipment scheduled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderConfirmed {
    /// Which.
    pub order_id: OrderId,
    /// Whose.
    pub customer_id: CustomerId,
    /// What it costs.
    pub total: Amount,
    /// Of the total.
    pub currency: Currency,
}

/// The order is called off: everyone undoes what they did for it. Also told for orders that were never created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCancelled {
    /// Which.
    pub order_id: OrderId,
    /// Whose.
    pub customer_id: CustomerId,
    /// Why.
    pub reason: CancelReason,
}

/// Why an order was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum CancelReason {
    /// The customer wanted it.
    ByCustomer,
    /// An admin did it.
    ByAdmin,
    /// Not enough on the shelf.
    OutOfStock {
        /// What was short.
        shortages: Vec<Shortage>,
    },
    /// It cannot be delivered: the zone is not served, the slot is full, the carrier refuses.
    NotDeliverable {
        /// Why not.
        why: ShipmentRefusal,
    },
    /// The payment was declined.
    Declined {
        /// The provider's reason.
        why: DeclineReason,
    },
    /// It was not paid in time.
    Expired,
    /// A line does not match the catalog.
    Invalid {
        /// The line at fault, counted from 0.
        line: usize,
        /// What is wrong with it.
        why: InvalidLine,
        /// What the catalog said about the SKU at that moment; nothing if it is unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        catalog: Option<CatalogPrice>,
    },
    /// The idempotency key was used before, for another order.
    IdempotencyConflict {
        /// The order that the key stands for.
        first: OrderId,
    },
}

impl CancelReason {
    /// Its short name, as on the wire (`code`).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ByCustomer => "by_customer",
            Self::ByAdmin => "by_admin",
            Self::OutOfStock { .. } => "out_of_stock",
            Self::NotDeliverable { .. } => "not_deliverable",
            Self::Declined { .. } => "declined",
            Self::Expired => "expired",
            Self::Invalid { .. } => "invalid",
            Self::IdempotencyConflict { .. } => "idempotency_conflict",
        }
    }
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvalidLine {
    /// No such SKU.
    UnknownSku,
    /// Not sold at present.
    Inactive,
    /// The price is another.
    Price,
    /// It is sold in another currency.
    Currency,
    /// The order's total would exceed [`MAX_AMOUNT`].
    Total,
}

/// What the catalog says of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogPrice {
    /// Which.
    pub sku: Sku,
    /// Price of one, in minor units.
    pub price: Amount,
    /// Of the price.
    pub currency: Currency,
    /// Whether it is sold.
    pub active: bool,
    /// Version of the catalog's entry.
    pub version: i64,
}

/// A confirmed order is wanted back: shipping decides whether it can still be stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCancelRequested {
    /// Which.
    pub order_id: OrderId,
}

/// Too late to cancel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCancelRefused {
    /// Which.
    pub order_id: OrderId,
    /// Why.
    pub why: CancelRefusal,
}

/// Why a cancellation came too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelRefusal {
    /// It is on its way.
    Dispatched,
    /// It was delivered.
    Completed,
}

/// It was delivered: nothing more will happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCompleted {
    /// Which.
    pub order_id: OrderId,
}

/// The same order came twice under one idempotency key: this id stands for the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderDuplicate {
    /// The second id.
    pub order_id: OrderId,
    /// The order that it stands for.
    pub of: OrderId,
}
