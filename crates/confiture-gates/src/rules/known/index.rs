//! Indexes, from the catalog and from the statements that make them.

use super::super::prelude::*;
use super::{steps, table};
use confiture_core::sql::{Body, Span};

/// An index, or a key that has one.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Indexed {
    /// Its name, where it is written or known.
    pub(in crate::rules) name: Option<ObjectName>,
    /// Its table.
    pub(in crate::rules) table: Option<ObjectName>,
    /// Its key columns in order; an expression is there as it is written.
    pub(in crate::rules) columns: Vec<String>,
    /// Whether it refuses duplicates.
    pub(in crate::rules) unique: bool,
    /// Whether it is about some rows only.
    pub(in crate::rules) partial: bool,
    /// False for what a failed build left.
    pub(in crate::rules) valid: bool,
    /// Where the statement says so.
    pub(in crate::rules) span: Span,
}

impl Indexed {
    /// Those that a statement makes; of `USING INDEX` none, it was there.
    pub(in crate::rules) fn made_by(statement: &RuleStatement<'_>) -> Vec<Self> {
        let outline = statement.outline();
        let sql = statement.sql();
        let columns =
            |spans: &[Span]| spans.iter().map(|span| column_name(span.text(sql))).collect::<Vec<_>>();
        if let Some(index) = outline.index() {
            return vec![Self {
                name: outline.name().cloned(),
                table: outline.on.clone(),
                columns: columns(&index.columns),
                unique: outline.modifier(Modifier::Unique).is_some(),
                partial: index.predicate.is_some(),
                valid: true,
                span: outline.on.as_ref().map_or(statement.span(), |on| on.span),
            }];
        }
        let Some(of) = outline.name() else { return Vec::new() };
        let key = |clause: &&Clause| {
            matches!(clause.kind, ClauseKind::PrimaryKey | ClauseKind::Unique)
                && clause.attribute(AttributeKind::UsingIndex).is_none()
        };
        let one = |clause: &Clause, columns: Vec<String>| {
            let end = if clause.kind == ClauseKind::PrimaryKey {
                "pkey".to_owned()
            } else {
                format!("{}_key", columns.join("_"))
            };
            let given = || ObjectName { parts: vec![format!("{}_{end}", of.name())], span: clause.span };
            Self {
                name: Some(clause.name.clone().unwrap_or_else(given)),
                table: Some(of.clone()),
                columns,
                unique: true,
                partial: false,
                valid: true,
                span: clause.span,
            }
        };
        let (tables, added): (Vec<&Clause>, Vec<&confiture_core::sql::Column>) = match &outline.body {
            Body::Table(table) => (table.constraints().collect(), table.columns().collect()),
            Body::Actions(actions) => (
                actions.iter().filter_map(|action| action.constraint.as_ref()).collect(),
                actions.iter().filter_map(|action| action.column.as_ref()).collect(),
            ),
            _ => return Vec::new(),
        };
        let of_columns = added.into_iter().flat_map(|column| {
            column.clauses.iter().filter(key).map(|clause| one(clause, vec![column.name.name().to_owned()]))
        });
        of_columns
            .chain(tables.into_iter().filter(key).map(|clause| one(clause, columns(&clause.columns))))
            .collect()
    }
}

/// The indexes there are before `statement`, on one table or on all, as far as is known.
pub(in crate::rules) fn indexes(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    on: Option<&ObjectName>,
) -> Vec<Indexed> {
    let mut found: Vec<Indexed> = Vec::new();
    if let Some(catalog) = cx.before {
        let tables: Vec<_> = match on {
            Some(on) => table(cx, statement, on).map(|(_, id, _)| id).into_iter().collect(),
            None => catalog.tables().map(|(id, _)| id).collect(),
        };
        let named = |parts: Vec<String>| ObjectName { parts, span: statement.span() };
        for of in tables {
            let path: Vec<String> = of.path().map(str::to_owned).collect();
            for (id, index) in catalog.indexes_of(of) {
                let mut name = path.clone();
                name.pop();
                name.push(id.name().to_owned());
                let text =
                    |column: &Option<String>| column.clone().unwrap_or_else(|| "(expression)".to_owned());
                found.push(Indexed {
                    name: Some(named(name)),
                    table: Some(named(path.clone())),
                    columns: index.columns.iter().map(text).collect(),
                    unique: index.unique,
                    partial: index.expression_or_predicate,
                    valid: index.valid,
                    span: statement.span(),
                });
            }
        }
    }
    for past in steps(cx, statement) {
        let outline = past.outline();
        for made in Indexed::made_by(past) {
            let about =
                |on: &ObjectName| made.table.as_ref().is_some_and(|table| RuleContext::same_name(table, on));
            if on.is_none_or(about) {
                found.push(made);
            }
        }
        match (outline.verb, outline.object) {
            (Verb::Drop, Some(ObjectKind::Index)) => {
                outline.names.iter().for_each(|name| found.retain(|index| !is(&index.name, name)))
            }
            (Verb::Drop, Some(ObjectKind::Table)) => {
                outline.names.iter().for_each(|name| found.retain(|index| !is(&index.table, name)))
            }
            (Verb::Alter, Some(ObjectKind::Table)) => {
                let drops =
                    outline.actions().iter().filter(|action| action.kind == ActionKind::DropConstraint);
                drops
                    .filter_map(|action| action.name.as_ref())
                    .for_each(|name| found.retain(|index| !is(&index.name, name)));
            }
            (Verb::Alter, Some(ObjectKind::Index)) => {
                let renames = outline.actions().iter().filter(|action| action.kind == ActionKind::Rename);
                for new in renames.filter_map(|action| action.name.as_ref()) {
                    let Some(old) = outline.name() else { continue };
                    let renamed = found.iter_mut().filter(|index| is(&index.name, old));
                    renamed.for_each(|index| index.name = Some(new.clone()));
                }
            }
            _ => {}
        }
    }
    found
}

fn is(known: &Option<ObjectName>, name: &ObjectName) -> bool {
    known.as_ref().is_some_and(|known| RuleContext::same_name(known, name))
}

/// A column as a list of columns writes it, as the catalog knows it; an expression as it is written.
pub(in crate::rules) fn column_name(text: &str) -> String {
    if text.contains('(') {
        return text.to_owned();
    }
    match text.strip_prefix('"').and_then(|text| text.split_once('"')) {
        Some((quoted, _)) => quoted.to_owned(),
        None => text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase(),
    }
}
