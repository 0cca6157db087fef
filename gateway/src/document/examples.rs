//! Examples: of bodies as [`bodies`] has them, of answers composed of their schemas, of parameters by their names.

use super::{EVENTS, JSON, PROBLEM, bodies};
use crate::{problem::Kind, routes::Route};
use serde_json::{Map, Value, json};

/// Schemas that contain themselves end here.
const DEEPEST: usize = 12;

/// The n-th id of the examples.
pub(super) fn id(n: u8) -> String {
    // A UUIDv7 whose last two bytes are zero, as those of orders are.
    format!("019b9000-7000-7000-8000-0000{n:04x}0000")
}

/// Adds them to an operation.
pub(super) fn add(route: &Route, operation: &mut Value, schemas: &Map<String, Value>) {
    let composer = Composer { schemas };
    if let Some(content) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut) {
        for (media, content) in content {
            let example = if media == "application/x-ndjson" {
                Some(bodies::listing_line().into())
            } else {
                bodies::of(route.name)
            };
            if let Some(example) = example {
                content["example"] = example;
            }
        }
    }
    for (status, response) in object(operation, "responses").into_iter().flatten() {
        for (media, content) in object(response, "content").into_iter().flatten() {
            if media == PROBLEM {
                content["example"] = problem(status);
            } else if media == JSON || media == EVENTS {
                content["example"] = composer.of(&content["schema"], "", 0);
            }
        }
    }
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        if let Some(example) = parameter_of(route.path(), name) {
            parameter["example"] = example.into();
        }
    }
}

/// A part of the document, if it is there. (An index would put one there.)
fn object<'d>(of: &'d mut Value, name: &str) -> Option<&'d mut Map<String, Value>> {
    of.get_mut(name).and_then(Value::as_object_mut)
}

/// One of the problems of a status.
fn problem(status: &str) -> Value {
    let kind = Kind::ALL.iter().find(|kind| kind.status().as_str() == status);
    let kind = kind.copied().unwrap_or(Kind::Internal);
    json!({
        "type": format!("/problems/{}", kind.slug()),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "detail": "in words, what it was this time",
    })
}

/// What a parameter in a path, or one that is needed, may be.
fn parameter_of(path: &str, name: &str) -> Option<String> {
    let known = match name {
        "id" if path.starts_with("/v1/promotions") => "tenth-off",
        "id" | "order_id" | "image" => return Some(id(1)),
        "sku" => "MUG-RED",
        "slug" if path.starts_with("/v1/categories") => "mugs",
        "slug" => "starling-mug",
        "code" if path.starts_with("/v1/coupons") => "MUGS10",
        "provider" if path.starts_with("/v1/auth") => "sso",
        "provider" => "sandbox",
        "kind" => "not-found",
        "country" => "GB",
        "size" => "thumb",
        "If-Match" => "\"1\"",
        "Idempotency-Key" => "0b2f7f3e-9a51-4c2a-8d7a-3f6a1c5e9b10",
        "Prefer" => "wait=5",
        _ => return None,
    };
    Some(known.to_owned())
}

/// Makes examples of schemas.
struct Composer<'d> {
    schemas: &'d Map<String, Value>,
}

impl Composer<'_> {
    /// What the schema describes; `name` is that of the field.
    fn of(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let of = reference.rsplit('/').next().unwrap_or_default();
            return leaf(of).unwrap_or_else(|| self.of(&self.schemas[of], name, depth + 1));
        }
        if let Some(only) = schema.get("const").or_else(|| schema["enum"].get(0)) {
            return only.clone();
        }
        let variants = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        let variant = variants.and_then(|all| all.iter().find(|one| one["type"] != "null"));
        let mut example = match variant {
            Some(variant) => self.of(variant, name, depth + 1),
            None => self.plain(schema, name, depth),
        };
        // Of a variant that stands among other fields.
        if let (Some(_), Some(fields)) = (variant, example.as_object_mut()) {
            fields.extend(self.fields(schema, depth));
        }
        example
    }

    fn plain(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let kinds = schema["type"].as_array();
        let kind = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind != "null"));
        match kind.unwrap_or(&schema["type"]).as_str() {
            Some("string") => text(schema, name),
            Some("integer" | "number") => {
                schema.get("minimum").filter(|least| **least != 0).cloned().unwrap_or(1.into())
            }
            Some("boolean") => (name != "cancel_requested" && name != "second_factor").into(),
            Some("array") if depth < DEEPEST => json!([self.of(&schema["items"], name, depth + 1)]),
            Some("array") => json!([]),
            Some("null") => Value::Null,
            Some(_) | None => Value::Object(self.fields(schema, depth)),
        }
    }

    fn fields(&self, schema: &Value, depth: usize) -> Map<String, Value> {
        let mut fields = Map::new();
        let needed = schema["required"].as_array();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let is_needed = needed.is_some_and(|needed| needed.iter().any(|one| one == name));
            if (is_needed || SHOWN.contains(&name.as_str())) && depth < DEEPEST {
                fields.insert(name.clone(), self.of(schema, name, depth + 1));
            }
        }
        fields
    }
}

/// Fields that may be left out, and are shown.
const SHOWN: [&str; 12] = [
    "address",
    "attributes",
    "breakdown",
    "cart_id",
    "device",
    "label",
    "lines",
    "name",
    "options",
    "postal_code",
    "quote",
    "tracking_number",
];

/// Types that say more than their schema.
fn leaf(schema: &str) -> Option<Value> {
    Some(match schema {
        "Address" => bodies::address(),
        "Amount" => 1_000.into(),
        "Country" => "GB".into(),
        "Currency" => "GBP".into(),
        "Email" => "ann@example.org".into(),
        "Language" => "en".into(),
        "Quantity" => 2.into(),
        "Rate" => 200_000.into(),
        "Role" => "customer".into(),
        "Slug" => "starling-mug".into(),
        "Timestamp" => "2026-01-05T10:00:00Z".into(),
        "OrderStatus" => "confirmed".into(),
        "OrderId" | "CartId" => id(1).into(),
        "CustomerId" => id(2).into(),
        "SessionId" => id(3).into(),
        "AddressId" | "IdentityId" => id(4).into(),
        "MessageId" => id(5).into(),
        _ => return None,
    })
}

/// A text of a field, as long as its schema lets it be.
fn text(schema: &Value, name: &str) -> Value {
    match schema["format"].as_str() {
        Some("uuid") => return id(1).into(),
        Some("date-time") => return "2026-01-05T10:00:00Z".into(),
        Some(_) | None => {}
    }
    let said = match name {
        "sku" => "MUG-RED",
        "name" => "Ann Other",
        "title" => "Mug with a starling",
        "description" => "Holds 300 ml.",
        "slug" | "category" => "mugs",
        "email" => "ann@example.org",
        "country" => "GB",
        "size" => "thumb",
        "If-Match" => "\"1\"",
        "currency" => "GBP",
        "city" => "Leeds",
        "jurisdiction" => "GB",
        "tax_category" => "standard",
        "code" => "MUGS10",
        "promotion" => "tenth-off",
        "event" => "order.created",
        "key" => "sk_shown-this-one-time",
        "access_token" => "eyJhbGciOiJFZERTQSJ9…",
        "refresh_token" => "sr_good-once",
        "scopes" => "orders:read",
        _ => "a text",
    };
    let most = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    said.chars().take(most).collect::<String>().into()
}
