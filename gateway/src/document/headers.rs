//! The headers of answers: those that many have, from what is known of the route; and those that a route says it sends.

use crate::routes::Route;
use serde_json::{Map, Value, json};

/// What each says. A header that is required is in every such answer.
const KNOWN: [(&str, bool, &str); 11] = [
    ("X-Request-Id", true, "as it was sent, or fresh: what to look for in the log"),
    ("traceparent", false, "of a traced request (W3C Trace Context)"),
    (
        "RateLimit",
        false,
        "what is left of the quota, and in how many seconds more is: `\"read\";r=3087;t=42`",
    ),
    ("RateLimit-Policy", false, "the quota, and its window in seconds: `\"read\";q=3100;w=60`"),
    ("Retry-After", true, "seconds until the same request may go better"),
    ("WWW-Authenticate", true, "how to prove who one is"),
    ("ETag", false, "the version, for `If-Match` and `If-None-Match`"),
    ("Location", true, "where it is"),
    ("Set-Cookie", true, "ties the sign-in to the browser that began it"),
    (
        "Idempotency-Replayed",
        false,
        "`true`: the key's first request was answered so, this one made nothing more",
    ),
    ("Preference-Applied", false, "how long the request waited: `wait=N`"),
];

/// For `components/headers`.
pub(super) fn components() -> Map<String, Value> {
    let component = |&(name, required, text): &(&str, bool, &str)| {
        (
            name.to_owned(),
            json!({ "description": text, "required": required, "schema": { "type": "string" } }),
        )
    };
    KNOWN.iter().map(component).collect()
}

/// Adds to each answer of an operation the headers that it has.
pub(super) fn add(route: &Route, operation: &mut Value) {
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, response) in responses {
        let names = of(route, status);
        let refer = |name: &str| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
        response["headers"] = Value::Object(names.into_iter().map(refer).collect());
    }
}

fn of(route: &Route, status: &str) -> Vec<&'static str> {
    let mut names = vec!["X-Request-Id"];
    if route.is_guarded() {
        names.extend(["traceparent", "RateLimit", "RateLimit-Policy"]);
    }
    match status {
        "401" => names.push("WWW-Authenticate"),
        "429" => names.push("Retry-After"),
        "503" if route.is_guarded() => names.push("Retry-After"),
        _ if status < "400" => {
            names.extend(&route.doc.sends);
            let takes = |wanted: &str| route.doc.headers.iter().any(|(name, ..)| *name == wanted);
            if takes("Idempotency-Key") {
                names.push("Idempotency-Replayed");
            }
            if takes("Prefer") {
                names.push("Preference-Applied");
            }
        }
        _ => {}
    }
    names
}
