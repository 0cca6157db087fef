//! AsyncAPI 3.0: channels, operations and messages of the whole flock.

use super::{
    Flock,
    schemas::{message_path, request_path},
};
use contracts::{Kind, MESSAGES, MessageInfo, requests, schemas, stream_of};
use serde_json::{Map, Value, json};

/// The document `contracts/asyncapi.yaml`.
///
/// # Errors
/// Never for what contracts declares.
pub fn document(flock: &Flock) -> anyhow::Result<String> {
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Starling",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "An order-to-delivery backbone, choreographed over NATS JetStream. Events are told by one \
                            service and may be heard by anyone who is given the right; commands and requests are the \
                            gateway's and the operator's. Deduplicate by `Nats-Msg-Id`; expect new properties, new \
                            enum values and new variants within a version.",
            "license": { "name": "MIT" },
        },
        "defaultContentType": "application/json",
        "servers": { "nats": {
            "host": "{host}:{port}",
            "protocol": "nats",
            "description": "NATS with JetStream, 2.15 or newer. A user per service, with least privilege.",
            "variables": {
                "host": { "default": "127.0.0.1" },
                "port": { "default": "4222" },
            },
        } },
        "channels": channels(flock),
        "operations": operations(flock),
        "components": {
            "messages": messages(),
            "messageTraits": { "cloudEvent": { "headers": headers() } },
        },
    });
    let yaml = serde_norway::to_string(&document)?;
    Ok(format!("# Made by `starling contracts --write` from the contracts. Do not edit.\n{yaml}"))
}

fn channels(flock: &Flock) -> Value {
    let mut channels = Map::new();
    for info in MESSAGES {
        let stream = stream_of(info.subject).map_or("none", |stream| stream.name);
        let channel = json!({
            "address": info.subject,
            "description": format!("JetStream stream {stream}; owner: {}", info.owner),
            "servers": [reference("/servers/nats")],
            "messages": { info.name: reference(&format!("/components/messages/{}", info.name)) },
        });
        channels.insert(info.subject.to_owned(), channel);
    }
    for (subject, name, _, _) in requests() {
        let channel = |address: Value, message: String| {
            let target = reference(&format!("/components/messages/{message}"));
            json!({ "address": address, "servers": [reference("/servers/nats")], "messages": { message: target } })
        };
        channels.insert(subject.to_owned(), channel(json!(subject), name.to_owned()));
        // The reply goes to the inbox that the question names.
        channels.insert(format!("{subject}.reply"), channel(Value::Null, format!("{name}Reply")));
    }
    for service in giving_up(flock) {
        let pairs =
            [(chassis::dead_subject(service), "DeadLetter"), (chassis::redrive_subject(service), "Redrive")];
        for (subject, message) in pairs {
            let target = reference(&format!("/components/messages/{message}"));
            channels.insert(
                subject.clone(),
                json!({
                    "address": subject,
                    "servers": [reference("/servers/nats")],
                    "messages": { message: target },
                }),
            );
        }
    }
    Value::Object(channels)
}

fn operations(flock: &Flock) -> Value {
    let mut operations = Map::new();
    let mut put = |id: String, action: &str, subject: &str| {
        let channel = reference(&format!("/channels/{subject}"));
        operations.insert(id, json!({ "action": action, "channel": channel }));
    };
    for service in &flock.services {
        let name = service.name;
        for info in service.tells.iter().chain(service.sends) {
            put(format!("{name}.sends.{}", info.subject), "send", info.subject);
        }
        for info in service.hears {
            put(format!("{name}.hears.{}", info.subject), "receive", info.subject);
        }
    }
    for info in &flock.gateway_sends {
        put(format!("gateway.sends.{}", info.subject), "send", info.subject);
    }
    for service in giving_up(flock) {
        let (dead, redrive) = (chassis::dead_subject(service), chassis::redrive_subject(service));
        put(format!("{service}.sends.{dead}"), "send", &dead);
        put(format!("{service}.hears.{redrive}"), "receive", &redrive);
        put(format!("operator.sends.{redrive}"), "send", &redrive);
    }
    for (subject, _, _, _) in requests() {
        let Some(owner) = flock.services.iter().find(|service| service.answers.iter().any(|s| s == subject))
        else {
            continue;
        };
        let (question, answer) = (format!("/channels/{subject}"), format!("/channels/{subject}.reply"));
        let answers = json!({
            "action": "receive",
            "channel": reference(&question),
            "reply": { "channel": reference(&answer) },
        });
        operations.insert(format!("{}.answers.{subject}", owner.name), answers);
    }
    Value::Object(operations)
}

