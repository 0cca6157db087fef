//! Answering requests: core NATS request-reply from the gateway and the operator.

use crate::{
    Live, Outgoing, PublishError, Publisher,
    connect::Nats,
    leave::{leave, rest},
    parts::Parts,
    telemetry::{self, Step},
};
use async_nats::HeaderValue;
use contracts::{HEADER_TRACE, Refusal};
use futures_util::StreamExt;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgPool;
use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// What a request handler may use.
#[derive(Clone)]
pub struct Ctx {
    /// The service's own database.
    pub db: PgPool,
    pub(crate) publisher: Publisher,
    pub(crate) nats: Nats,
}

impl Ctx {
    pub(crate) fn of(parts: &Parts) -> Self {
        Self { db: parts.db(), publisher: parts.publisher.clone(), nats: parts.nats.clone() }
    }

    /// Tells something on core NATS, for whoever listens right now, on a subject that the service named
    /// ([`crate::Service::live`]). It may be lost; so it is a hint, and what matters can be asked for.
    pub async fn tell_live(&self, live: Live) {
        if let Err(error) = self.nats.client.publish(live.subject, live.body.into()).await {
            tracing::warn!(service = self.nats.user, %error, "not told on core NATS");
        }
    }

    /// Publishes events that a request brought about, and waits for JetStream's acknowledgement.
    pub async fn publish(&self, outgoing: Vec<Outgoing>) -> Result<(), PublishError> {
        self.publisher.publish(outgoing).await
    }
}

/// Why a handler gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The asker's fault: told as it is.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours: logged, and told as [`Refusal::Unavailable`].
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// Ours: logged, and told as [`Refusal::Unavailable`].
    #[error("publishing")]
    Publish(#[from] PublishError),
    /// Ours: logged, and told as [`Refusal::Unavailable`].
    #[error("{0}")]
    Broken(String),
    /// Ours: logged, and told as [`Refusal::Unavailable`].
    #[error("not answered in time")]
    TooSlow,
}

/// Time for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// [`Refusal::Unavailable`] on the wire.
const UNAVAILABLE: &str = r#"{"Err":{"code":"unavailable"}}"#;

/// Answers requests on `subject` until told to stop; several replicas share the work. They are measured under `label`.
pub(crate) async fn run<Q, R, F, A>(parts: Parts, subject: String, label: &'static str, handler: F)
where
    Q: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    F: Fn(Ctx, Q) -> A + Send + Sync + 'static,
    A: Future<Output = Result<R, Fault>> + Send + 'static,
{
    let what = format!("{} {subject}", parts.name);
    parts.health.set(&what, false);
    let queue = parts.name.to_owned();
    let mut asked = match parts.nats.client.queue_subscribe(subject.clone(), queue).await {
        Ok(asked) => asked,
        Err(error) => {
            return tracing::error!(service = parts.name, subject, %error, "cannot listen to requests");
        }
    };
    parts.health.set(&what, true);
    let ctx = Ctx::of(&parts);
    let places = Arc::new(Semaphore::new(parts.runtime.requests_at_once));
    let (stop, mut left) = (parts.tasks.stop(), false);
    loop {
        let message = if left {
            rest(&mut asked).await
        } else if let Some(message) = stop.run_until_cancelled(asked.next()).await {
            message
        } else {
            // Whoever has asked already gets an answer; others ask another replica.
            leave(&mut asked).await;
            left = true;
            continue;
        };
        let Some(message) = message else { return };
        let Some(reply) = message.reply else { continue };
        let began = Instant::now();
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let trace = message.headers.as_ref().and_then(|headers| headers.get(HEADER_TRACE));
        let step = telemetry::answer(trace.map(HeaderValue::as_str), parts.name, label);
        // The handler's future is made here, so that it alone moves into the task.
        let answer = {
            let _entered = step.as_ref().map(Step::enter);
            serde_json::from_slice::<Q>(&message.payload).map(|question| handler(ctx.clone(), question))
        };
        let (client, service, subject) = (parts.nats.client.clone(), parts.name, subject.clone());
        parts.tasks.spawn(async move {
            let answer = match answer {
                Ok(answer) => {
                    let answer = tokio::time::timeout(ANSWER_TIME, answer);
                    let answer = match &step {
                        Some(step) => step.around(answer).await,
                        None => answer.await,
                    };
                    answer.unwrap_or_else(|_| Err(Fault::TooSlow))
                }
                Err(error) => {
                    // Without what was sent: it may be a password.
                    let why = contracts::without_values(&error);
                    Err(Refusal::Invalid { field: "request".into(), why }.into())
                }
            };
            let outcome = outcome_of(&answer);
            telemetry::requested(service, label, outcome, began.elapsed());
            if outcome == FAILED {
                step.iter().for_each(|step| step.failed(FAILED));
            }
            let answer = {
                let _entered = step.as_ref().map(Step::enter);
                answer.map_err(|fault| refusal(service, &subject, &fault))
            };
            match serde_json::to_vec(&answer) {
                Ok(body) => {
                    // Too large to travel: the asker is told so, rather than left to wait.
                    if let Err(error) = client.publish(reply.clone(), body.into()).await {
                        tracing::error!(service, subject, %error, "answer not sent");
                        drop(client.publish(reply, UNAVAILABLE.into()).await);
                    }
                }
                Err(error) => tracing::error!(service, subject, %error, "answer not written"),
            }
            drop(place);
        });
    }
}

/// The outcome that is our fault.
const FAILED: &str = "failed";

/// The word under which an answer is counted.
const fn outcome_of<R>(answer: &Result<R, Fault>) -> &'static str {
    match answer {
        Ok(_) => "answered",
        Err(Fault::Refused(_)) => "refused",
        Err(Fault::Database(_) | Fault::Publish(_) | Fault::Broken(_) | Fault::TooSlow) => FAILED,
    }
}

/// What the asker is told; what is our fault is logged, and told without its cause.
fn refusal(service: &'static str, subject: &str, fault: &Fault) -> Refusal {
    if let Fault::Refused(refusal) = fault {
        return refusal.clone();
    }
    let cause = std::error::Error::source(fault).map(ToString::to_string).unwrap_or_default();
    tracing::error!(service, subject, %fault, cause, "request failed");
    Refusal::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_refusal_is_what_askers_read() {
        let answer: Result<(), Refusal> = serde_json::from_str(UNAVAILABLE).unwrap();
        assert_eq!(answer, Err(Refusal::Unavailable));
    }
}
