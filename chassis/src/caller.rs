//! Calls to the outside world: a bounded caller leases attempts, and tells their answers as events.
//!
//! No outside call runs inside a transaction, and a timeout means *unknown*, never *no*.

use crate::{
    Outgoing,
    breaker::Breaker,
    connect,
    handover::Taker,
    outside::{CallLimits, Outside},
    parts::Parts,
    telemetry::{self, Letter, Step},
};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use sqlx::PgPool;
use std::time::Duration;
use tokio::time::Instant;

/// Due attempts are also looked for this often: those whose lease ran out, or whose wake-up was lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time for publishing an answer, on top of the call's own, before the lease runs out.
const LEASE_MARGIN: Duration = Duration::from_secs(15);

/// Calls until told to stop, and until who decides has ended: what its last transactions lease is called. Calls under way
/// are finished, or left to the lease.
pub(crate) async fn run<O: Outside>(parts: Parts, outside: O, mut handed: Taker<O::Attempt>) {
    let (stop, db, limits) = (parts.tasks.stop().clone(), parts.db(), outside.limits());
    let mut breaker = Breaker::closed(limits);
    telemetry::breaker(O::NAME, false);
    let (mut calls, mut answers) = (FuturesUnordered::new(), FuturesUnordered::new());
    let (mut look, recorded) = (tokio::time::interval(LOOK_EVERY), handed.due.clone());
    let mut due = true;
    // Once told to stop.
    let mut until: Option<Instant> = None;
    while until.is_none() || handed.may_bring_more() || !calls.is_empty() || !answers.is_empty() {
        let mut free = breaker.allows(Instant::now()).saturating_sub(calls.len() + answers.len());
        while free > 0
            && let Ok(attempt) = handed.leased.try_recv()
        {
            calls.push(call(&parts, &outside, limits.timeout, attempt));
            free -= 1;
        }
        if breaker.is_open() {
            give_back(&parts, &outside, &db, &breaker, &mut handed).await;
        }
        // Not one by one as places get free: looking for attempts is a transaction.
        if until.is_none() && due && (free >= limits.concurrent / 4 || (free > 0 && calls.is_empty())) {
            let leased = lease_due(&parts, &outside, &db, free, lease_time(limits)).await;
            due = leased.len() >= free;
            free = free.saturating_sub(leased.len());
            calls.extend(leased.into_iter().map(|attempt| call(&parts, &outside, limits.timeout, attempt)));
        }
        handed.offer(free);
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
            given = handed.leased.recv(), if free > 0 && !handed.leased.is_closed() => {
                calls.extend(given.map(|attempt| call(&parts, &outside, limits.timeout, attempt)));
            }
            () = recorded.notified() => due = true,
            _ = look.tick() => due = true,
        }
    }
    give_back(&parts, &outside, &db, &breaker, &mut handed).await;
}

/// How long an attempt is its caller's.
pub(crate) fn lease_time(limits: CallLimits) -> Duration {
    limits.timeout + LEASE_MARGIN
}

/// Gives back what was handed over and is not called: the breaker is open, or there is no more time while stopping.
async fn give_back<O: Outside>(
    parts: &Parts,
    outside: &O,
    db: &PgPool,
    breaker: &Breaker,
    handed: &mut Taker<O::Attempt>,
) {
    let mut attempts = vec![];
    while let Ok(attempt) = handed.leased.try_recv() {
        attempts.push((attempt, breaker.wait()));
    }
    postpone(parts, outside, db, &attempts).await;
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
        parts.trails.recall(&mut tx, leased.iter().map(|attempt| outside.about(attempt))).await?;
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
    let (began, about) = (Instant::now(), outside.about(&attempt));
    let trace = parts.trails.find(about);
    let letter = Letter { service: parts.name, subject: "", about: Some(about), trace: trace.as_deref() };
    let span = telemetry::call(&letter, O::NAME);
    let asked = tokio::time::timeout(timeout, outside.call(&attempt));
    let answered = match &span {
        Some(span) => span.around(asked).await,
        None => asked.await,
    };
    let why = match answered {
        Ok(Ok(answer)) => {
            let trace = span.as_ref().map(Step::traceparent);
            return Call { began, outcome: Ok(answer.traced(trace)) };
        }
        Ok(Err(failed)) => failed.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    let _entered = span.as_ref().map(|span| {
        span.failed("outcome unknown");
        span.enter()
    });
    tracing::info!(service = parts.name, outside = O::NAME, order_id = %about, why,
        "outcome unknown, to be asked again");
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
                telemetry::called(O::NAME, "answered", began.elapsed());
                breaker.answered(O::NAME, began);
                answered.push(answer);
            }
            Err(attempt) => {
                telemetry::called(O::NAME, "unknown", began.elapsed());
                breaker.failed(O::NAME, began, Instant::now());
                failed.push((attempt, breaker.wait()));
            }
        }
    }
    postpone(parts, outside, db, &failed).await;
    answered
}

async fn postpone<O: Outside>(parts: &Parts, outside: &O, db: &PgPool, attempts: &[(O::Attempt, Duration)]) {
    if attempts.is_empty() {
        return;
    }
    let attempts: Vec<_> = attempts.iter().map(|(attempt, wait)| (attempt, *wait)).collect();
    let postponed = async { outside.postpone(&mut *db.acquire().await?, &attempts).await };
    if let Err::<(), sqlx::Error>(error) = connect::in_time(postponed).await {
        tracing::warn!(service = parts.name, outside = O::NAME, %error, "leases not given back");
    }
}

/// Tells the answer. When it is not known to be published, the lease runs out and the same is asked again.
async fn publish<O: Outside>(parts: &Parts, answer: Outgoing) {
    if let Err(error) = parts.publisher.publish(vec![answer]).await {
        tracing::warn!(service = parts.name, outside = O::NAME, %error, "answer not published");
    }
}
