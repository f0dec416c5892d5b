//! Bounds of partitions one number or one day away.

/// `value`, a whole number or a string that starts with a date, moved by `by`; `None` for anything else.
pub(super) fn moved(value: &str, by: i64) -> Option<String> {
    if let Ok(number) = value.parse::<i64>() {
        return number.checked_add(by).map(|number| number.to_string());
    }
    let text = value.strip_prefix('\'')?;
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = [0..4, 5..7, 8..10].map(|digits| date.get(digits)?.parse::<i64>().ok());
    let (year, month, day) = (year?, month?, day?);
    if date.get(4..5) != Some("-") || date.get(7..8) != Some("-") {
        return None;
    }
    if !(1..=12).contains(&month) || !(1..=days(year, month)).contains(&day) {
        return None;
    }
    let (year, month, day) = match day + by {
        0 if month == 1 => (year - 1, 12, 31),
        0 => (year, month - 1, days(year, month - 1)),
        day if day > days(year, month) && month == 12 => (year + 1, 1, 1),
        day if day > days(year, month) => (year, month + 1, 1),
        day => (year, month, day),
    };
    Some(format!("'{year:04}-{month:02}-{day:02}{rest}"))
}

fn days(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_move_by_one() {
        let check = |value, by| moved(value, by).unwrap_or_default();
        assert_eq!(check("100", -1), "99");
        assert_eq!(check("'2024-03-01'", -1), "'2024-02-29'");
        assert_eq!(check("'2023-03-01 00:00+00'", -1), "'2023-02-28 00:00+00'");
        assert_eq!(check("'2024-01-01'", -1), "'2023-12-31'");
        assert_eq!(check("'2024-12-31'", 1), "'2025-01-01'");
        assert_eq!(check("'2024-04-30'", 1), "'2024-05-01'");
        for other in ["MAXVALUE", "'a'", "'2024-13-01'", "now()", "'2024-1-001'x", "E'2024-01-01'"] {
            assert_eq!(moved(other, 1), None, "{other}");
        }
    }
}
