//! Calls to the outside world: attempts that a bounded caller leases, and answers that come back as events.
//!
//! No outside call runs inside a transaction, and a timeout means *unknown*, never *no*.

use crate::{Db, Outgoing, service::Parts, telemetry};
use futures_util::{StreamExt, stream::FuturesUnordered};
use sqlx::PgPool;
use std::{future::Future, time::Duration};
use tokio::time::Instant;

/// A service's way to a provider or a carrier.
pub trait Outside: Send + Sync + 'static {
    /// A leased attempt.
    type Attempt: Send + Sync + 'static;

    /// Name for logs and metrics.
    const NAME: &'static str;

    /// What bounds the calls.
    fn limits(&self) -> CallLimits;

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

/// Due attempts are also looked for this often: those whose lease ran out, or whose wake-up was lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time for publishing an answer, on top of the call's own, before the lease runs out.
const LEASE_MARGIN: Duration = Duration::from_secs(15);
/// Longest wait before a failed call is made again; it begins at a fraction of a second.
const AGAIN_MAX: Duration = Duration::from_secs(30);

/// Calls until told to stop; calls under way are finished, or left to the lease.
pub(crate) async fn run<O: Outside>(parts: Parts, outside: O) {
    let (stop, db, limits) = (parts.tasks.stop().clone(), parts.db(), outside.limits());
    let lease = limits.timeout + LEASE_MARGIN;
    let mut breaker = Breaker::closed(limits);
    let mut calls = FuturesUnordered::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut due = true;
    loop {
        let free = breaker.allows(Instant::now()).saturating_sub(calls.len());
        // Not one by one as places get free: a lease is a transaction.
        if due && (free >= limits.concurrent / 4 || (free > 0 && calls.is_empty())) {
            let leased = lease_due(&parts, &outside, &db, free, lease).await;
            due = leased.len() >= free;
            calls.extend(leased.into_iter().map(|attempt| call(&parts, &outside, limits.timeout, attempt)));
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(finished) = calls.next(), if !calls.is_empty() => conclude(&parts, &outside, &db, &mut breaker, finished).await,
            () = parts.wake_caller.notified() => due = true,
            _ = look.tick() => due = true,
        }
    }
    let finish = async {
        while let Some(finished) = calls.next().await {
            conclude(&parts, &outside, &db, &mut breaker, finished).await
        }
    };
    drop(tokio::time::timeout(parts.runtime.shutdown() / 2, finish).await);
}

async fn lease_due<O: Outside>(
    parts: &Parts,
    outside: &O,
    db: &PgPool,
    free: usize,
    lease: Duration,
) -> Vec<O::Attempt> {
    let leased: sqlx::Result<_> = async {
        let mut tx = db.begin().await?;
        let leased = outside.lease(&mut tx, i64::try_from(free).unwrap_or(i64::MAX), lease).await?;
        tx.commit().await?;
        Ok(leased)
    }
    .await;
    leased.unwrap_or_else(|error| {
        tracing::warn!(service = parts.name, outside = O::NAME, %error, "attempts not leased");
        vec![]
    })
}

enum Finished<A> {
    /// Answered and published.
    Done,
    /// Answered, but the answer is not known to be published: the lease runs out and the same is asked again.
    Unpublished,
    /// No answer.
    Failed(A),
}

async fn call<O: Outside>(
    parts: &Parts,
    outside: &O,
    timeout: Duration,
    attempt: O::Attempt,
) -> Finished<O::Attempt> {
    let answer = tokio::time::timeout(timeout, outside.call(&attempt)).await;
    let why = match answer {
        Ok(Ok(answer)) => match parts.publisher.publish(vec![answer]).await {
            Ok(()) => return Finished::Done,
            Err(error) => {
                tracing::warn!(service = parts.name, outside = O::NAME, %error, "answer not published");
                return Finished::Unpublished;
            }
        },
        Ok(Err(failed)) => failed.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::info!(service = parts.name, outside = O::NAME, why, "outcome unknown, to be asked again");
    Finished::Failed(attempt)
}

async fn conclude<O: Outside>(
    parts: &Parts,
    outside: &O,
    db: &PgPool,
    breaker: &mut Breaker,
    finished: Finished<O::Attempt>,
) {
    let attempt = match finished {
        Finished::Done | Finished::Unpublished => {
            telemetry::called(O::NAME, "answered");
            return breaker.answered(O::NAME);
        }
        Finished::Failed(attempt) => attempt,
    };
    telemetry::called(O::NAME, "unknown");
    breaker.failed(O::NAME, Instant::now());
    let wait = breaker.pause().mul_f64(rand::random_range(0.5..1.5)).min(AGAIN_MAX);
    let postponed = async { outside.postpone(&mut *db.acquire().await?, &[(&attempt, wait)]).await };
    if let Err(error) = postponed.await {
        tracing::warn!(service = parts.name, outside = O::NAME, %error, "lease not given back");
    }
}

/// A circuit breaker (Nygard, Release It!): after so many failures in a row nothing is called for a while, then
/// one call at a time until one is answered. Attempts wait in their table meanwhile; none is lost.
struct Breaker {
    limits: CallLimits,
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    const fn closed(limits: CallLimits) -> Self {
        Self { limits, failures: 0, open_until: None }
    }

    /// Calls that may be under way at the same time.
    fn allows(&self, now: Instant) -> usize {
        match self.open_until {
            None => self.limits.concurrent,
            Some(until) if now < until => 0,
            Some(_) => 1,
        }
    }

    fn answered(&mut self, name: &'static str) {
        if self.open_until.is_some() {
            tracing::info!(outside = name, "circuit breaker closes");
            telemetry::breaker(name, false);
        }
        (self.failures, self.open_until) = (0, None);
    }

    fn failed(&mut self, name: &'static str, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.limits.breaker_failures {
            if self.open_until.is_none() {
                tracing::warn!(outside = name, failures = self.failures, "circuit breaker opens");
                telemetry::breaker(name, true);
            }
            self.open_until = Some(now + self.limits.breaker_open);
        }
    }

    /// Before the failed call is made again.
    fn pause(&self) -> Duration {
        Duration::from_millis(200) * self.failures.clamp(1, 50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_breaker_opens_after_its_failures_lets_one_through_and_closes_on_an_answer() {
        let limits = CallLimits { concurrent: 10, breaker_failures: 3, ..CallLimits::default() };
        let (mut breaker, now) = (Breaker::closed(limits), Instant::now());
        let later = now + limits.breaker_open;
        breaker.failed("test", now);
        breaker.failed("test", now);
        assert_eq!(breaker.allows(now), 10);
        breaker.failed("test", now);
        assert_eq!(breaker.allows(now), 0);
        assert_eq!(breaker.allows(later), 1);
        breaker.failed("test", later);
        assert_eq!(breaker.allows(later), 0);
        breaker.answered("test");
        assert_eq!(breaker.allows(later), 10);
    }
}
