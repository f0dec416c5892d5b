//! Values of columns: compared by the check evaluator, written as COPY text.

use std::cmp::Ordering;
use std::fmt::Write as _;

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// One value of one column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// Digits and how many of them follow the point.
    Decimal(i128, u32),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i64),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01.
    Timestamp(i64),
    /// The same, in UTC.
    Timestamptz(i64),
    Uuid(u128),
    Array(Vec<Value>),
    /// The text form of a type that needs no reasoning.
    Literal(String),
}

impl Value {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// As PostgreSQL orders them; `None` where that is not known.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        use Value::{
            Bool, Bytes, Date, Decimal, Float, Int, Literal, Text, Time, Timestamp, Timestamptz, Uuid,
        };
        match (self, other) {
            (Int(a), Int(b)) => Some(a.cmp(b)),
            (Int(_) | Decimal(..) | Float(_), Int(_) | Decimal(..) | Float(_)) => {
                if let (Some((a, p)), Some((b, q))) = (self.decimal(), other.decimal()) {
                    let a = a.checked_mul(10_i128.checked_pow(q.saturating_sub(p))?)?;
                    let b = b.checked_mul(10_i128.checked_pow(p.saturating_sub(q))?)?;
                    return Some(a.cmp(&b));
                }
                self.number()?.partial_cmp(&other.number()?)
            }
            (Bool(a), Bool(b)) => Some(a.cmp(b)),
            (Text(a) | Literal(a), Text(b) | Literal(b)) if a == b => Some(Ordering::Equal),
            // Collations differ; only ASCII letters of one case and digits are ordered alike everywhere.
            (Text(a), Text(b)) => Some(a.cmp(b)),
            (Bytes(a), Bytes(b)) => Some(a.cmp(b)),
            (Uuid(a), Uuid(b)) => Some(a.cmp(b)),
            (Time(a), Time(b)) => Some(a.cmp(b)),
            (Date(a), Date(b)) => Some(a.cmp(b)),
            (Date(_) | Timestamp(_) | Timestamptz(_), Date(_) | Timestamp(_) | Timestamptz(_)) => {
                Some(self.micros()?.cmp(&other.micros()?))
            }
            _ => None,
        }
    }

    /// Whether they are equal; texts of types that need no reasoning are compared as text.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Literal(a) | Self::Text(a), Self::Literal(b) | Self::Text(b)) => Some(a == b),
            (Self::Array(a), Self::Array(b)) => Some(a == b),
            _ => self.compare(other).map(Ordering::is_eq),
        }
    }

    fn decimal(&self) -> Option<(i128, u32)> {
        match self {
            Self::Int(value) => Some((i128::from(*value), 0)),
            Self::Decimal(digits, scale) => Some((*digits, *scale)),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Decimal(digits, scale) => Some(*digits as f64 / 10_f64.powi((*scale).cast_signed())),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn micros(&self) -> Option<i64> {
        match self {
            Self::Date(days) => days.checked_mul(DAY),
            Self::Timestamp(at) | Self::Timestamptz(at) => Some(*at),
            _ => None,
        }
    }

    /// Appends what the type's input function reads; nothing for NULL.
    pub(super) fn write_text(&self, out: &mut String) {
        match self {
            Self::Null => {}
            Self::Bool(value) => out.push(if *value { 't' } else { 'f' }),
            Self::Int(value) => write_int(out, *value),
            Self::Decimal(digits, scale) => write_decimal(out, *digits, *scale),
            Self::Float(value) => {
                write!(out, "{value}").ok();
            }
            Self::Text(text) | Self::Literal(text) => out.push_str(text),
            Self::Bytes(bytes) => {
                out.push_str("\\x");
                for byte in bytes {
                    write!(out, "{byte:02x}").ok();
                }
            }
            Self::Date(days) => write_date(out, *days),
            Self::Time(micros) => write_time(out, *micros),
            Self::Timestamp(at) | Self::Timestamptz(at) => {
                write_date(out, at.div_euclid(DAY));
                out.push(' ');
                write_time(out, at.rem_euclid(DAY));
                if matches!(self, Self::Timestamptz(_)) {
                    out.push_str("+00");
                }
            }
            Self::Uuid(bits) => {
                let hex = format!("{bits:032x}");
                for (at, part) in [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].into_iter().enumerate() {
                    if at > 0 {
                        out.push('-');
                    }
                    out.push_str(&hex[part.0..part.1]);
                }
            }
            Self::Array(items) => {
                out.push('{');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    item.write_element(out);
                }
                out.push('}');
            }
        }
    }

    /// As an element of an array literal or a field of a composite one: always quoted.
    pub(super) fn write_element(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("NULL"),
            Self::Int(_) | Self::Decimal(..) | Self::Bool(_) | Self::Array(_) | Self::Uuid(_) => {
                self.write_text(out)
            }
            _ => quoted(&self.text(), out),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write_text(&mut text);
        text
    }

    /// Appends a field of COPY's text format (manual, chapter "COPY", "Text Format").
    pub(super) fn write_copy(&self, out: &mut String, scratch: &mut String) {
        match self {
            Self::Null => out.push_str("\\N"),
            Self::Int(_)
            | Self::Bool(_)
            | Self::Decimal(..)
            | Self::Uuid(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::Timestamp(_)
            | Self::Timestamptz(_)
            | Self::Float(_) => self.write_text(out),
            Self::Text(text) | Self::Literal(text) => escape_copy(text, out),
            Self::Bytes(_) | Self::Array(_) => {
                scratch.clear();
                self.write_text(scratch);
                escape_copy(scratch, out);
            }
        }
    }
}

/// In double quotes, as array and composite literals quote.
pub(super) fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

fn escape_copy(text: &str, out: &mut String) {
    if !text.bytes().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t')) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
}

fn write_int(out: &mut String, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

fn write_decimal(out: &mut String, digits: i128, scale: u32) {
    if scale == 0 {
        write!(out, "{digits}").ok();
        return;
    }
    let unit = 10_u128.pow(scale.min(38));
    let (whole, part) = (digits.unsigned_abs() / unit, digits.unsigned_abs() % unit);
    let sign = if digits < 0 { "-" } else { "" };
    write!(out, "{sign}{whole}.{part:0width$}", width = scale as usize).ok();
}

/// Howard Hinnant's `civil_from_days`.
pub(super) fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days since 1970-01-01; the reverse of [`civil`].
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn padded(out: &mut String, value: i64, width: u32) {
    for power in (0..width).rev() {
        out.push(char::from(b'0' + (value / 10_i64.pow(power) % 10) as u8));
    }
}

fn write_date(out: &mut String, at: i64) {
    let (year, month, day) = civil(at);
    let shown = if year > 0 { year } else { 1 - year };
    padded(out, shown, if shown > 9999 { 6 } else { 4 });
    out.push('-');
    padded(out, month, 2);
    out.push('-');
    padded(out, day, 2);
    if year <= 0 {
        out.push_str(" BC");
    }
}

fn write_time(out: &mut String, micros: i64) {
    let seconds = micros / 1_000_000;
    for (at, part) in [seconds / 3600, seconds / 60 % 60, seconds % 60].into_iter().enumerate() {
        if at > 0 {
            out.push(':');
        }
        padded(out, part, 2);
    }
    if micros % 1_000_000 != 0 {
        out.push('.');
        padded(out, micros % 1_000_000, 6);
    }
}

/// A date or a moment as PostgreSQL prints it under `DateStyle` ISO; `None` for what is not one.
pub(super) fn parse_moment(text: &str) -> Option<(i64, bool)> {
    let text = text.trim();
    let (date, time) = match text.find([' ', 'T']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let midnight = days(year, month, day).checked_mul(DAY)?;
    match time {
        None => Some((midnight, false)),
        Some(time) => Some((midnight + parse_time(time)?, true)),
    }
}

/// `HH:MM[:SS[.ffffff]]` with an optional offset, as microseconds in UTC.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim_end_matches('Z');
    let (clock, offset) = match text.rfind(['+', '-']).filter(|at| *at > 0) {
        Some(at) => {
            let mut parts = text[at + 1..].split(':').map(|part| part.parse::<i64>().ok());
            let minutes = parts.next()?? * 60 + parts.next().unwrap_or(Some(0))?;
            (&text[..at], if text.as_bytes()[at] == b'-' { -minutes } else { minutes })
        }
        None => (text, 0),
    };
    let mut parts = clock.split(':');
    let hours: i64 = parts.next()?.trim().parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next().unwrap_or("0").parse().ok()?;
    Some((hours * 60 + minutes - offset) * 60_000_000 + (seconds * 1e6).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_calendar_has_them() {
        for (value, text) in [
            (Value::Date(0), "1970-01-01"),
            (Value::Date(days(2000, 2, 29)), "2000-02-29"),
            (Value::Timestamptz(days(2038, 1, 19) * DAY + 1_500_000), "2038-01-19 00:00:01.500000+00"),
            (Value::Date(days(0, 12, 31)), "0001-12-31 BC"),
            (Value::Decimal(-1205, 2), "-12.05"),
            (Value::Int(i64::MIN), "-9223372036854775808"),
            (Value::Uuid(1), "00000000-0000-0000-0000-000000000001"),
            (Value::Array(vec![Value::Null, Value::Text("a\"b".to_owned())]), r#"{NULL,"a\"b"}"#),
        ] {
            assert_eq!(value.text(), text);
        }
        assert_eq!(
            parse_moment("2000-02-29 12:00:00+02").unwrap().0,
            days(2000, 2, 29) * DAY + 10 * 3_600_000_000
        );
    }

    #[test]
    fn numbers_of_different_scale_compare() {
        assert_eq!(Value::Decimal(150, 2).equals(&Value::Decimal(15, 1)), Some(true));
        assert_eq!(Value::Int(2).compare(&Value::Decimal(15, 1)), Some(Ordering::Greater));
    }
}
