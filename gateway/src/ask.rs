//! Asking a service: NATS request-reply, bounded, and its refusals as problems.

use crate::{
    app::App,
    problem::{Kind, Problem},
};
use async_nats::{HeaderMap, RequestErrorKind, connection::State};
use chassis::telemetry;
use contracts::{Answer, HEADER_TRACE, Refusal, Request};
use std::time::Duration;

impl App {
    /// Asks; what the service does not find is a 404.
    pub async fn ask<Q: Request>(&self, question: &Q, what: &str) -> Result<Q::Reply, Problem> {
        self.look_for(question).await?.ok_or_else(|| Problem::not_found(what))
    }

    /// The same for an answer that takes longer than others.
    pub async fn ask_for<Q: Request>(
        &self,
        patience: Duration,
        question: &Q,
        what: &str,
    ) -> Result<Q::Reply, Problem> {
        self.look(Some(patience), question).await?.ok_or_else(|| Problem::not_found(what))
    }

    /// Asks; what the service does not find is `None`.
    pub async fn look_for<Q: Request>(&self, question: &Q) -> Result<Option<Q::Reply>, Problem> {
        self.look(None, question).await
    }

    async fn look<Q: Request>(
        &self,
        patience: Option<Duration>,
        question: &Q,
    ) -> Result<Option<Q::Reply>, Problem> {
        match self.try_ask_for(patience, question).await {
            Ok(reply) => Ok(Some(reply)),
            Err(Silent::Refused(Refusal::NotFound { .. })) => Ok(None),
            Err(silent) => Err(silent.problem(service_of::<Q>())),
        }
    }

    /// Asks, and tells one silence from another. A service gets three seconds to answer.
    pub async fn try_ask<Q: Request>(&self, question: &Q) -> Result<Q::Reply, Silent> {
        self.try_ask_for(None, question).await
    }

    async fn try_ask_for<Q: Request>(
        &self,
        patience: Option<Duration>,
        question: &Q,
    ) -> Result<Q::Reply, Silent> {
        let service = service_of::<Q>();
        if self.nats.client.connection_state() != State::Connected {
            return Err(Silent::Away);
        }
        let body = serde_json::to_vec(question).map_err(|error| broken(service, &error))?;
        let mut request = async_nats::Request::new().payload(body.into());
        let step = telemetry::ask(Q::SUBJECT, question.order().map(|order| order.0));
        if let Some(step) = &step {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER_TRACE, step.traceparent());
            request = request.headers(headers);
        }
        // Where nothing is said it is the client's own.
        if let Some(patience) = patience {
            request = request.timeout(Some(patience));
        }
        let message =
            self.nats.client.send_request(Q::SUBJECT, request).await.map_err(|error| match error.kind() {
                RequestErrorKind::TimedOut | RequestErrorKind::NoResponders | RequestErrorKind::Other => {
                    step.iter().for_each(|step| step.failed("not answered"));
                    tracing::warn!(service, %error, "a request was not answered");
                    Silent::Away
                }
                RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                    broken(service, &error)
                }
            })?;
        let answer: Answer<Q> =
            serde_json::from_slice(&message.payload).map_err(|error| broken(service, &error))?;
        answer.map_err(Silent::Refused)
    }
}

/// Why a service gave no answer.
#[derive(Debug)]
pub(crate) enum Silent {
    /// It does not answer at present.
    Away,
    /// Its answer, or the question, is not what the contract says; it is in the log.
    Broken,
    /// It said why.
    Refused(Refusal),
}

impl Silent {
    fn problem(self, service: &str) -> Problem {
        match self {
            Self::Refused(refusal) => Problem::refused(refusal, service),
            Self::Away => Problem::away(service),
            Self::Broken => Problem::new(Kind::Internal, "the cause is in the log"),
        }
    }
}

impl Problem {
    /// Why a service refused.
    pub fn refused(refusal: Refusal, service: &str) -> Self {
        match refusal {
            Refusal::NotFound { what } => Self::not_found(&what),
            Refusal::Invalid { field, why } => Self::field(field, why),
            Refusal::Conflict { field, why } => Self::new(Kind::Conflict, why).at(field),
            Refusal::Stale { version } => {
                Self::new(Kind::Stale, format!("the newest version is {version}")).at("if-match")
            }
            Refusal::KeyReused => Self::key_reused(),
            Refusal::Unauthenticated { why } => Self::unauthenticated(why, "Bearer realm=\"starling\""),
            Refusal::Forbidden { why } => Self::new(Kind::Forbidden, why),
            Refusal::TooMany { retry_after_s } => {
                Self::new(Kind::RateLimited, "too often").retry_after(retry_after_s.into())
            }
            Refusal::Unavailable => Self::away(service),
        }
    }

    fn away(service: &str) -> Self {
        Self::new(Kind::Unavailable, format!("{service} does not answer at present"))
    }
}

fn service_of<Q: Request>() -> &'static str {
    Q::SUBJECT.split('.').nth(1).unwrap_or_default()
}

/// A bug, here or there.
fn broken(service: &str, error: &impl std::fmt::Display) -> Silent {
    tracing::error!(service, %error, "a request or its answer is not what the contract says");
    Silent::Broken
}
