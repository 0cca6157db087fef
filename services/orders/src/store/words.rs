//! The words that stand in the database for states and choices.

use crate::domain::{Known, Row, Status, Wanted};
use contracts::{CancelRefusal, OnDecline, OrderStatus};

/// What stands in the database cannot be read; only a bug or a strange hand can bring that about.
pub(crate) fn unreadable(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

pub(super) const fn state(row: &Row) -> &'static str {
    match &row.known {
        Known::Awaited(_) => "awaited",
        Known::Alias(_) => "alias",
        Known::Placed(order) => status(order.status),
    }
}

pub(super) const fn status(status: Status) -> &'static str {
    match status {
        Status::Placed => "placed",
        Status::StockReserved => "stock_reserved",
        Status::Paid => "paid",
        Status::Confirmed => "confirmed",
        Status::Dispatched => "dispatched",
        Status::Completed => "completed",
        Status::Cancelled => "cancelled",
    }
}

/// None for the states of rows that are no placed order.
pub(super) fn to_status(word: &str) -> Option<Status> {
    use Status::{Cancelled, Completed, Confirmed, Dispatched, Paid, Placed, StockReserved};
    [Placed, StockReserved, Paid, Confirmed, Dispatched, Completed, Cancelled]
        .into_iter()
        .find(|known| status(*known) == word)
}

pub(crate) const fn shown_status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Accepted => "accepted",
        OrderStatus::Placed => "placed",
        OrderStatus::StockReserved => "stock_reserved",
        OrderStatus::Paid => "paid",
        OrderStatus::Confirmed => "confirmed",
        OrderStatus::Dispatched => "dispatched",
        OrderStatus::Completed => "completed",
        OrderStatus::Cancelled => "cancelled",
    }
}

/// The status that is shown for a state or for a timeline entry's status.
pub(crate) fn to_shown_status(word: &str) -> OrderStatus {
    to_status(word).map_or(OrderStatus::Accepted, OrderStatus::from)
}

pub(super) const fn on_decline(choice: OnDecline) -> &'static str {
    match choice {
        OnDecline::Cancel => "cancel",
        OnDecline::Wait => "wait",
    }
}

pub(super) fn to_on_decline(word: &str) -> sqlx::Result<OnDecline> {
    match word {
        "cancel" => Ok(OnDecline::Cancel),
        "wait" => Ok(OnDecline::Wait),
        other => Err(unreadable(format!("on_decline {other}"))),
    }
}

pub(super) const fn wanted(by: Wanted) -> &'static str {
    match by {
        Wanted::ByCustomer => "customer",
        Wanted::ByAdmin => "admin",
    }
}

pub(super) fn to_wanted(word: &str) -> sqlx::Result<Wanted> {
    match word {
        "customer" => Ok(Wanted::ByCustomer),
        "admin" => Ok(Wanted::ByAdmin),
        other => Err(unreadable(format!("cancel_wanted {other}"))),
    }
}

pub(super) const fn refused(why: CancelRefusal) -> &'static str {
    match why {
        CancelRefusal::Dispatched => "dispatched",
        CancelRefusal::Completed => "completed",
    }
}

pub(super) fn to_refused(word: &str) -> sqlx::Result<CancelRefusal> {
    match word {
        "dispatched" => Ok(CancelRefusal::Dispatched),
        "completed" => Ok(CancelRefusal::Completed),
        other => Err(unreadable(format!("cancel_refused {other}"))),
    }
}
