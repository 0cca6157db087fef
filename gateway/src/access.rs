//! Who may come in: the token, the role, the pace.

use crate::{
    app::App,
    class::Class,
    edge,
    identity::{self, api_keys},
    problem::{Kind, Problem},
    quota::Fields,
    rate::Who,
    token::Wrong,
    trace,
};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chassis::telemetry;
use contracts::{Caller, Role, SessionId};
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
    let trace = trace.or_else(|| given.filter(|given| trace::is_sampled(given)).map(str::to_owned));
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

async fn admit(
    guard: &Guard,
    peer: IpAddr,
    headers: &HeaderMap,
    quota: &mut Option<Fields>,
) -> Result<Option<(By, Session)>, Problem> {
    let address = Who::at(peer);
    if guard.access == Access::Anyone {
        return count(guard, address, quota).await.map(|()| None);
    }
    let known = match identify(guard, address, headers).await {
        Ok(known) => known,
        // Who guesses must not guess fast.
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            count(guard, address, quota).await?;
            return Err(problem);
        }
        Err(problem) => return Err(problem),
    };
    let By(caller) = known.0;
    count(guard, Who::of(caller), quota).await?;
    if guard.access.admits(caller.role) {
        return Ok(Some(known));
    }
    let needed =
        if guard.access == Access::SeesAll { "support, admin or service" } else { "admin or service" };
    Err(Problem::new(Kind::Forbidden, format!("this needs the role {needed}")))
}

/// Counts a request: first by the pace, which this process keeps alone, then by the minute's quota.
async fn count(guard: &Guard, who: Who, quota: &mut Option<Fields>) -> Result<(), Problem> {
    let app = &guard.app;
    app.rates.count(who).map_err(too_fast)?;
    let (fields, counted) = app.quotas.count(who, guard.class, &app.memory).await;
    *quota = Some(fields);
    counted.map_err(|wait| {
        telemetry::refused("quota");
        too_many(wait)
    })
}

async fn identify(guard: &Guard, address: Who, headers: &HeaderMap) -> Result<(By, Session), Problem> {
    let (app, token) = (&guard.app, bearer(headers)?);
    // What is not remembered costs a signature check, or a question.
    let may_ask = || app.rates.look(address).map_err(too_fast);
    if api_keys::is_one(token) {
        let program = api_keys::holder(app, token, may_ask).await?;
        if !program.may(guard.tag, guard.reads) {
            let needed = api_keys::scope(guard.tag, guard.reads);
            return Err(Problem::new(Kind::Forbidden, format!("this needs the scope {needed}")));
        }
        return Ok((By(program.caller), Session(None)));
    }
    let verified = match app.tokens.remembered(token) {
        Some(verified) => verified,
        None => {
            may_ask()?;
            let verified = match app.tokens.verify(token) {
                Err(Wrong::UnknownKey) => {
                    identity::key_is_unknown(app).await;
                    app.tokens.verify(token)
                }
                verified => verified,
            };
            verified.map_err(|wrong| {
                let why = match wrong {
                    Wrong::UnknownKey => "the token's key is unknown",
                    Wrong::Because(why) => why,
                };
                Problem::unauthenticated(why, "Bearer realm=\"starling\", error=\"invalid_token\"")
            })?
        }
    };
    Ok((By(verified.caller), Session(verified.session)))
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.map(|(_, token)| token.trim()).ok_or_else(|| {
        Problem::unauthenticated("send a token: Authorization: Bearer …", "Bearer realm=\"starling\"")
    })
}

fn too_fast(wait: Duration) -> Problem {
    telemetry::refused("pace");
    too_many(wait)
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
