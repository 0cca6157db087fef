//! The pairs that cannot be reached, each with its reason. Reaching one of them is a failure too.
//!
//! That a service hears each message once stands behind many of them: its journal knows the id of every other time.
//! The states' tables answer these pairs all the same, for they must also hold after a loss of memory.

use super::Pair;

/// Pairs of these states and events.
pub struct Unreachable {
    service: &'static str,
    states: &'static [&'static str],
    events: &'static [&'static str],
    /// Why nobody can get there.
    pub reason: &'static str,
}

impl Unreachable {
    /// Whether the pair is one of them.
    #[must_use]
    pub fn holds(&self, pair: &Pair) -> bool {
        self.service == pair.service && self.states.contains(&pair.state) && self.events.contains(&pair.event)
    }

    /// How many pairs it names.
    #[cfg(test)]
    pub fn named(&self) -> usize {
        self.states.len() * self.events.len()
    }
}

const fn in_orders(
    states: &'static [&'static str],
    events: &'static [&'static str],
    reason: &'static str,
) -> Unreachable {
    Unreachable { service: "orders", states, events, reason }
}

const fn in_inventory(
    states: &'static [&'static str],
    events: &'static [&'static str],
    reason: &'static str,
) -> Unreachable {
    Unreachable { service: "inventory", states, events, reason }
}

const fn in_payments(
    states: &'static [&'static str],
    events: &'static [&'static str],
    reason: &'static str,
) -> Unreachable {
    Unreachable { service: "payments", states, events, reason }
}

const fn in_shipping(
    states: &'static [&'static str],
    events: &'static [&'static str],
    reason: &'static str,
) -> Unreachable {
    Unreachable { service: "shipping", states, events, reason }
}

const ONCE: &str = "the state says that it was heard, and the journal knows it from then on";
const LOST: &str = "only after a loss of memory";
const NOT_ABOUT: &str = "an order is no product, reference or account, and these are no orders";
const LEFT: &[&str] = &["new leaver", "known leaver"];

const ORDER_STATES: &[&str] = &[
    "unknown",
    "awaited",
    "alias",
    "placed",
    "stock_reserved",
    "paid",
    "confirmed",
    "wanted_back",
    "dispatched",
    "completed",
    "cancelled",
];
const COMMANDS: &[&str] = &["cmd.order.place", "cmd.order.cancel", "cmd.order.expire"];
const NEWS: &[&str] = &[
    "stock.reserved",
    "stock.rejected",
    "stock.released",
    "stock.committed",
    "payment.captured",
    "payment.pending",
    "payment.declined",
    "payment.refunded",
    "payment.refund_failed",
    "payment.voided",
    "shipment.held",
    "shipment.rejected",
    "shipment.scheduled",
    "shipment.cancelled",
    "shipment.dispatched",
    "shipment.delivered",
];
const HOLDINGS: &[&str] =
    &["unknown", "reserved", "rejected", "released", "committed", "tombstone", "dispatched"];
const PAYMENT_STATES: &[&str] = &[
    "unknown",
    "owes",
    "ready",
    "charging",
    "pending",
    "captured",
    "declined",
    "voided",
    "refunding",
    "refunded",
];
const PAYMENT_MESSAGES: &[&str] = &[
    "order.created",
    "stock.reserved",
    "shipment.held",
    "order.cancelled",
    "payment.answered",
    "cmd.payment.webhook",
    "cmd.payment.pay",
    "cmd.payment.verify",
    "cmd.payment.refund",
];
const SHIPMENT_STATES: &[&str] = &[
    "unknown",
    "expected",
    "held",
    "booking",
    "scheduled",
    "scheduled_confirmed",
    "rejected",
    "dispatched",
    "delivered",
    "cancelled",
    "tombstone",
];
const SHIPMENT_MESSAGES: &[&str] = &[
    "order.created",
    "payment.captured",
    "shipment.answered",
    "order.cancelled",
    "order.cancel_requested",
    "order.confirmed",
    "cmd.shipment.dispatch",
    "cmd.shipment.deliver",
];
const BILLED: &[&str] = &["charging", "pending", "captured", "declined", "refunding", "refunded"];

