//! Evaluates expressions over a row, in SQL's three-valued logic.

use std::cmp::Ordering;

use super::expr::{Expr, base_name};
use super::pattern;
use super::value::{DAY, Value, days, parse_moment};

/// What is not known without asking the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown;

/// The moment that stands for `now()`: no later than any real one.
pub(super) fn now() -> i64 {
    days(2025, 1, 1) * DAY
}

/// Whether a check holds: `Ok(true)` for true and NULL, as CHECK has it.
pub(super) fn holds(expr: &Expr, row: &[Value]) -> Result<bool, Unknown> {
    Ok(truth(expr, row)? != Some(false))
}

/// True, false or NULL.
pub(super) fn truth(expr: &Expr, row: &[Value]) -> Result<Option<bool>, Unknown> {
    match value(expr, row)? {
        Value::Null => Ok(None),
        Value::Bool(known) => Ok(Some(known)),
        _ => Err(Unknown),
    }
}

/// The value of `expr`.
pub(super) fn value(expr: &Expr, row: &[Value]) -> Result<Value, Unknown> {
    let logic = |known: Option<bool>| Ok(known.map_or(Value::Null, Value::Bool));
    match expr {
        Expr::Const(value) => Ok(value.clone()),
        Expr::Column(at) => row.get(*at).cloned().ok_or(Unknown),
        Expr::Opaque(_) => Err(Unknown),
        Expr::And(all) => logic(connected(all, row, false)?),
        Expr::Or(all) => logic(connected(all, row, true)?),
        Expr::Not(one) => logic(truth(one, row)?.map(|known| !known)),
        Expr::IsNull(one, negated) => Ok(Value::Bool(value(one, row)?.is_null() != *negated)),
        Expr::IsTruth(one, wanted, negated) => {
            Ok(Value::Bool((truth(one, row)? == Some(*wanted)) != *negated))
        }
        Expr::Distinct(a, b, negated) => {
            let (a, b) = (value(a, row)?, value(b, row)?);
            let differ = match (a.is_null(), b.is_null()) {
                (true, true) => false,
                (false, false) => !a.equals(&b).ok_or(Unknown)?,
                _ => true,
            };
            Ok(Value::Bool(differ != *negated))
        }
        Expr::Binary(operator, a, b) => binary(operator, &value(a, row)?, &value(b, row)?),
        Expr::Quantified { operator, left, right, all } => {
            let left = value(left, row)?;
            let Value::Array(items) = value(right, row)? else { return Err(Unknown) };
            let mut outcome = Some(*all);
            for item in &items {
                match binary(operator, &left, item)? {
                    Value::Bool(known) if known != *all => return Ok(Value::Bool(known)),
                    Value::Null => outcome = None,
                    _ => {}
                }
            }
            logic(outcome)
        }
        Expr::Call(name, arguments) => call(name, arguments, row),
        Expr::Cast(one, to) => cast(value(one, row)?, to),
        Expr::Array(items) => {
            Ok(Value::Array(items.iter().map(|item| value(item, row)).collect::<Result<_, _>>()?))
        }
        Expr::Case { operand, arms, otherwise } => {
            for (when, then) in arms {
                let taken = match operand {
                    None => truth(when, row)? == Some(true),
                    Some(operand) => {
                        binary("=", &value(operand, row)?, &value(when, row)?)? == Value::Bool(true)
                    }
                };
                if taken {
                    return value(then, row);
                }
            }
            value(otherwise, row)
        }
    }
}

/// AND or OR; an unknown part does not matter when another one decides.
fn connected(all: &[Expr], row: &[Value], deciding: bool) -> Result<Option<bool>, Unknown> {
    let (mut null, mut unknown) = (false, false);
    for expr in all {
        match truth(expr, row) {
            Ok(Some(known)) if known == deciding => return Ok(Some(deciding)),
            Ok(Some(_)) => {}
            Ok(None) => null = true,
            Err(Unknown) => unknown = true,
        }
    }
    if unknown {
        return Err(Unknown);
    }
    Ok(if null { None } else { Some(!deciding) })
}

fn binary(operator: &str, a: &Value, b: &Value) -> Result<Value, Unknown> {
    if a.is_null() || b.is_null() {
        return Ok(Value::Null);
    }
    let ordered = |test: fn(Ordering) -> bool| Ok(Value::Bool(test(a.compare(b).ok_or(Unknown)?)));
    match operator {
        "=" => Ok(Value::Bool(a.equals(b).ok_or(Unknown)?)),
        "<>" | "!=" => Ok(Value::Bool(!a.equals(b).ok_or(Unknown)?)),
        "<" => ordered(Ordering::is_lt),
        "<=" => ordered(Ordering::is_le),
        ">" => ordered(Ordering::is_gt),
        ">=" => ordered(Ordering::is_ge),
        "~" | "~*" | "!~" | "!~*" => {
            let (Value::Text(text), Value::Text(pattern)) = (a, b) else { return Err(Unknown) };
            let matched = pattern::matches(pattern, text, operator.ends_with('*')).ok_or(Unknown)?;
            Ok(Value::Bool(matched != operator.starts_with('!')))
        }
        "~~" | "~~*" | "!~~" | "!~~*" => {
            let (Value::Text(text), Value::Text(like)) = (a, b) else { return Err(Unknown) };
            let pattern = pattern::from_like(like);
            let matched = pattern::matches(&pattern, text, operator.ends_with('*')).ok_or(Unknown)?;
            Ok(Value::Bool(matched != operator.starts_with('!')))
        }
        "||" => match (a, b) {
            (Value::Text(a), Value::Text(b)) => Ok(Value::Text(format!("{a}{b}"))),
            _ => Err(Unknown),
        },
        "+" | "-" | "*" | "/" | "%" | "&" | "|" => arithmetic(operator, a, b),
        _ => Err(Unknown),
    }
}

