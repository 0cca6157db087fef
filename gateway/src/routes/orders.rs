//! Orders: placed, shown, followed, cancelled.

use super::{
    Access::{RunsTheShop, SeesAll, SignedIn},
    Route, route,
};
use crate::{document::Doc, orders, problem::Kind, send::Sent};
use contracts::{OrderPage, OrderView, TimelineEntry};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route("POST /v1/orders", SignedIn, orders::place).doc(
            Doc::new("orders", "Place an order")
                .header(
                    "Idempotency-Key",
                    true,
                    "1 to 255 characters; the same key stands for the same order for a day",
                )
                .header(
                    "Prefer",
                    false,
                    "`wait=N`: answer when the order is settled, or after N seconds (at most 30)",
                )
                .sends("Location")
                .body::<orders::NewOrder>()
                .reply::<orders::Accepted>(202, "accepted: it is stored, and will be confirmed or cancelled")
                .reply::<OrderView>(200, "settled while the request waited")
                .problem(Kind::KeyReused),
        ),
        route("GET /v1/orders", SeesAll, orders::list).doc(
            Doc::new("orders", "List all orders, newest first")
                .query::<orders::Filter>()
                .reply::<OrderPage>(200, "a page"),
        ),
        route("GET /v1/orders/me", SignedIn, orders::list_mine).doc(
            Doc::new("orders", "List the caller's orders, newest first")
                .query::<orders::MyFilter>()
                .reply::<OrderPage>(200, "a page"),
        ),
        route("GET /v1/orders/{id}", SignedIn, orders::show)
            .doc(Doc::new("orders", "Show an order").reply::<orders::Shown>(200, "the order")),
        route("DELETE /v1/orders/{id}", SignedIn, orders::cancel).doc(
            Doc::new("orders", "Ask for an order to be cancelled")
                .reply::<Sent>(202, "the wish is stored; the order's events tell what comes of it"),
        ),
        route("GET /v1/orders/{id}/events", SignedIn, orders::events).doc(
            Doc::new("orders", "What happens to an order, as it happens (server-sent events)")
                .header("Last-Event-ID", false, "go on after this event")
                .stream::<TimelineEntry>(
                    "one event for each entry; ends when the order is completed or cancelled",
                )
                .reply_empty(204, "the order is final, and nothing came after Last-Event-ID"),
        ),
        route("PUT /v1/orders/{id}/status", RunsTheShop, orders::set_status).doc(
            Doc::new("orders", "Say that the parcel is dispatched or delivered")
                .body::<orders::NewStatus>()
                .reply::<Sent>(202, "stored; shipping decides"),
        ),
    ]
}
