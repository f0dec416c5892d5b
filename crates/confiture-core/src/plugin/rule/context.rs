//! What a rule looks at: the statements a migration runs, and what is known around them.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::ledger::{self, Entry};
use super::session::{self, Timeouts};
use super::unfold::Unfolded;
use crate::catalog::Catalog;
use crate::diagnostic::Location;
use crate::migration::{Migration, Script};
use crate::plugin::Site;
use crate::sql::{Action, ActionKind, Modifier, ObjectKind, ObjectName, Span, Verb};

/// One statement that a migration runs: a statement of its script, or one in the body of a `DO` block or of a
/// routine that is called. It is a [`Site`].
#[derive(Debug)]
pub struct RuleStatement<'a> {
    site: Site<'a>,
    /// The statement whose body it stands in, an index into [`RuleContext::statements`].
    pub inside: Option<usize>,
    /// The statement of the script that runs it: itself, or the one around it.
    pub outermost: usize,
    /// Number of its transaction within the script; `None` in autocommit.
    pub transaction: Option<usize>,
    /// The timeouts in force when it runs.
    pub timeouts: Timeouts,
    foreign: bool,
}

impl<'a> RuleStatement<'a> {
    /// The statements of `script`, unfolded, of a session with these timeouts.
    pub fn all(script: &Script, unfolded: &'a Unfolded, session: Timeouts) -> Vec<Self> {
        let standing = session::walk(script, unfolded, session);
        let statements = unfolded.statements.iter().zip(standing).enumerate();
        statements
            .map(|(index, (inner, standing))| Self {
                site: Site::new(index, &inner.statement),
                inside: inner.inside,
                outermost: inner.outermost,
                transaction: standing.transaction,
                timeouts: standing.timeouts,
                foreign: inner.foreign,
            })
            .collect()
    }

    /// Where `span` of it stands in the file. Of the body of a routine that an earlier migration defined, it is
    /// the statement that calls it.
    pub fn locate(&self, script: &Script, span: Span) -> Location {
        let statement = self.statement;
        if self.foreign {
            return script.locate(statement.span.clone());
        }
        let end = span.end.checked_sub(1).map_or(0, |last| statement.file_offset(last) + 1);
        script.locate(statement.file_offset(span.start)..end)
    }

    /// Whether the outermost word of what it does is this verb on this kind of object.
    pub fn does(&self, verb: Verb, object: ObjectKind) -> bool {
        let outline = self.outline();
        outline.verb == verb && outline.object == Some(object)
    }
}

impl<'a> Deref for RuleStatement<'a> {
    type Target = Site<'a>;

    fn deref(&self) -> &Self::Target {
        &self.site
    }
}

/// The forward script of one migration and what is known around it.
#[derive(Debug)]
#[non_exhaustive]
pub struct RuleContext<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Its forward script.
    pub script: &'a Script,
    /// What it runs, in order; statements in a body follow the one that runs them.
    pub statements: &'a [RuleStatement<'a>],
    /// What the migrations before it run, oldest first.
    pub history: &'a [Vec<RuleStatement<'a>>],
    /// PostgreSQL majors it will run on, ascending.
    pub majors: &'a [u32],
    /// The catalog before the migration; `None` in the static tier.
    pub before: Option<&'a Catalog>,
    /// The catalog after the migration; `None` in the static tier, and when it failed.
    pub after: Option<&'a Catalog>,
    /// Rows of tables in production, by `table` or `schema.table`; empty when nobody said.
    pub rows: Option<&'a BTreeMap<String, u64>>,
    ledger: Vec<Entry>,
}

