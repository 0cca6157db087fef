//! Who may use a route, what stands before its handler, and what the handler is told of who asks.

mod admit;

use crate::{
    app::App,
    class::Class,
    edge,
    problem::{Kind, Problem},
};
use admit::admit;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderName, HeaderValue, request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chassis::telemetry;
use contracts::{Caller, Role, SessionId};
use std::{convert::Infallible, net::IpAddr, sync::Arc};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone, without a token.
    Anyone,
    /// Whoever has a token.
    SignedIn,
    /// Who helps customers, or runs the shop.
    SeesAll,
    /// Who runs the shop, a person or a program.
    RunsTheShop,
    /// An admin: a person, since no program makes keys for programs.
    Admins,
}

impl Access {
    /// Whether a role may use it.
    #[must_use]
    pub const fn admits(self, role: Role) -> bool {
        match self {
            Self::Anyone | Self::SignedIn => true,
            Self::SeesAll => role.sees_all(),
            Self::RunsTheShop => role.runs_the_shop(),
            Self::Admins => matches!(role, Role::Admin),
        }
    }
}

/// Stands in for an address that is not known, which cannot be.
const UNKNOWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// What a guard knows.
#[derive(Clone)]
pub(crate) struct Guard {
    pub app: Arc<App>,
    pub access: Access,
    /// Method and path of the route, together and apart.
    pub name: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    /// What the route is about, and whether it only reads: which scope an API key needs for it.
    pub tag: &'static str,
    pub reads: bool,
    /// Which quota its requests count for.
    pub class: Class,
}

/// Stands before every handler of the table.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let patience = edge::patience(guard.class, guard.path, request.headers());
    let asked = telemetry::asked(guard.method, guard.path, patience);
    let peer = request.extensions().get::<Peer>().map_or(UNKNOWN, |peer| peer.0);
    let mut quota = None;
    let mut response = match admit(&guard, peer, request.headers(), &mut quota).await {
        Ok(known) => go_on(&guard, known, request, next).await,
        Err(problem) => problem.into_response(),
    };
    if let Some(quota) = quota {
        quota.write(response.headers_mut());
    }
    if let Some(asked) = asked {
        asked.answered(response.status().as_u16());
    }
    response
}

async fn go_on(guard: &Guard, known: Option<(By, Session)>, mut request: Request, next: Next) -> Response {
    if let Some((by, session)) = known {
        request.extensions_mut().insert(by);
        request.extensions_mut().insert(session);
    }
    let given = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let root = telemetry::root(given, guard.name, guard.method, guard.path);
    // Without spans of our own the client's trace goes on all the same.
    let trace = root.as_ref().map(|root| root.step().traceparent());
    let trace = trace.or_else(|| given.and_then(telemetry::sampled));
    let told = trace.as_deref().and_then(|trace| HeaderValue::from_str(trace).ok());
    if let Some(trace) = trace {
        request.extensions_mut().insert(Traced(trace));
    }
    let mut response = match root {
        Some(root) => {
            let response = root.step().around(next.run(request)).await;
            root.answered(response.status().as_u16());
            response
        }
        None => next.run(request).await,
    };
    // Where to look what became of it.
    if let Some(told) = told {
        response.headers_mut().insert(TRACEPARENT, told);
    }
    response
}

/// Who calls, as the token says: for handlers of routes that need one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By(pub Caller);

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Problem> {
        let none = || {
            Problem::new(Kind::Internal, "a handler that needs a caller stands on a route that admits anyone")
        };
        parts.extensions.get::<Self>().copied().ok_or_else(none)
    }
}

/// By which session; none by an API key, or a development token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session(pub Option<SessionId>);

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(None)))
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(UNKNOWN)))
    }
}

/// W3C `traceparent` of the request, when it is traced.
#[derive(Clone)]
struct Traced(String);

/// The trace that what follows from the request belongs to, if any.
pub(crate) struct Trace(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for Trace {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Traced>().map(|traced| traced.0.clone())))
    }
}
