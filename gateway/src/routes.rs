//! Every route, in one table: the router, the checks of tokens and roles, and the OpenAPI document are made of it.

use crate::{
    access::{Guard, guard},
    app::App,
    delivery,
    document::{self, Doc},
    orders, pages, payments,
    problem::{Kind, Problem},
    products, stock,
};
use axum::{
    Router,
    handler::Handler,
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, on},
};
use contracts::{OrderPage, PaymentView, ProductPage, ProductView, ShipmentView, StockLevel, TimelineEntry};
use std::sync::Arc;

pub use crate::access::Access;

/// One route.
pub(crate) struct Route {
    /// Method and path.
    pub name: &'static str,
    pub access: Access,
    /// None for what the chassis serves.
    handler: Option<MethodRouter<Arc<App>>>,
    pub doc: Doc,
}

fn route<H, T>(name: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let filter = match name.split(' ').next() {
        Some("POST") => MethodFilter::POST,
        Some("PUT") => MethodFilter::PUT,
        Some("DELETE") => MethodFilter::DELETE,
        Some(_) | None => MethodFilter::GET,
    };
    Route { name, access, handler: Some(on(filter, handler)), doc: Doc::default() }
}

impl Route {
    fn doc(mut self, doc: Doc) -> Self {
        self.doc = doc;
        self
    }

    pub fn method(&self) -> &'static str {
        self.name.split(' ').next().unwrap_or_default()
    }

    pub fn path(&self) -> &'static str {
        self.name.split(' ').nth(1).unwrap_or_default()
    }
}

/// The table.
pub(crate) fn table() -> Vec<Route> {
    use Access::{Anyone, RunsTheShop, SeesAll, SignedIn};
    let health = |name| Route { name, access: Anyone, handler: None, doc: Doc::default() };
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
                .body::<orders::NewOrder>()
                .reply::<orders::Accepted>(202, "accepted: it is stored, and will be confirmed or cancelled")
                .reply::<contracts::OrderView>(200, "settled while the request waited")
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
            Doc::new("orders", "Ask for an order to be cancelled").reply::<crate::send::Sent>(
                202,
                "the wish is stored; the order's events tell what comes of it",
            ),
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
                .reply::<crate::send::Sent>(202, "stored; shipping decides"),
        ),
        route("POST /v1/payments", SignedIn, payments::pay).doc(
            Doc::new("payments", "Pay a pending or declined order another way")
                .body::<payments::AnotherWay>()
                .reply::<crate::send::Sent>(202, "stored; payments decides")
                .problem(Kind::NotPlacedYet),
        ),
        route("GET /v1/payments/{order_id}", SignedIn, payments::show)
            .doc(Doc::new("payments", "Show an order's payment").reply::<PaymentView>(200, "the payment")),
        route("POST /v1/payments/{order_id}/verify", SignedIn, payments::verify).doc(
            Doc::new("payments", "Have the provider asked how the payment stands")
                .reply::<crate::send::Sent>(202, "stored")
                .problem(Kind::NotPlacedYet),
        ),
        route("POST /v1/payments/{order_id}/refund", RunsTheShop, payments::refund).doc(
            Doc::new("payments", "Give money back")
                .body::<payments::Refund>()
                .reply::<crate::send::Sent>(202, "stored; payments decides")
                .problem(Kind::NotPlacedYet),
        ),
        route("POST /v1/payments/webhook/{provider}", Anyone, payments::webhook).doc(
            Doc::new("payments", "A provider tells how a payment went; 16 KiB at most")
                .header("Starling-Signature", true, "`t=<seconds>,v1=<hex HMAC-SHA256 of \"t.body\">`")
                .raw_body()
                .reply::<crate::send::Sent>(202, "stored"),
        ),
        route("GET /v1/delivery/slots", SignedIn, delivery::slots).doc(
            Doc::new("delivery", "List the slots for an address")
                .query::<delivery::Destination>()
                .reply::<delivery::Slots>(200, "the slots that have room"),
        ),
        route("GET /v1/shipments/{order_id}", SignedIn, delivery::shipment)
            .doc(Doc::new("delivery", "Show an order's shipment").reply::<ShipmentView>(200, "the shipment")),
        route("GET /v1/stock/{sku}", SignedIn, stock::level)
            .doc(Doc::new("stock", "Show what there is of a SKU").reply::<StockLevel>(200, "the level")),
        route("POST /v1/stock/receipts", RunsTheShop, stock::receive).doc(
            Doc::new("stock", "Goods came in")
                .body::<stock::Receipt>()
                .reply::<crate::send::Sent>(202, "stored; the same reference again adds nothing"),
        ),
        route("POST /v1/stock/adjustments", RunsTheShop, stock::adjust).doc(
            Doc::new("stock", "A count showed more or less than was thought")
                .body::<stock::Adjustment>()
                .reply::<crate::send::Sent>(202, "stored; the same reference again changes nothing"),
        ),
        route("GET /v1/products", Anyone, products::list).doc(
            Doc::new("catalog", "List products by SKU")
                .query::<products::Page>()
                .reply::<ProductPage>(200, "a page"),
        ),
        route("GET /v1/products/{sku}", Anyone, products::show)
            .doc(Doc::new("catalog", "Show a product").reply::<ProductView>(200, "the product")),
        route("POST /v1/products/import", RunsTheShop, products::import).doc(
            Doc::new("catalog", "Create or change up to 500 products")
                .body::<products::Import>()
                .reply::<products::Imported>(200, "each product's version"),
        ),
        health("GET /health/live")
            .doc(Doc::new("operation", "Whether the process answers").reply_json(200, "it does")),
        health("GET /health/ready").doc(
            Doc::new("operation", "Whether all that is needed is there")
                .reply_json(200, "it is")
                .reply_json(503, "what is missing"),
        ),
        route("GET /.well-known/jwks.json", Anyone, pages::jwks).doc(
            Doc::new("operation", "The public keys that tokens are checked with").reply_json(200, "a JWKS"),
        ),
        route("GET /openapi.json", Anyone, pages::openapi)
            .doc(Doc::new("operation", "This document").reply_json(200, "OpenAPI 3.1")),
        route("GET /docs", Anyone, pages::docs)
            .doc(Doc::new("operation", "This document, to read").reply_html("a page")),
        route("GET /problems/{kind}", Anyone, pages::problem)
            .doc(Doc::new("operation", "What a kind of problem means").reply_json(200, "title and status")),
    ]
}

/// Every route, as `METHOD /path`, and who may use it.
#[must_use]
pub fn list() -> Vec<(&'static str, Access)> {
    table().into_iter().map(|route| (route.name, route.access)).collect()
}

/// The OpenAPI document, as JSON.
#[must_use]
pub fn openapi() -> String {
    document::write(&table())
}

/// The router, each handler behind its guard.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for route in table() {
        let (name, path, access) = (route.name, route.path(), route.access);
        if let Some(handler) = route.handler {
            let guard = from_fn_with_state(Guard { app: app.clone(), access, name }, guard);
            router = router.route(path, handler.route_layer(guard));
        }
    }
    router
        .merge(app.health.routes())
        .fallback(async || Problem::not_found("page"))
        .method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed, "see Allow"))
        .with_state(app.clone())
}