fn messages() -> Value {
    let mut messages = Map::new();
    for (info, schema) in schemas() {
        let description = schema.get("description").cloned().unwrap_or_default();
        messages.insert(info.name.to_owned(), message(info, &description));
    }
    for (subject, name, question, _) in requests() {
        let description = question.get("description").cloned().unwrap_or_default();
        let asked = plain(name, &request_path(subject, "question"), &description);
        let refusal = "either `{\"Ok\": …}` with this payload, or `{\"Err\": …}` with a refusal";
        let reply = plain(&format!("{name}Reply"), &request_path(subject, "reply"), &json!(refusal));
        messages.insert(name.to_owned(), asked);
        messages.insert(format!("{name}Reply"), reply);
    }
    let letter = "A message that a service gave up on.";
    let redrive = "A dead letter is to be decided again, under its original id.";
    messages.insert("DeadLetter".into(), plain("DeadLetter", &message_path("dead.v1"), &json!(letter)));
    messages.insert("Redrive".into(), plain("Redrive", &message_path("cmd.redrive.v1"), &json!(redrive)));
    Value::Object(messages)
}

fn message(info: &MessageInfo, description: &Value) -> Value {
    let kind = match info.kind {
        Kind::Event => "event",
        Kind::Command => "command",
    };
    json!({
        "name": info.ce_type,
        "title": info.name,
        "summary": description,
        "contentType": "application/json",
        "tags": [{ "name": kind }, { "name": info.owner }],
        "traits": [reference("/components/messageTraits/cloudEvent")],
        "payload": schema(&message_path(info.ce_type)),
    })
}

fn plain(name: &str, path: &str, description: &Value) -> Value {
    json!({ "name": name, "summary": description, "contentType": "application/json", "payload": schema(path) })
}

fn schema(path: &str) -> Value {
    json!({
        "schemaFormat": "application/schema+json;version=draft-2020-12",
        "schema": { "$ref": format!("./schemas/{path}") },
    })
}

/// CloudEvents 1.0 in binary mode. What can be derived does not travel inside the flock.
fn headers() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let mut properties = Map::new();
    let mut put = |name: &str, description: &str| properties.insert(name.to_owned(), text(description));
    put(contracts::HEADER_ID, "CloudEvents `id`: UUID; deduplicate by it");
    put(contracts::HEADER_TYPE, "CloudEvents `type`: subject and version");
    put(contracts::HEADER_TIME, "CloudEvents `time`: when it was decided, RFC 3339 UTC");
    put(contracts::HEADER_SUBJECT, "CloudEvents `subject`: the id of the order, or of what it is about");
    put(contracts::HEADER_CAUSATION, "id of the message that led to this one");
    put(contracts::HEADER_TRACE, "W3C trace context, when sampled");
    let required =
        [contracts::HEADER_ID, contracts::HEADER_TYPE, contracts::HEADER_TIME, contracts::HEADER_SUBJECT];
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Services that may give a message up.
fn giving_up(flock: &Flock) -> impl Iterator<Item = &'static str> + '_ {
    flock
        .services
        .iter()
        .filter(|service| service.keeps && !service.hears.is_empty())
        .map(|service| service.name)
}

/// A reference within the document; dots need no escape, slashes do not occur in subjects.
fn reference(pointer: &str) -> Value {
    json!({ "$ref": format!("#{pointer}") })
}
