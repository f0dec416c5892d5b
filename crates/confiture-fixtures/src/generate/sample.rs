//! Values of a type: plausible ones mostly, and in small shares those that later migrations stumble on.

use super::kind::Kind;
use super::rng::Rng;
use super::value::{DAY, Value, days, quoted};
use super::words;

/// Rows after which the shares of a column repeat: one boundary value, one long or odd text, four
/// values from a small set, and fourteen plausible ones.
pub(super) const CYCLE: u64 = 20;

/// What a value is wanted for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// Name of the column, which tells an e-mail address from a title.
    pub(super) column: &'a str,
    /// Number of the row plus the column's own offset.
    pub(super) slot: u64,
    /// Different for every row: the value must be, too.
    pub(super) distinct: Option<u64>,
    /// Most bytes a text may have, where an index limits it.
    pub(super) cap: usize,
    /// Average bytes of texts, from statistics.
    pub(super) width: Option<usize>,
}

/// A value of `kind`.
pub(super) fn sample(kind: &Kind, wish: Wish<'_>, rng: &mut Rng) -> Value {
    if let Some(number) = wish.distinct {
        return distinct(kind, wish, number, rng);
    }
    match wish.slot % CYCLE {
        0 => boundary(kind, wish, rng),
        1 => odd(kind, wish, rng),
        2..=5 => {
            let mut few = Rng::new(super::rng::mix_text(rng.below(3), wish.column));
            plain(kind, wish, &mut few)
        }
        _ => plain(kind, wish, rng),
    }
}

fn text_limit(kind: &Kind, wish: Wish<'_>) -> usize {
    match kind {
        Kind::Text { limit: Some(limit) } | Kind::Char(limit) => (*limit).min(wish.cap.max(1)),
        _ => wish.cap,
    }
}

fn plain(kind: &Kind, wish: Wish<'_>, rng: &mut Rng) -> Value {
    let column = wish.column;
    match kind {
        Kind::Bool => Value::Bool(rng.one_in(2)),
        Kind::Int(bytes) => Value::Int(words::integer(column, *bytes, rng)),
        Kind::Numeric { precision, scale } => {
            let whole = precision.map_or(4, |precision| precision.saturating_sub(*scale).min(4));
            let scale = if precision.is_none() { 2 } else { *scale };
            let most = 10_i64.saturating_pow(whole + scale.min(6)) - 1;
            Value::Decimal(i128::from(rng.between(0, most.max(0))), scale.min(6))
        }
        Kind::Float(_) => Value::Float(rng.between(0, 400_000) as f64 / 4.0),
        Kind::Money => Value::Literal(format!("{}.{:02}", rng.below(10_000), rng.below(100))),
        Kind::Text { .. } | Kind::Char(_) => {
            Value::Text(cut(words::text(column, wish.width, rng), text_limit(kind, wish)))
        }
        Kind::Bytea => {
            let length = wish.width.unwrap_or(16).min(wish.cap);
            Value::Bytes((0..length).map(|_| rng.next() as u8).collect())
        }
        Kind::Date => Value::Date(rng.between(days(2019, 1, 1), days(2024, 12, 31))),
        Kind::Time { zone: false } => Value::Time(rng.between(0, 86_399) * 1_000_000),
        Kind::Time { zone: true } => {
            Value::Literal(format!("{:02}:{:02}:00+00", rng.below(24), rng.below(60)))
        }
        Kind::Timestamp { zone } => {
            moment(rng.between(days(2019, 1, 1) * DAY, days(2024, 12, 31) * DAY), *zone)
        }
        Kind::Interval => {
            Value::Literal(format!("{} days {:02}:{:02}:00", rng.below(40), rng.below(24), rng.below(60)))
        }
        Kind::Uuid => Value::Uuid(uuid(rng)),
        Kind::Json { .. } => Value::Literal(words::json(rng)),
        Kind::Bit { length, varying } => {
            let length = if *varying { 1 + rng.below((*length).min(64) as u64) as usize } else { *length };
            Value::Literal((0..length).map(|_| if rng.one_in(2) { '1' } else { '0' }).collect())
        }
        Kind::Enum(labels) if labels.is_empty() => Value::Null,
        Kind::Enum(labels) => Value::Text(labels[rng.below(labels.len() as u64) as usize].clone()),
        Kind::Domain(base, _) => plain(base, wish, rng),
        Kind::Composite(kinds) => composite(kinds, |kind| plain(kind, wish, rng)),
        Kind::Range(inner) => range(inner, rng.below(1000) as i64 * 2, wish),
        Kind::Multirange(inner) => {
            let Value::Literal(range) = range(inner, rng.below(1000) as i64 * 2, wish) else {
                return Value::Null;
            };
            Value::Literal(format!("{{{range}}}"))
        }
        Kind::Array(inner) => {
            let count = rng.below(4);
            array(inner, (0..count).map(|_| plain(inner, Wish { cap: wish.cap / 4, ..wish }, rng)).collect())
        }
        Kind::Named(name, modifiers) => words::named(name, modifiers, rng.below(97), rng),
    }
}

