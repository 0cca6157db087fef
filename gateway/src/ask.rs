//! Asking a service: NATS request-reply, bounded, and its refusals as problems.

use crate::{
    app::App,
    problem::{Kind, Problem},
};
use async_nats::{RequestErrorKind, connection::State};
use contracts::{Answer, Refusal, Request};

impl App {
    /// Asks; what the service does not find is a 404.
    pub async fn ask<Q: Request>(&self, question: &Q, what: &str) -> Result<Q::Reply, Problem> {
        self.look_for(question).await?.ok_or_else(|| Problem::not_found(what))
    }

    /// Asks; what the service does not find is `None`. A service gets three seconds to answer.
    pub async fn look_for<Q: Request>(&self, question: &Q) -> Result<Option<Q::Reply>, Problem> {
        let service = Q::SUBJECT.split('.').nth(1).unwrap_or_default();
        let silent = || Problem::new(Kind::Unavailable, format!("{service} does not answer at present"));
        if self.nats.client.connection_state() != State::Connected {
            return Err(silent());
        }
        let body = serde_json::to_vec(question).map_err(|error| broken(service, &error))?;
        let message =
            self.nats.client.request(Q::SUBJECT, body.into()).await.map_err(|error| match error.kind() {
                RequestErrorKind::TimedOut | RequestErrorKind::NoResponders | RequestErrorKind::Other => {
                    tracing::warn!(service, %error, "a request was not answered");
                    silent()
                }
                RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                    broken(service, &error)
                }
            })?;
        let answer: Answer<Q> =
            serde_json::from_slice(&message.payload).map_err(|error| broken(service, &error))?;
        match answer {
            Ok(reply) => Ok(Some(reply)),
            Err(Refusal::NotFound { .. }) => Ok(None),
            Err(Refusal::Invalid { field, why }) => Err(Problem::field(field, why)),
            Err(Refusal::Conflict { field, why }) => Err(Problem::new(Kind::Conflict, why).at(field)),
            Err(Refusal::Stale { version }) => {
                Err(Problem::new(Kind::Stale, format!("the newest version is {version}")).at("if-match"))
            }
            Err(Refusal::Unauthenticated { why }) => {
                Err(Problem::unauthenticated(why, "Bearer realm=\"starling\""))
            }
            Err(Refusal::Forbidden { why }) => Err(Problem::new(Kind::Forbidden, why)),
            Err(Refusal::TooMany { retry_after_s }) => {
                let problem = Problem::new(Kind::RateLimited, "too often");
                Err(problem.retry_after(retry_after_s.into()))
            }
            Err(Refusal::Unavailable) => Err(silent()),
        }
    }
}

/// A bug, here or there.
fn broken(service: &str, error: &impl std::fmt::Display) -> Problem {
    tracing::error!(service, %error, "a request or its answer is not what the contract says");
    Problem::new(Kind::Internal, "the cause is in the log")
}
