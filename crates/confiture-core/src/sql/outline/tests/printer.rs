//! Outlines as text.

use super::super::*;

/// The outline as an indented tree of kinds and texts.
pub(super) fn check(sql: &str) -> String {
    let outline = outline(sql);
    let mut out = format!("{:?}", outline.verb);
    if let Some(object) = outline.object {
        out += &format!(" {object:?}");
    }
    for name in &outline.names {
        out += &format!(" {name}");
    }
    if let Some(on) = &outline.on {
        out += &format!(" on {on}");
    }
    for (modifier, span) in &outline.modifiers {
        out += &format!(" {modifier:?}={:?}", span.text(sql));
    }
    out.push('\n');
    let mut tree = Tree { sql, out };
    match &outline.body {
        Body::Other => {}
        Body::Table(table) => tree.table(table),
        Body::Actions(actions) => actions.iter().for_each(|action| tree.action(action)),
        Body::Index(index) => tree.index(index),
        Body::Definition(definition) => tree.definition(definition),
        Body::Rows(rows) => tree.rows(rows),
    }
    tree.out
}

struct Tree<'a> {
    sql: &'a str,
    out: String,
}

impl Tree<'_> {
    fn line(&mut self, depth: usize, label: impl std::fmt::Debug, span: Span) {
        self.out += &format!("{}{label:?}: {}\n", "  ".repeat(depth), span.text(self.sql));
    }

    fn values(&mut self, depth: usize, label: &str, values: impl IntoIterator<Item = Span>) {
        for span in values {
            self.out += &format!("{}{label}: {}\n", "  ".repeat(depth), span.text(self.sql));
        }
    }

    fn table(&mut self, table: &Table) {
        if let Some(parent) = &table.partition_of {
            self.values(1, "partition of", [parent.span]);
        }
        for item in &table.items {
            match &item.kind {
                ItemKind::Column(column) => self.column(1, column),
                ItemKind::Constraint(clause) => self.clause(1, clause),
                ItemKind::Like(name) => self.values(1, "like", [name.span]),
                ItemKind::Other => self.values(1, "other", [item.span]),
            }
        }
        for option in &table.options {
            self.line(1, option.kind, option.span);
        }
    }

    fn column(&mut self, depth: usize, column: &Column) {
        self.values(depth, "column", [column.name.span]);
        self.values(depth + 1, "type", column.data_type);
        column.clauses.iter().for_each(|clause| self.clause(depth + 1, clause));
    }

    fn clause(&mut self, depth: usize, clause: &Clause) {
        self.line(depth, clause.kind, clause.span);
        self.values(depth + 1, "name", clause.name.as_ref().map(|name| name.span));
        self.values(depth + 1, "column", clause.columns.iter().copied());
        self.values(depth + 1, "expression", clause.expression);
        if let Some(references) = &clause.references {
            self.values(depth + 1, "references", [references.table.span]);
            self.values(depth + 2, "column", references.columns.iter().copied());
        }
        for attribute in &clause.attributes {
            self.line(depth + 1, attribute.kind, attribute.span);
            self.values(depth + 2, "value", attribute.value);
        }
    }

    fn action(&mut self, action: &Action) {
        self.line(1, action.kind, action.span);
        let names = action.name.iter().chain(&action.new_name);
        self.values(2, "name", names.map(|name| name.span));
        for (modifier, span) in &action.modifiers {
            self.line(2, *modifier, *span);
        }
        self.values(2, "value", action.value);
        self.values(2, "using", action.using);
        action.column.iter().for_each(|column| self.column(2, column));
        action.constraint.iter().for_each(|constraint| self.clause(2, constraint));
    }

    fn index(&mut self, index: &Index) {
        self.values(1, "method", index.method);
        self.values(1, "column", index.columns.iter().copied());
        self.values(1, "include", index.include);
        self.values(1, "nulls", index.nulls);
        self.values(1, "with", index.with);
        self.values(1, "tablespace", index.tablespace);
        self.values(1, "filter", index.filter);
        self.values(1, "predicate", index.predicate);
    }

    fn definition(&mut self, definition: &Definition) {
        self.values(1, "item", definition.items.iter().copied());
        for part in &definition.parts {
            self.line(1, part.kind, part.span);
            self.values(2, "value", part.value.filter(|value| *value != part.span));
        }
        definition.clauses.iter().for_each(|clause| self.clause(1, clause));
    }

    fn rows(&mut self, rows: &Rows) {
        self.values(1, "column", rows.columns.iter().copied());
        self.values(1, "row", rows.rows.iter().copied());
        self.values(1, "query", rows.query);
        self.values(1, "conflict", rows.on_conflict);
        for assignment in &rows.assignments {
            self.values(1, "target", [assignment.target]);
            self.values(2, "value", [assignment.value]);
        }
        self.values(1, "from", rows.from);
        self.values(1, "filter", rows.filter);
        self.values(1, "predicate", rows.predicate);
        self.values(1, "returning", rows.returning);
    }
}