/// Values at the edges of what the type holds and what narrower types do not.
fn boundary(kind: &Kind, wish: Wish<'_>, rng: &mut Rng) -> Value {
    // The first boundary row of every column has the value most worth having.
    let turn = wish.slot.saturating_sub(1) / CYCLE;
    let at = |values: &[i64]| values[(turn % values.len() as u64) as usize];
    match kind {
        Kind::Int(_) if words::is_moment(wish.column) => plain(kind, wish, rng),
        Kind::Int(2) => Value::Int(at(&[i64::from(i16::MAX), 0, -1, 200])),
        Kind::Int(4) => Value::Int(at(&[70_000, 0, -1, 2_000_000_000, 32_768])),
        Kind::Int(_) => Value::Int(at(&[4_294_967_296, 0, -1, 9_007_199_254_740_993, 2_147_483_648])),
        Kind::Numeric { precision: Some(precision), scale } => {
            let digits = 10_i128.saturating_pow((*precision).min(30)) - 1;
            Value::Decimal(if turn.is_multiple_of(2) { digits } else { 0 }, (*scale).min(30))
        }
        Kind::Numeric { precision: None, .. } => match turn % 3 {
            0 => Value::Decimal(123_456_789_012_345_678_901_234, 6),
            1 => Value::Decimal(0, 0),
            _ => Value::Decimal(-5, 1),
        },
        Kind::Float(_) => Value::Float([0.0, -1.5, 3_000_000_000.25, 0.1][(turn % 4) as usize]),
        Kind::Date => Value::Date(at(&[days(9999, 12, 31), 0, days(2000, 2, 29), days(2038, 1, 20)])),
        Kind::Timestamp { zone } => {
            let moments = [
                days(9999, 12, 31) * DAY + 1,
                0,
                days(2000, 2, 29) * DAY,
                days(2038, 1, 19) * DAY + 11_647_000_001,
            ];
            moment(at(&moments), *zone)
        }
        Kind::Text { .. } | Kind::Char(_) => {
            let limit = text_limit(kind, wish);
            match (kind, turn % 3) {
                (_, 1) if !words::is_structured(wish.column) => Value::Text(String::new()),
                // The full length that is allowed; without a limit, more than the usual varchar(255).
                (Kind::Text { limit: Some(_) } | Kind::Char(_), _) => {
                    Value::Text(words::long(limit.min(4000), rng))
                }
                _ => Value::Text(words::long(limit.min(300), rng)),
            }
        }
        Kind::Array(_) => Value::Array(Vec::new()),
        Kind::Json { .. } => Value::Literal("{}".to_owned()),
        Kind::Bytea => Value::Bytes(vec![0, 0xFF, b'\\']),
        Kind::Domain(base, _) => boundary(base, wish, rng),
        _ => plain(kind, wish, rng),
    }
}

/// Texts with quotes, accents, several scripts and white space.
fn odd(kind: &Kind, wish: Wish<'_>, rng: &mut Rng) -> Value {
    match kind.base() {
        Kind::Text { .. } | Kind::Char(_) if !words::is_structured(wish.column) => {
            Value::Text(cut(rng.pick(words::ODD).to_owned(), text_limit(kind.base(), wish)))
        }
        other => plain(other, wish, rng),
    }
}

