//! `alter-column-type-rewrite`.

use super::super::known::{self, TypeName};
use super::super::prelude::*;
use confiture_core::sql::{Body, PartKind};

/// A column's values are converted in every row.
#[derive(Debug, Default)]
pub struct AlterColumnTypeRewrite;

confiture_core::register!(rule AlterColumnTypeRewrite);

impl Rule for AlterColumnTypeRewrite {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "alter-column-type-rewrite",
                summary: "ALTER COLUMN TYPE writes the table anew",
                docs: "A new type converts each value: table and indexes are written anew under ACCESS EXCLUSIVE, and \
nobody can read or write. PostgreSQL leaves the rows alone where every old value is a new one as it \
stands: a longer or unlimited varchar, varchar to text and back to unlimited varchar, a larger \
precision of numeric or timestamp at the same scale, cidr to inet, timestamp to timestamptz and back \
under TimeZone UTC. Otherwise add a column of the new type, keep it up to date with a trigger, fill \
it in batches and exchange the two. Without a database the old type is known where the migrations \
say it.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("users", LockMode::AccessExclusive)],
                rewrites: &["users"],
                scans: &["users"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::NoRewrite,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE users ALTER COLUMN age TYPE bigint;",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN age_new bigint;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users ALTER COLUMN email TYPE varchar;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AlterType]) {
            let (Some(column), Some(new)) = (&action.name, action.value) else { continue };
            let new = new.text(statement.sql());
            let old = known::column(cx, statement, table, column.name())
                .map(|known| known.data_type)
                .filter(|old| !old.is_empty());
            let converts = !is_plain(statement, action, column.name(), new);
            if !converts && keeps_rows(cx, statement, old.as_deref(), new) {
                continue;
            }
            let from = old.as_ref().map_or(String::new(), |old| format!(" from {old}"));
            let mut finding = RuleFinding::new(
                statement,
                action.span,
                format!("{table} is written anew: each value of {column} is converted{from} to {new}"),
            );
            if cx.before.is_some() && old.is_some() {
                finding = finding.seen_in_catalog();
            }
            out.push(
                finding
                    .label("ACCESS EXCLUSIVE lock for a rewrite of the whole table")
                    .help("add a column of the new type, fill it in batches, and exchange the two")
                    .on(table),
            );
        }
    }
}

/// Whether there is no USING, or one that says no more than the column, cast to the type or not.
fn is_plain(statement: &RuleStatement<'_>, action: &Action, column: &str, new: &str) -> bool {
    let sql = statement.sql();
    let Some(using) = action.using else { return true };
    let tokens = statement.tokens_in(using).get(1..).unwrap_or_default();
    let is_column = |token: &confiture_core::sql::Token| {
        let text = token.text(sql);
        text.trim_matches('"') == column || text.eq_ignore_ascii_case(column)
    };
    match tokens {
        [name] => is_column(name),
        [name, cast, first, ..] if cast.text(sql) == "::" => {
            let to = &sql[first.span.start..using.end];
            is_column(name) && TypeName::read(to) == TypeName::read(new)
        }
        _ => false,
    }
}

/// Whether PostgreSQL keeps the rows as they are. Where the old type is not known, the new ones are told by
/// what they are usually made from.
fn keeps_rows(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, old: Option<&str>, new: &str) -> bool {
    let to = base_of_domain(cx, TypeName::read(new));
    let Some(old) = old else {
        let unlimited = to.modifiers.is_empty();
        let zone = matches!(to.base.as_str(), "timestamp with time zone" | "timestamp without time zone");
        return (zone && unlimited && is_utc(cx, statement))
            || matches!(to.base.as_str(), "text" | "inet" | "citext" | "bit varying")
            || (to.base == "character varying" && unlimited);
    };
    let from = under_domain(cx, statement, TypeName::read(old));
    if from.base == to.base {
        return wider(&to.base, &from.modifiers, &to.modifiers);
    }
    // Casts without a function (pg_cast.castmethod = 'b').
    let text = |base: &str| matches!(base, "text" | "citext" | "character varying");
    match (from.base.as_str(), to.base.as_str()) {
        (from, base) if text(from) && text(base) => to.modifiers.is_empty(),
        ("xml", base) if text(base) => to.modifiers.is_empty(),
        ("cidr", "inet") | ("integer", "oid") | ("oid", "integer") => true,
        ("bit", "bit varying") => to.modifiers.is_empty(),
        ("timestamp without time zone", "timestamp with time zone")
        | ("timestamp with time zone", "timestamp without time zone") => {
            is_utc(cx, statement) && wider(&to.base, &from.modifiers, &to.modifiers)
        }
        _ => false,
    }
}

/// Whether every value with the old modifiers is one with the new ones.
fn wider(base: &str, old: &[u32], new: &[u32]) -> bool {
    if old == new {
        return true;
    }
    match base {
        "character varying" | "bit varying" => match (old, new) {
            (_, []) => true,
            ([old], [new]) => old <= new,
            _ => false,
        },
        "numeric" => match (old, new) {
            (_, []) => true,
            ([old, scale @ ..], [new, digits @ ..]) => {
                old <= new && scale.first().unwrap_or(&0) == digits.first().unwrap_or(&0)
            }
            _ => false,
        },
        _ if base.starts_with("time") || base.starts_with("interval") => {
            old.first().unwrap_or(&6) <= new.first().unwrap_or(&6)
        }
        _ => false,
    }
}

/// The type that a domain without constraints stands for; any other type is itself.
fn base_of_domain(cx: &RuleContext<'_>, name: TypeName) -> TypeName {
    let Some(catalog) = cx.before else { return name };
    let found = catalog.domains().find(|(id, _)| id.sql_name() == name.base || id.name() == name.base);
    match found {
        Some((id, domain)) if !domain.not_null && catalog.constraints_of(id).next().is_none() => {
            TypeName::read(&domain.base_type)
        }
        _ => name,
    }
}

/// The type that a domain is made of, whatever it checks: its values are values of that type as they stand.
fn under_domain(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, name: TypeName) -> TypeName {
    if let Some(catalog) = cx.before {
        let found = catalog.domains().find(|(id, _)| id.sql_name() == name.base || id.name() == name.base);
        return found.map_or(name, |(_, domain)| TypeName::read(&domain.base_type));
    }
    let made =
        cx.past(statement).filter(|past| past.does(Verb::Create, ObjectKind::Domain)).find_map(|past| {
            let domain = past.outline().name()?;
            let Body::Definition(definition) = &past.outline().body else { return None };
            let is = name.base == domain.to_string() || name.base == domain.name();
            let span = definition.part(PartKind::DataType).filter(|_| is)?.span;
            Some(TypeName::read(span.text(past.sql())))
        });
    made.unwrap_or(name)
}

/// Whether the script sets the time zone to UTC before the statement.
fn is_utc(cx: &RuleContext<'_>, statement: &RuleStatement<'_>) -> bool {
    let zone = cx.before_it(statement).iter().rev().find_map(|past| {
        let sql = past.sql();
        let tokens = past.tokens();
        let words: Vec<&str> = tokens.iter().map(|token| token.text(sql)).collect();
        let is_zone = past.outline().verb == Verb::Set
            && words
                .iter()
                .take(4)
                .any(|word| word.eq_ignore_ascii_case("timezone") || word.eq_ignore_ascii_case("zone"));
        is_zone.then(|| words.last().copied().unwrap_or_default().trim_matches('\'').to_ascii_lowercase())
    });
    zone.is_some_and(|zone| ["utc", "gmt", "etc/utc", "0"].contains(&zone.as_str()))
}
