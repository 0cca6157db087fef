//! The timeline: what happened to an order, small and without personal data.

use crate::{Hears, Tells};
use chassis::Heard;
use contracts::{Amount, Currency, MessageEnum, OrderId, OrderStatus, Timestamp};
use serde_json::{Value, json};

/// One thing that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// To which.
    pub order_id: OrderId,
    /// 1, 2, 3 …
    pub seq: i64,
    /// The event's subject.
    pub event: &'static str,
    /// When it was decided, by the clock of who told it. None: by this service, in this very batch; the store
    /// puts the time in, since decisions know no clock.
    pub at: Option<Timestamp>,
    /// How far the order was after it.
    pub status: OrderStatus,
    /// What matters of the event's body.
    pub data: Option<Value>,
    /// The money that it settles, to be counted: earned by a confirmation, given back by a refund.
    pub money: Option<(Amount, Currency)>,
}

impl Entry {
    /// An event that was heard. Its number comes later.
    pub(super) fn heard(order_id: OrderId, status: OrderStatus, heard: &Heard<Hears>) -> Self {
        let event = heard.message.info().subject;
        let money = if let Hears::PaymentRefunded(refund) = &heard.message {
            Some((refund.amount, refund.currency))
        } else {
            None
        };
        Self { order_id, seq: 0, event, at: Some(heard.at), status, data: of_heard(&heard.message), money }
    }

    /// An event that this service tells. Its number comes later.
    pub(super) fn told(order_id: OrderId, status: OrderStatus, message: &Tells) -> Self {
        let event = message.info().subject;
        let money = if let Tells::OrderConfirmed(confirmed) = message {
            Some((confirmed.total, confirmed.currency))
        } else {
            None
        };
        Self { order_id, seq: 0, event, at: None, status, data: of_told(message), money }
    }
}

fn of_heard(message: &Hears) -> Option<Value> {
    match message {
        Hears::StockRejected(event) => Some(json!({ "shortages": event.shortages })),
        Hears::PaymentCaptured(event) if event.surplus => {
            Some(json!({ "amount": event.amount, "currency": event.currency, "surplus": true }))
        }
        Hears::PaymentCaptured(event) => {
            Some(json!({ "amount": event.amount, "currency": event.currency, "parts": event.parts }))
        }
        Hears::PaymentPending(event) => Some(json!({ "expires_at": event.expires_at })),
        Hears::PaymentDeclined(event) => Some(json!({ "why": event.why })),
        Hears::PaymentRefunded(event) => {
            Some(json!({ "amount": event.amount, "currency": event.currency, "reference": event.reference }))
        }
        Hears::PaymentRefundFailed(event) => Some(json!({
            "amount": event.amount, "currency": event.currency, "reference": event.reference, "why": event.why
        })),
        Hears::ShipmentHeld(event) => Some(json!({ "zone": event.zone, "slot": event.slot })),
        Hears::ShipmentRejected(event) => Some(json!({ "why": event.why })),
        Hears::ShipmentScheduled(event) => {
            Some(json!({ "carrier": event.carrier, "tracking": event.tracking }))
        }
        Hears::ShipmentDispatched(event) => Some(json!({ "tracking": event.tracking })),
        Hears::PlaceOrder(_)
        | Hears::CancelOrder(_)
        | Hears::ExpireOrder(_)
        | Hears::StockReserved(_)
        | Hears::StockReleased(_)
        | Hears::StockCommitted(_)
        | Hears::PaymentVoided(_)
        | Hears::ShipmentCancelled(_)
        | Hears::ShipmentDelivered(_)
        | Hears::ProductChanged(_)
        | Hears::UserDeleted(_) => None,
    }
}

fn of_told(message: &Tells) -> Option<Value> {
    match message {
        Tells::OrderCreated(event) => Some(json!({
            "total": event.total, "currency": event.currency, "lines": event.lines.len()
        })),
        Tells::OrderCancelled(event) => Some(json!({ "reason": event.reason })),
        Tells::OrderCancelRefused(event) => Some(json!({ "why": event.why })),
        Tells::OrderDuplicate(event) => Some(json!({ "duplicate": event.order_id })),
        Tells::OrderConfirmed(_) | Tells::OrderCancelRequested(_) | Tells::OrderCompleted(_) => None,
    }
}
