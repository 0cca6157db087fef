//! A collection of requests for HTTP clients (Postman's format 2.1, which Bruno, Insomnia and Hoppscotch read, too): made of
//! the OpenAPI document, in an order in which somebody new can run them.

mod order;

use gateway::routes::{self, Access};
use order::{CHAPTERS, LEARNT, VARIABLES};
use serde_json::{Map, Value, json};

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
const ABOUT: &str = "Every route of Starling's gateway, in an order in which each finds what it needs. Set `admin_token` to what \
    `starling token --role admin` prints, and `mail_token` to what stands after the # in the mail that `starling mails` shows; \
    the rest is learnt from answers. Generated: `starling contracts --write`.";

/// The collection, as it is written.
///
/// # Errors
/// Never for what the gateway declares.
pub fn document() -> anyhow::Result<String> {
    let document: Value = serde_json::from_str(&routes::openapi())?;
    let routes = routes::list();
    let request = |name: &str| {
        let known = routes.iter().find(|(known, _)| *known == name);
        known.map(|(name, access)| item(&document, name, *access))
    };
    let chapter = |title: &str, items: Vec<Value>| json!({ "name": title, "item": items });
    let mut chapters: Vec<Value> = CHAPTERS
        .iter()
        .map(|(title, names)| chapter(title, names.iter().filter_map(|name| request(name)).collect()))
        .collect();
    let is_placed = |name: &str| CHAPTERS.iter().any(|(_, names)| names.contains(&name));
    let rest: Vec<Value> =
        routes.iter().filter(|(name, _)| !is_placed(name)).filter_map(|(name, _)| request(name)).collect();
    if !rest.is_empty() {
        chapters.push(chapter("More", rest));
    }
    let variable =
        |(key, value, text): &(&str, &str, &str)| json!({ "key": key, "value": value, "description": text });
    let collection = json!({
        "info": { "name": "Starling", "description": ABOUT, "schema": SCHEMA },
        "auth": bearer("token"),
        "variable": VARIABLES.iter().map(variable).collect::<Vec<_>>(),
        "item": chapters,
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&collection)?))
}

fn bearer(variable: &str) -> Value {
    json!({ "type": "bearer", "bearer": [{ "key": "token", "value": format!("{{{{{variable}}}}}"), "type": "string" }] })
}

/// A request as a client sends it.
fn item(document: &Value, name: &str, access: Access) -> Value {
    let (method, path) = name.split_once(' ').unwrap_or_default();
    let operation = &document["paths"][path][method.to_lowercase()];
    let mut request = json!({
        "description": name,
        "method": method,
        "header": headers(operation),
        "url": url(operation, path),
    });
    match access {
        Access::SignedIn => {}
        Access::Anyone => request["auth"] = json!({ "type": "noauth" }),
        Access::SeesAll | Access::RunsTheShop | Access::Admins => request["auth"] = bearer("admin_token"),
    }
    if let Some((media, body)) = body(operation) {
        if let Some(headers) = request["header"].as_array_mut() {
            headers.push(json!({ "key": "Content-Type", "value": media }));
        }
        request["body"] = body;
    }
    let mut item = json!({ "name": operation["summary"], "request": request });
    if let Some((_, learnt)) = LEARNT.iter().find(|(route, _)| *route == name) {
        let line = |(variable, place): &(&str, &str)| {
            format!("pm.collectionVariables.set(\"{variable}\", pm.response.json().{place});")
        };
        let lines: Vec<String> = learnt.iter().map(line).collect();
        item["event"] = json!([{ "listen": "test", "script": { "type": "text/javascript", "exec": lines } }]);
    }
    item
}

/// Those that are needed, and what makes a first try work.
fn headers(operation: &Value) -> Vec<Value> {
    let mut headers = vec![];
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, needed) = (parameter["name"].as_str().unwrap_or_default(), parameter["required"] == true);
        let value = match name {
            "Idempotency-Key" => "{{$guid}}",
            "Prefer" => "wait=10",
            // Of a listing: none is there yet.
            "If-None-Match" if operation.get("requestBody").is_some() => "*",
            "If-Match" if needed => "\"{{listing_version}}\"",
            _ if needed && parameter["in"] == "header" => "",
            _ => continue,
        };
        headers.push(json!({ "key": name, "value": value }));
    }
    headers
}

