//! The state table: what each message does to a placed order, in every status.

use super::{Order, Outcome, Seen, Status, Wanted};
use crate::{Hears, Tells};
use chassis::{Fact, Why};
use contracts::{
    CancelOrder, CancelReason, CancelRefusal, DeclineReason, OnDecline, OrderCancelRefused,
    OrderCancelRequested, OrderCancelled, OrderCompleted, OrderConfirmed, PaymentCaptured, ShipmentCancelled,
    ShipmentDelivered, ShipmentDispatched, Timestamp,
};

/// Taken in, and nothing follows.
const NOTED: Outcome = Ok(vec![]);

impl Order {
    /// Decides a message about this order. `seen` are the events heard so far, this one among them.
    ///
    /// Where the status is not asked for, the answer is the same in all of them.
    pub(super) fn hear(&mut self, seen: &Seen, message: &Hears) -> Outcome {
        match message {
            Hears::PlaceOrder(_) => Err(Why::Repeat),
            Hears::CancelOrder(cancel) => self.wanted_back(seen, cancel),
            Hears::ExpireOrder(expire) => self.expired(seen, expire.due_at),

            Hears::StockReserved(_) => self.mark(seen, |order| &mut order.reserved),
            Hears::PaymentCaptured(PaymentCaptured { surplus: true, .. }) => NOTED,
            Hears::PaymentCaptured(_) => self.mark(seen, |order| &mut order.captured),
            Hears::ShipmentScheduled(_) => self.mark(seen, |order| &mut order.scheduled),

            Hears::StockRejected(event) => {
                let shortages = event.shortages.clone();
                self.rejected(seen, self.reserved, CancelReason::OutOfStock { shortages })
            }
            Hears::ShipmentRejected(event) => {
                self.rejected(seen, self.scheduled, CancelReason::NotDeliverable { why: event.why })
            }
            Hears::PaymentDeclined(event) => self.declined(seen, event.why),
            Hears::PaymentPending(event) => match self.status {
                Status::Placed | Status::StockReserved | Status::Paid => {
                    self.deadline = self.deadline.max(event.expires_at);
                    NOTED
                }
                Status::Confirmed | Status::Dispatched | Status::Completed | Status::Cancelled => NOTED,
            },

            Hears::ShipmentCancelled(_) => self.called_off(),
            Hears::ShipmentDispatched(_) => self.moved(seen, CancelRefusal::Dispatched),
            Hears::ShipmentDelivered(_) => self.moved(seen, CancelRefusal::Completed),

            // Timeline only.
            Hears::StockReleased(_)
            | Hears::StockCommitted(_)
            | Hears::PaymentRefunded(_)
            | Hears::PaymentRefundFailed(_)
            | Hears::PaymentVoided(_)
            | Hears::ShipmentHeld(_) => NOTED,

            Hears::ProductChanged(_) | Hears::UserDeleted(_) => impossible("it is about no order"),
        }
    }

    /// One of the three things that make an order confirmed. Kept in every status, so that it does not matter in
    /// which order they come.
    fn mark(&mut self, seen: &Seen, mark: fn(&mut Self) -> &mut bool) -> Outcome {
        let before = std::mem::replace(mark(self), true);
        match self.status {
            Status::Cancelled => NOTED,
            Status::Placed
            | Status::StockReserved
            | Status::Paid
            | Status::Confirmed
            | Status::Dispatched
            | Status::Completed
                if before =>
            {
                impossible("told a second time under another id")
            }
            Status::Placed | Status::StockReserved | Status::Paid => self.advance(seen),
            // All three marks are in: `before` was true.
            Status::Confirmed | Status::Dispatched | Status::Completed => impossible("confirmed without it"),
        }
    }

    /// Inventory or shipping refuses; `agreed` if that very service agreed before: it never does both.
    fn rejected(&mut self, seen: &Seen, agreed: bool, reason: CancelReason) -> Outcome {
        match self.status {
            Status::Cancelled => NOTED,
            Status::Placed | Status::StockReserved | Status::Paid if is_gone(seen).is_some() => {
                impossible("refused after it was dispatched")
            }
            Status::Placed | Status::StockReserved | Status::Paid if !agreed => self.cancel(reason),
            Status::Placed | Status::StockReserved | Status::Paid => {
                impossible("refused after it was agreed to")
            }
            Status::Confirmed | Status::Dispatched | Status::Completed => {
                impossible("refused after the order was confirmed")
            }
        }
    }

    fn declined(&mut self, seen: &Seen, why: DeclineReason) -> Outcome {
        match (self.status, self.on_decline) {
            // Another attempt brought the money, or the parcel is on its way even: the decline is an old one.
            (Status::Placed | Status::StockReserved, OnDecline::Cancel)
                if self.captured || is_gone(seen).is_some() =>
            {
                NOTED
            }
            (Status::Placed | Status::StockReserved, OnDecline::Cancel) => {
                self.cancel(CancelReason::Declined { why })
            }
            // The customer can pay another way until the deadline.
            (Status::Placed | Status::StockReserved, OnDecline::Wait) => NOTED,
            (
                Status::Paid | Status::Confirmed | Status::Dispatched | Status::Completed | Status::Cancelled,
                OnDecline::Cancel | OnDecline::Wait,
            ) => NOTED,
        }
    }

