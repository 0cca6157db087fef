//! Asking again: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! No answer is stored for it. A key stands for what was made under it, and whoever makes that is the guard: `orders` for
//! orders, identity for addresses and API keys, Redis for carts, which are nowhere else.

use crate::{
    hash::sha256,
    problem::{Kind, Problem},
};
use axum::{
    http::{HeaderMap, HeaderValue},
    response::{IntoResponse, Response},
};
use contracts::{CustomerId, MessageId, Once, Text};
use serde::Serialize;
use uuid::Uuid;

const NAME: &str = "Idempotency-Key";

/// A client's key for one thing that it wants.
pub(crate) type Key = Text<255>;

/// The key of a request that needs one.
pub(crate) fn required(headers: &HeaderMap) -> Result<Key, Problem> {
    given(headers)?.ok_or_else(|| Problem::header(NAME, "is required"))
}

/// The key, if there is one.
pub(crate) fn given(headers: &HeaderMap) -> Result<Option<Key>, Problem> {
    let mut values = headers.get_all(NAME).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::header(NAME, "is given twice"));
    }
    let text = value.to_str().map_err(|_| ()).and_then(|text| Text::new(text).map_err(|_| ()));
    text.map(Some)
        .map_err(|()| Problem::header(NAME, "1 to 255 ASCII characters, without control characters"))
}

/// The key of somebody without a token, if there is one. Nothing but the key tells such callers apart, so it must be one that
/// nobody else has: a random UUID (version 4 or 7).
pub(crate) fn given_by_anyone(headers: &HeaderMap) -> Result<Option<Uuid>, Problem> {
    let Some(key) = given(headers)? else { return Ok(None) };
    let key = Uuid::try_parse(key.as_str()).ok().filter(|key| matches!(key.get_version_num(), 4 | 7));
    key.map(Some).ok_or_else(|| Problem::header(NAME, "without a token: a random UUID (version 4 or 7)"))
}

/// What makes a caller's request to a route the same one for a service, if it has a key.
pub(crate) fn once<B: Serialize>(
    headers: &HeaderMap,
    route: &str,
    caller: CustomerId,
    body: &B,
) -> Result<Option<Once>, Problem> {
    let Some(key) = given(headers)? else { return Ok(None) };
    let name = MessageId::named(&[route, &caller.to_string(), key.as_str()]).0;
    Ok(Some(Once { name, body_hash: body_hash(body)? }))
}

/// Stands for what is asked for, however it was written.
pub(crate) fn body_hash<B: Serialize>(body: &B) -> Result<Text<64>, Problem> {
    let canonical = serde_json::to_vec(body).map_err(|_| Problem::new(Kind::Internal, "not written"))?;
    Ok(Text::new(sha256(&canonical)).expect("64 hexadecimal digits"))
}

impl Problem {
    /// The key came with another request before.
    pub fn key_reused() -> Self {
        Self::new(Kind::KeyReused, "the key was used for another request").at(NAME)
    }
}

/// An answer that says whether it is about what was made before.
pub(crate) fn answer(response: impl IntoResponse, replayed: bool) -> Response {
    let mut response = response.into_response();
    if replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(keys: &[&'static str]) -> HeaderMap {
        keys.iter().map(|key| (NAME.parse().unwrap(), HeaderValue::from_static(key))).collect()
    }

    #[test]
    fn a_name_is_of_one_route_caller_and_key() {
        let (ann, bob) = (CustomerId(Uuid::from_u128(1)), CustomerId(Uuid::from_u128(2)));
        let name = |key, route, caller| once(&headers(&[key]), route, caller, &7).unwrap().unwrap().name;
        let one = name("k", "POST /a", ann);
        assert_eq!(one, name("k", "POST /a", ann));
        for other in [name("l", "POST /a", ann), name("k", "POST /b", ann), name("k", "POST /a", bob)] {
            assert_ne!(one, other);
        }
        assert_eq!(once(&headers(&[]), "POST /a", ann, &7).unwrap(), None);
    }

    #[track_caller]
    fn check_refused(keys: &[&'static str], why: &str) {
        let problem = given_by_anyone(&headers(keys)).unwrap_err();
        assert_eq!(problem.at_fault().0, Some(NAME));
        assert!(problem.at_fault().1.contains(why), "{problem:?}");
    }

    #[test]
    fn who_has_no_token_needs_a_key_that_nobody_guesses() {
        let random = "0b2f7f3e-9a51-4c2a-8d7a-3f6a1c5e9b10";
        assert!(given_by_anyone(&headers(&[random])).unwrap().is_some());
        assert_eq!(given_by_anyone(&headers(&[])).unwrap(), None);
        check_refused(&["1"], "a random UUID");
        check_refused(&["00000000-0000-0000-0000-000000000000"], "a random UUID");
        check_refused(&["6f2a54c1-9d0e-5b7c-8a35-e1f027c4d96b"], "a random UUID");
        check_refused(&[random, random], "twice");
        check_refused(&[""], "1 to 255");
    }
}
