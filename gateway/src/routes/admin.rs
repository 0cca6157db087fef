//! The pages of those who help customers and run the shop, and what is asked for them alone.

use super::{
    Access::{Anyone, SeesAll},
    Route, route,
};
use crate::{admin, document::Doc, problem::Kind};
use contracts::Timeline;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route("GET /admin/orders/{id}/timeline", Anyone, admin::order_page).doc(
            Doc::new("operation", "An order on one page, for support and admins who sign in there")
                .reply_html("a page without data"),
        ),
        route("GET /admin/flock", Anyone, admin::flock_page).doc(
            Doc::new("operation", "The flock as it flies, for support and admins who sign in there")
                .reply_html("a page without data"),
        ),
        route("GET /v1/orders/{id}/timeline", SeesAll, admin::timeline).doc(
            Doc::new(
                "orders",
                "What happened to an order, and why; at most 500 entries, so ask on until none come",
            )
            .query::<admin::After>()
            .reply::<Timeline>(200, "entries in the order of their numbers")
            .problem(Kind::NotPlacedYet),
        ),
        route("GET /v1/flock", SeesAll, admin::graph).doc(
            Doc::new("operation", "Who tells what to whom").reply::<admin::Graph>(200, "the choreography"),
        ),
        route("GET /v1/flock/events", SeesAll, admin::events).doc(
            Doc::new("operation", "How much goes through the flock, every two seconds (server-sent events)")
                .stream::<admin::Pulse>("one event `pulse` for each look; ends after a quarter of an hour"),
        ),
    ]
}
