//! Reads `CLASS reason="…" owner=… until=YYYY-MM-DD`.

use confiture_core::Location;
use confiture_core::config::{ApproveSettings, FILE_NAME};
use confiture_core::report::Approval;

use super::Date;

/// An approval, and what is wrong with how it is written.
pub(super) fn read(text: &str, at: &Location) -> (Approval, Option<String>) {
    let (class, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut approval = Approval {
        class: class.to_owned(),
        reason: String::new(),
        owner: String::new(),
        until: String::new(),
        written: format!("{}:{}", at.file.display(), at.line),
    };
    let mut odd = None;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let Some((key, value, after)) = pair(rest) else {
            odd = Some(format!("the approval of {class} cannot be read at {rest:?}"));
            break;
        };
        rest = after;
        let field = match key {
            "reason" => &mut approval.reason,
            "owner" => &mut approval.owner,
            "until" => &mut approval.until,
            _ => {
                odd = Some(format!("an approval has no {key}: it has reason, owner and until"));
                break;
            }
        };
        value.clone_into(field);
    }
    let fault = odd.or_else(|| missing(&approval));
    (approval, fault)
}

/// The same of confiture.toml.
pub(super) fn configured(one: &ApproveSettings) -> (Approval, Option<String>) {
    let approval = Approval {
        class: one.class.clone(),
        reason: one.reason.trim().to_owned(),
        owner: one.owner.trim().to_owned(),
        until: one.until.clone(),
        written: FILE_NAME.to_owned(),
    };
    let fault = missing(&approval);
    (approval, fault)
}

/// `key=value` or `key="some words"`, and what follows.
fn pair(text: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = text.split_once('=')?;
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let (value, after) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
    };
    Some((key, value.trim(), after))
}

fn missing(approval: &Approval) -> Option<String> {
    let Approval { class, reason, owner, until, .. } = approval;
    if class.is_empty() || class.contains('=') {
        return Some("nothing is named that is approved".to_owned());
    }
    let lacking: Vec<&str> = [("reason", reason), ("owner", owner), ("until", until)]
        .into_iter()
        .filter_map(|(name, value)| value.is_empty().then_some(name))
        .collect();
    if !lacking.is_empty() {
        return Some(format!("the approval of {class} lacks {}", lacking.join(" and ")));
    }
    match Date::parse(until) {
        Some(_) => None,
        None => Some(format!("the approval of {class} ends on {until:?}, which is no day")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<String> {
        read(text, &Location::new("a.sql", "", 0..0)).1
    }

    #[test]
    fn approval_has_a_reason_an_owner_and_an_end() {
        let (approval, fault) = read(
            "drop-column owner=data until=2027-01-31 reason=\"nobody reads it since 4.2\"",
            &Location::new("a.sql", "", 0..0),
        );
        assert_eq!(fault, None);
        assert_eq!(
            approval.to_string(),
            "drop-column approved by data until 2027-01-31: nobody reads it since 4.2"
        );
    }

    #[test]
    fn what_is_missing_or_odd_is_named() {
        for (text, part) in [
            ("drop-column", "lacks reason and owner and until"),
            ("drop-column reason=\"x\" until=2027-01-31", "lacks owner"),
            ("drop-column reason=\" \" owner=a until=2027-01-31", "lacks reason"),
            ("drop-column reason=x owner=a until=soon", "no day"),
            ("drop-column reason=x owner=a until=2027-01-31 by=b", "has no by"),
            ("drop-column because it is fine", "cannot be read"),
            ("drop-column reason=\"open owner=a", "cannot be read"),
            ("", "nothing is named"),
        ] {
            let fault = fault(text).unwrap_or_default();
            assert!(fault.contains(part), "{text}: {fault}");
        }
    }
}
