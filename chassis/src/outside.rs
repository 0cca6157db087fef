//! Calls to the outside world: attempts that a bounded caller leases, and answers that come back as events.
//!
//! No outside call runs inside a transaction, and a timeout means *unknown*, never *no*.

use crate::{Db, Outgoing, connect, service::Parts, telemetry};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
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
    let (mut calls, mut answers) = (FuturesUnordered::new(), FuturesUnordered::new());
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut due = true;
    // Once told to stop.
    let mut until: Option<Instant> = None;
    while until.is_none() || !calls.is_empty() || !answers.is_empty() {
        let free = breaker.allows(Instant::now()).saturating_sub(calls.len() + answers.len());
        // Not one by one as places get free: a lease is a transaction.
        if until.is_none() && due && (free >= limits.concurrent / 4 || (free > 0 && calls.is_empty())) {
            let leased = lease_due(&parts, &outside, &db, free, lease).await;
            due = leased.len() >= free;
            calls.extend(leased.into_iter().map(|attempt| call(&parts, &outside, limits.timeout, attempt)));
        }
        tokio::select! {
            biased;
            () = stop.cancelled(), if until.is_none() => until = Some(Instant::now() + parts.runtime.shutdown() / 2),
            () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => break,
            Some(call) = calls.next(), if !calls.is_empty() => {
                let mut over = vec![call];
                while let Some(Some(call)) = calls.next().now_or_never() {
                    over.push(call);
                }
                let answered = conclude(&parts, &outside, &db, &mut breaker, over).await;
                answers.extend(answered.into_iter().map(|answer| publish::<O>(&parts, answer)));
            }
            Some(()) = answers.next(), if !answers.is_empty() => {}
            () = parts.wake_caller.notified() => due = true,
            _ = look.tick() => due = true,
        }
    }
}

async fn lease_due<O: Outside>(
    parts: &Parts,
    outside: &O,
    db: &PgPool,
    free: usize,
    lease: Duration,
) -> Vec<O::Attempt> {
    let leased = async {
        let mut tx = db.begin().await?;
        let leased = outside.lease(&mut tx, i64::try_from(free).unwrap_or(i64::MAX), lease).await?;
        tx.commit().await.map(|()| leased)
    };
    connect::in_time(leased).await.unwrap_or_else(|error: sqlx::Error| {
        tracing::warn!(service = parts.name, outside = O::NAME, %error, "attempts not leased");
        vec![]
    })
}

/// A call that is over.
struct Call<A> {
    began: Instant,
    /// The answer, or the attempt to be made again.
    outcome: Result<Outgoing, A>,
}

async fn call<O: Outside>(
    parts: &Parts,
    outside: &O,
    timeout: Duration,
    attempt: O::Attempt,
) -> Call<O::Attempt> {
    let began = Instant::now();
    let why = match tokio::time::timeout(timeout, outside.call(&attempt)).await {
        Ok(Ok(answer)) => return Call { began, outcome: Ok(answer) },
        Ok(Err(failed)) => failed.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::info!(service = parts.name, outside = O::NAME, why, "outcome unknown, to be asked again");
    Call { began, outcome: Err(attempt) }
}

/// Tells the breaker how the calls went, and gives back the leases of those that failed; the answers.
async fn conclude<O: Outside>(
    parts: &Parts,
    outside: &O,
    db: &PgPool,
    breaker: &mut Breaker,
    over: Vec<Call<O::Attempt>>,
) -> Vec<Outgoing> {
    let (mut answered, mut failed) = (vec![], vec![]);
    for Call { began, outcome } in over {
        match outcome {
            Ok(answer) => {
                telemetry::called(O::NAME, "answered");
                breaker.answered(O::NAME, began);
                answered.push(answer);
            }
            Err(attempt) => {
                telemetry::called(O::NAME, "unknown");
                breaker.failed(O::NAME, began, Instant::now());
                let wait = breaker.pause().mul_f64(rand::random_range(0.5..1.5)).min(AGAIN_MAX);
                failed.push((attempt, wait));
            }
        }
    }
    let failed: Vec<_> = failed.iter().map(|(attempt, wait)| (attempt, *wait)).collect();
    if !failed.is_empty() {
        let postponed = async { outside.postpone(&mut *db.acquire().await?, &failed).await };
        if let Err::<(), sqlx::Error>(error) = connect::in_time(postponed).await {
            tracing::warn!(service = parts.name, outside = O::NAME, %error, "leases not given back");
        }
    }
    answered
}

/// Tells the answer. When it is not known to be published, the lease runs out and the same is asked again.
async fn publish<O: Outside>(parts: &Parts, answer: Outgoing) {
    if let Err(error) = parts.publisher.publish(vec![answer]).await {
        tracing::warn!(service = parts.name, outside = O::NAME, %error, "answer not published");
    }
}

/// A circuit breaker (Nygard, Release It!): after so many failures in a row nothing is called for a while, then
/// one call at a time until one is answered. Attempts wait in their table meanwhile; none is lost.
///
/// While it is open only a call that it let through counts: those that were under way when it opened tell how the
/// other side was, not how it is.
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

    /// A call that began then was answered.
    fn answered(&mut self, name: &'static str, began: Instant) {
        match self.open_until {
            None => self.failures = 0,
            Some(until) if began < until => {}
            Some(_) => {
                tracing::info!(outside = name, "circuit breaker closes");
                telemetry::breaker(name, false);
                (self.failures, self.open_until) = (0, None);
            }
        }
    }

    /// A call that began then was not.
    fn failed(&mut self, name: &'static str, began: Instant, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        match self.open_until {
            None if self.failures < self.limits.breaker_failures => return,
            None => {
                tracing::warn!(outside = name, failures = self.failures, "circuit breaker opens");
                telemetry::breaker(name, true);
            }
            Some(until) if began < until => return,
            Some(_) => {
                tracing::info!(outside = name, failures = self.failures, "circuit breaker stays open");
            }
        }
        self.open_until = Some(now + self.limits.breaker_open);
    }

    /// Before the failed call is made again.
    fn pause(&self) -> Duration {
        Duration::from_millis(200) * self.failures.clamp(1, 50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::closed(CallLimits { concurrent: 10, breaker_failures: 3, ..CallLimits::default() })
    }

    #[test]
    fn the_breaker_opens_after_its_failures_lets_one_through_and_closes_on_an_answer() {
        let (mut breaker, now) = (breaker(), Instant::now());
        let later = now + breaker.limits.breaker_open;
        breaker.failed("test", now, now);
        breaker.failed("test", now, now);
        assert_eq!(breaker.allows(now), 10);
        breaker.failed("test", now, now);
        assert_eq!(breaker.allows(now), 0);
        assert_eq!(breaker.allows(later), 1);
        breaker.failed("test", later, later);
        assert_eq!(breaker.allows(later), 0);
        let latest = later + breaker.limits.breaker_open;
        breaker.answered("test", latest);
        assert_eq!(breaker.allows(latest), 10);
    }

    #[test]
    fn what_was_under_way_when_the_breaker_opened_neither_closes_it_nor_keeps_it_open() {
        let (mut breaker, began) = (breaker(), Instant::now());
        let opened = began + Duration::from_secs(1);
        for _ in 0..3 {
            breaker.failed("test", began, opened);
        }
        let until = opened + breaker.limits.breaker_open;
        breaker.answered("test", began);
        assert_eq!(breaker.allows(opened), 0, "an answer from before");
        breaker.failed("test", began, until);
        assert_eq!(breaker.allows(until), 1, "a failure from before");
    }
}
