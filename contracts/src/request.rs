//! Requests: what the gateway and the operator may ask a service, over core NATS request-reply.

use crate::*;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A question with its subject and the type of its answer.
pub trait Request: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// `req.<service>.<verb>`.
    const SUBJECT: &'static str;
    /// What comes back when all is well.
    type Reply: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
}

/// Why a request was not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// No such thing, or not the caller's.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The request itself is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// The field at fault.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// The service can't answer at present; the cause is in its log.
    #[error("temporarily unavailable")]
    Unavailable,
}

/// An answer on the wire.
pub type Answer<R> = Result<<R as Request>::Reply, Refusal>;

macro_rules! requests {
    ($($name:ident $subject:literal -> $reply:ty;)+) => {
        $(impl Request for $name {
            const SUBJECT: &'static str = $subject;
            type Reply = $reply;
        })+

        /// All requests: subject, name, schema of the question, schema of the answer.
        #[must_use]
        pub fn requests() -> Vec<(&'static str, &'static str, Schema, Schema)> {
            vec![$(($subject, stringify!($name), schemars::schema_for!($name), schemars::schema_for!($reply))),+]
        }
    };
}

requests! {
    GetOrder      "req.orders.get"       -> OrderView;
    ListOrders    "req.orders.list"      -> OrderPage;
    GetTimeline   "req.orders.timeline"  -> Timeline;
    ListStuck     "req.orders.stuck"     -> Vec<StuckOrder>;
    CountCopied   "req.orders.copied"    -> Copied;
    GetStockLevel "req.inventory.level"  -> StockLevel;
    GetPayment    "req.payments.get"     -> PaymentView;
    GetShipment   "req.shipping.get"     -> ShipmentView;
    ListSlots     "req.shipping.slots"   -> Vec<Slot>;
    ImportProducts "req.catalog.import"  -> Vec<ProductVersion>;
    GetProduct    "req.catalog.get"      -> ProductView;
    ListProducts  "req.catalog.list"     -> ProductPage;
}

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

/// Asks whether `orders` has these products in its copy of the catalog.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CountCopied {
    /// At most [`MAX_IMPORT`].
    pub products: Vec<ProductVersion>,
}

/// How many products are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Copied {
    /// In that version or a higher one.
    pub copied: usize,
}

/// A product and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductVersion {
    /// Which.
    pub sku: Sku,
    /// Its version.
    pub version: i64,
}

/// Asks what there is of a SKU.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetStockLevel {
    /// Of what.
    pub sku: Sku,
}

/// What there is of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockLevel {
    /// Of what.
    pub sku: Sku,
    /// Pieces in the house.
    pub on_hand: i64,
    /// Pieces of them set aside.
    pub reserved: i64,
    /// Pieces that can be sold.
    pub available: i64,
    /// Grows with every change.
    pub version: i64,
}

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

/// Shows an order's shipment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetShipment {
    /// Of which order.
    pub order_id: OrderId,
    /// Who asks.
    pub by: Caller,
}

/// An order's shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentView {
    /// Of which order.
    pub order_id: OrderId,
    /// How far: `held`, `booking`, `scheduled`, `rejected`, `dispatched`, `delivered`, `cancelled`.
    pub state: String,
    /// The slot, if any.
    pub slot: Option<SlotId>,
    /// Which carrier, once scheduled.
    pub carrier: Option<String>,
    /// The carrier's number, once scheduled.
    pub tracking: Option<String>,
}

/// Lists the slots of an address's zone that have room.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListSlots {
    /// ISO 3166-1 alpha-2.
    pub country: Country,
    /// Where the country has them.
    #[serde(default)]
    pub postal_code: Option<Text<20>>,
}

/// A slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slot {
    /// Its id, as an order names it.
    pub slot: SlotId,
    /// Of which zone.
    pub zone: Text<32>,
    /// Places in it.
    pub capacity: i64,
    /// Places taken.
    pub taken: i64,
}

/// Creates or changes products; what is already so stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ImportProducts {
    /// At most [`MAX_IMPORT`].
    pub products: Vec<Product>,
}

/// Shows a product.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetProduct {
    /// Which.
    pub sku: Sku,
}

/// A product with its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductView {
    /// Its key.
    pub sku: Sku,
    /// What it is called.
    pub name: Text<200>,
    /// Price of one, in minor units.
    pub price: Amount,
    /// Of the price.
    pub currency: Currency,
    /// Whether it is sold.
    pub active: bool,
    /// Grows by one with every change.
    pub version: i64,
}

/// Lists products by SKU.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListProducts {
    /// Only after this one: the cursor.
    #[serde(default)]
    pub after: Option<Sku>,
    /// 1 to 500.
    pub limit: u32,
}

/// One page of products.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProductPage {
    /// By SKU.
    pub products: Vec<ProductView>,
    /// Cursor of the next page; none on the last.
    pub next: Option<Sku>,
}
