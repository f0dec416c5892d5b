//! `alter-column-type-client-break`.

use super::super::known::{column, type_name};
use super::super::prelude::*;

/// The running application's statements do not fit the new type of a column.
#[derive(Debug, Default)]
pub struct AlterColumnTypeClientBreak;

confiture_core::register!(rule AlterColumnTypeClientBreak);

impl Rule for AlterColumnTypeClientBreak {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "alter-column-type-client-break",
                summary: "the new type of a column is another kind of value, or a shorter one",
                docs: "The previous version of the application compares the column with values of the old kind and \
                       writes them. After a change to another kind (number, string, uuid, json, …) that fails with SQLSTATE \
                       42883 or 42804, and values it gets back are of a type it does not expect; after a change to a \
                       shorter one, longer values are refused (22001, 22003). Add a column of the new type beside the old one, \
                       write both, and drop the old one when nobody uses it. Without a database the old type is known \
                       where the migrations say it, or is told by USING.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("users", LockMode::AccessExclusive)],
                rewrites: &["users"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, age int);\nINSERT INTO users VALUES (1, 42);",
                bad: "SET lock_timeout = '2s';\n\
                      -- confiture:ignore alter-column-type-rewrite the table is small\n\
                      ALTER TABLE users ALTER COLUMN age TYPE text;",
                good: &["SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN age_text text;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AlterType]) {
            let (Some(name), Some(value)) = (&action.name, action.value) else { continue };
            let new = base(cx, type_name(value.text(statement.sql())));
            let known = column(cx, statement, table, name.name());
            if known.as_ref().is_some_and(|known| known.here) {
                continue;
            }
            let old = known.map(|known| base(cx, type_name(&known.data_type))).filter(|old| !old.is_empty());
            let (breaks, label) = match &old {
                Some(old) if family(old) != family(&new) && family(old).is_some() => {
                    (true, "comparisons and values of the old kind are refused (42883, 42804)")
                }
                Some(old) => (shorter(old, &new), "longer values are refused (22001, 22003)"),
                None => (
                    action.using.is_some() && family(&new).is_some_and(|family| UNLIKE.contains(&family)),
                    "comparisons and values of the old kind are refused (42883, 42804)",
                ),
            };
            if !breaks {
                continue;
            }
            let from = old.as_ref().map_or_else(String::new, |old| format!(" was {old} and"));
            let mut finding = RuleFinding::new(
                statement,
                action.span,
                format!("the running application does not know that {table}.{name}{from} is {new}"),
            )
            .label(label)
            .help("add a column of the new type beside it, write both, and drop this one when nobody uses it")
            .on(table);
            if old.as_ref().is_some_and(|old| family(old) == family(&new)) {
                finding = finding.severity(Severity::Medium);
            }
            out.push(if cx.before.is_some() && old.is_some() { finding.seen_in_catalog() } else { finding });
        }
    }
}

/// The type under a domain of the catalog; any other type is itself.
fn base(cx: &RuleContext<'_>, name: String) -> String {
    let domains = cx.before.into_iter().flat_map(|catalog| catalog.domains());
    let mut named = domains.filter(|(id, _)| id.sql_name() == name || id.name() == name);
    named.next().map_or(name, |(_, domain)| type_name(&domain.base_type))
}

/// What a column becomes only from something of another kind.
const UNLIKE: &[&str] = &["uuid", "boolean", "json", "network", "date", "interval", "array"];

/// The kind of value of a type; types that compare with each other are of one kind. `None` for other types.
fn family(name: &str) -> Option<&'static str> {
    if name.ends_with(']') {
        return Some("array");
    }
    let head = name.split('(').next().unwrap_or_default();
    Some(match head {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => "number",
        "text" | "character varying" | "character" | "citext" | "public.citext" | "name" => "string",
        "uuid" => "uuid",
        "boolean" => "boolean",
        "json" | "jsonb" => "json",
        "bytea" => "bytes",
        "inet" | "cidr" => "network",
        "interval" => "interval",
        "date" => "date",
        _ if head.starts_with("timestamp") => "date",
        _ if head.starts_with("time") => "time",
        _ => return None,
    })
}

/// Whether there are values of the old type that the new one of the same kind refuses.
fn shorter(old: &str, new: &str) -> bool {
    let number = |name: &str, at: usize| -> Option<i64> {
        let inside = name.split_once('(')?.1.split(')').next()?;
        inside.split(',').nth(at)?.trim().parse().ok()
    };
    let head = |name: &str| name.split('(').next().unwrap_or_default().to_owned();
    let bytes = |name: &str| match name {
        "smallint" => Some(2),
        "integer" => Some(4),
        "bigint" => Some(8),
        _ => None,
    };
    if family(old) == Some("string") {
        let limit = |name: &str| match head(name).as_str() {
            "character" => Some(number(name, 0).unwrap_or(1)),
            _ => number(name, 0),
        };
        return limit(new).is_some_and(|new| limit(old).is_none_or(|old| new < old));
    }
    if let (Some(old), Some(new)) = (bytes(old), bytes(new)) {
        return new < old;
    }
    let whole = |name: &str| number(name, 0).map(|digits| digits - number(name, 1).unwrap_or(0));
    head(old) == "numeric"
        && head(new) == "numeric"
        && whole(new).is_some_and(|new| whole(old).is_none_or(|old| new < old))
}
