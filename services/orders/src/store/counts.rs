//! What is counted of orders, once it is committed: what became of them, how long it took, what they earned.

use crate::domain::{Book, Entry, Known, Order, Row};
use chassis::{
    clock,
    telemetry::{Counter, Counts, Histogram, is_measured},
};
use contracts::{
    Message, OnDecline, OrderCancelled, OrderCompleted, OrderConfirmed, OrderCreated, PaymentCaptured,
    PaymentDeclined, PaymentPending, PaymentRefundFailed, PaymentRefunded, ShipmentDelivered,
    ShipmentDispatched, ShipmentHeld, ShipmentRejected, ShipmentScheduled, StockRejected, StockReserved,
    Timestamp,
};

static ORDERS: Counter = Counter::new("starling.orders", "{order}", "Orders by what became of them");
static STEPS: Counter = Counter::new("starling.order.steps", "{order}", "Steps that orders took");
static SETTLED: Histogram = Histogram::seconds(
    "starling.order.settle.duration",
    "From an order's acceptance until it was confirmed or cancelled, unless it waited for its customer",
);
static REVENUE: Counter = Counter::new("starling.order.revenue", "{minor}", "Totals of confirmed orders");
static REFUNDED: Counter = Counter::new("starling.order.refunded", "{minor}", "Money given back");
static REFUNDS: Counter = Counter::new("starling.order.refunds", "{refund}", "Refunds by outcome");

const CREATED: &str = OrderCreated::INFO.subject;
const CONFIRMED: &str = OrderConfirmed::INFO.subject;
const CANCELLED: &str = OrderCancelled::INFO.subject;
const COMPLETED: &str = OrderCompleted::INFO.subject;
const RESERVED: &str = StockReserved::INFO.subject;
const REJECTED: &str = StockRejected::INFO.subject;
const CAPTURED: &str = PaymentCaptured::INFO.subject;
const PENDING: &str = PaymentPending::INFO.subject;
const DECLINED: &str = PaymentDeclined::INFO.subject;
const GIVEN_BACK: &str = PaymentRefunded::INFO.subject;
const NOT_GIVEN_BACK: &str = PaymentRefundFailed::INFO.subject;
const HELD: &str = ShipmentHeld::INFO.subject;
const NOT_DELIVERABLE: &str = ShipmentRejected::INFO.subject;
const SCHEDULED: &str = ShipmentScheduled::INFO.subject;
const DISPATCHED: &str = ShipmentDispatched::INFO.subject;
const DELIVERED: &str = ShipmentDelivered::INFO.subject;

/// What is to be counted of all that the batch added to timelines.
pub(super) fn of(book: &Book) -> Counts {
    let mut counts = Counts::default();
    if !is_measured() {
        return counts;
    }
    let now = clock::now();
    for entry in &book.timeline {
        if let Some(step) = step(entry.event) {
            counts.then(move || STEPS.add(1, [("step", step)]));
        }
        became(&mut counts, entry, book.orders.get(&entry.order_id), now);
        money(&mut counts, entry);
    }
    counts
}

/// The steps of the funnel, as dashboards call them.
fn step(event: &str) -> Option<&'static str> {
    Some(match event {
        CREATED => "created",
        RESERVED => "reserved",
        HELD => "held",
        CAPTURED => "paid",
        SCHEDULED => "scheduled",
        CONFIRMED => "confirmed",
        DISPATCHED => "dispatched",
        DELIVERED => "delivered",
        COMPLETED => "completed",
        REJECTED => "rejected",
        NOT_DELIVERABLE => "not_deliverable",
        PENDING => "pending",
        DECLINED => "declined",
        CANCELLED => "cancelled",
        _no_step => return None,
    })
}

fn became(counts: &mut Counts, entry: &Entry, row: Option<&Row>, now: Timestamp) {
    let order = row.and_then(|row| match &row.known {
        Known::Placed(order) => Some((row, order)),
        Known::Awaited(_) | Known::Alias(_) => None,
    });
    let reason = order.and_then(|(_, order)| order.reason.as_ref()).map_or("none", |reason| reason.code());
    let (status, reason) = match entry.event {
        CREATED => ("created", "none"),
        CONFIRMED => ("confirmed", "none"),
        CANCELLED => ("cancelled", reason),
        COMPLETED => ("completed", "none"),
        _goes_on => return,
    };
    counts.then(move || ORDERS.add(1, [("status", status), ("reason", reason)]));
    // Who wanted a confirmed order back had it settled before.
    let settles = |order: &Order| status == "confirmed" || (status == "cancelled" && order.wanted.is_none());
    if let Some((row, order)) = order
        && settles(order)
        && !waited_for_customer(row, order)
    {
        let took_ms = now.millis().saturating_sub(row.placed_at.millis());
        let took_s = f64::from(u32::try_from(took_ms.max(0)).unwrap_or(u32::MAX)) / 1_000.0;
        counts.then(move || SETTLED.record(took_s, [("outcome", status)]));
    }
}

/// Whether the payment was in the customer's hands for a while: on another's page, or after a decline.
fn waited_for_customer(row: &Row, order: &Order) -> bool {
    row.seen.has::<PaymentPending>()
        || (order.on_decline == OnDecline::Wait && row.seen.has::<PaymentDeclined>())
}

fn money(counts: &mut Counts, entry: &Entry) {
    let minor = entry.money.map(|(amount, currency)| (amount.minor().unsigned_abs(), currency.code()));
    match (entry.event, minor) {
        (CONFIRMED, Some((minor, currency))) => {
            counts.then(move || REVENUE.add(minor, [("currency", currency)]));
        }
        (GIVEN_BACK, Some((minor, currency))) => {
            counts.then(move || REFUNDED.add(minor, [("currency", currency)]));
            counts.then(|| REFUNDS.add(1, [("outcome", "refunded")]));
        }
        (NOT_GIVEN_BACK, _) => counts.then(|| REFUNDS.add(1, [("outcome", "failed")])),
        _no_money => {}
    }
}