impl<'a> RuleContext<'a> {
    /// The context of the static tier.
    pub fn new(
        migration: &'a Migration,
        script: &'a Script,
        statements: &'a [RuleStatement<'a>],
        history: &'a [Vec<RuleStatement<'a>>],
        majors: &'a [u32],
    ) -> Self {
        let ledger = ledger::read(statements);
        Self { migration, script, statements, history, majors, before: None, after: None, rows: None, ledger }
    }

    /// The same with the catalogs around the migration.
    #[must_use]
    pub fn with_catalogs(self, before: &'a Catalog, after: Option<&'a Catalog>) -> Self {
        Self { before: Some(before), after, ..self }
    }

    /// The same with the rows of tables in production.
    #[must_use]
    pub fn with_rows(self, rows: &'a BTreeMap<String, u64>) -> Self {
        Self { rows: Some(rows), ..self }
    }

    /// Whether one of the majors lies in `since..=until`.
    pub fn runs_on(&self, since: u32, until: u32) -> bool {
        self.majors.iter().any(|major| (since..=until).contains(major))
    }

    /// The name that what `statement` calls `name` had before the migration; `None` when the migration itself
    /// made it. A missing schema is any schema.
    pub fn original(
        &self,
        statement: &RuleStatement<'_>,
        kind: ObjectKind,
        name: &ObjectName,
    ) -> Option<ObjectName> {
        ledger::original(&self.ledger, statement.index, kind, name)
    }

    /// Whether the migration made it before `statement`: nobody waits for it, and it holds no rows of anybody.
    pub fn is_new(&self, statement: &RuleStatement<'_>, kind: ObjectKind, name: &ObjectName) -> bool {
        self.original(statement, kind, name).is_none()
    }

    /// Whether two names may mean one object: a missing schema is any schema.
    pub fn same_name(a: &ObjectName, b: &ObjectName) -> bool {
        ledger::same(a, b)
    }

    /// The actions of these kinds of every `ALTER TABLE` on a table that was there before the migration, with
    /// the statement and the name of the table.
    pub fn actions(
        &self,
        kinds: &[ActionKind],
    ) -> impl Iterator<Item = (&'a RuleStatement<'a>, &'a ObjectName, &'a Action)> {
        let alters =
            self.statements.iter().filter(|statement| statement.does(Verb::Alter, ObjectKind::Table));
        let named = alters.filter_map(|statement| Some((statement, statement.outline().name()?)));
        let old = named.filter(|(statement, table)| !self.is_new(statement, ObjectKind::Table, table));
        old.flat_map(|(statement, table)| {
            statement.outline().actions().iter().map(move |action| (statement, table, action))
        })
        .filter(|(_, _, action)| kinds.contains(&action.kind))
    }

    /// The statements of the migration before `statement`, in order.
    pub fn before_it(&self, statement: &RuleStatement<'_>) -> &'a [RuleStatement<'a>] {
        self.statements.get(..statement.index).unwrap_or_default()
    }

    /// The statements of the migration after `statement`, in order.
    pub fn after_it(&self, statement: &RuleStatement<'_>) -> &'a [RuleStatement<'a>] {
        self.statements.get(statement.index + 1..).unwrap_or_default()
    }

    /// Everything that ran before `statement`, latest first: of its own migration, then of earlier ones.
    pub fn past(&self, statement: &RuleStatement<'_>) -> impl Iterator<Item = &'a RuleStatement<'a>> {
        let history = self.history.iter().rev().flat_map(|statements| statements.iter().rev());
        self.before_it(statement).iter().rev().chain(history)
    }

    /// Whether both run in one transaction.
    pub fn together(a: &RuleStatement<'_>, b: &RuleStatement<'_>) -> bool {
        a.transaction.is_some() && a.transaction == b.transaction
    }

    /// Rows of a table in production, where somebody said.
    pub fn rows_of(&self, table: &ObjectName) -> Option<u64> {
        let rows = self.rows?;
        rows.get(&table.parts.join(".")).or_else(|| rows.get(table.name())).copied()
    }

    /// Whether a statement makes a table that only its session sees.
    pub fn is_temporary(statement: &RuleStatement<'_>) -> bool {
        statement.outline().modifier(Modifier::Temporary).is_some()
    }
}
