//! Changes a row until a condition holds.

use super::eval::{self, truth};
use super::expr::Expr;
use super::kind::Kind;
use super::pattern;
use super::rng::Rng;
use super::value::{DAY, Value};
use super::words;

/// A row that is being built.
pub(super) trait Draft {
    fn values(&self) -> &[Value];
    fn kind(&self, column: usize) -> &Kind;
    fn rng(&mut self) -> &mut Rng;
    /// Makes it NULL; false where that is not allowed.
    fn set_null(&mut self, column: usize) -> bool;
    /// Gives it a value when it has none.
    fn revive(&mut self, column: usize) -> bool;
    /// Gives it this value; false where it cannot have it.
    fn assign(&mut self, column: usize, value: &Value) -> bool;
    /// Another value of its own choice.
    fn resample(&mut self, column: usize) -> bool;
    /// Constants that checks compare it with.
    fn mentioned(&self, column: usize) -> &[Value];
}

/// Tries to make `expr` true (or false). Whether it worked is for the caller to evaluate.
pub(super) fn satisfy(draft: &mut dyn Draft, expr: &Expr, want: bool) -> bool {
    match (expr, want) {
        (Expr::And(all), true) | (Expr::Or(all), false) => {
            let mut worked = true;
            for part in all {
                if truth(part, draft.values()) != Ok(Some(want)) {
                    worked &= satisfy(draft, part, want);
                }
            }
            worked
        }
        (Expr::Or(all), true) | (Expr::And(all), false) => {
            let start = draft.rng().below(all.len() as u64) as usize;
            (0..all.len()).any(|step| {
                let part = &all[(start + step) % all.len()];
                truth(part, draft.values()) == Ok(Some(want))
                    || satisfy(draft, part, want) && truth(part, draft.values()) != Ok(Some(!want))
            })
        }
        (Expr::Not(one), want) => satisfy(draft, one, !want),
        (Expr::IsNull(one, negated), want) => match (&**one, want != *negated) {
            (Expr::Column(at), true) => draft.set_null(*at),
            (Expr::Column(at), false) => draft.revive(*at),
            _ => search(draft, expr, want),
        },
        (Expr::IsTruth(one, wanted, negated), want) => satisfy(draft, one, *wanted == (want != *negated)),
        (Expr::Distinct(a, b, negated), want) => {
            let operator = if want == *negated { "=" } else { "<>" };
            compare(draft, operator, a, b) || search(draft, expr, want)
        }
        (Expr::Binary(operator, a, b), want) => {
            let operator = if want { Some(operator.as_str()) } else { opposite(operator) };
            let solved = operator.is_some_and(|operator| compare(draft, operator, a, b));
            solved && truth(expr, draft.values()) != Ok(Some(!want)) || search(draft, expr, want)
        }
        (Expr::Quantified { operator, left, right, all: false }, true) => {
            let Ok(Value::Array(items)) = eval::value(right, draft.values()) else {
                return search(draft, expr, want);
            };
            let chosen = draft.rng().below(items.len() as u64) as usize;
            items.get(chosen).is_some_and(|item| assign(draft, left, operator, item))
                || search(draft, expr, want)
        }
        (Expr::Column(at), want) => draft.assign(*at, &Value::Bool(want)),
        (Expr::Case { operand: None, arms, otherwise }, want) => {
            let taken = arms.iter().find(|(when, _)| truth(when, draft.values()) == Ok(Some(true)));
            satisfy(draft, taken.map_or(otherwise, |(_, then)| then), want) || search(draft, expr, want)
        }
        _ => search(draft, expr, want),
    }
}

fn opposite(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "=" => "<>",
        "<>" | "!=" => "=",
        "<" => ">=",
        ">=" => "<",
        ">" => "<=",
        "<=" => ">",
        "~" => "!~",
        "~~" => "!~~",
        "!~" => "~",
        "!~~" => "~~",
        _ => return None,
    })
}

fn flipped(operator: &str) -> Option<&str> {
    Some(match operator {
        "=" | "<>" | "!=" => operator,
        "<" => ">",
        ">" => "<",
        "<=" => ">=",
        ">=" => "<=",
        _ => return None,
    })
}

