//! Every route, in one table: the router, the checks of tokens and roles, and the OpenAPI document are made of it.

mod admin;
mod auth;
mod catalog;
mod delivery;
mod operation;
mod orders;
mod payments;
mod selling;
mod stock;
mod users;

use crate::{
    access::{Guard, guard},
    app::App,
    class::Class,
    document::{self, Doc},
    problem::{Kind, Problem},
};
use axum::{
    Router,
    handler::Handler,
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, on},
};
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

    /// Whether its requests are counted; not so what the chassis serves.
    pub fn is_guarded(&self) -> bool {
        self.handler.is_some()
    }

    pub fn method(&self) -> &'static str {
        self.name.split(' ').next().unwrap_or_default()
    }

    pub fn path(&self) -> &'static str {
        self.name.split(' ').nth(1).unwrap_or_default()
    }
}

/// For what the chassis serves: only its place in the table.
fn served_elsewhere(name: &'static str) -> Route {
    Route { name, access: Access::Anyone, handler: None, doc: Doc::default() }
}

/// The table.
pub(crate) fn table() -> Vec<Route> {
    let parts = [
        orders::routes(),
        payments::routes(),
        delivery::routes(),
        stock::routes(),
        catalog::routes(),
        selling::routes(),
        auth::routes(),
        users::routes(),
        operation::routes(),
        admin::routes(),
    ];
    parts.into_iter().flatten().collect()
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
        let (name, method, path, access) = (route.name, route.method(), route.path(), route.access);
        let (tag, reads) = (route.doc.tag, method == "GET");
        let class = Class::of(method, path);
        if let Some(handler) = route.handler {
            let known = Guard { app: app.clone(), access, name, method, path, tag, reads, class };
            router = router.route(path, handler.route_layer(from_fn_with_state(known, guard)));
        }
    }
    router
        .merge(app.health.routes())
        .fallback(async || Problem::not_found("page"))
        .method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed, "see Allow"))
        .with_state(app.clone())
}
