//! What serde says of wrong input, told to people: which field, and what is wrong; never the value.

use serde_path_to_error::{Path, Segment};

/// The longest field that is named, in characters: its names may be the client's own.
const LONGEST: usize = 200;

/// The field at fault and what is wrong with it.
pub(crate) fn explain(path: &Path, message: &str) -> (String, String) {
    let mut field = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => field += &format!("[{index}]"),
            Segment::Map { key } | Segment::Enum { variant: key } => push(&mut field, key),
            Segment::Unknown => {}
        }
    }
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let named = |what: &str| message.strip_prefix(what).and_then(|rest| rest.split('`').next());
    if let Some(name) = named("missing field `") {
        push(&mut field, name);
        return (cut(field), "is required".into());
    }
    if let Some(name) = named("duplicate field `") {
        if !field.ends_with(name) {
            push(&mut field, name);
        }
        return (cut(field), "is given twice".into());
    }
    if field.is_empty() {
        field.push_str("body");
    }
    (cut(field), without_value(message))
}

fn push(field: &mut String, name: &str) {
    if !field.is_empty() {
        field.push('.');
    }
    field.push_str(name);
}

fn cut(field: String) -> String {
    if field.chars().count() <= LONGEST {
        field
    } else {
        field.chars().take(LONGEST).chain(['…']).collect()
    }
}

fn without_value(message: &str) -> String {
    let expected = || message.rsplit_once("expected ").map_or("something else", |(_, expected)| expected);
    if message.starts_with("unknown field") {
        return if message.contains("expected ") {
            format!("no such field; expected {}", expected())
        } else {
            "no such field".into()
        };
    }
    if message.starts_with("invalid ") && message.contains("expected ")
        || message.starts_with("unknown variant")
    {
        let expected = match expected() {
            "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
            "a sequence" => "a list",
            "a borrowed string" => "a string",
            other if other.starts_with("struct ") => "an object",
            other => other,
        };
        return format!("expected {expected}");
    }
    if message.starts_with("UUID parsing failed") {
        return "not a UUID".into();
    }
    if message.starts_with("invalid digit")
        || message.starts_with("number too")
        || message.starts_with("cannot parse integer")
    {
        return "expected a whole number".into();
    }
    message.to_owned()
}