/// Makes a comparison hold by changing one of its sides.
fn compare(draft: &mut dyn Draft, operator: &str, a: &Expr, b: &Expr) -> bool {
    let truthy = |expr: &Expr| matches!(expr, Expr::IsNull(..) | Expr::Not(_) | Expr::And(_) | Expr::Or(_));
    if truthy(a) || truthy(b) {
        // (a IS NULL) <> (b IS NULL)
        let (Ok(Some(left)), Ok(Some(right))) = (truth(a, draft.values()), truth(b, draft.values())) else {
            return false;
        };
        let wanted = match operator {
            "=" => right,
            "<>" => !right,
            _ => return false,
        };
        return left == wanted
            || satisfy(draft, a, wanted)
            || satisfy(draft, b, if operator == "=" { left } else { !left });
    }
    let first_left = draft.rng().one_in(2);
    for left in [first_left, !first_left] {
        let (target, other, operator) = if left { (a, b, Some(operator)) } else { (b, a, flipped(operator)) };
        if let (Some(operator), Ok(value)) = (operator, eval::value(other, draft.values()))
            && !value.is_null()
            && assign(draft, target, operator, &value)
        {
            return true;
        }
    }
    false
}

/// Makes `target operator value` hold.
fn assign(draft: &mut dyn Draft, target: &Expr, operator: &str, value: &Value) -> bool {
    match (target, operator) {
        (_, "~" | "~*" | "~~" | "~~*") => {
            let Value::Text(text) = value else { return false };
            let pattern = if operator.starts_with("~~") { pattern::from_like(text) } else { text.clone() };
            let sampled = pattern::sample(&pattern, false, draft.rng());
            sampled.is_some_and(|text| assign(draft, target, "=", &Value::Text(text)))
        }
        (Expr::Column(at), "=") => draft.assign(*at, value),
        (Expr::Column(at), "<" | "<=" | ">" | ">=") => {
            let chosen = beyond(value, operator, draft.kind(*at).base().clone(), draft.rng());
            chosen.is_some_and(|chosen| draft.assign(*at, &chosen))
        }
        (Expr::Column(at), _) => draft.resample(*at),
        (Expr::Cast(inner, _), _) => assign(draft, inner, operator, value),
        (Expr::Call(name, arguments), _) => match (name.as_str(), arguments.as_slice()) {
            ("length" | "char_length" | "character_length" | "octet_length", [text]) => {
                let Some(length) = length(operator, value, draft.rng()) else { return false };
                let bytes = text.columns().first().is_some_and(|at| *draft.kind(*at).base() == Kind::Bytea);
                let made = if bytes {
                    Value::Bytes((0..length).map(|_| draft.rng().next() as u8).collect())
                } else {
                    Value::Text(words::long(length, draft.rng()))
                };
                assign(draft, text, "=", &made)
            }
            ("cardinality", [Expr::Column(at)]) | ("array_length", [Expr::Column(at), _]) => {
                let (Some(length), Kind::Array(inner)) =
                    (length(operator, value, draft.rng()), draft.kind(*at).base().clone())
                else {
                    return false;
                };
                let wish =
                    |slot| super::sample::Wish { column: "", slot, distinct: None, cap: 60, width: None };
                let items = (0..length)
                    .map(|_| super::sample::sample(&inner, wish(super::sample::CYCLE - 1), draft.rng()));
                let made = Value::Array(items.collect());
                draft.assign(*at, &made)
            }
            ("jsonb_typeof" | "json_typeof", [inner]) => {
                let Value::Text(wanted) = value else { return false };
                let text = match wanted.as_str() {
                    "object" => words::json(draft.rng()),
                    "array" => "[1, \"two\"]".to_owned(),
                    "string" => "\"text\"".to_owned(),
                    "number" => "17".to_owned(),
                    "boolean" => "true".to_owned(),
                    _ => "null".to_owned(),
                };
                operator == "=" && assign(draft, inner, "=", &Value::Literal(text))
            }
            ("lower" | "upper" | "btrim" | "ltrim" | "rtrim" | "trim" | "coalesce" | "abs", [inner, ..]) => {
                assign(draft, inner, operator, value)
            }
            // As much more as makes the text differ from others.
            ("left", [inner, Expr::Const(Value::Int(length))]) => {
                let Value::Text(prefix) = value else { return false };
                let exact = usize::try_from(*length).is_ok_and(|length| length == prefix.chars().count());
                let text = format!("{prefix}{}", words::long(12, draft.rng()));
                operator == "=" && exact && assign(draft, inner, "=", &Value::Text(text))
            }
            ("num_nonnulls" | "num_nulls", columns) => {
                let Value::Int(wanted) = value else { return false };
                let wanted = match operator {
                    "<" => wanted - 1,
                    ">" => wanted + 1,
                    "<>" => return false,
                    _ => *wanted,
                };
                nulls(
                    draft,
                    columns,
                    if name == "num_nulls" { columns.len() as i64 - wanted } else { wanted },
                )
            }
            _ => false,
        },
        _ => false,
    }
}