fn arithmetic(operator: &str, a: &Value, b: &Value) -> Result<Value, Unknown> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => {
            let result = match operator {
                "+" => a.checked_add(*b),
                "-" => a.checked_sub(*b),
                "*" => a.checked_mul(*b),
                "/" => a.checked_div(*b),
                "%" => a.checked_rem(*b),
                "&" => Some(a & b),
                "|" => Some(a | b),
                _ => None,
            };
            result.map(Value::Int).ok_or(Unknown)
        }
        (Value::Timestamp(at), Value::Literal(span)) => shifted(operator, *at, span).map(Value::Timestamp),
        (Value::Timestamptz(at), Value::Literal(span)) => {
            shifted(operator, *at, span).map(Value::Timestamptz)
        }
        (Value::Date(day), Value::Int(count)) => match operator {
            "+" => Ok(Value::Date(day + count)),
            "-" => Ok(Value::Date(day - count)),
            _ => Err(Unknown),
        },
        _ => {
            let (a, b) = (a.number().ok_or(Unknown)?, b.number().ok_or(Unknown)?);
            Ok(Value::Float(match operator {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                "/" if b != 0.0 => a / b,
                _ => return Err(Unknown),
            }))
        }
    }
}

fn shifted(operator: &str, at: i64, span: &str) -> Result<i64, Unknown> {
    let span = interval(span).ok_or(Unknown)?;
    match operator {
        "+" => at.checked_add(span).ok_or(Unknown),
        "-" => at.checked_sub(span).ok_or(Unknown),
        _ => Err(Unknown),
    }
}

/// An interval of days and a clock time, as the server prints it; months are not of one length.
fn interval(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word.contains(':') {
            total += super::value::parse_time(word)?;
        } else {
            let count: i64 = word.parse().ok()?;
            total += match words.next()? {
                "day" | "days" => count * DAY,
                _ => return None,
            };
        }
    }
    Some(total)
}

fn cast(value: Value, to: &str) -> Result<Value, Unknown> {
    match (&value, base_name(to)) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Array(_), _) if to.ends_with("[]") => Ok(value),
        (Value::Text(_), "text" | "citext") => Ok(value),
        (Value::Text(_), "character") if to.starts_with("character varying") => Ok(value),
        (Value::Literal(text), "text") => Ok(Value::Text(text.clone())),
        (Value::Uuid(_), "text") => Ok(Value::Text(value.text())),
        (Value::Int(_), "text") => Ok(Value::Text(value.text())),
        (Value::Int(_), "smallint" | "integer" | "bigint" | "numeric" | "double" | "real") => Ok(value),
        (Value::Decimal(..), "numeric" | "double") => Ok(value),
        (Value::Float(_), "double") => Ok(value),
        (Value::Bool(known), "integer") => Ok(Value::Int(i64::from(*known))),
        (Value::Timestamp(at) | Value::Timestamptz(at), "date") => Ok(Value::Date(at.div_euclid(DAY))),
        (Value::Date(_) | Value::Timestamp(_) | Value::Timestamptz(_), "timestamp") => {
            let at = value.micros().ok_or(Unknown)?;
            Ok(if to.contains("with time zone") { Value::Timestamptz(at) } else { Value::Timestamp(at) })
        }
        (Value::Text(text), "date") => {
            parse_moment(text).map(|(at, _)| Value::Date(at.div_euclid(DAY))).ok_or(Unknown)
        }
        _ => Err(Unknown),
    }
}