fn url(operation: &Value, path: &str) -> Value {
    let filled: Vec<String> = path.split('/').skip(1).map(|part| segment(operation, path, part)).collect();
    let mut query = vec![];
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "query" && parameter["required"] == true {
            query.push(
                json!({ "key": parameter["name"], "value": parameter.get("example").unwrap_or(&json!("")) }),
            );
        }
    }
    let asked: Vec<String> = query
        .iter()
        .map(|pair| {
            format!(
                "{}={}",
                pair["key"].as_str().unwrap_or_default(),
                pair["value"].as_str().unwrap_or_default()
            )
        })
        .collect();
    let mark = if asked.is_empty() { "" } else { "?" };
    let raw = format!("{{{{base}}}}/{}{mark}{}", filled.join("/"), asked.join("&"));
    let mut url = json!({ "raw": raw, "host": ["{{base}}"], "path": filled });
    if !query.is_empty() {
        url["query"] = Value::Array(query);
    }
    url
}

/// A part of a path: a variable for what is learnt, else the document's own example.
fn segment(operation: &Value, path: &str, part: &str) -> String {
    let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
        return part.to_owned();
    };
    let learnt = match (name, path) {
        ("order_id", _) => Some("order_id"),
        ("image", _) => Some("image_id"),
        ("id", path) => [
            ("/v1/orders/", "order_id"),
            ("/admin/orders/", "order_id"),
            ("/v1/carts/", "cart_id"),
            ("/v1/users/me/addresses/", "address_id"),
            ("/v1/users/me/sessions/", "session_id"),
            ("/v1/users/me/identities/", "identity_id"),
            ("/v1/users/", "other_user_id"),
            ("/v1/api-keys/", "key_id"),
        ]
        .iter()
        .find(|(beginning, _)| path.starts_with(beginning))
        .map(|(_, variable)| *variable),
        _ => None,
    };
    if let Some(variable) = learnt {
        return format!("{{{{{variable}}}}}");
    }
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let example =
        parameters.filter(|parameter| parameter["name"] == name).find_map(|one| one["example"].as_str());
    example.unwrap_or(name).to_owned()
}

/// Media type and body, with variables for what is learnt.
fn body(operation: &Value) -> Option<(String, Value)> {
    let (media, content) = operation["requestBody"]["content"].as_object()?.iter().next()?;
    let Some(example) = content.get("example") else {
        return Some(match media.as_str() {
            "application/json" => (media.clone(), json!({ "mode": "raw", "raw": "{}" })),
            _ => ("application/octet-stream".to_owned(), json!({ "mode": "file", "file": {} })),
        });
    };
    let text = if let Some(lines) = example.as_str() {
        lines.to_owned()
    } else {
        let filled = serde_json::to_string_pretty(&fill("", example)).ok()?;
        // A number, though variables are texts.
        filled.replace("\"{{total}}\"", "{{total}}")
    };
    Some((media.clone(), json!({ "mode": "raw", "raw": text })))
}

/// Variables in the place of what only stands for something.
fn fill(name: &str, example: &Value) -> Value {
    let variable = match (name, example) {
        (_, Value::String(text)) if text == "ann@example.org" => "email",
        (_, Value::String(text)) if text == "correct horse battery" => "password",
        ("total", Value::Number(_)) => "total",
        ("token", Value::String(_)) if example == "sm_from-the-mail" => "mail_token",
        ("order_id" | "cart_id" | "refresh_token", Value::String(_)) => name,
        ("code", Value::String(_)) if example == "123456" => "code",
        ("id", Value::String(_)) => "image_id",
        (_, Value::Object(fields)) => {
            let filled: Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), fill(name, value))).collect();
            return Value::Object(filled);
        }
        (_, Value::Array(items)) => return items.iter().map(|item| fill(name, item)).collect(),
        (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => return example.clone(),
    };
    format!("{{{{{variable}}}}}").into()
}
