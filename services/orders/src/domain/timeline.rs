//! The timeline: what happened to an order, small and without personal data.

use crate::{Hears, Tells};
use chassis::{Fact, Heard};
use contracts::{
    Amount, Currency, Kind, MessageEnum, MessageId, MessageInfo, OrderId, OrderStatus, Timestamp,
};
use serde_json::{Value, json};
use uuid::Uuid;

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
    /// Its message id.
    pub id: MessageId,
    /// What led to it.
    pub cause: Option<Cause>,
    /// When its stream had stored it; none for what this service tells.
    pub stored_at: Option<Timestamp>,
    /// How often it was delivered until now; 0 when that is not known.
    pub deliveries: u64,
    /// The trace that it belongs to.
    pub trace: Option<Uuid>,
    /// The money that it settles, to be counted: earned by a confirmation, given back by a refund.
    pub money: Option<(Amount, Currency)>,
}

/// What led to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// Its id.
    pub id: MessageId,
    /// Its type, and when its sender gave it, if it is a command that this service heard: it is no entry itself.
    pub command: Option<(&'static MessageInfo, Timestamp)>,
}

impl Entry {
    /// An event that was heard. Its number comes later.
    pub(super) fn heard(order_id: OrderId, status: OrderStatus, heard: &Heard<Hears>) -> Self {
        let money = if let Hears::PaymentRefunded(refund) = &heard.message {
            Some((refund.amount, refund.currency))
        } else {
            None
        };
        Self {
            order_id,
            seq: 0,
            event: heard.message.info().subject,
            at: Some(heard.at),
            status,
            data: of_heard(&heard.message),
            id: heard.id,
            cause: heard.way.cause.map(|id| Cause { id, command: None }),
            stored_at: heard.way.stored_at,
            deliveries: heard.way.deliveries,
            trace: heard.way.trace,
            money,
        }
    }

    /// An event that this service tells because of what it heard. Its number comes later.
    pub(super) fn told(
        order_id: OrderId,
        status: OrderStatus,
        fact: &Fact<Tells>,
        because: &Heard<Hears>,
    ) -> Self {
        let money = if let Tells::OrderConfirmed(confirmed) = &fact.message {
            Some((confirmed.total, confirmed.currency))
        } else {
            None
        };
        let info = because.message.info();
        let command = (info.kind == Kind::Command).then_some((info, because.at));
        Self {
            order_id,
            seq: 0,
            event: fact.message.info().subject,
            at: None,
            status,
            data: of_told(&fact.message),
            id: fact.id(),
            cause: Some(Cause { id: because.id, command }),
            stored_at: None,
            deliveries: 0,
            trace: because.way.trace,
            money,
        }
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