/// Leaves exactly `filled` of `columns` not NULL.
fn nulls(draft: &mut dyn Draft, columns: &[Expr], filled: i64) -> bool {
    let mut places: Vec<usize> = columns
        .iter()
        .filter_map(|column| if let Expr::Column(at) = column { Some(*at) } else { None })
        .collect();
    for at in (1..places.len()).rev() {
        let other = draft.rng().below(at as u64 + 1) as usize;
        places.swap(at, other);
    }
    // What cannot be NULL goes first, what cannot have a value last.
    let mut left = filled;
    let mut rest = Vec::new();
    for at in places {
        if !draft.values()[at].is_null() && !draft.set_null(at) {
            left -= 1;
        } else {
            rest.push(at);
        }
    }
    for at in rest {
        if left > 0 && draft.revive(at) {
            left -= 1;
        }
    }
    left == 0
}

fn length(operator: &str, value: &Value, rng: &mut Rng) -> Option<usize> {
    let Value::Int(limit) = value else { return None };
    let limit = *limit;
    let chosen = match operator {
        "=" => limit,
        ">=" => limit + rng.between(0, 8),
        ">" => limit + 1 + rng.between(0, 8),
        "<=" => rng.between(1.min(limit), limit.min(60)),
        "<" => rng.between(1.min(limit - 1), (limit - 1).min(60)),
        _ => return None,
    };
    usize::try_from(chosen).ok().filter(|length| *length <= 100_000)
}

/// A value on the right side of `value`.
fn beyond(value: &Value, operator: &str, kind: Kind, rng: &mut Rng) -> Option<Value> {
    let step = match (operator, rng.below(4)) {
        ("<=" | ">=", 0) => 0,
        _ => rng.between(1, 500),
    };
    let step = if operator.starts_with('<') { -step } else { step };
    let whole = |kind: &Kind| matches!(kind, Kind::Int(_));
    Some(match value {
        Value::Int(at) if matches!(kind, Kind::Float(_)) => Value::Float(*at as f64 + step as f64 / 8.0),
        Value::Int(at) => match kind {
            Kind::Numeric { scale: scale @ 1.., precision: Some(precision) } => {
                // Small numerics like numeric(3,2) have no room for big steps.
                let unit = 10_i128.pow(scale.min(20));
                let room = 10_i128.checked_pow(precision.min(30))? - 1;
                let digits = i128::from(*at) * unit + i128::from(step) * unit / 500;
                Value::Decimal(digits.clamp(-room, room), scale.min(20))
            }
            _ => Value::Int(at.checked_add(step)?),
        },
        Value::Decimal(digits, scale) if whole(&kind) => {
            let at = i64::try_from(digits / 10_i128.checked_pow(*scale)?).ok()?;
            Value::Int(at.checked_add(step)?)
        }
        Value::Decimal(digits, scale) => Value::Decimal(digits + i128::from(step), *scale),
        Value::Float(at) if whole(&kind) => Value::Int(at.round() as i64 + step),
        Value::Float(at) => Value::Float(at + step as f64 / 8.0),
        Value::Date(at) => Value::Date(at + step),
        Value::Timestamp(at) => Value::Timestamp(at.checked_add(step * DAY / 7)?),
        Value::Timestamptz(at) => Value::Timestamptz(at.checked_add(step * DAY / 7)?),
        Value::Time(at) => Value::Time((at + step * 1_000_000).clamp(0, DAY - 1)),
        Value::Text(text) if operator.starts_with('>') => Value::Text(format!("{text}a")),
        Value::Text(text) => Value::Text(text.chars().take(text.chars().count().saturating_sub(1)).collect()),
        _ => return None,
    })
}

