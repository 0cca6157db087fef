//! Alive and ready: a process is ready when all that it needs has reported so.

use axum::{Json, Router, http::StatusCode, routing::get};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What this process needs to be ready, and how each of it stands. Clones are handles to the same.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<String, bool>>>);

impl Health {
    /// Says how something stands; what was never said does not count.
    pub fn set(&self, what: impl Into<String>, ready: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(what.into(), ready);
    }

    /// Whether all is ready, and how each stands.
    #[must_use]
    pub fn report(&self) -> (bool, BTreeMap<String, bool>) {
        let report = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (!report.is_empty() && report.values().all(|ready| *ready), report)
    }

    /// `/health/live`: the process answers. `/health/ready`: consumers are bound and databases answer; 503 and
    /// what is missing otherwise.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let health = self.clone();
        Router::new().route("/health/live", get(|| async { Json(BTreeMap::from([("live", true)])) })).route(
            "/health/ready",
            get(move || async move {
                let (ready, report) = health.report();
                let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                (status, Json(report))
            }),
        )
    }
}
