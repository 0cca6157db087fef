//! What `orders` is asked.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shows one order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetOrder {
    /// Which; an alias is followed to its original.
    pub order_id: OrderId,
    /// Who asks: a customer sees only the own.
    pub by: Caller,
}

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Taken in by the gateway; `orders` has not seen it yet.
    Accepted,
    /// Checked and open.
    Placed,
    /// Set aside.
    StockReserved,
    /// Set aside and paid.
    Paid,
    /// Set aside, paid, and booked with the carrier.
    Confirmed,
    /// On its way.
    Dispatched,
    /// Delivered.
    Completed,
    /// Called off.
    Cancelled,
}

impl OrderStatus {
    /// Neither accepted nor on its way to being confirmed: what a client with `Prefer: wait` waits for.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Confirmed | Self::Dispatched | Self::Completed | Self::Cancelled)
    }
}

/// An order as its customer sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderView {
    /// Its id.
    pub order_id: OrderId,
    /// Whose.
    pub customer_id: CustomerId,
    /// How far.
    pub status: OrderStatus,
    /// Why, when cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<CancelReason>,
    /// A cancellation of the confirmed order is being decided.
    pub cancel_requested: bool,
    /// Of all prices.
    pub currency: Currency,
    /// What it costs, in minor units.
    pub total: Amount,
    /// As ordered.
    pub lines: Vec<Line>,
    /// Where to; none for an order that was cancelled before it was placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// How the total came about, if the order was made from a cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Box<Breakdown>>,
    /// Until when it must be paid, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Number of entries in its timeline so far.
    pub seq: i64,
}

/// Lists orders, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListOrders {
    /// Who asks.
    pub by: Caller,
    /// Only this customer's; a customer is always given the own.
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// Only these.
    #[serde(default)]
    pub status: Option<OrderStatus>,
    /// Only older than this one: the cursor.
    #[serde(default)]
    pub before: Option<OrderId>,
    /// 1 to 100.
    pub limit: u32,
}

/// One page of orders.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OrderPage {
    /// Newest first.
    pub orders: Vec<OrderView>,
    /// Cursor of the next page; none on the last.
    pub next: Option<OrderId>,
}

/// Shows what happened to an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetTimeline {
    /// Which; an alias is followed to its original.
    pub order_id: OrderId,
    /// Who asks.
    pub by: Caller,
    /// Only entries with a higher number.
    #[serde(default)]
    pub after: i64,
}

/// What happened to an order, as `orders` learnt of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// The order (the original, if an alias was asked for).
    pub order_id: OrderId,
    /// How far it is.
    pub status: OrderStatus,
    /// In the order of their numbers, without gaps.
    pub entries: Vec<TimelineEntry>,
}

/// One thing that happened to an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEntry {
    /// 1, 2, 3 …
    pub seq: i64,
    /// The event's subject.
    pub event: String,
    /// When it was decided, by the clock of the service that told it.
    pub at: Timestamp,
    /// How far the order was after it.
    pub status: OrderStatus,
    /// What matters of the event's body; no personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
    /// The service that told it.
    #[serde(default)]
    pub service: String,
    /// Whether it takes back (or tried to) what was done before.
    #[serde(default)]
    pub compensates: bool,
    /// Its id. None, like all that follows, in entries that are older than this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The message that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// When its stream had stored it; none for what `orders` told itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_at: Option<Timestamp>,
    /// When `orders` took it in, by its own clock; none for what it told itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Timestamp>,
    /// How often it was delivered to `orders` until that was committed, if more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<u32>,
    /// The trace that it belongs to, if the order is traced: W3C's `trace-id`, 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// The message that led to an event. It may be an entry itself, or a message that `orders` does not hear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// Its id.
    pub message_id: MessageId,
    /// Its subject, as far as it can be known: a command that another service heard has an id that tells nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it was given, if it is a command that `orders` heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Lists orders that sit in a state past its deadline.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListStuck {
    /// Seconds past the deadline (or past the last change, where there is none) from which an order counts.
    pub grace_s: u32,
    /// 1 to 1,000.
    pub limit: u32,
}

/// An order that should have gone on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StuckOrder {
    /// Which.
    pub order_id: OrderId,
    /// How far.
    pub status: OrderStatus,
    /// Since when.
    pub since: Timestamp,
    /// The subjects that are missing.
    pub missing: Vec<String>,
}