fn call(name: &str, arguments: &[Expr], row: &[Value]) -> Result<Value, Unknown> {
    let values = || arguments.iter().map(|argument| value(argument, row)).collect::<Result<Vec<_>, _>>();
    match name {
        "coalesce" => {
            for argument in arguments {
                let found = value(argument, row)?;
                if !found.is_null() {
                    return Ok(found);
                }
            }
            return Ok(Value::Null);
        }
        "now" | "transaction_timestamp" | "statement_timestamp" | "clock_timestamp" => {
            return Ok(Value::Timestamptz(now()));
        }
        "num_nonnulls" | "num_nulls" => {
            let values = values()?;
            let nulls = values.iter().filter(|value| value.is_null()).count();
            let count = if name == "num_nulls" { nulls } else { values.len() - nulls };
            return Ok(Value::Int(count as i64));
        }
        _ => {}
    }
    let values = values()?;
    if values.iter().any(Value::is_null) {
        // Everything below is strict.
        return if is_known(name) { Ok(Value::Null) } else { Err(Unknown) };
    }
    let length = |count: usize| Ok(Value::Int(count as i64));
    match (name, values.as_slice()) {
        ("length" | "char_length" | "character_length", [Value::Text(text)]) => length(text.chars().count()),
        ("octet_length", [Value::Text(text)]) => length(text.len()),
        ("length" | "octet_length", [Value::Bytes(bytes)]) => length(bytes.len()),
        ("pg_column_size", _) => Err(Unknown),
        ("lower", [Value::Text(text)]) => Ok(Value::Text(text.to_lowercase())),
        ("upper", [Value::Text(text)]) => Ok(Value::Text(text.to_uppercase())),
        ("btrim" | "trim", [Value::Text(text)]) => Ok(Value::Text(text.trim_matches(' ').to_owned())),
        ("ltrim", [Value::Text(text)]) => Ok(Value::Text(text.trim_start_matches(' ').to_owned())),
        ("rtrim", [Value::Text(text)]) => Ok(Value::Text(text.trim_end_matches(' ').to_owned())),
        ("left", [Value::Text(text), Value::Int(length)]) => {
            let count = text.chars().count();
            // A negative length leaves so many characters at the end away.
            let kept = usize::try_from(*length)
                .or(usize::try_from(i64::try_from(count).unwrap_or(i64::MAX).saturating_add(*length)));
            Ok(Value::Text(text.chars().take(kept.unwrap_or(0)).collect()))
        }
        ("abs", [Value::Int(value)]) => value.checked_abs().map(Value::Int).ok_or(Unknown),
        ("cardinality", [Value::Array(items)]) => length(items.len()),
        ("array_length", [Value::Array(items), Value::Int(1)]) => {
            if items.is_empty() {
                Ok(Value::Null)
            } else {
                length(items.len())
            }
        }
        ("jsonb_typeof" | "json_typeof", [Value::Literal(text)]) => {
            Ok(Value::Text(json_type(text).to_owned()))
        }
        ("jsonb_array_length" | "json_array_length", [Value::Literal(text)]) if text == "[]" => length(0),
        ("starts_with", [Value::Text(text), Value::Text(start)]) => {
            Ok(Value::Bool(text.starts_with(start.as_str())))
        }
        ("substring" | "substr", [Value::Text(text), Value::Int(from)]) => {
            Ok(Value::Text(text.chars().skip((from - 1).max(0) as usize).collect()))
        }
        ("substring" | "substr", [Value::Text(text), Value::Int(from @ 1..), Value::Int(count @ 0..)]) => {
            Ok(Value::Text(text.chars().skip(*from as usize - 1).take(*count as usize).collect()))
        }
        ("strpos" | "position", [Value::Text(text), Value::Text(part)]) => {
            length(text.find(part.as_str()).map_or(0, |at| text[..at].chars().count() + 1))
        }
        ("concat", texts) => texts
            .iter()
            .map(|value| if let Value::Text(text) = value { Ok(text.as_str()) } else { Err(Unknown) })
            .collect::<Result<String, _>>()
            .map(Value::Text),
        _ => Err(Unknown),
    }
}

/// Functions evaluated here that give NULL for a NULL argument.
fn is_known(name: &str) -> bool {
    [
        "length",
        "char_length",
        "character_length",
        "octet_length",
        "lower",
        "upper",
        "btrim",
        "ltrim",
        "rtrim",
        "abs",
        "left",
        "cardinality",
        "array_length",
        "jsonb_typeof",
        "json_typeof",
        "jsonb_array_length",
        "starts_with",
        "strpos",
        "position",
        "substring",
    ]
    .contains(&name)
}

/// What `jsonb_typeof` says of a text that is JSON.
fn json_type(text: &str) -> &'static str {
    match text.trim_start().as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_neither_true_nor_false() {
        let holds_for = |text: &str, row: &[Value]| {
            let read = Expr::read(text, &|name| ["a", "b"].iter().position(|known| *known == name));
            holds(&read, row)
        };
        let row = [Value::Int(5), Value::Null];
        assert_eq!(holds_for("((a > 3) AND (b > 3))", &row), Ok(true));
        assert_eq!(holds_for("((a > 7) AND (b > 3))", &row), Ok(false));
        assert_eq!(holds_for("(num_nonnulls(a, b) = 1)", &row), Ok(true));
        assert_eq!(holds_for("((a IS NULL) <> (b IS NULL))", &row), Ok(true));
        assert_eq!(holds_for("(a = ANY (ARRAY[1, 2]))", &row), Ok(false));
        assert_eq!(holds_for("my_function(a)", &row), Err(Unknown));
        assert_eq!(holds_for("((a > 7) AND my_function(a))", &row), Ok(false));
    }
}
