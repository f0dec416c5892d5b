//! `using-index-drop`.

use confiture_core::catalog::{Detail, Kind};
use confiture_core::sql::{AttributeKind, Clause, Modifier, ObjectName, Quoted, TokenKind};

use super::super::constraints::{Found, constraints};
use super::super::prelude::*;

/// Builds the index of a constraint under the constraint's lock.
#[derive(Debug, Default)]
pub struct UsingIndexDrop;

confiture_core::register!(operator UsingIndexDrop);

impl MutationOperator for UsingIndexDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "using-index-drop",
                summary: "adds a constraint with an index of its own, not USING INDEX",
                docs: "The index that was to be built beforehand, without stopping writers, is built by \
                       `ADD PRIMARY KEY` or `ADD UNIQUE` under ACCESS EXCLUSIVE instead. The result is the \
                       same: only locks, or what exists when the lock is taken, tell. The columns come from \
                       the `CREATE UNIQUE INDEX` in the script, which is left out, or from the catalog, and \
                       the prepared index is dropped.",
            },
            category: MutationCategory::Locking,
            severity: Severity::High,
            channels: Channels::LOCK.and(Channels::ABORT),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, email text);",
                up: "CREATE UNIQUE INDEX users_email_key ON users (email); \
                     ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;",
                down: "ALTER TABLE users DROP CONSTRAINT users_email_key;",
                mutant: "; ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\nCREATE TABLE seen (indexes bigint);\n\
                     CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS\n  \
                     'BEGIN INSERT INTO seen SELECT count(*) FROM pg_index WHERE indrelid = ''users''::regclass; \
                     END';\n\
                     CREATE EVENT TRIGGER see ON ddl_command_start WHEN TAG IN ('ALTER TABLE')\n  \
                     EXECUTE FUNCTION see();\n\
                     -- confiture: migrate to 0002\n-- confiture: assert\nSELECT indexes = 1 FROM seen;",
                ),
                spared: "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            out.extend(constraints(site).iter().filter_map(|found| without_index(cx, site, found)));
        }
    }
}

fn without_index(cx: &MutationContext<'_>, site: &Site<'_>, found: &Found<'_>) -> Option<Mutant> {
    let clause = found.clause;
    let using = clause.attribute(AttributeKind::UsingIndex)?;
    let index = ObjectName::read(site.sql(), using.value?)?;
    let creates = |other: &&Site<'_>| {
        let name = other.outline().name().map(ObjectName::name);
        other.outline().index().is_some() && name == Some(index.name())
    };
    let description = "the index is built under the lock of the constraint";
    if let Some(create) = cx.sites.get(..site.index)?.iter().rev().find(creates) {
        let edit = Edit::replace(using.span, columns(create)?);
        let edits = name(clause, &index).into_iter().chain([edit]);
        return Some(found.mutant(site, edits, description).with(create, [Edit::remove(create.span())]));
    }
    let table = site.outline().name()?;
    let edit = Edit::replace(using.span, catalog_columns(cx, table, &index)?);
    let path = table.schema().into_iter().chain([index.name()]);
    let dropped = Edit::insert(0, format!("DROP INDEX {}; ", Quoted::qualified(path)));
    Some(found.mutant(site, [dropped].into_iter().chain(name(clause, &index)).chain([edit]), description))
}

/// The name of the index, which the constraint has when none is written.
fn name(clause: &Clause, index: &ObjectName) -> Option<Edit> {
    clause.name.is_none().then(|| Edit::insert(clause.span.start, format!("CONSTRAINT {index} ")))
}

/// What a constraint says in the place of `USING INDEX`: the columns of the index that is created.
fn columns(create: &Site<'_>) -> Option<String> {
    let index = create.outline().index()?;
    create.outline().modifier(Modifier::Unique)?;
    let columns = index.columns.iter().map(|column| {
        let tokens = create.tokens_in(*column);
        let plain = tokens.get(1).is_none_or(|next| next.kind != TokenKind::LeftParen);
        tokens.first().filter(|name| plain && name.kind.is_name()).map(|name| name.text(create.sql()))
    });
    let mut list = format!("({})", columns.collect::<Option<Vec<_>>>()?.join(", "));
    if let Some(nulls) = index.nulls {
        list.insert_str(0, &format!("{} ", nulls.text(create.sql())));
    }
    for part in [index.include, index.with].into_iter().flatten() {
        list += &format!(" {}", part.text(create.sql()));
    }
    Some(list)
}

/// The same of the index in the catalog before the migration.
fn catalog_columns(cx: &MutationContext<'_>, table: &ObjectName, index: &ObjectName) -> Option<String> {
    let found = cx.source_catalog()?.of_kind(Kind::Index).find_map(|(id, object)| match &object.detail {
        Detail::Index(found) => {
            let in_schema = table.schema().is_none_or(|schema| schema == id.part(0));
            let same = in_schema && id.part(1) == table.name() && id.name() == index.name();
            (same && found.unique && !found.expression_or_predicate).then_some(found)
        }
        _ => None,
    })?;
    let list = |names: Vec<&str>| {
        let names: Vec<String> = names.into_iter().map(|name| Quoted::ident(name).to_string()).collect();
        format!("({})", names.join(", "))
    };
    let mut columns = list(found.columns.iter().map(Option::as_deref).collect::<Option<_>>()?);
    if !found.include.is_empty() {
        columns += &format!(" INCLUDE {}", list(found.include.iter().map(String::as_str).collect()));
    }
    Some(columns)
}
