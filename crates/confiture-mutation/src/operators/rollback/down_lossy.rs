//! `down-lossy`.

use confiture_core::sql::{Action, ActionKind, Body, ObjectKind, ObjectName, Span, Token, Verb};

use super::super::prelude::*;
use super::steps::mentions;

/// Loses the rows and values that the rollback was to bring back.
#[derive(Debug, Default)]
pub struct DownLossy;

confiture_core::register!(operator DownLossy);

impl MutationOperator for DownLossy {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "down-lossy",
                summary: "loses the saved copy before the rollback reads it",
                docs: "The schema comes back and the rows do not: the table that the rollback restores from, \
                       and drops afterwards, is emptied first; the column that it restores from is set to its \
                       default; a table that was only renamed is created anew and the old one dropped; values \
                       of a renamed column are lost. Indistinct when no row was saved; rejected when the \
                       column is NOT NULL and has no default.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::Critical,
            channels: Channels::ROLLBACK,
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE orders (id int);",
                up: "CREATE TABLE orders_saved AS TABLE orders; DELETE FROM orders;",
                down: "INSERT INTO orders SELECT * FROM orders_saved; DROP TABLE orders_saved;",
                mutant: "DELETE FROM orders_saved; INSERT INTO orders SELECT * FROM orders_saved; \
                         DROP TABLE orders_saved;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\nINSERT INTO orders VALUES (1);\n\
                     -- confiture: migrate to 0002\n-- confiture: rollback to 0001\n\
                     -- confiture: assert\nSELECT count(*) = 1 FROM orders;",
                ),
                spared: "INSERT INTO orders SELECT * FROM orders_saved; DROP TABLE backup;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for (at, site) in cx.sites.iter().enumerate() {
            let later = cx.sites.get(at + 1..).unwrap_or_default();
            match &site.outline().body {
                Body::Actions(actions) => out.extend(renamed(site, actions)),
                _ => out.extend(lost_tables(site, later).chain(lost_columns(site, later))),
            }
        }
    }
}

/// Without the rows of each table that the statement reads and a later one drops.
fn lost_tables<'s>(site: &'s Site<'_>, later: &'s [Site<'_>]) -> impl Iterator<Item = Mutant> + 's {
    let fills = match site.outline().verb {
        Verb::Insert | Verb::Update | Verb::Merge => true,
        Verb::Create => is_filled(site),
        _ => false,
    };
    let tables = later
        .iter()
        .filter(move |drop| fills && is(drop, Verb::Drop))
        .flat_map(|drop| drop.outline().names.iter().map(|table| (table, table.span.text(drop.sql()))));
    tables.filter(|(table, _)| reads(site, site.span(), table)).map(|(table, written)| {
        let emptied = Edit::insert(0, format!("DELETE FROM {written}; "));
        let name = table.parts.join(".");
        site.mutant([emptied], format!("{name} is emptied before it is read")).on(name)
    })
}

/// Without the values of each column that the `UPDATE` reads and a later statement drops.
fn lost_columns<'s>(site: &'s Site<'_>, later: &'s [Site<'_>]) -> impl Iterator<Item = Mutant> + 's {
    let values: Vec<Span> = match (&site.outline().body, site.outline().verb) {
        (Body::Rows(rows), Verb::Update) => rows.assignments.iter().map(|set| set.value).collect(),
        _ => Vec::new(),
    };
    let table = site.outline().name();
    let same = move |alter: &&Site<'_>| {
        let altered = alter.outline().name().filter(|_| is(alter, Verb::Alter));
        altered.zip(table).is_some_and(|(altered, table)| altered.agrees(table))
    };
    let drops = later.iter().filter(same).flat_map(|alter| {
        let actions = alter.outline().actions().iter();
        let dropped = actions.filter(|action| action.kind == ActionKind::DropColumn);
        dropped.filter_map(|action| Some((action.name.as_ref()?, alter.sql())))
    });
    drops.filter_map(move |(column, sql)| {
        let read = values.iter().any(|value| reads(site, *value, column));
        let written = table.filter(|_| read)?.span.text(site.sql());
        let edit = Edit::insert(0, format!("UPDATE {written} SET {} = DEFAULT; ", column.span.text(sql)));
        let name = format!("{}.{}", site.object(), column.name());
        Some(site.mutant([edit], format!("the values of {name} are lost before they are read")).on(name))
    })
}

/// With a new table in the place of a renamed one, or without the values of a renamed column.
fn renamed(site: &Site<'_>, actions: &[Action]) -> Option<Mutant> {
    let [action] = actions else { return None };
    let outline = site.outline();
    let table = outline.name().filter(|_| outline.object == Some(ObjectKind::Table))?;
    let sql = site.sql();
    let written = table.span.text(sql);
    let (edit, description, object) = match action.kind {
        ActionKind::Rename => {
            let name = action.name.as_ref()?;
            let qualifier =
                site.tokens_in(table.span).last().map(|last| Span::new(table.span.start, last.span.start));
            let new = format!("{}{}", qualifier.map_or("", |span| span.text(sql)), name.span.text(sql));
            let anew = format!("CREATE TABLE {new} (LIKE {written} INCLUDING ALL); DROP TABLE {written}");
            (Edit::replace(site.span(), anew), "it is created anew, empty, and not renamed", site.object())
        }
        ActionKind::RenameColumn => {
            let name = action.new_name.as_ref()?;
            let lost = format!("; UPDATE {written} SET {} = DEFAULT", name.span.text(sql));
            let object = format!("{}.{}", site.object(), name.name());
            (Edit::insert(sql.len(), lost), "the values of the renamed column are lost", object)
        }
        _ => return None,
    };
    Some(site.mutant([edit], description).on(object))
}

fn is(site: &Site<'_>, verb: Verb) -> bool {
    site.outline().verb == verb && site.outline().object == Some(ObjectKind::Table)
}

/// Whether a `CREATE` has a query: `CREATE TABLE … AS SELECT …`.
fn is_filled(site: &Site<'_>) -> bool {
    let word = |token: &Token, words: &[&str]| words.iter().any(|word| token.is_word(site.sql(), word));
    let filled = |pair: &[Token]| word(&pair[0], &["as"]) && word(&pair[1], &["select", "table", "with"]);
    is(site, Verb::Create) && site.tokens().windows(2).any(filled)
}

/// Whether a name stands in `span`, other than what the statement is about.
fn reads(site: &Site<'_>, span: Span, name: &ObjectName) -> bool {
    let own = site.outline().name().map_or(Span::empty(span.start), |own| own.span);
    mentions(site, Span::new(span.start, own.start.min(span.end)), name)
        || mentions(site, Span::new(own.end.max(span.start), span.end), name)
}
