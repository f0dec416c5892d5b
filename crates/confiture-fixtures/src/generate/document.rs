//! JSON documents with the keys that the table's own expressions read.

use std::collections::BTreeMap;

use confiture_core::catalog::Catalog;
use serde_json::{Map, Value as Json};

use super::expr::Expr;
use super::kind::Kind;
use super::rng::Rng;
use super::sample::{CYCLE, Wish, sample};
use super::value::Value;

/// Paths of keys, with the type their text is read as.
pub(super) type Keys = BTreeMap<Vec<String>, Kind>;

/// Collects, by column, the keys that `expr` reads; `hint` is the type of its result.
pub(super) fn collect(expr: &Expr, hint: &Kind, catalog: &Catalog, found: &mut BTreeMap<usize, Keys>) {
    if let Some((column, path)) = path(expr)
        && !path.is_empty()
    {
        let keys = found.entry(column).or_default();
        // A cast says more than a comparison elsewhere.
        let known = keys.entry(path).or_insert_with(|| hint.clone());
        if matches!(known, Kind::Text { .. }) {
            *known = hint.clone();
        }
        return;
    }
    let text = Kind::Text { limit: None };
    match expr {
        Expr::Cast(inner, to) => collect(inner, &Kind::read(to, catalog), catalog, found),
        Expr::Call(name, arguments) => {
            let hint = read_as(name).unwrap_or_else(|| hint.clone());
            arguments.iter().for_each(|argument| collect(argument, &hint, catalog, found));
        }
        Expr::Case { .. } => expr.children().into_iter().for_each(|part| collect(part, hint, catalog, found)),
        other => other.children().into_iter().for_each(|part| collect(part, &text, catalog, found)),
    }
}

/// The type a function reads its text as, where its name says so.
fn read_as(name: &str) -> Option<Kind> {
    let name = name.to_ascii_lowercase();
    if name.contains("duration") || name.contains("interval") {
        Some(Kind::Interval)
    } else if name.contains("date") || name.contains("time") {
        Some(Kind::Timestamp { zone: true })
    } else {
        None
    }
}

/// The column and keys of `column -> 'a' ->> 'b'` or `column #>> '{a,b}'`.
fn path(expr: &Expr) -> Option<(usize, Vec<String>)> {
    match expr {
        Expr::Column(at) => Some((*at, Vec::new())),
        Expr::Binary(operator, left, right) if matches!(operator.as_str(), "->" | "->>") => {
            let (column, mut keys) = path(left)?;
            let Expr::Const(Value::Text(key)) = &**right else { return None };
            keys.push(key.clone());
            Some((column, keys))
        }
        Expr::Binary(operator, left, right) if matches!(operator.as_str(), "#>" | "#>>") => {
            let (column, mut keys) = path(left)?;
            let Expr::Array(items) = &**right else { return None };
            for item in items {
                let Expr::Const(Value::Text(key)) = item else { return None };
                keys.push(key.trim().to_owned());
            }
            Some((column, keys))
        }
        _ => None,
    }
}

/// A document with all `keys`.
pub(super) fn document(keys: &Keys, number: u64, rng: &mut Rng) -> Value {
    let mut root = Json::Object(Map::new());
    for (path, kind) in keys {
        let name = path.last().map_or("", String::as_str);
        let wish = Wish { column: name, slot: CYCLE - 1, distinct: None, cap: 100, width: None };
        let distinct = matches!(name, "id" | "uid" | "uuid" | "key").then_some(number);
        let value = match kind.base() {
            Kind::Bool => Json::Bool(rng.one_in(2)),
            Kind::Int(_) => Json::from(rng.below(1000)),
            Kind::Numeric { .. } | Kind::Float(_) => Json::from(rng.below(4000) as f64 / 4.0),
            Kind::Interval => Json::from(format!("PT{}H{}M", rng.below(24), rng.below(60))),
            Kind::Date | Kind::Timestamp { .. } => {
                Json::from(sample(kind, wish, rng).text().replace(' ', "T").replace("+00", "Z"))
            }
            Kind::Json { .. } => Json::Object(Map::new()),
            Kind::Named(..) | Kind::Array(_) | Kind::Composite(_) | Kind::Range(_) | Kind::Multirange(_) => {
                Json::from(rng.pick(&["amber", "basil", "cedar"]))
            }
            other => Json::from(sample(other, Wish { distinct, ..wish }, rng).text()),
        };
        insert(&mut root, path, value);
    }
    Value::Literal(root.to_string())
}

fn insert(root: &mut Json, path: &[String], value: Json) {
    let Some((first, rest)) = path.split_first() else { return };
    let Json::Object(fields) = root else { return };
    if rest.is_empty() {
        fields.entry(first.clone()).or_insert(value);
        return;
    }
    let next = fields.entry(first.clone()).or_insert_with(|| Json::Object(Map::new()));
    if !next.is_object() {
        *next = Json::Object(Map::new());
    }
    insert(next, rest, value);
}
