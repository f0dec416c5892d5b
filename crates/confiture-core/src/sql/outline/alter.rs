//! The actions of an `ALTER`.

use super::super::cursor::Cursor;
use super::super::lex::TokenKind;
use super::super::{Modifier, ObjectName, Span};
use super::clause::{Clause, Column, at_constraint, clause, column};

/// One action of an `ALTER TABLE`, or of another `ALTER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What it does.
    pub kind: ActionKind,
    /// All of it, without the comma.
    pub span: Span,
    /// The column, constraint, trigger, partition, … it is about; the new owner, schema or table name.
    pub name: Option<ObjectName>,
    /// The new name, of a `RENAME`.
    pub new_name: Option<ObjectName>,
    /// The column it adds.
    pub column: Option<Column>,
    /// The constraint it adds.
    pub constraint: Option<Clause>,
    /// The new type, default or expression, the options, the bound of a partition, the label of an enum.
    pub value: Option<Span>,
    /// `USING expression`, of a new type.
    pub using: Option<Span>,
    /// `IF EXISTS`, `IF NOT EXISTS`, `CASCADE`, `RESTRICT`, `CONCURRENTLY` and `ONLY` in it.
    pub modifiers: Vec<(Modifier, Span)>,
}

impl Action {
    /// Where `modifier` is written.
    pub fn modifier(&self, modifier: Modifier) -> Option<Span> {
        self.modifiers.iter().find(|(found, _)| *found == modifier).map(|(_, span)| *span)
    }
}

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the action of that name")]
pub enum ActionKind {
    AddColumn,
    DropColumn,
    AlterType,
    SetDefault,
    DropDefault,
    SetNotNull,
    DropNotNull,
    /// Since 17.
    SetExpression,
    DropExpression,
    AddIdentity,
    /// `SET GENERATED …`, `RESTART` and the sequence options of an identity column.
    AlterIdentity,
    DropIdentity,
    SetStatistics,
    SetStorage,
    SetCompression,
    /// `SET (…)` or `RESET (…)`, of a column.
    SetColumnOptions,
    AddConstraint,
    AlterConstraint,
    ValidateConstraint,
    DropConstraint,
    Rename,
    RenameColumn,
    RenameConstraint,
    /// Of an enum.
    RenameValue,
    SetSchema,
    OwnerTo,
    EnableTrigger,
    DisableTrigger,
    EnableRule,
    DisableRule,
    EnableRowSecurity,
    DisableRowSecurity,
    ForceRowSecurity,
    NoForceRowSecurity,
    ClusterOn,
    SetWithoutCluster,
    SetLogged,
    SetUnlogged,
    SetTablespace,
    SetAccessMethod,
    /// `SET (…)`, of the table.
    SetOptions,
    /// `RESET (…)`, of the table.
    ResetOptions,
    Inherit,
    NoInherit,
    OfType,
    NotOfType,
    ReplicaIdentity,
    AttachPartition,
    DetachPartition,
    /// Of an enum.
    AddValue,
    /// `DEPENDS ON EXTENSION`, or `NO DEPENDS`.
    DependsOnExtension,
    /// Anything else.
    Other,
}

/// Reads the actions that follow the name.
pub(super) fn read(mut cursor: Cursor<'_>) -> Vec<Action> {
    if cursor.peek().is_some_and(|token| token.text(cursor.sql) == "*") {
        cursor.bump();
    }
    // The arguments of a function.
    cursor.parens();
    let Some(rest) = cursor.rest() else {
        return Vec::new();
    };
    let actions = cursor.rewound().within(rest);
    super::items(actions).into_iter().map(|span| action(actions.within(span), span)).collect()
}

type Words = &'static [&'static str];

