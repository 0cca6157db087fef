//! Who may come in: the token, the role, the pace.

use crate::{
    app::App,
    problem::{Kind, Problem},
    rate::Who,
    trace,
};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chassis::telemetry::{self, Step};
use contracts::{Caller, Role};
use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone, without a token.
    Anyone,
    /// Whoever has a token.
    SignedIn,
    /// Who helps customers, or runs the shop.
    SeesAll,
    /// Who runs the shop.
    RunsTheShop,
}

impl Access {
    /// Whether a role may use it.
    #[must_use]
    pub const fn admits(self, role: Role) -> bool {
        match self {
            Self::Anyone | Self::SignedIn => true,
            Self::SeesAll => role.sees_all(),
            Self::RunsTheShop => role.runs_the_shop(),
        }
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// What a guard knows.
#[derive(Clone)]
pub(crate) struct Guard {
    pub app: Arc<App>,
    pub access: Access,
    /// Method and path of the route.
    pub name: &'static str,
}

/// Stands before every handler of the table.
pub(crate) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
    match admit(&guard.app, guard.access, peer, request.headers()) {
        Ok(None) => {}
        Ok(Some(caller)) => drop(request.extensions_mut().insert(By(caller))),
        Err(problem) => return problem.into_response(),
    }
    let given = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let step = telemetry::root(given, guard.name);
    // Without spans of our own the client's trace goes on all the same.
    let trace = step.as_ref().map(Step::traceparent);
    let trace = trace.or_else(|| given.filter(|given| trace::is_sampled(given)).map(str::to_owned));
    if let Some(trace) = trace {
        request.extensions_mut().insert(Traced(trace));
    }
    match step {
        Some(step) => step.around(next.run(request)).await,
        None => next.run(request).await,
    }
}

fn admit(app: &App, access: Access, peer: IpAddr, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    let address = Who::Address(peer);
    if access == Access::Anyone {
        return app.rates.count(address).map(|()| None).map_err(too_many);
    }
    let caller = match bearer(headers) {
        Ok(token) => match app.tokens.remembered(token) {
            Some(caller) => Ok(caller),
            // A token that is not remembered costs a signature check: who guesses must not guess fast.
            None => app.rates.look(address).map_err(too_many).and_then(|()| app.tokens.verify(token)),
        },
        Err(problem) => Err(problem),
    };
    let caller = caller.map_err(|problem| match app.rates.count(address) {
        Ok(()) => problem,
        Err(wait) => too_many(wait),
    })?;
    app.rates.count(Who::of(caller)).map_err(too_many)?;
    if access.admits(caller.role) {
        return Ok(Some(caller));
    }
    let needed = if access == Access::SeesAll { "support, admin or service" } else { "admin or service" };
    Err(Problem::new(Kind::Forbidden, format!("this needs the role {needed}")))
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.map(|(_, token)| token.trim()).ok_or_else(|| {
        Problem::unauthenticated("send a token: Authorization: Bearer …", "Bearer realm=\"starling\"")
    })
}

fn too_many(wait: Duration) -> Problem {
    // Whole seconds, and not too early.
    Problem::new(Kind::RateLimited, "slower, please").retry_after(wait.as_secs() + 1)
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
