//! Who comes in: the token, the role, the pace.

use super::{Access, By, Guard, Session};
use crate::{
    identity::{self, api_keys},
    problem::{Kind, Problem},
    quota::Fields,
    rate::Who,
    token::Wrong,
};
use axum::http::{HeaderMap, StatusCode, header};
use chassis::telemetry;
use std::{net::IpAddr, time::Duration};

/// Who asks, by which session; nobody on a route for everyone. The quota's fields are told either way.
pub(super) async fn admit(
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
