//! What a script and the catalog it starts from tell about a table.

use confiture_core::catalog::{Catalog, ConstraintType, Kind, ObjectId};
use confiture_core::plugin::{MutationContext, Site};
use confiture_core::sql::{
    Action, ActionKind, Body, Clause, ClauseKind, Column, ItemKind, Modifier, ObjectKind, ObjectName, Span,
    Table, Verb,
};

/// A table as the statements before a place of the script leave it, as far as anybody can tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Its columns, in order; empty when nothing is known.
    pub(super) columns: Vec<KnownColumn>,
    /// The columns of its primary key, in order.
    pub(super) primary: Vec<String>,
    /// The columns of its other unique constraints and plain unique indexes, in order.
    pub(super) uniques: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownColumn {
    /// As the catalog stores it.
    pub(super) name: String,
    /// Its type as it is written, in lower case with single spaces; empty when none is.
    pub(super) data_type: String,
    /// Whether it says that it refuses NULL; a primary key refuses it without saying so.
    pub(super) not_null: bool,
}

impl Known {
    /// Whether rows are told apart by these columns, in any order: what a foreign key may refer to.
    pub(super) fn has_key(&self, columns: &[&str]) -> bool {
        let same = |key: &Vec<String>| {
            key.len() == columns.len() && columns.iter().all(|column| key.iter().any(|name| name == column))
        };
        same(&self.primary) || self.uniques.iter().any(same)
    }

    /// The column called `name`.
    pub(super) fn column(&self, name: &str) -> Option<&KnownColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether NULL is refused in it.
    pub(super) fn refuses_null(&self, name: &str) -> bool {
        self.column(name).is_some_and(|column| column.not_null) || self.primary.iter().any(|key| key == name)
    }

    fn put(&mut self, column: KnownColumn) {
        if self.column(&column.name).is_none() {
            self.columns.push(column);
        }
    }

    fn forget(&mut self, name: &str) {
        self.columns.retain(|column| column.name != name);
        self.primary.retain(|column| column != name);
        self.uniques.retain(|key| key.iter().all(|column| column != name));
    }

    fn rename(&mut self, old: &str, new: &str) {
        let names = self.columns.iter_mut().map(|column| &mut column.name);
        let keys = self.primary.iter_mut().chain(self.uniques.iter_mut().flatten());
        for name in names.chain(keys).filter(|name| *name == old) {
            new.clone_into(name);
        }
    }

    fn set_not_null(&mut self, name: &str, not_null: bool) {
        if let Some(column) = self.columns.iter_mut().find(|column| column.name == name) {
            column.not_null = not_null;
        }
    }

    fn define(&mut self, sql: &str, column: &Column) {
        self.put(KnownColumn {
            name: column.name.name().to_owned(),
            data_type: column.data_type.map_or_else(String::new, |span| type_text(sql, span)),
            not_null: false,
        });
        for clause in &column.clauses {
            self.constrain(sql, clause, Some(column.name.name()));
        }
    }

    fn constrain(&mut self, sql: &str, clause: &Clause, column: Option<&str>) {
        let columns = match column {
            Some(column) => Some(vec![column.to_owned()]),
            None => names(sql, &clause.columns).filter(|columns| !columns.is_empty()),
        };
        let Some(columns) = columns else { return };
        match clause.kind {
            ClauseKind::PrimaryKey => self.primary = columns,
            ClauseKind::Unique => self.uniques.push(columns),
            ClauseKind::NotNull => self.set_not_null(&columns[0], true),
            _ => {}
        }
    }

    fn alter(&mut self, sql: &str, action: &Action) {
        let name = action.name.as_ref().map_or("", ObjectName::name);
        match action.kind {
            ActionKind::AddColumn => action.column.iter().for_each(|column| self.define(sql, column)),
            ActionKind::DropColumn => self.forget(name),
            ActionKind::RenameColumn => {
                action.new_name.iter().for_each(|new| self.rename(name, new.name()));
            }
            ActionKind::SetNotNull => self.set_not_null(name, true),
            ActionKind::DropNotNull => self.set_not_null(name, false),
            ActionKind::AlterType => {
                if let (Some(value), Some(column)) =
                    (action.value, self.columns.iter_mut().find(|column| column.name == name))
                {
                    column.data_type = type_text(sql, value);
                }
            }
            ActionKind::AddConstraint => {
                action.constraint.iter().for_each(|clause| self.constrain(sql, clause, None));
            }
            _ => {}
        }
    }
}

