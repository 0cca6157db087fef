//! One placed order: what is known of it, and how far it is.

use contracts::{
    Address, Amount, Breakdown, CancelOrder, CancelReason, CancelRefusal, Currency, CustomerId, Line,
    OnDecline, OrderId, OrderStatus, SlotId, Text, Timestamp,
};
use std::sync::Arc;

/// How far a placed order is. It only moves forward: down this list, or from any of the first four to cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
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

/// Who wanted a confirmed order back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Its customer.
    ByCustomer,
    /// An admin.
    ByAdmin,
}

/// What only those who look at the order want to know: written once, never read for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// As ordered.
    pub lines: Vec<Line>,
    /// Where to; none when the order was cancelled at once, since nobody needs it then.
    pub address: Option<Address>,
    /// The slot that was asked for.
    pub slot: Option<SlotId>,
    /// The method of payment.
    pub payment_method: Text<64>,
    /// How the total came about, if it was made from a cart.
    pub breakdown: Option<Box<Breakdown>>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whose.
    pub customer_id: CustomerId,
    /// Of all prices.
    pub currency: Currency,
    /// What it costs; nothing if the sum was too large to be an amount (it is cancelled then).
    pub total: Amount,
    /// What becomes of it when the payment is declined.
    pub on_decline: OnDecline,
    /// What was ordered; absent in rows that came from the database.
    pub goods: Option<Arc<Goods>>,
    /// How far.
    pub status: Status,
    /// Until when it must be paid.
    pub deadline: Timestamp,
    /// `stock.reserved` came.
    pub reserved: bool,
    /// `payment.captured` came, not as surplus.
    pub captured: bool,
    /// `shipment.scheduled` came.
    pub scheduled: bool,
    /// Who wanted it back once it was confirmed.
    pub wanted: Option<Wanted>,
    /// Why that came too late; told once.
    pub refused: Option<CancelRefusal>,
    /// Why it was cancelled.
    pub reason: Option<CancelReason>,
}

impl Order {
    /// Neither confirmed nor cancelled.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.status, Status::Placed | Status::StockReserved | Status::Paid)
    }

    /// Confirmed, and shipping has not answered yet whether it can be stopped.
    #[must_use]
    pub const fn is_wanted_back(&self) -> bool {
        matches!(self.status, Status::Confirmed) && self.wanted.is_some()
    }
}

impl Wanted {
    /// As whom a caller may want an order of `customer` back; not at all if it is another's.
    pub(super) fn of(cancel: &CancelOrder, customer: CustomerId) -> Option<Self> {
        if cancel.by.id == customer {
            Some(Self::ByCustomer)
        } else if cancel.by.role.runs_the_shop() {
            Some(Self::ByAdmin)
        } else {
            None
        }
    }
}

impl From<Wanted> for CancelReason {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::ByCustomer => Self::ByCustomer,
            Wanted::ByAdmin => Self::ByAdmin,
        }
    }
}

impl From<Status> for OrderStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Placed => Self::Placed,
            Status::StockReserved => Self::StockReserved,
            Status::Paid => Self::Paid,
            Status::Confirmed => Self::Confirmed,
            Status::Dispatched => Self::Dispatched,
            Status::Completed => Self::Completed,
            Status::Cancelled => Self::Cancelled,
        }
    }
}
