//! What a change of a schema would break.
//!
//! Messages live on: streams keep them for two weeks, journals publish them again. So the new schema must take all
//! that the old one took; and what others read must still promise all that it promised. Whatever else is wanted
//! gets a new version, told beside the old one until the last reader has moved.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Who reads what a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The flock: commands and questions, written by others.
    Flock,
    /// Others: events and answers, written by the flock (and read by the flock, too).
    Others,
}

/// Whom a difference hurts.
#[derive(Clone, Copy)]
struct Place<'a> {
    reader: Reader,
    old_root: &'a Value,
    new_root: &'a Value,
}

/// How deep schemas are followed: recursive ones would have no end.
const MAX_DEPTH: usize = 24;

/// Keywords whose number must not grow (`true`) or fall (`false`), or messages that were valid no longer are.
const BOUNDS: [(&str, bool); 11] = [
    ("minimum", true),
    ("exclusiveMinimum", true),
    ("minLength", true),
    ("minItems", true),
    ("minProperties", true),
    ("maximum", false),
    ("exclusiveMaximum", false),
    ("maxLength", false),
    ("maxItems", false),
    ("maxProperties", false),
    ("multipleOf", true),
];

/// What a reader or writer of the old schema would meet with the new one: nothing, or a sentence for each break,
/// with the place in the message.
///
/// A new value of an enum or a new variant is no break: who reads must expect more of them.
#[must_use]
pub fn breaks(old: &Value, new: &Value, reader: Reader) -> Vec<String> {
    let mut found = vec![];
    let place = Place { reader, old_root: old, new_root: new };
    compare(place, old, new, "$", 0, &mut found);
    found
}

fn compare(place: Place<'_>, old: &Value, new: &Value, path: &str, depth: usize, found: &mut Vec<String>) {
    let old = resolve(place.old_root, old);
    let new = resolve(place.new_root, new);
    if old == new && place.old_root == place.new_root || depth > MAX_DEPTH {
        return;
    }
    if *new == Value::Bool(false) && *old != Value::Bool(false) {
        found.push(format!("{path}: nothing is allowed here any more"));
    }
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return };
    types(place, old, new, path, found);
    values(old, new, path, found);
    bounds(place, old, new, path, found);
    properties(place, old, new, path, depth, found);
    items(place, old, new, path, depth, found);
    for keyword in ["oneOf", "anyOf"] {
        variants(place, (old, new), keyword, path, depth, found);
    }
}

fn types(
    place: Place<'_>,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    path: &str,
    found: &mut Vec<String>,
) {
    let (before, after) = (type_set(old), type_set(new));
    let takes = |set: &BTreeSet<&str>, kind: &str| {
        set.is_empty() || set.contains(kind) || kind == "integer" && set.contains("number")
    };
    if before.is_empty() && !after.is_empty() && old.keys().all(|key| key == "description" || key == "title")
    {
        found.push(format!("{path}: could be anything, now only {}", join(&after)));
    }
    for kind in before.iter().filter(|kind| !takes(&after, kind)) {
        found.push(format!("{path}: type changed, {kind} is no longer allowed (now {})", join(&after)));
    }
    if place.reader == Reader::Others && !before.is_empty() {
        for kind in after.iter().filter(|kind| !takes(&before, kind)) {
            found.push(format!("{path}: type changed, may now be {kind} (was {})", join(&before)));
        }
    }
}

fn values(old: &Map<String, Value>, new: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    let Some(after) = value_set(new) else { return };
    match value_set(old) {
        Some(before) => {
            let gone = before.iter().filter(|value| !after.contains(value));
            found.extend(gone.map(|value| format!("{path}: enum value {value} removed")));
        }
        None => found.push(format!("{path}: was free, now one of {}", Value::Array(after))),
    }
}

