//! The outside world, as a service declares it: attempts to lease, calls to make, answers that come back as events.

use crate::{Db, Outgoing};
use std::{future::Future, time::Duration};
use uuid::Uuid;

/// A service's way to a provider or a carrier.
pub trait Outside: Send + Sync + 'static {
    /// A leased attempt.
    type Attempt: Send + Sync + 'static;

    /// Name for logs and metrics.
    const NAME: &'static str;

    /// What bounds the calls.
    fn limits(&self) -> CallLimits;

    /// The order that an attempt is about: for its trace.
    fn about(&self, attempt: &Self::Attempt) -> Uuid;

    /// Leases due attempts (`for update skip locked`): sets their lease to end `lease` from now.
    fn lease(
        &self,
        db: &mut Db,
        limit: i64,
        lease: Duration,
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Attempt>>> + Send;

    /// Makes one call, with the attempt's own idempotency key, and returns the answer as the service's own event
    /// under an id made of the attempt. The runtime limits its time.
    fn call(&self, attempt: &Self::Attempt) -> impl Future<Output = Result<Outgoing, CallFailed>> + Send;

    /// Gives leases back after calls that failed or were not made, to be tried again after the wait.
    /// (Answered attempts end when the service hears its own event.)
    fn postpone(
        &self,
        db: &mut Db,
        attempts: &[(&Self::Attempt, Duration)],
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// What bounds outside calls.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// Calls at the same time.
    pub concurrent: usize,
    /// Time for one call; after it the outcome is unknown and the same attempt is called again.
    pub timeout: Duration,
    /// Failures in a row that open the circuit breaker.
    pub breaker_failures: u32,
    /// How long the breaker stays open before one call is let through.
    pub breaker_open: Duration,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            concurrent: 256,
            timeout: Duration::from_secs(10),
            breaker_failures: 20,
            breaker_open: Duration::from_secs(5),
        }
    }
}

/// No answer: the outcome is unknown, the attempt stays.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct CallFailed(pub String);
