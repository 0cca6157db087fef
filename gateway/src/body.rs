//! Reading bodies: bounded in size and time; JSON into types that can't be wrong, else the field at fault.

use crate::{
    problem::{Kind, Problem},
    wording,
};
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The largest body, in bytes.
pub(crate) const MOST: usize = 256 << 10;
/// The largest webhook, in bytes.
pub(crate) const MOST_WEBHOOK: usize = 16 << 10;
/// So much of a body that is too large is read and thrown away, since a client that is still sending would not see
/// the answer.
const DRAIN: usize = 16 << 20;
/// Time for a body to arrive.
const PATIENCE: Duration = Duration::from_secs(8);

/// A JSON body of at most [`MOST`] bytes.
pub(crate) struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Kind::MediaType, "send Content-Type: application/json"));
        }
        let body = read(request, MOST).await?;
        // The path to an error is looked for only when there is one: it costs as much again.
        if body.trim_ascii_start().starts_with(b"{")
            && let Ok(body) = serde_json::from_slice(&body)
        {
            return Ok(Self(body));
        }
        Err(fault::<T>(&body))
    }
}

/// The whole body, if it is no larger than `most`.
pub(crate) async fn read(request: Request, most: usize) -> Result<Bytes, Problem> {
    read_within(request, most, PATIENCE).await
}

/// The same with another time for it to arrive.
pub(crate) async fn read_within(request: Request, most: usize, patience: Duration) -> Result<Bytes, Problem> {
    let until = Instant::now() + patience;
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let too_large =
        announced.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > most as u64);
    if too_large && request.headers().contains_key(header::EXPECT) {
        return Err(larger_than(most));
    }
    let mut parts = request.into_body().into_data_stream();
    let mut next = async || match timeout_at(until, parts.next()).await {
        Ok(Some(Ok(part))) => Ok(Some(part)),
        Ok(None) => Ok(None),
        Ok(Some(Err(_))) => Err(Problem::new(Kind::InvalidJson, "the body broke off")),
        Err(_) => Err(Problem::new(Kind::TooSlow, "the body did not arrive in time")),
    };
    let Some(first) = next().await? else { return Ok(Bytes::new()) };
    let Some(second) = next().await? else {
        return if first.len() > most { Err(larger_than(most)) } else { Ok(first) };
    };
    let mut length = first.len() + second.len();
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&second);
    while let Some(part) = next().await? {
        length += part.len();
        if length <= most {
            whole.extend_from_slice(&part);
        } else if length > DRAIN {
            break;
        }
    }
    if length > most { Err(larger_than(most)) } else { Ok(whole.freeze()) }
}

fn larger_than(most: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("at most {most} bytes")).at("body")
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// What is wrong with a body that could not be read.
fn fault<T: DeserializeOwned>(body: &[u8]) -> Problem {
    // Serde would take a list for an object, its items for the fields in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => Problem::field("body", "expected an object"),
            Err(error) => no_json(&error),
        };
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let (path, error) = match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Err(error) => (Some(error.path().clone()), error.into_inner()),
        Ok(_) => match json.end() {
            Err(error) => (None, error),
            Ok(()) => return Problem::new(Kind::Internal, "the body was wrong, then right"),
        },
    };
    let message = error.to_string();
    match path {
        Some(path) if error.is_data() || message.starts_with("number out of range") => {
            let (field, why) = wording::explain(&path, &message);
            Problem::field(field, why)
        }
        Some(_) | None => no_json(&error),
    }
}

fn no_json(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::InvalidJson, format!("not JSON at line {} column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::NewOrder;
    use axum::response::IntoResponse;

    const GOOD: &str = r#"{"currency":"GBP","lines":[{"sku":"A","quantity":1,"unit_price":100}],
        "address":{"name":"Ann","line1":"1 High St","city":"Leeds","country":"GB"},"payment":{"method":"m"}}"#;

    #[track_caller]
    fn check(from: &str, to: &str, field: &str, why: &str) {
        let body = GOOD.replacen(from, to, 1);
        assert_ne!(body, GOOD, "the case must change something");
        assert!(serde_json::from_slice::<NewOrder>(body.as_bytes()).is_err(), "{body}");
        let problem = fault::<NewOrder>(body.as_bytes());
        assert_eq!(problem.at_fault(), (Some(field), why), "{body}");
    }

    #[test]
    fn the_field_at_fault_is_named_and_its_value_is_not() {
        serde_json::from_slice::<NewOrder>(GOOD.as_bytes()).unwrap();
        let pieces = "a quantity is a whole number from 1 to 1000000";
        check("\"quantity\":1", "\"quantity\":0", "lines[0].quantity", pieces);
        check("\"quantity\":1", "\"quantity\":-1", "lines[0].quantity", pieces);
        check("\"quantity\":1", "\"quantity\":1000000000000", "lines[0].quantity", pieces);
        check("\"quantity\":1", "\"quantity\":1.5", "lines[0].quantity", "expected a whole number");
        check("\"quantity\":1", "\"quantity\":1e999", "lines[0].quantity", "number out of range");
        check("\"quantity\":1", "\"quantity\":\"Ann\"", "lines[0].quantity", "expected a whole number");
        check("\"quantity\":1,", "", "lines[0].quantity", "is required");
        check("\"quantity\":1", "\"quantity\":1,\"quantity\":2", "lines[0].quantity", "is given twice");
        check(
            "\"quantity\"",
            "\"quantiti\"",
            "lines[0].quantiti",
            "no such field; expected one of `sku`, `quantity`, `unit_price`",
        );
        check(
            "\"GBP\"",
            "\"gbp\"",
            "currency",
            "not an ISO 4217 currency code (three capital letters, such as GBP)",
        );
        check("\"GBP\"", "7", "currency", "expected a string");
        check("\"Ann\"", "\"\"", "address.name", "a text of 1 to 200 characters, without control characters");
        check("\"city\":\"Leeds\",", "", "address.city", "is required");
        check("{\"method\":\"m\"}", "\"Ann\"", "payment", "expected an object");
        check(
            "\"method\":\"m\"",
            "\"method\":\"m\",\"on_decline\":\"Ann\"",
            "payment.on_decline",
            "expected `cancel` or `wait`",
        );
        check("\"currency\":\"GBP\",", "", "currency", "is required");
    }

    #[test]
    fn only_an_object_is_a_body() {
        for body in ["[]", "\"GBP\"", "7", "null", r#"["GBP",[["A",1,100]]]"#] {
            assert_eq!(
                fault::<NewOrder>(body.as_bytes()).at_fault(),
                (Some("body"), "expected an object"),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for body in ["", "{", "[", "nonsense", "{\"currency\":}"] {
            let problem = fault::<NewOrder>(body.as_bytes());
            assert!(problem.at_fault().1.starts_with("not JSON at line 1 column"), "{body}");
            assert_eq!(problem.into_response().status(), 400);
        }
        let twice = format!("{GOOD} {GOOD}");
        assert!(fault::<NewOrder>(twice.as_bytes()).at_fault().1.starts_with("not JSON at line"));
    }
}
