//! Objects as named texts, for comparing field by field.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::catalog::{Object, ObjectId};

/// `(property, before, after)` of every field that differs, ordered by property.
pub(super) fn fields(before: &Object, after: &Object) -> Vec<(String, Option<String>, Option<String>)> {
    let (before, after) = (flat(before), flat(after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut out = Vec::new();
    for key in keys {
        let (a, b) = (before.get(key), after.get(key));
        if a != b && key != "position" && key != "is" {
            out.push((property(key), text(a, b), text(b, a)));
        }
    }
    out
}

fn flat(object: &Object) -> Map<String, Value> {
    let Ok(Value::Object(mut map)) = serde_json::to_value(object) else { return Map::new() };
    if let Some(Value::Object(inner)) = map.remove("properties") {
        map.extend(inner);
    }
    map
}

/// The property's name in words.
fn property(field: &str) -> String {
    match field {
        "data_type" | "constraint_type" => "type".to_owned(),
        other => other.replace('_', " "),
    }
}

/// A value as text. Fields at their default are not written: an absent flag is the opposite of the
/// present one.
fn text(value: Option<&Value>, other: Option<&Value>) -> Option<String> {
    match (value, other) {
        (None, Some(Value::Bool(present))) => Some((!present).to_string()),
        (None, _) => None,
        (Some(Value::String(text)), _) => Some(text.clone()),
        (Some(Value::Array(list)), _) => {
            let parts: Vec<String> = list.iter().filter_map(|value| text(Some(value), None)).collect();
            Some(parts.join(", "))
        }
        (Some(value @ Value::Object(_)), _) => {
            Some(match serde_json::from_value::<ObjectId>(value.clone()) {
                Ok(id) => id.to_string(),
                Err(_) => value.to_string(),
            })
        }
        (Some(value), _) => Some(value.to_string()),
    }
}