/// All of them.
pub const UNREACHABLE: &[Unreachable] = &[
    in_orders(ORDER_STATES, &["product.changed", "user.deleted"], NOT_ABOUT),
    in_orders(&["new product", "known product"], COMMANDS, NOT_ABOUT),
    in_orders(&["new product", "known product"], NEWS, NOT_ABOUT),
    in_orders(&["new product", "known product"], &["user.deleted"], NOT_ABOUT),
    in_orders(LEFT, COMMANDS, NOT_ABOUT),
    in_orders(LEFT, NEWS, NOT_ABOUT),
    in_orders(LEFT, &["product.changed"], NOT_ABOUT),
    in_orders(&["known leaver"], &["user.deleted"], ONCE),
    in_orders(&["unknown", "awaited"], NEWS, "the others act on what orders tells, so on what it has placed"),
    in_orders(&["unknown", "awaited", "alias"], &["cmd.order.expire"], "only what is placed has a deadline"),
    in_orders(&["alias"], NEWS, "an alias is never created"),
    in_orders(
        &[
            "alias",
            "placed",
            "stock_reserved",
            "paid",
            "confirmed",
            "wanted_back",
            "dispatched",
            "completed",
            "cancelled",
        ],
        &["cmd.order.place"],
        "an order's placement always has the same id, which the journal knows once it is placed",
    ),
    in_orders(
        &["stock_reserved", "paid", "confirmed", "wanted_back", "dispatched", "completed"],
        &["stock.reserved"],
        ONCE,
    ),
    in_orders(
        &["stock_reserved", "paid", "confirmed", "wanted_back", "dispatched", "completed"],
        &["stock.rejected"],
        "inventory has reserved it",
    ),
    in_orders(
        &["placed", "stock_reserved", "paid", "confirmed", "wanted_back", "dispatched", "completed"],
        &["stock.released"],
        "stock is released for what is cancelled",
    ),
    in_orders(
        &["placed", "stock_reserved", "paid", "cancelled"],
        &["stock.committed", "shipment.dispatched", "shipment.delivered"],
        "only what is confirmed leaves, and then it is not cancelled",
    ),
    in_orders(
        &["placed", "stock_reserved", "paid", "confirmed", "dispatched", "completed"],
        &["shipment.cancelled"],
        "shipping calls off what is cancelled, or wanted back and has not left",
    ),
    in_orders(&["confirmed", "wanted_back", "dispatched", "completed"], &["shipment.scheduled"], ONCE),
    in_orders(
        &["confirmed", "wanted_back", "dispatched", "completed"],
        &["shipment.rejected"],
        "shipping has scheduled it",
    ),
    in_orders(&["dispatched"], &["shipment.dispatched"], ONCE),
    in_orders(&["completed"], &["shipment.delivered"], ONCE),
    in_inventory(HOLDINGS, &["cmd.stock.receive", "cmd.stock.adjust"], NOT_ABOUT),
    in_inventory(
        &["new reference", "known reference"],
        &["order.created", "order.cancelled", "shipment.dispatched"],
        NOT_ABOUT,
    ),
    in_inventory(
        &["dispatched"],
        &["order.created", "order.cancelled", "shipment.dispatched"],
        "only after a loss of memory is an order dispatched that inventory does not know",
    ),
    in_inventory(&["reserved", "rejected", "released", "committed"], &["order.created"], ONCE),
    in_inventory(&["released", "tombstone"], &["order.cancelled"], ONCE),
    in_inventory(&["committed"], &["order.cancelled"], "what has left is not cancelled"),
    in_inventory(&["committed"], &["shipment.dispatched"], ONCE),
    in_inventory(
        &["unknown", "rejected", "released", "tombstone"],
        &["shipment.dispatched"],
        "only what is reserved and not cancelled leaves",
    ),
    in_payments(PAYMENT_STATES, &["user.deleted"], NOT_ABOUT),
    in_payments(LEFT, PAYMENT_MESSAGES, NOT_ABOUT),
    in_payments(&["known leaver"], &["user.deleted"], ONCE),
    in_payments(
        &["unknown", "owes", "ready"],
        &["payment.answered", "cmd.payment.webhook"],
        "nothing was asked of the provider yet",
    ),
    in_payments(&["ready"], &["stock.reserved", "shipment.held"], ONCE),
    in_payments(BILLED, &["order.created", "stock.reserved", "shipment.held"], ONCE),
    in_payments(&["voided"], &["order.cancelled"], ONCE),
    in_shipping(SHIPMENT_STATES, &["user.deleted"], NOT_ABOUT),
    in_shipping(LEFT, SHIPMENT_MESSAGES, NOT_ABOUT),
    in_shipping(&["known leaver"], &["user.deleted"], ONCE),
    in_shipping(&["expected"], SHIPMENT_MESSAGES, LOST),
    in_shipping(
        &[
            "held",
            "booking",
            "scheduled",
            "scheduled_confirmed",
            "rejected",
            "dispatched",
            "delivered",
            "cancelled",
        ],
        &["order.created"],
        ONCE,
    ),
    in_shipping(
        &["unknown", "tombstone"],
        &["payment.captured"],
        "money moves only when shipping holds a place",
    ),
    in_shipping(
        &["unknown", "held", "tombstone"],
        &["shipment.answered"],
        "the carrier was not asked yet, and never will be for a tombstone",
    ),
    in_shipping(
        &["scheduled", "scheduled_confirmed", "rejected", "dispatched", "delivered"],
        &["shipment.answered"],
        "the one booking was answered, and nothing else is asked while it stands",
    ),
    in_shipping(
        &["unknown", "held", "booking", "rejected", "tombstone"],
        &["order.cancel_requested", "order.confirmed"],
        "only what is scheduled is confirmed, and only what is confirmed is wanted back",
    ),
    in_shipping(&["scheduled_confirmed", "dispatched", "delivered"], &["order.confirmed"], ONCE),
    in_shipping(
        &["scheduled_confirmed", "dispatched", "delivered"],
        &["order.cancelled"],
        "what is confirmed is cancelled only after shipping has called it off",
    ),
    in_shipping(
        &["cancelled"],
        &["order.cancel_requested"],
        "what is cancelled is not confirmed, and what was wanted back was heard once",
    ),
    in_shipping(&["tombstone"], &["order.cancelled"], ONCE),
];