/// The names that `items` consist of; `None` when one is anything else.
pub(super) fn names(sql: &str, items: &[Span]) -> Option<Vec<String>> {
    items.iter().map(|item| Some(ObjectName::read(sql, *item)?.name().to_owned())).collect()
}

fn type_text(sql: &str, span: Span) -> String {
    span.text(sql).split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// What is known of `table` before statement `until` of the script.
pub(super) fn known(cx: &MutationContext<'_>, until: usize, table: &ObjectName) -> Known {
    let mut known = cx.source_catalog().map_or_else(Known::default, |catalog| stored(catalog, table));
    for site in cx.sites.iter().take(until) {
        read(cx, site, table, &mut known);
    }
    known
}

/// What is known, after the statement, of the table that it creates, alters or indexes.
pub(super) fn known_here(cx: &MutationContext<'_>, site: &Site<'_>) -> Known {
    let outline = site.outline();
    outline
        .on
        .as_ref()
        .or(outline.name())
        .map_or_else(Known::default, |table| known(cx, site.index + 1, table))
}

fn read(cx: &MutationContext<'_>, site: &Site<'_>, table: &ObjectName, known: &mut Known) {
    let (outline, sql) = (site.outline(), site.sql());
    let about = outline.name().is_some_and(|name| name.agrees(table));
    match (&outline.body, outline.object) {
        (Body::Table(body), _)
            if about && (outline.modifier(Modifier::IfNotExists).is_none() || known.columns.is_empty()) =>
        {
            *known = created(cx, site, body);
        }
        (Body::Actions(actions), Some(ObjectKind::Table | ObjectKind::ForeignTable)) => {
            let renamed = actions.iter().find(|action| action.kind == ActionKind::Rename);
            match (renamed.and_then(|action| action.name.as_ref()), outline.name()) {
                (Some(new), Some(old)) if new.agrees(table) => *known = self::known(cx, site.index, old),
                _ if about => actions.iter().for_each(|action| known.alter(sql, action)),
                _ => {}
            }
        }
        (Body::Index(index), _) if outline.on.as_ref().is_some_and(|on| on.agrees(table)) => {
            let plain = outline.modifier(Modifier::Unique).is_some() && index.predicate.is_none();
            known.uniques.extend(names(sql, &index.columns).filter(|_| plain));
        }
        (_, Some(ObjectKind::Table))
            if outline.verb == Verb::Drop && outline.names.iter().any(|name| name.agrees(table)) =>
        {
            *known = Known::default();
        }
        _ => {}
    }
}

fn created(cx: &MutationContext<'_>, site: &Site<'_>, body: &Table) -> Known {
    let copied = |of: &ObjectName| self::known(cx, site.index, of).columns;
    let mut known = Known::default();
    if let Some(parent) = &body.partition_of {
        known.columns = copied(parent);
    }
    for item in &body.items {
        match &item.kind {
            ItemKind::Column(column) => known.define(site.sql(), column),
            ItemKind::Like(other) => copied(other).into_iter().for_each(|column| known.put(column)),
            _ => {}
        }
    }
    for constraint in body.constraints() {
        known.constrain(site.sql(), constraint, None);
    }
    known
}

/// The table as a catalog holds it; one without a schema is first looked for in `public`.
fn stored(catalog: &Catalog, table: &ObjectName) -> Known {
    let mut known = Known::default();
    let Some(id) = relation(catalog, table) else {
        return known;
    };
    for (at, column) in catalog.columns_of(id) {
        known.columns.push(KnownColumn {
            name: at.name().to_owned(),
            data_type: column.data_type.clone(),
            not_null: column.not_null,
        });
    }
    for (_, constraint) in catalog.constraints_of(id) {
        match constraint.constraint_type {
            ConstraintType::PrimaryKey => known.primary.clone_from(&constraint.columns),
            ConstraintType::Unique => known.uniques.push(constraint.columns.clone()),
            _ => {}
        }
    }
    let plain = catalog.indexes_of(id).filter(|(_, index)| index.unique && !index.expression_or_predicate);
    let columns = plain.filter(|(_, index)| index.constraint.is_none()).map(|(_, index)| &index.columns);
    known.uniques.extend(columns.filter_map(|columns| columns.iter().cloned().collect()));
    known
}

fn relation<'a>(catalog: &'a Catalog, table: &ObjectName) -> Option<&'a ObjectId> {
    if let Some(schema) = table.schema() {
        return catalog.relation(schema, table.name());
    }
    catalog.relation("public", table.name()).or_else(|| {
        let tables = catalog.of_kind(Kind::Table).map(|(id, _)| id);
        tables.into_iter().find(|id| id.name() == table.name())
    })
}