/// The last means: values, NULLs and constants at random, while the outcome can be evaluated.
fn search(draft: &mut dyn Draft, expr: &Expr, want: bool) -> bool {
    let columns = expr.columns();
    if columns.is_empty() {
        return false;
    }
    for round in 0..40 {
        for at in &columns {
            let constants = draft.mentioned(*at).len() as u64;
            match draft.rng().below(4) {
                0 => drop(draft.set_null(*at)),
                1 => drop(draft.revive(*at)),
                2 if constants > 0 => {
                    let chosen = draft.rng().below(constants) as usize;
                    let value = draft.mentioned(*at)[chosen].clone();
                    draft.assign(*at, &value);
                }
                _ => drop(draft.resample(*at)),
            }
        }
        match truth(expr, draft.values()) {
            Ok(known) if known == Some(want) || (want && known.is_none()) => return true,
            // The server will judge; one change is as good as another.
            Err(_) if round > 0 => return true,
            _ => {}
        }
    }
    false
}

/// `value` as a column of `kind` would hold it; `None` where it cannot.
pub(super) fn coerce(value: &Value, kind: &Kind) -> Option<Value> {
    let whole = |bytes: u8, value: i64| {
        let most = match bytes {
            2 => i64::from(i16::MAX),
            4 => i64::from(i32::MAX),
            _ => i64::MAX,
        };
        (value <= most && value >= -most - 1).then_some(Value::Int(value))
    };
    match (kind, value) {
        (_, Value::Null) => Some(Value::Null),
        (Kind::Domain(base, _), value) => coerce(value, base),
        (Kind::Int(bytes), Value::Int(value)) => whole(*bytes, *value),
        (Kind::Int(bytes), Value::Decimal(digits, scale)) => {
            whole(*bytes, i64::try_from(digits / 10_i128.checked_pow(*scale)?).ok()?)
        }
        (Kind::Int(bytes), Value::Float(value)) => whole(*bytes, value.round() as i64),
        (Kind::Numeric { .. }, Value::Int(value)) => Some(Value::Decimal(i128::from(*value), 0)),
        (Kind::Numeric { .. }, Value::Float(value)) => {
            Some(Value::Decimal((value * 100.0).round() as i128, 2))
        }
        (Kind::Numeric { .. }, Value::Decimal(..)) => Some(value.clone()),
        (Kind::Float(_), value) => value.number().map(Value::Float),
        (Kind::Text { limit }, Value::Text(text)) => {
            limit.is_none_or(|limit| text.chars().count() <= limit).then(|| value.clone())
        }
        (Kind::Char(limit), Value::Text(text)) => (text.chars().count() <= *limit).then(|| value.clone()),
        (Kind::Text { .. } | Kind::Char(_), Value::Literal(text)) => Some(Value::Text(text.clone())),
        (Kind::Text { .. } | Kind::Char(_), _) => None,
        (Kind::Enum(labels), Value::Text(text) | Value::Literal(text)) => {
            labels.contains(text).then(|| Value::Text(text.clone()))
        }
        (Kind::Bool, Value::Bool(_)) | (Kind::Uuid, Value::Uuid(_)) | (Kind::Bytea, Value::Bytes(_)) => {
            Some(value.clone())
        }
        (Kind::Date, Value::Date(_) | Value::Timestamp(_) | Value::Timestamptz(_)) => {
            Some(Value::Date(value.micros()?.div_euclid(DAY)))
        }
        (Kind::Timestamp { zone }, Value::Date(_) | Value::Timestamp(_) | Value::Timestamptz(_)) => {
            Some(super::sample::moment(value.micros()?, *zone))
        }
        (Kind::Time { zone: false }, Value::Time(_)) => Some(value.clone()),
        (Kind::Array(inner), Value::Array(items)) => {
            items.iter().map(|item| coerce(item, inner)).collect::<Option<_>>().map(Value::Array)
        }
        (Kind::Bool | Kind::Int(_) | Kind::Numeric { .. } | Kind::Uuid | Kind::Enum(_) | Kind::Date, _) => {
            None
        }
        (_, Value::Text(text) | Value::Literal(text)) => Some(Value::Literal(text.clone())),
        (_, Value::Int(_)) => Some(Value::Literal(value.text())),
        _ => None,
    }
}

/// A text the server printed, as the value of a column of `kind`.
pub(super) fn read(text: &str, kind: &Kind) -> Value {
    let literal = || Value::Literal(text.to_owned());
    match kind.base() {
        Kind::Int(_) => text.parse().map_or_else(|_| literal(), Value::Int),
        Kind::Uuid => {
            u128::from_str_radix(&text.replace('-', ""), 16).map_or_else(|_| literal(), Value::Uuid)
        }
        Kind::Text { .. } | Kind::Char(_) | Kind::Enum(_) => Value::Text(text.to_owned()),
        Kind::Bool => Value::Bool(text.starts_with('t')),
        _ => literal(),
    }
}