/// A value no other `number` has, as far as the type has so many.
fn distinct(kind: &Kind, wish: Wish<'_>, number: u64, rng: &mut Rng) -> Value {
    let signed = (number & (u64::MAX >> 1)).cast_signed();
    match kind {
        Kind::Bool => Value::Bool(number % 2 == 1),
        Kind::Int(2) => Value::Int((signed + 1) % 32_768),
        Kind::Int(_) => Value::Int(signed + 1),
        Kind::Numeric { precision, scale } => {
            let most = 10_i128.saturating_pow(precision.unwrap_or(30).min(30));
            Value::Decimal(i128::from(number) % most, (*scale).min(30))
        }
        Kind::Float(_) => Value::Float(signed as f64 / 2.0),
        Kind::Money => Value::Literal(format!("{number}")),
        Kind::Text { .. } | Kind::Char(_) => {
            Value::Text(words::distinct(wish.column, number, text_limit(kind, wish), wish.width, rng))
        }
        Kind::Bytea => Value::Bytes([rng.next().to_be_bytes(), number.to_be_bytes()].concat()),
        Kind::Date => Value::Date(days(2000, 1, 1) + signed % 3_000_000),
        Kind::Time { zone: false } => Value::Time(signed * 1_000_003 % DAY),
        Kind::Timestamp { zone } => moment(days(2019, 1, 1) * DAY + signed * 61_000_000, *zone),
        Kind::Interval => Value::Literal(format!("{number} minutes")),
        Kind::Uuid => Value::Uuid(uuid(rng)),
        Kind::Json { .. } => Value::Literal(format!("{{\"id\": {number}}}")),
        Kind::Bit { length, .. } => {
            let digits = format!("{number:0width$b}", width = (*length).min(64));
            Value::Literal(digits[digits.len() - (*length).min(digits.len())..].to_owned())
        }
        Kind::Enum(labels) if labels.is_empty() => Value::Null,
        Kind::Enum(labels) => Value::Text(labels[(number % labels.len() as u64) as usize].clone()),
        Kind::Domain(base, _) => distinct(base, wish, number, rng),
        Kind::Composite(kinds) => composite(kinds, |kind| distinct(kind, wish, number, rng)),
        Kind::Range(inner) => range(inner, signed * 2, wish),
        Kind::Multirange(inner) => {
            let Value::Literal(range) = range(inner, signed * 2, wish) else { return Value::Null };
            Value::Literal(format!("{{{range}}}"))
        }
        Kind::Array(inner) => array(inner, vec![distinct(inner, wish, number, rng)]),
        Kind::Named(name, modifiers) => words::named(name, modifiers, number, rng),
        Kind::Time { zone: true } => {
            let seconds = number % 86_400;
            Value::Literal(format!("{:02}:{:02}:{:02}+00", seconds / 3600, seconds / 60 % 60, seconds % 60))
        }
    }
}

pub(super) fn moment(at: i64, zone: bool) -> Value {
    if zone { Value::Timestamptz(at) } else { Value::Timestamp(at) }
}

/// Version 4, as `gen_random_uuid()` makes them.
fn uuid(rng: &mut Rng) -> u128 {
    let bits = (u128::from(rng.next()) << 64) | u128::from(rng.next());
    (bits & !(0xF000_u128 << 64) & !(0xC000_u128 << 48)) | (0x4000_u128 << 64) | (0x8000_u128 << 48)
}

/// Arrays of `box` are the only ones whose elements are separated by semicolons (`pg_type.typdelim`).
fn array(inner: &Kind, items: Vec<Value>) -> Value {
    if matches!(inner.base(), Kind::Named(name, _) if name == "box") {
        let texts: Vec<String> = items.iter().map(Value::text).collect();
        return Value::Literal(format!("{{{}}}", texts.join(";")));
    }
    Value::Array(items)
}

fn composite(kinds: &[Kind], mut value: impl FnMut(&Kind) -> Value) -> Value {
    let mut text = String::from("(");
    for (at, kind) in kinds.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        match value(kind) {
            Value::Null => {}
            known => quoted(&known.text(), &mut text),
        }
    }
    text.push(')');
    Value::Literal(text)
}

/// `[slot, slot + 1)`: ranges of different even slots do not touch.
fn range(inner: &Kind, slot: i64, wish: Wish<'_>) -> Value {
    let end = |at: i64| match inner.base() {
        Kind::Int(_) => Value::Int(at),
        Kind::Numeric { scale, .. } => {
            Value::Decimal(i128::from(at) * 10_i128.pow((*scale).min(20)), (*scale).min(20))
        }
        Kind::Float(_) => Value::Float(at as f64),
        Kind::Date => Value::Date(days(2020, 1, 1) + at),
        Kind::Timestamp { zone } => moment(days(2020, 1, 1) * DAY + at * 3_600_000_000, *zone),
        Kind::Time { .. } => Value::Time(at * 1_000_000 % DAY),
        other => distinct(other, wish, at.unsigned_abs(), &mut Rng::new(at.cast_unsigned())),
    };
    let mut text = String::from("[");
    let (low, high) = (end(slot), end(slot + 1));
    quoted(&low.text(), &mut text);
    text.push(',');
    quoted(&high.text(), &mut text);
    text.push(')');
    if low.compare(&high).is_some_and(std::cmp::Ordering::is_gt) {
        return Value::Literal("empty".to_owned());
    }
    Value::Literal(text)
}

/// At most so many characters, and bytes.
fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= limit).last();
        text.truncate(end.unwrap_or(0));
    }
    text
}