fn bounds(
    place: Place<'_>,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    path: &str,
    found: &mut Vec<String>,
) {
    for (keyword, lower) in BOUNDS {
        let (before, after) = (number(old, keyword), number(new, keyword));
        let narrower = match (before, after) {
            (Some(before), Some(after)) if lower => after > before,
            (Some(before), Some(after)) => after < before,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if narrower {
            found.push(format!("{path}: {keyword} narrowed from {} to {}", shown(before), shown(after)));
        } else if place.reader == Reader::Others && before != after {
            found.push(format!("{path}: {keyword} widened from {} to {}", shown(before), shown(after)));
        }
    }
    for keyword in ["pattern", "format", "uniqueItems"] {
        if new.contains_key(keyword) && old.get(keyword) != new.get(keyword) {
            found.push(format!("{path}: {keyword} is another"));
        }
    }
}

fn properties(
    place: Place<'_>,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    path: &str,
    depth: usize,
    found: &mut Vec<String>,
) {
    let none = Map::new();
    let map = |schema: &Map<String, Value>| {
        schema.get("properties").and_then(Value::as_object).unwrap_or(&none).clone()
    };
    let (before, after) = (map(old), map(new));
    for (name, schema) in &before {
        match after.get(name) {
            Some(now) => compare(place, schema, now, &format!("{path}.{name}"), depth + 1, found),
            None => found.push(format!("{path}.{name}: property removed")),
        }
    }
    let (was, is) = (names(old), names(new));
    found.extend(is.difference(&was).map(|name| format!("{path}.{name}: newly required")));
    if place.reader == Reader::Others {
        let lost = was.difference(&is).filter(|name| after.contains_key(**name));
        found.extend(lost.map(|name| format!("{path}.{name}: no longer always there")));
    }
    let closed =
        |schema: &Map<String, Value>| schema.get("additionalProperties") == Some(&Value::Bool(false));
    if closed(new) && !closed(old) && new.contains_key("properties") {
        found.push(format!("{path}: closed to additional properties"));
    }
}

fn items(
    place: Place<'_>,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    path: &str,
    depth: usize,
    found: &mut Vec<String>,
) {
    let anything = Value::Bool(true);
    let get = |schema: &Map<String, Value>| schema.get("items").cloned().unwrap_or(anything.clone());
    let (before, after) = (get(old), get(new));
    if before == anything && after != anything && old.contains_key("type") {
        found.push(format!("{path}[]: could be anything, no longer"));
    }
    compare(place, &before, &after, &format!("{path}[]"), depth + 1, found);
}

/// Variants are told apart by their tag (a property with a constant, or the only property), their constant, or their type.
fn variants(
    place: Place<'_>,
    (old, new): (&Map<String, Value>, &Map<String, Value>),
    keyword: &str,
    path: &str,
    depth: usize,
    found: &mut Vec<String>,
) {
    let list = |schema: &Map<String, Value>| {
        schema.get(keyword).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let (before, after) = (list(old), list(new));
    if before.is_empty() && !after.is_empty() && value_set(new).is_none() {
        found.push(format!("{path}: now one of {} variants", after.len()));
    }
    for variant in &before {
        let name = tag(place.old_root, variant);
        let heir = after.iter().find(|candidate| tag(place.new_root, candidate) == name);
        match heir {
            Some(now) => compare(place, variant, now, &format!("{path}({name})"), depth + 1, found),
            // A constant's removal is told among the enum's values.
            None if value_set(old).is_some() => {}
            None => found.push(format!("{path}: variant {name} removed")),
        }
    }
}

fn tag(root: &Value, variant: &Value) -> String {
    let schema = resolve(root, variant);
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let tags = properties
        .into_iter()
        .flatten()
        .filter_map(|(name, property)| property.get("const").map(|constant| format!("{name}={constant}")));
    let tags: Vec<String> = tags.collect();
    if !tags.is_empty() {
        return tags.join(",");
    }
    if let Some(name) = variant.get("$ref").and_then(Value::as_str) {
        return name.rsplit('/').next().unwrap_or(name).to_owned();
    }
    // The name of a variant, with what it has.
    if let (Some(properties), [only]) = (properties, names_of(schema).as_slice())
        && properties.len() == 1
    {
        return (*only).to_owned();
    }
    schema.get("type").map_or_else(|| "?".to_owned(), ToString::to_string)
}

fn names_of(schema: &Value) -> Vec<&str> {
    schema.as_object().map(names).into_iter().flatten().collect()
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

fn type_set(schema: &Map<String, Value>) -> BTreeSet<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => BTreeSet::from([kind.as_str()]),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => BTreeSet::new(),
    }
}

/// The values that are allowed: `enum`, `const`, or a `oneOf` of constants and enums (as documented enums are written).
fn value_set(schema: &Map<String, Value>) -> Option<Vec<Value>> {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return Some(values.clone());
    }
    if let Some(value) = schema.get("const") {
        return Some(vec![value.clone()]);
    }
    let variants = schema.get("oneOf")?.as_array()?;
    let sets: Option<Vec<Vec<Value>>> = variants.iter().map(|v| value_set(v.as_object()?)).collect();
    Some(sets?.concat())
}

fn names(schema: &Map<String, Value>) -> BTreeSet<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn number(schema: &Map<String, Value>, keyword: &str) -> Option<f64> {
    schema.get(keyword).and_then(Value::as_f64)
}

fn shown(bound: Option<f64>) -> String {
    bound.map_or_else(|| "none".to_owned(), |bound| bound.to_string())
}

fn join(kinds: &BTreeSet<&str>) -> String {
    kinds.iter().copied().collect::<Vec<_>>().join(" or ")
}