/// Actions told by their first words, before the more special ones that need a look at what follows.
const ACTIONS: &[(Words, ActionKind)] = &[
    (&["add", "value"], ActionKind::AddValue),
    (&["validate", "constraint"], ActionKind::ValidateConstraint),
    (&["alter", "constraint"], ActionKind::AlterConstraint),
    (&["drop", "constraint"], ActionKind::DropConstraint),
    (&["rename", "constraint"], ActionKind::RenameConstraint),
    (&["rename", "to"], ActionKind::Rename),
    (&["rename", "value"], ActionKind::RenameValue),
    (&["rename", "column"], ActionKind::RenameColumn),
    (&["rename", "attribute"], ActionKind::RenameColumn),
    (&["rename"], ActionKind::RenameColumn),
    (&["set", "schema"], ActionKind::SetSchema),
    (&["owner", "to"], ActionKind::OwnerTo),
    (&["enable", "row", "level", "security"], ActionKind::EnableRowSecurity),
    (&["disable", "row", "level", "security"], ActionKind::DisableRowSecurity),
    (&["force", "row", "level", "security"], ActionKind::ForceRowSecurity),
    (&["no", "force", "row", "level", "security"], ActionKind::NoForceRowSecurity),
    (&["enable", "replica", "trigger"], ActionKind::EnableTrigger),
    (&["enable", "always", "trigger"], ActionKind::EnableTrigger),
    (&["enable", "trigger"], ActionKind::EnableTrigger),
    (&["disable", "trigger"], ActionKind::DisableTrigger),
    (&["enable", "replica", "rule"], ActionKind::EnableRule),
    (&["enable", "always", "rule"], ActionKind::EnableRule),
    (&["enable", "rule"], ActionKind::EnableRule),
    (&["disable", "rule"], ActionKind::DisableRule),
    (&["cluster", "on"], ActionKind::ClusterOn),
    (&["set", "without", "cluster"], ActionKind::SetWithoutCluster),
    (&["set", "logged"], ActionKind::SetLogged),
    (&["set", "unlogged"], ActionKind::SetUnlogged),
    (&["set", "tablespace"], ActionKind::SetTablespace),
    (&["set", "access", "method"], ActionKind::SetAccessMethod),
    (&["no", "inherit"], ActionKind::NoInherit),
    (&["inherit"], ActionKind::Inherit),
    (&["not", "of"], ActionKind::NotOfType),
    (&["of"], ActionKind::OfType),
    (&["replica", "identity"], ActionKind::ReplicaIdentity),
    (&["attach", "partition"], ActionKind::AttachPartition),
    (&["detach", "partition"], ActionKind::DetachPartition),
    (&["no", "depends", "on", "extension"], ActionKind::DependsOnExtension),
    (&["depends", "on", "extension"], ActionKind::DependsOnExtension),
    // Of a domain, whose default has no column; of an index `ALTER COLUMN` has a number.
    (&["set", "default"], ActionKind::SetDefault),
    (&["drop", "default"], ActionKind::DropDefault),
    (&["set", "not", "null"], ActionKind::SetNotNull),
    (&["drop", "not", "null"], ActionKind::DropNotNull),
    (&["set"], ActionKind::SetOptions),
    (&["reset"], ActionKind::ResetOptions),
];

fn action(mut cursor: Cursor<'_>, span: Span) -> Action {
    let mut action = Action {
        kind: ActionKind::Other,
        span,
        name: None,
        new_name: None,
        column: None,
        constraint: None,
        value: None,
        using: None,
        modifiers: Vec::new(),
    };
    let at = &mut cursor;
    if let Some((_, kind)) = ACTIONS.iter().find(|(words, _)| at.eat_words(words)) {
        action.kind = *kind;
        fixed(&mut action, at);
    } else if at.eat("add") {
        add(&mut action, at);
    } else if at.eat("drop") {
        at.eat_any(&["column", "attribute"]);
        action.kind = ActionKind::DropColumn;
        action.take_modifier(at);
        action.name = at.name();
    } else if at.eat("alter") {
        at.eat_any(&["column", "attribute"]);
        alter_column(&mut action, at);
    }
    action.take_trailing(cursor);
    action
}

/// What follows the words of [`ACTIONS`].
fn fixed(action: &mut Action, at: &mut Cursor<'_>) {
    match action.kind {
        ActionKind::SetOptions | ActionKind::ResetOptions => {
            if at.at_kind(TokenKind::LeftParen) {
                action.value = at.parens();
            } else {
                action.kind = ActionKind::Other;
            }
        }
        ActionKind::SetDefault | ActionKind::ReplicaIdentity => action.value = at.rest(),
        ActionKind::AddValue | ActionKind::RenameValue => {
            action.take_modifier(at);
            action.value = at.bump().map(|token| token.span);
        }
        ActionKind::AttachPartition => {
            action.name = at.name();
            action.value = at.rest();
        }
        ActionKind::AlterConstraint => {
            action.name = at.name();
            action.value = at.rest();
        }
        _ => {
            action.take_modifier(at);
            action.name = at.name();
            if action.kind == ActionKind::DetachPartition {
                action.take_modifier(at);
            }
            if at.eat("to") {
                action.new_name = at.name();
            }
        }
    }
}

