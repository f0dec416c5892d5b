//! `if-not-exists-hides-drift`.

use super::super::known::{column, find, made, table, type_name};
use super::super::prelude::*;
use confiture_core::catalog::{Detail, Kind};
use confiture_core::sql::{Body, Span};

/// Something else already has the name, and stays as it is.
#[derive(Debug, Default)]
pub struct IfNotExistsHidesDrift;

confiture_core::register!(rule IfNotExistsHidesDrift);

impl Rule for IfNotExistsHidesDrift {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "if-not-exists-hides-drift",
                summary: "IF NOT EXISTS keeps what has the name, however it is defined",
                docs: "The name is all that IF NOT EXISTS looks at: a table with other columns, an index on others, a \
                       column of another type stays as it is, with a notice, and the migration counts as applied. Make \
                       it without IF NOT EXISTS, so that a difference fails, or ALTER what is there. Reported is what \
                       an earlier migration, or the catalog, has defined otherwise.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "",
                bad: "CREATE TABLE users (id int PRIMARY KEY, age int, email text);\n\
                      CREATE INDEX users_lookup ON users (age);\n\
                      CREATE INDEX IF NOT EXISTS users_lookup ON users (email);",
                good: &["CREATE TABLE users (id int PRIMARY KEY, age int, email text);\n\
                         CREATE INDEX users_lookup ON users (age);\n\
                         CREATE INDEX users_email ON users (email);"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            if let (Verb::Create, Some(kind), Some(name), Some(span)) =
                (outline.verb, outline.object, outline.name(), outline.modifier(Modifier::IfNotExists))
            {
                let (differs, seen) = match made(cx, statement, kind, name) {
                    Some(past) => (definition(past) != definition(statement), false),
                    None => (catalog_differs(cx, statement, name), true),
                };
                if differs {
                    out.push(hidden(statement, span, &name.to_string(), seen));
                }
            }
            let Some(table) = outline.name().filter(|_| outline.object == Some(ObjectKind::Table)) else {
                continue;
            };
            for action in outline.actions().iter().filter(|action| action.kind == ActionKind::AddColumn) {
                let span = action.modifier(Modifier::IfNotExists);
                let (Some(added), Some(span)) = (&action.column, span) else { continue };
                let Some(known) = column(cx, statement, table, added.name.name()) else { continue };
                let wanted = added.data_type.map_or("", |span| span.text(statement.sql()));
                if !same_type(&known.data_type, wanted) {
                    let what = format!("{table}.{} of type {}", added.name, known.data_type);
                    out.push(hidden(statement, span, &what, cx.before.is_some()).on(table));
                }
            }
        }
    }
}

fn hidden(statement: &RuleStatement<'_>, span: Span, what: &str, seen: bool) -> RuleFinding {
    let finding =
        RuleFinding::new(statement, span, format!("{what} is there with another definition and stays"))
            .label("succeeds with a notice")
            .help("ALTER what is there, or give this another name, without IF NOT EXISTS");
    if seen { finding.seen_in_catalog() } else { finding }
}

/// Whether two types may be one: a schema may be left out.
fn same_type(a: &str, b: &str) -> bool {
    let bare = |text: &str| {
        let name = type_name(text).replace('"', "");
        name.rsplit_once('.').map_or(name.clone(), |(_, name)| name.to_owned())
    };
    bare(a) == bare(b)
}

/// What stands behind the name, word by word.
fn definition(statement: &RuleStatement<'_>) -> Vec<String> {
    let sql = statement.sql();
    let start = statement.outline().name().map_or(0, |name| name.span.end);
    let tokens = statement.tokens_in(Span::new(start, sql.len()));
    let word = |token: &confiture_core::sql::Token| {
        let text = token.text(sql);
        if token.kind.is_string() { text.to_owned() } else { text.to_ascii_lowercase() }
    };
    tokens.iter().map(word).filter(|word| word != ";").collect()
}

/// Whether the catalog has the name with other columns.
fn catalog_differs(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, name: &ObjectName) -> bool {
    let Some(catalog) = cx.before else { return false };
    let sql = statement.sql();
    let names = |spans: &[Span]| -> Vec<Option<String>> {
        let plain = |span: &Span| {
            // `email DESC`, `email text_pattern_ops`: the column is the first word.
            let first = statement.tokens_in(*span).first().filter(|token| token.kind.is_name())?;
            let called = statement.tokens_in(*span).get(1).is_some_and(|token| !token.kind.is_name());
            let name = ObjectName::read(sql, first.span).filter(|_| !called)?;
            Some(name.name().to_owned())
        };
        spans.iter().map(plain).collect()
    };
    match &statement.outline().body {
        Body::Index(index) => {
            let Some(id) = find(catalog, Kind::Index, name) else { return false };
            let dropped = cx.before_it(statement).iter().any(|past| {
                past.does(Verb::Drop, ObjectKind::Index)
                    && past.outline().names.iter().any(|dropped| dropped.name() == name.name())
            });
            let Some(Detail::Index(known)) = catalog.get(id).map(|object| &object.detail) else {
                return false;
            };
            let elsewhere = statement.outline().on.as_ref().is_some_and(|on| {
                let old = cx.original(statement, ObjectKind::Table, on);
                id.owner_path().is_some_and(|(_, table)| old.is_some_and(|old| old.name() != table))
            });
            let method = index.method.map_or("btree", |span| span.text(sql));
            let unique = statement.outline().modifier(Modifier::Unique).is_some();
            !dropped
                && (elsewhere
                    || known.unique != unique
                    || !known.access_method.eq_ignore_ascii_case(method)
                    || known.columns != names(&index.columns)
                    || (index.predicate.is_some() && !known.expression_or_predicate))
        }
        Body::Table(wanted) if wanted.list.is_some() && wanted.partition_of.is_none() => {
            let Some((_, id, _)) = table(cx, statement, name) else { return false };
            let wanted: std::collections::BTreeMap<&str, &str> = wanted
                .columns()
                .map(|column| (column.name.name(), column.data_type.map_or("", |span| span.text(sql))))
                .collect();
            let known = catalog.columns_of(id);
            known.len() != wanted.len()
                || known.iter().any(|(id, column)| {
                    wanted.get(id.name()).is_none_or(|wanted| !same_type(wanted, &column.data_type))
                })
        }
        _ => false,
    }
}
