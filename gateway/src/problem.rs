//! What went wrong, as RFC 9457 writes it (`application/problem+json`).
//!
//! `type` is stable and may be resolved: `/problems/<slug>` says what it means. No value that a client sent is
//! repeated, since it may be personal.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chassis::PublishError;
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $slug:literal $status:ident $title:literal;)+) => {
        /// The kinds of problems.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Kind { $($(#[$doc])* $name),+ }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The last part of `type`.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug),+ }
            }

            /// The status that it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// What it is, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

kinds! {
    InvalidJson "invalid-json" BAD_REQUEST "The body is not JSON";
    InvalidField "invalid-field" BAD_REQUEST "A field is missing, unknown or wrong";
    InvalidHeader "invalid-header" BAD_REQUEST "A header is missing or wrong";
    ForgedSignature "forged-signature" BAD_REQUEST "The signature does not fit";
    Unauthenticated "unauthenticated" UNAUTHORIZED "There is no valid token";
    Forbidden "forbidden" FORBIDDEN "The caller may not do this";
    NotFound "not-found" NOT_FOUND "There is no such thing";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "There is no such method here";
    TooSlow "too-slow" REQUEST_TIMEOUT "The request took too long to arrive";
    NotPlacedYet "not-placed-yet" CONFLICT "The order is accepted, but not placed yet";
    Conflict "conflict" CONFLICT "Something stands in the way";
    Stale "stale" PRECONDITION_FAILED "It was changed meanwhile";
    PreconditionRequired "precondition-required" PRECONDITION_REQUIRED "Say which version the change builds on";
    TooLarge "too-large" PAYLOAD_TOO_LARGE "The body is too large";
    MediaType "media-type" UNSUPPORTED_MEDIA_TYPE "The body's media type is not the right one";
    KeyReused "idempotency-key-reused" UNPROCESSABLE_ENTITY "The idempotency key stands for another request";
    RateLimited "rate-limited" TOO_MANY_REQUESTS "Too many requests";
    Internal "internal" INTERNAL_SERVER_ERROR "Something is broken here";
    NotAccepted "not-accepted" SERVICE_UNAVAILABLE "The command could not be stored";
    Unavailable "unavailable" SERVICE_UNAVAILABLE "A service does not answer";
    Overloaded "overloaded" SERVICE_UNAVAILABLE "Too much is under way";
}

/// Whether a command that was not acknowledged is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Certainly not.
    NotStored,
    /// It may be. The same request under the same `Idempotency-Key` or reference finds out, and does nothing twice.
    Unknown,
}

/// A problem, on its way to be answered.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    field: Option<String>,
    outcome: Option<Outcome>,
    retry_after_s: Option<u64>,
    challenge: Option<&'static str>,
}

/// A problem, as it is written.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct Written<'a> {
    /// Which kind: a URI reference that stays the same.
    r#type: String,
    /// What it is, in a few words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time.
    detail: &'a str,
    /// The field, header or parameter at fault, such as `lines[0].quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// Of a command that was not acknowledged: whether it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
}

impl Problem {
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        let unavailable = kind.status() == StatusCode::SERVICE_UNAVAILABLE;
        Self {
            kind,
            detail: detail.into(),
            field: None,
            outcome: None,
            retry_after_s: unavailable.then_some(1),
            challenge: None,
        }
    }

    /// A field of the body, or a parameter, is at fault.
    pub fn field(field: impl Into<String>, why: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..Self::new(Kind::InvalidField, why) }
    }

    /// A header is at fault.
    pub fn header(name: &str, why: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(name.to_owned()), ..Self::new(Kind::InvalidHeader, why) }
    }

    /// The token is missing or wrong; `challenge` is what `WWW-Authenticate` says.
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>, challenge: &'static str) -> Self {
        Self { challenge: Some(challenge), ..Self::new(Kind::Unauthenticated, detail) }
    }

    /// There is none, or it is another's.
    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no such {what}"))
    }

    /// Names what is at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// A second try may go better.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Whether the command is stored.
    #[must_use]
    pub const fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Whether it is of this kind.
    pub fn is(&self, kind: Kind) -> bool {
        self.kind == kind
    }

    /// What is wrong, in words.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The status that it is answered with.
    pub const fn status(&self) -> StatusCode {
        self.kind.status()
    }

    #[cfg(test)]
    pub fn at_fault(&self) -> (Option<&str>, &str) {
        (self.field.as_deref(), &self.detail)
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let (outcome, detail) = match error {
            PublishError::Refused(_) => {
                (Outcome::NotStored, "nothing was stored; the same request may be sent again")
            }
            PublishError::Unknown(_) => (
                Outcome::Unknown,
                "no acknowledgement in time; the same request with the same key or reference does nothing twice",
            ),
        };
        tracing::warn!(%error, "a command was not acknowledged");
        Self::new(Kind::NotAccepted, detail).outcome(outcome)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let written = Written {
            r#type: format!("/problems/{}", self.kind.slug()),
            title: self.kind.title(),
            status: self.status().as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
            outcome: self.outcome,
        };
        let body = serde_json::to_vec(&written).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}
