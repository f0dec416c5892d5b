//! `openmetrics`: the text is read by a parser of the exposition format (OpenMetrics 1.0, section 4.1), written for
//! this test and stricter than collectors are.

use std::collections::{BTreeMap, BTreeSet};

use confiture_tests::root;

use crate::process::Project;

/// A sample: its name, labels, value.
type Sample = (String, BTreeMap<String, String>, f64);

fn rendered() -> String {
    let saved = std::fs::read_to_string(root().join("tests/data/profile.json")).expect("a report");
    let project = Project::new(&[("profile.json", &saved)]);
    project.run(&["report", "profile.json", "--format", "openmetrics"]).stdout
}

#[test]
fn every_figure_of_a_profile_stands_in_text_that_a_parser_reads() {
    let text = rendered();
    let families = parse(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    for name in [
        "confiture_run_passed",
        "confiture_findings",
        "confiture_check_passed",
        "confiture_statement_wall_seconds",
        "confiture_statement_wal_bytes",
        "confiture_lock_held_seconds",
        "confiture_stall_seconds",
        "confiture_script_time_ratio",
        "confiture_operation_seconds",
        "confiture_predicted_hold_seconds",
        "confiture_load_latency_seconds",
    ] {
        assert!(families.contains_key(name), "no {name} in\n{text}");
    }
    let quoted = &families["confiture_statement_rows"];
    assert!(quoted.iter().all(|(_, labels, _)| labels.contains_key("migration")), "{quoted:?}");
    insta::assert_snapshot!(text);
}

#[test]
fn parser_refuses_what_the_format_does_not_allow() {
    let good = "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds x\na_seconds{b=\"c\\\"d\"} 1.5\n# EOF\n";
    assert!(parse(good).is_ok());
    for (broken, by) in [
        ("# EOF\n", ""),
        ("a_seconds{", "b_seconds{"),
        ("UNIT a_seconds seconds", "UNIT a_seconds bytes"),
        ("c\\\"d", "c\"d"),
        ("1.5", "one"),
        ("gauge", "speed"),
        ("a_seconds{b=\"c\\\"d\"} 1.5\n", "a_seconds{b=\"c\"} 1\na_seconds{b=\"c\"} 2\n"),
    ] {
        assert!(parse(&good.replace(broken, by)).is_err(), "{broken} -> {by}");
    }
}

/// The samples by metric family, or what is wrong with the text.
fn parse(text: &str) -> Result<BTreeMap<String, Vec<Sample>>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("no # EOF at the end")?;
    let mut families: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    let mut kinds = BTreeMap::new();
    let mut current = String::new();
    let mut seen = BTreeSet::new();
    for line in body.lines() {
        let refused = |why: &str| format!("{why}: {line}");
        if let Some(rest) = line.strip_prefix("# ") {
            let mut parts = rest.splitn(3, ' ');
            let (Some(word), Some(name), Some(what)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(refused("no descriptor"));
            };
            match word {
                "TYPE" if ["gauge", "histogram", "counter", "info"].contains(&what) => {
                    if families.insert(name.to_owned(), Vec::new()).is_some() {
                        return Err(refused("a family begins twice"));
                    }
                    kinds.insert(name.to_owned(), what.to_owned());
                    current = name.to_owned();
                }
                "UNIT" if name == current && name.ends_with(&format!("_{what}")) => {}
                "HELP" if name == current && unescaped(what).is_some() => {}
                _ => return Err(refused("no descriptor of this family")),
            }
            continue;
        }
        let (name, rest) = match line.find(['{', ' ']) {
            Some(at) => line.split_at(at),
            None => return Err(refused("no value")),
        };
        let (labels, value) = match rest.strip_prefix('{') {
            None => (BTreeMap::new(), rest),
            Some(rest) => labels(rest).ok_or_else(|| refused("labels"))?,
        };
        let value = value.strip_prefix(' ').and_then(|value| value.parse::<f64>().ok());
        let value = value.ok_or_else(|| refused("no number"))?;
        let histogram = kinds.get(&current).is_some_and(|kind| kind == "histogram");
        let own = match histogram {
            true => name == format!("{current}_bucket") && labels.contains_key("le"),
            false => name == current,
        };
        let new = seen.insert((name.to_owned(), labels.clone()));
        match families.get_mut(&current) {
            Some(samples) if own && new => samples.push((name.to_owned(), labels, value)),
            _ => return Err(refused("of another family, or there already")),
        }
    }
    for (name, samples) in families.iter().filter(|(name, _)| kinds[*name] == "histogram") {
        let mut of: BTreeMap<_, Vec<(f64, f64)>> = BTreeMap::new();
        for (_, labels, value) in samples {
            let mut others = labels.clone();
            let le = others.remove("le").and_then(|le| le.parse().ok()).ok_or("le is no number")?;
            of.entry(others).or_default().push((le, *value));
        }
        for buckets in of.values() {
            let rising = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
            if !rising || buckets.last().is_none_or(|last| last.0.is_finite()) {
                return Err(format!("{name}: buckets {buckets:?}"));
            }
        }
    }
    Ok(families)
}

/// Labels up to the closing brace, and what comes behind it.
fn labels(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    loop {
        let (name, after) = rest.split_once("=\"")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let mut escaped = false;
        let end = after.char_indices().find(|(_, c)| {
            let closes = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        })?;
        let value = unescaped(&after[..end.0])?;
        if labels.insert(name.to_owned(), value).is_some() {
            return None;
        }
        rest = &after[end.0 + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Some((labels, rest.strip_prefix('}')?)),
        }
    }
}

/// Text without its escapes; `None` where one is unknown.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                known @ ('\\' | '"') => known,
                _ => return None,
            }),
            other => out.push(other),
        }
    }
    Some(out)
}
