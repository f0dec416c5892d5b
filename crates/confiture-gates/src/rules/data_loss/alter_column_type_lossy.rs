//! `alter-column-type-lossy`.

use super::super::known::{column, type_name};
use super::super::prelude::*;

/// Values do not fit the new type and are rounded or cut.
#[derive(Debug, Default)]
pub struct AlterColumnTypeLossy;

confiture_core::register!(rule AlterColumnTypeLossy);

impl Rule for AlterColumnTypeLossy {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "alter-column-type-lossy",
                summary: "the new type of a column rounds or cuts its values",
                docs: "Fewer digits, a date for a timestamp, a jsonb for a json, left(…) or a cast to a shorter string \
                       in USING: the values are changed without a word, and changing the type back does not bring them \
                       back. Add a column of the new type, fill it, compare, and drop the old one later. Without a \
                       database the old type is known of tables that the migrations make; a new type date is taken for \
                       a loss, because hardly anything but a timestamp becomes one.",
            },
            category: RuleCategory::DataLoss,
            severity: Severity::Critical,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE orders (id int PRIMARY KEY, placed timestamp);\n\
                        INSERT INTO orders VALUES (1, '2030-01-01 12:00');",
                bad: "SET lock_timeout = '2s';\n\
                      ALTER TABLE orders ALTER COLUMN placed TYPE date;",
                good: &["SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN placed_on date;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AlterType]) {
            let (Some(name), Some(value)) = (&action.name, action.value) else { continue };
            let new = type_name(value.text(statement.sql()));
            let known = column(cx, statement, table, name.name());
            if known.as_ref().is_some_and(|known| known.here) {
                continue;
            }
            let old = known.map(|known| type_name(&known.data_type)).filter(|old| !old.is_empty());
            let loses = match &old {
                Some(old) => lossy(old, &new),
                None => new == "date",
            };
            if !loses && !cuts(statement, action) {
                continue;
            }
            let from = old.as_ref().map_or_else(String::new, |old| format!(" from {old}"));
            let finding = RuleFinding::new(
                statement,
                action.span,
                format!("values of {table}.{name} are rounded or cut{from} to {new}"),
            )
            .label("changing the type back does not bring them back")
            .help("add a column of the new type, fill it, compare, and drop the old one later")
            .on(table);
            out.push(if cx.before.is_some() && old.is_some() { finding.seen_in_catalog() } else { finding });
        }
    }
}

/// Whether `USING` says so: it calls a function that cuts or rounds.
fn cuts(statement: &RuleStatement<'_>, action: &Action) -> bool {
    const CUTS: &[&str] =
        &["left", "right", "substr", "substring", "round", "trunc", "floor", "ceil", "ceiling", "date_trunc"];
    action.using.is_some_and(|using| {
        casts_shorter(statement, using)
            || statement.tokens_in(using).windows(2).any(|pair| {
                pair[1].text(statement.sql()) == "("
                    && CUTS.iter().any(|cut| pair[0].is_word(statement.sql(), cut))
            })
    })
}

/// Whether it casts to a string with a limit: an explicit cast cuts (manual 18, 8.3), an assignment refuses.
fn casts_shorter(statement: &RuleStatement<'_>, using: confiture_core::sql::Span) -> bool {
    let sql = statement.sql();
    let tokens = statement.tokens_in(using);
    tokens.iter().enumerate().any(|(at, token)| {
        let cast = token.text(sql) == "::" || token.is_word(sql, "as");
        let target = &tokens[at + 1..];
        let string = target.first().is_some_and(|first| {
            ["varchar", "char", "character", "bpchar"].iter().any(|word| first.is_word(sql, word))
        });
        let open = if target.get(1).is_some_and(|next| next.is_word(sql, "varying")) { 2 } else { 1 };
        cast && string && target.get(open).is_some_and(|next| next.text(sql) == "(")
    })
}

/// The name of a type and the numbers in its parentheses.
fn parts(name: &str) -> (String, Vec<i64>) {
    let Some((head, rest)) = name.split_once('(') else { return (name.to_owned(), Vec::new()) };
    let (numbers, tail) = rest.split_once(')').unwrap_or((rest, ""));
    let numbers = numbers.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    (format!("{head}{tail}"), numbers)
}

/// Whether the assignment from one type to the other gives up something of a value without failing.
fn lossy(old: &str, new: &str) -> bool {
    const INTEGERS: &[&str] = &["smallint", "integer", "bigint"];
    let ((from, had), (to, has)) = (parts(old), parts(new));
    let fraction = |name: &str, numbers: &[i64]| match name {
        "numeric" => numbers.get(1).copied().unwrap_or(if numbers.is_empty() { i64::MAX } else { 0 }),
        _ => 6.min(numbers.first().copied().unwrap_or(6)),
    };
    let time = |name: &str| name.starts_with("timestamp") || name.starts_with("time ");
    match (from.as_str(), to.as_str()) {
        ("numeric", "numeric") => fraction("numeric", &has) < fraction("numeric", &had),
        ("numeric", to) if INTEGERS.contains(&to) => fraction("numeric", &had) > 0,
        ("real" | "double precision", to) if INTEGERS.contains(&to) => true,
        ("double precision" | "numeric" | "bigint", "real") | ("numeric" | "bigint", "double precision") => {
            true
        }
        ("real" | "double precision", "numeric") => !has.is_empty(),
        ("json", "jsonb") => true,
        (from, "date") if from.starts_with("timestamp") => true,
        (from, to) if from.starts_with("timestamp") && to.starts_with("time ") => true,
        (from, to) if time(from) && time(to) => fraction("time", &has) < fraction("time", &had),
        _ => false,
    }
}
