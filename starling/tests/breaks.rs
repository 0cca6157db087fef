//! Schemas that are really broken, one way at a time; and changes that break nobody.

#![expect(clippy::unwrap_used, reason = "a test fails where it meets the unexpected")]

use serde_json::{Value, json};
use starling::documents::{Reader, breaks};

/// What every change begins with: a message with a bit of everything.
fn base() -> Value {
    json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "pieces": { "type": "integer", "minimum": 1, "maximum": 100 },
            "note": { "type": ["string", "null"], "minLength": 1, "maxLength": 20 },
            "state": { "$ref": "#/$defs/State" },
            "lines": { "type": "array", "items": { "$ref": "#/$defs/Line" } },
            "reason": { "oneOf": [
                { "type": "object", "properties": { "code": { "const": "expired" } }, "required": ["code"] },
                { "type": "object", "properties": { "code": { "const": "short" }, "by": { "type": "integer" } },
                  "required": ["code", "by"] },
            ] },
        },
        "required": ["id", "pieces"],
        "$defs": {
            "State": { "oneOf": [
                { "description": "so", "type": "string", "const": "open" },
                { "description": "or so", "type": "string", "const": "done" },
            ] },
            "Line": { "type": "object", "properties": { "sku": { "type": "string" } }, "required": ["sku"] },
        },
    })
}

#[track_caller]
fn check(reader: Reader, change: impl FnOnce(&mut Value), expected: &[&str]) {
    let mut new = base();
    change(&mut new);
    assert_eq!(breaks(&base(), &new, reader), expected);
}

#[track_caller]
fn both(change: impl Fn(&mut Value), expected: &[&str]) {
    check(Reader::Flock, &change, expected);
    check(Reader::Others, &change, expected);
}

fn remove(new: &mut Value, pointer: &str, key: &str) {
    new.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(key);
}

#[test]
fn the_same_schema_breaks_nothing() {
    both(|_| (), &[]);
}

#[test]
fn a_property_that_is_removed_breaks() {
    both(|new| remove(new, "/properties", "note"), &["$.note: property removed"]);
    both(|new| remove(new, "/$defs/Line/properties", "sku"), &["$.lines[].sku: property removed"]);
}

#[test]
fn another_type_breaks() {
    check(
        Reader::Flock,
        |new| new["properties"]["id"]["type"] = json!("integer"),
        &["$.id: type changed, string is no longer allowed (now integer)"],
    );
    both(
        |new| new["properties"]["note"]["type"] = json!("string"),
        &["$.note: type changed, null is no longer allowed (now string)"],
    );
    let nullable = |new: &mut Value| new["properties"]["id"]["type"] = json!(["string", "null"]);
    check(Reader::Flock, nullable, &[]);
    check(Reader::Others, nullable, &["$.id: type changed, may now be null (was string)"]);
}

#[test]
fn what_is_newly_required_breaks_and_what_no_longer_is_breaks_its_readers() {
    both(|new| new["required"] = json!(["id", "pieces", "note"]), &["$.note: newly required"]);
    check(Reader::Flock, |new| new["required"] = json!(["id"]), &[]);
    check(Reader::Others, |new| new["required"] = json!(["id"]), &["$.pieces: no longer always there"]);
}

#[test]
fn an_enum_value_that_is_removed_breaks_and_one_that_is_added_does_not() {
    both(|new| remove_variant(new, "/$defs/State/oneOf", 1), &[r#"$.state: enum value "done" removed"#]);
    both(
        |new| new["$defs"]["State"]["oneOf"][1] = json!({ "type": "string", "enum": ["done", "late"] }),
        &[],
    );
    both(|new| new["properties"]["id"]["enum"] = json!(["a"]), &[r#"$.id: was free, now one of ["a"]"#]);
}

#[test]
fn a_variant_that_is_removed_or_changed_breaks_and_one_that_is_added_does_not() {
    both(
        |new| remove_variant(new, "/properties/reason/oneOf", 0),
        &[r#"$.reason: variant code="expired" removed"#],
    );
    both(
        |new| remove(new, "/properties/reason/oneOf/1/properties", "by"),
        &[r#"$.reason(code="short").by: property removed"#],
    );
    both(
        |new| {
            let variants = new.pointer_mut("/properties/reason/oneOf").unwrap().as_array_mut().unwrap();
            variants.push(json!({ "type": "object", "properties": { "code": { "const": "lost" } } }));
        },
        &[],
    );
}

#[test]
fn narrower_bounds_break_and_wider_ones_break_their_readers() {
    both(
        |new| new["properties"]["pieces"]["maximum"] = json!(99),
        &["$.pieces: maximum narrowed from 100 to 99"],
    );
    both(
        |new| new["properties"]["pieces"]["minimum"] = json!(2),
        &["$.pieces: minimum narrowed from 1 to 2"],
    );
    both(|new| new["properties"]["id"]["maxLength"] = json!(9), &["$.id: maxLength narrowed from none to 9"]);
    check(Reader::Flock, |new| new["properties"]["note"]["maxLength"] = json!(40), &[]);
    check(
        Reader::Others,
        |new| new["properties"]["note"]["maxLength"] = json!(40),
        &["$.note: maxLength widened from 20 to 40"],
    );
    both(|new| new["properties"]["id"]["pattern"] = json!("^a"), &["$.id: pattern is another"]);
}

#[test]
fn closing_an_open_object_breaks() {
    both(|new| new["additionalProperties"] = json!(false), &["$: closed to additional properties"]);
}

#[test]
fn a_new_optional_property_breaks_nobody() {
    both(|new| new["properties"]["gift"] = json!({ "type": "boolean" }), &[]);
}

#[test]
fn each_schema_that_is_checked_in_notices_the_loss_of_each_of_its_properties() {
    for (info, schema) in contracts::schemas() {
        let old = schema.to_value();
        let properties: Vec<String> =
            old["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        assert!(!properties.is_empty(), "{}", info.subject);
        for name in properties {
            let mut new = old.clone();
            remove(&mut new, "/properties", &name);
            let found = breaks(&old, &new, Reader::Others);
            assert!(found.contains(&format!("$.{name}: property removed")), "{} {found:?}", info.subject);
        }
    }
}

fn remove_variant(new: &mut Value, pointer: &str, index: usize) {
    new.pointer_mut(pointer).unwrap().as_array_mut().unwrap().remove(index);
}

#[test]
fn variants_are_told_apart_by_the_name_of_their_only_field() {
    let variant = |name: &str| json!({ "type": "object", "properties": { name: {} }, "required": [name] });
    let of = |names: &[&str]| json!({ "oneOf": names.iter().map(|name| variant(name)).collect::<Vec<_>>() });
    let old = of(&["done", "refused"]);
    for reader in [Reader::Flock, Reader::Others] {
        assert_eq!(breaks(&old, &of(&["done", "refused", "late"]), reader), [] as [&str; 0]);
        assert_eq!(breaks(&old, &of(&["done"]), reader), ["$: variant refused removed"]);
    }
}