    /// Shipping gave the shipment up, which it does only on this service's word. Before that word is known here
    /// (memory was lost), the event waits in `seen` for the wish that explains it.
    fn called_off(&mut self) -> Outcome {
        match (self.status, self.wanted) {
            (Status::Confirmed, Some(wanted)) => self.cancel(wanted.into()),
            (Status::Confirmed, None) => NOTED,
            (Status::Placed | Status::StockReserved | Status::Paid | Status::Cancelled, _) => NOTED,
            (Status::Dispatched | Status::Completed, _) => impossible("called off after it was dispatched"),
        }
    }

    /// The parcel left or arrived.
    fn moved(&mut self, seen: &Seen, to: CancelRefusal) -> Outcome {
        match (self.status, to) {
            // It waits in `seen` for the confirmation.
            (Status::Placed | Status::StockReserved | Status::Paid, _) => NOTED,
            (Status::Confirmed, _) | (Status::Dispatched, CancelRefusal::Completed) => Ok(self.go(seen)),
            // It was delivered before, as far as was heard here.
            (Status::Completed, CancelRefusal::Dispatched) => NOTED,
            (Status::Dispatched, CancelRefusal::Dispatched)
            | (Status::Completed, CancelRefusal::Completed) => {
                impossible("told a second time under another id")
            }
            (Status::Cancelled, _) => impossible("a cancelled order was dispatched"),
        }
    }

    /// The timer fired. One that saw a later deadline than is known here (memory was lost) is right all the more.
    fn expired(&mut self, seen: &Seen, due_at: Timestamp) -> Outcome {
        match self.status {
            Status::Placed | Status::StockReserved
                if due_at >= self.deadline && !self.captured && is_gone(seen).is_none() =>
            {
                self.cancel(CancelReason::Expired)
            }
            Status::Placed
            | Status::StockReserved
            | Status::Paid
            | Status::Confirmed
            | Status::Dispatched
            | Status::Completed
            | Status::Cancelled => Err(Why::TooLate),
        }
    }

    /// Somebody wants it cancelled.
    fn wanted_back(&mut self, seen: &Seen, cancel: &CancelOrder) -> Outcome {
        // Another's order, as if it did not exist. Not impossible: anybody may guess an id.
        let Some(wanted) = Wanted::of(cancel, self.customer_id) else { return Err(Why::TooLate) };
        match (self.status, is_gone(seen)) {
            (Status::Placed | Status::StockReserved | Status::Paid, None) => self.cancel(wanted.into()),
            (Status::Confirmed, _) if self.wanted.is_some() => Err(Why::Repeat),
            (Status::Confirmed, _) => {
                self.wanted = Some(wanted);
                let mut facts = vec![self.fact(OrderCancelRequested { order_id: self.id })];
                if seen.has::<ShipmentCancelled>() {
                    facts.extend(self.cancel(wanted.into())?);
                }
                Ok(facts)
            }
            (Status::Placed | Status::StockReserved | Status::Paid, Some(why)) => self.refuse(why),
            (Status::Dispatched, _) => self.refuse(CancelRefusal::Dispatched),
            (Status::Completed, _) => self.refuse(CancelRefusal::Completed),
            (Status::Cancelled, _) => Err(Why::Repeat),
        }
    }

    /// Moves forward as far as the marks allow.
    fn advance(&mut self, seen: &Seen) -> Outcome {
        self.status = match (self.reserved, self.captured, self.scheduled) {
            (true, true, true) => Status::Confirmed,
            (true, true, false) => Status::Paid,
            (true, false, true | false) => Status::StockReserved,
            (false, true | false, true | false) => Status::Placed,
        };
        if self.status != Status::Confirmed {
            return NOTED;
        }
        let (customer_id, total, currency) = (self.customer_id, self.total, self.currency);
        let confirmed = OrderConfirmed { order_id: self.id, customer_id, total, currency };
        let mut facts = vec![self.fact(confirmed)];
        facts.extend(self.go(seen));
        Ok(facts)
    }

    /// Moves a confirmed order to where its parcel is; that also answers an open wish to cancel.
    fn go(&mut self, seen: &Seen) -> Vec<Fact<Tells>> {
        let Some(gone) = is_gone(seen) else { return vec![] };
        let mut facts = vec![];
        if self.is_wanted_back() {
            facts.extend(self.refuse(gone).unwrap_or_default());
        }
        match gone {
            CancelRefusal::Dispatched => self.status = Status::Dispatched,
            CancelRefusal::Completed => {
                self.status = Status::Completed;
                facts.push(self.fact(OrderCompleted { order_id: self.id }));
            }
        }
        facts
    }

    fn cancel(&mut self, reason: CancelReason) -> Outcome {
        self.status = Status::Cancelled;
        self.reason = Some(reason.clone());
        Ok(vec![self.fact(OrderCancelled { order_id: self.id, customer_id: self.customer_id, reason })])
    }

    fn refuse(&mut self, why: CancelRefusal) -> Outcome {
        if self.refused.is_some() {
            return Err(Why::Repeat);
        }
        self.refused = Some(why);
        Ok(vec![self.fact(OrderCancelRefused { order_id: self.id, why })])
    }

    fn fact(&self, message: impl Into<Tells>) -> Fact<Tells> {
        Fact::first(self.id, message)
    }
}

/// Whether the parcel has left, as far as it is known.
fn is_gone(seen: &Seen) -> Option<CancelRefusal> {
    if seen.has::<ShipmentDelivered>() {
        Some(CancelRefusal::Completed)
    } else if seen.has::<ShipmentDispatched>() {
        Some(CancelRefusal::Dispatched)
    } else {
        None
    }
}

fn impossible(what: &str) -> Outcome {
    Err(Why::Impossible(what.to_owned()))
}