fn add(action: &mut Action, at: &mut Cursor<'_>) {
    if at_constraint(at) {
        action.kind = ActionKind::AddConstraint;
        let constraint = clause(at);
        action.name.clone_from(&constraint.name);
        action.constraint = Some(constraint);
        return;
    }
    at.eat_any(&["column", "attribute"]);
    action.kind = ActionKind::AddColumn;
    action.take_modifier(at);
    let rest = at.rest().map(|span| at.rewound().within(span));
    action.column = rest.and_then(column);
    action.name = action.column.as_ref().map(|column| column.name.clone());
}

fn alter_column(action: &mut Action, at: &mut Cursor<'_>) {
    const COLUMN_ACTIONS: &[(Words, ActionKind)] = &[
        (&["set", "data", "type"], ActionKind::AlterType),
        (&["type"], ActionKind::AlterType),
        (&["set", "default"], ActionKind::SetDefault),
        (&["drop", "default"], ActionKind::DropDefault),
        (&["set", "not", "null"], ActionKind::SetNotNull),
        (&["drop", "not", "null"], ActionKind::DropNotNull),
        (&["set", "expression", "as"], ActionKind::SetExpression),
        (&["drop", "expression"], ActionKind::DropExpression),
        (&["add", "generated"], ActionKind::AddIdentity),
        (&["drop", "identity"], ActionKind::DropIdentity),
        (&["set", "statistics"], ActionKind::SetStatistics),
        (&["set", "storage"], ActionKind::SetStorage),
        (&["set", "compression"], ActionKind::SetCompression),
        (&["reset"], ActionKind::SetColumnOptions),
    ];
    action.name = at.name();
    if action.name.is_none() {
        at.bump();
    }
    if let Some((_, kind)) = COLUMN_ACTIONS.iter().find(|(words, _)| at.eat_words(words)) {
        action.kind = *kind;
    } else if at.at_word("set") && at.nth(1).is_some_and(|token| token.kind == TokenKind::LeftParen) {
        at.bump();
        action.kind = ActionKind::SetColumnOptions;
    } else if at.at_any(&["set", "restart"]) {
        action.kind = ActionKind::AlterIdentity;
    }
    match action.kind {
        ActionKind::AlterType => {
            let start = at.offset();
            at.skip_until(|at| at.at_any(&["using", "collate", "cascade", "restrict"]));
            action.value = Some(at.since(start)).filter(|span| !span.is_empty());
            if at.eat("collate") {
                at.name();
            }
            let start = at.offset();
            if at.eat("using") {
                at.skip_until(|_| false);
                action.using = Some(at.since(start));
            }
        }
        ActionKind::DropExpression | ActionKind::DropIdentity => action.take_modifier(at),
        ActionKind::DropDefault | ActionKind::SetNotNull | ActionKind::DropNotNull | ActionKind::Other => {}
        _ => action.value = at.rest(),
    }
}

impl Action {
    fn take_modifier(&mut self, at: &mut Cursor<'_>) {
        const WORDS: &[(Words, Modifier)] = &[
            (&["if", "exists"], Modifier::IfExists),
            (&["if", "not", "exists"], Modifier::IfNotExists),
            (&["concurrently"], Modifier::Concurrently),
        ];
        let start = at.offset();
        if let Some((_, modifier)) = WORDS.iter().find(|(words, _)| at.eat_words(words)) {
            self.modifiers.push((*modifier, at.since(start)));
        }
    }

    /// `CASCADE` or `RESTRICT` at the end of what drops or changes a type.
    fn take_trailing(&mut self, mut at: Cursor<'_>) {
        let drops = matches!(
            self.kind,
            ActionKind::DropColumn
                | ActionKind::DropConstraint
                | ActionKind::AddColumn
                | ActionKind::AlterType
        );
        while let Some(token) = at.bump() {
            let modifier = match token {
                token if token.is_word(at.sql, "cascade") => Modifier::Cascade,
                token if token.is_word(at.sql, "restrict") => Modifier::Restrict,
                _ => continue,
            };
            if drops && at.is_done() {
                self.modifiers.push((modifier, token.span));
            }
        }
    }
}
