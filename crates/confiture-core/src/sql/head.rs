//! The first words of a statement: what it does, to which kind of object, and to which objects.

use super::cursor::Cursor;
use super::lex::TokenKind;
use super::{ObjectName, Span};

/// What a statement does, from its first words.
///
/// `WITH …` and parenthesised queries have the verb of their main query, `END` and `ABORT` those of their
/// synonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the SQL command of that name")]
pub enum Verb {
    Create,
    Alter,
    Drop,
    Select,
    Values,
    Table,
    Insert,
    Update,
    Delete,
    Merge,
    Truncate,
    Copy,
    Comment,
    SecurityLabel,
    Grant,
    Revoke,
    ReassignOwned,
    ImportForeignSchema,
    Refresh,
    Reindex,
    Cluster,
    Vacuum,
    Analyze,
    Explain,
    Do,
    Call,
    Prepare,
    Execute,
    Deallocate,
    Declare,
    Fetch,
    Move,
    Close,
    Set,
    Reset,
    Show,
    Discard,
    Lock,
    Listen,
    Unlisten,
    Notify,
    Load,
    Checkpoint,
    Begin,
    Commit,
    Rollback,
    Savepoint,
    Release,
    PrepareTransaction,
    CommitPrepared,
    RollbackPrepared,
    /// A psql command.
    Meta,
    /// Nothing PostgreSQL knows, or nothing at all.
    Unknown,
}

/// What kind of object a statement is about.
///
/// `ROLE`, `USER` and `GROUP` are one kind; so are a trigger and a constraint trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the object of that name")]
pub enum ObjectKind {
    AccessMethod,
    Aggregate,
    Cast,
    Collation,
    Column,
    Constraint,
    Conversion,
    Database,
    DefaultPrivileges,
    Domain,
    EventTrigger,
    Extension,
    ForeignDataWrapper,
    ForeignTable,
    Function,
    Index,
    Language,
    LargeObject,
    MaterializedView,
    Operator,
    OperatorClass,
    OperatorFamily,
    /// `DROP OWNED`.
    Owned,
    /// `GRANT … ON PARAMETER`.
    Parameter,
    Policy,
    Procedure,
    Publication,
    Role,
    Routine,
    Rule,
    Schema,
    Sequence,
    Server,
    Statistics,
    Subscription,
    /// `ALTER SYSTEM`, `REINDEX SYSTEM`.
    System,
    Table,
    Tablespace,
    TextSearchConfiguration,
    TextSearchDictionary,
    TextSearchParser,
    TextSearchTemplate,
    Transform,
    Trigger,
    Type,
    UserMapping,
    View,
}

/// A word or two that change what the head means and can be taken away by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Modifier {
    /// `OR REPLACE`.
    OrReplace,
    /// `TEMP`, `TEMPORARY`.
    Temporary,
    /// `UNLOGGED`.
    Unlogged,
    /// `UNIQUE`, of an index.
    Unique,
    /// `CONCURRENTLY`.
    Concurrently,
    /// `IF EXISTS`.
    IfExists,
    /// `IF NOT EXISTS`.
    IfNotExists,
    /// `ONLY`, before a table.
    Only,
    /// `CASCADE` at the end.
    Cascade,
    /// `RESTRICT` at the end.
    Restrict,
}

const OBJECTS: &[(&[&str], ObjectKind)] = &[
    (&["access", "method"], ObjectKind::AccessMethod),
    (&["aggregate"], ObjectKind::Aggregate),
    (&["cast"], ObjectKind::Cast),
    (&["collation"], ObjectKind::Collation),
    (&["column"], ObjectKind::Column),
    (&["constraint", "trigger"], ObjectKind::Trigger),
    (&["constraint"], ObjectKind::Constraint),
    (&["conversion"], ObjectKind::Conversion),
    (&["database"], ObjectKind::Database),
    (&["default", "conversion"], ObjectKind::Conversion),
    (&["default", "privileges"], ObjectKind::DefaultPrivileges),
    (&["domain"], ObjectKind::Domain),
    (&["event", "trigger"], ObjectKind::EventTrigger),
    (&["extension"], ObjectKind::Extension),
    (&["foreign", "data", "wrapper"], ObjectKind::ForeignDataWrapper),
    (&["foreign", "server"], ObjectKind::Server),
    (&["foreign", "table"], ObjectKind::ForeignTable),
    (&["function"], ObjectKind::Function),
    (&["group"], ObjectKind::Role),
    (&["index"], ObjectKind::Index),
    (&["language"], ObjectKind::Language),
    (&["large", "object"], ObjectKind::LargeObject),
    (&["materialized", "view"], ObjectKind::MaterializedView),
    (&["operator", "class"], ObjectKind::OperatorClass),
    (&["operator", "family"], ObjectKind::OperatorFamily),
    (&["operator"], ObjectKind::Operator),
    (&["owned"], ObjectKind::Owned),
    (&["parameter"], ObjectKind::Parameter),
    (&["policy"], ObjectKind::Policy),
    (&["procedure"], ObjectKind::Procedure),
    (&["publication"], ObjectKind::Publication),
    (&["role"], ObjectKind::Role),
    (&["routine"], ObjectKind::Routine),
    (&["rule"], ObjectKind::Rule),
    (&["schema"], ObjectKind::Schema),
    (&["sequence"], ObjectKind::Sequence),
    (&["server"], ObjectKind::Server),
    (&["statistics"], ObjectKind::Statistics),
    (&["subscription"], ObjectKind::Subscription),
    (&["system"], ObjectKind::System),
    (&["table"], ObjectKind::Table),
    (&["tablespace"], ObjectKind::Tablespace),
    (&["text", "search", "configuration"], ObjectKind::TextSearchConfiguration),
    (&["text", "search", "dictionary"], ObjectKind::TextSearchDictionary),
    (&["text", "search", "parser"], ObjectKind::TextSearchParser),
    (&["text", "search", "template"], ObjectKind::TextSearchTemplate),
    (&["transform"], ObjectKind::Transform),
    (&["trigger"], ObjectKind::Trigger),
    (&["type"], ObjectKind::Type),
    (&["user", "mapping"], ObjectKind::UserMapping),
    (&["user"], ObjectKind::Role),
    (&["view"], ObjectKind::View),
];

/// Verbs that one word tells.
const VERBS: &[(&str, Verb)] = &[
    ("abort", Verb::Rollback),
    ("alter", Verb::Alter),
    ("analyse", Verb::Analyze),
    ("analyze", Verb::Analyze),
    ("begin", Verb::Begin),
    ("call", Verb::Call),
    ("checkpoint", Verb::Checkpoint),
    ("close", Verb::Close),
    ("cluster", Verb::Cluster),
    ("comment", Verb::Comment),
    ("commit", Verb::Commit),
    ("copy", Verb::Copy),
    ("create", Verb::Create),
    ("deallocate", Verb::Deallocate),
    ("declare", Verb::Declare),
    ("delete", Verb::Delete),
    ("discard", Verb::Discard),
    ("do", Verb::Do),
    ("drop", Verb::Drop),
    ("end", Verb::Commit),
    ("execute", Verb::Execute),
    ("explain", Verb::Explain),
    ("fetch", Verb::Fetch),
    ("grant", Verb::Grant),
    ("import", Verb::ImportForeignSchema),
    ("insert", Verb::Insert),
    ("listen", Verb::Listen),
    ("load", Verb::Load),
    ("lock", Verb::Lock),
    ("merge", Verb::Merge),
    ("move", Verb::Move),
    ("notify", Verb::Notify),
    ("prepare", Verb::Prepare),
    ("reassign", Verb::ReassignOwned),
    ("refresh", Verb::Refresh),
    ("reindex", Verb::Reindex),
    ("release", Verb::Release),
    ("reset", Verb::Reset),
    ("revoke", Verb::Revoke),
    ("rollback", Verb::Rollback),
    ("savepoint", Verb::Savepoint),
    ("security", Verb::SecurityLabel),
    ("select", Verb::Select),
    ("set", Verb::Set),
    ("show", Verb::Show),
    ("start", Verb::Begin),
    ("table", Verb::Table),
    ("truncate", Verb::Truncate),
    ("unlisten", Verb::Unlisten),
    ("update", Verb::Update),
    ("vacuum", Verb::Vacuum),
    ("values", Verb::Values),
];

/// The head of one statement; the cursor that read it stands behind the last word it used.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) verb: Verb,
    pub(super) object: Option<ObjectKind>,
    pub(super) modifiers: Vec<(Modifier, Span)>,
    /// A query of its `WITH` clause changes data.
    pub(super) modifying_cte: bool,
}

impl Head {
    /// Reads up to the names of the objects.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Self {
        let mut head =
            Self { verb: Verb::Unknown, object: None, modifiers: Vec::new(), modifying_cte: false };
        if cursor.at_kind(TokenKind::Meta) {
            head.verb = Verb::Meta;
            return head;
        }
        while cursor.eat_kind(TokenKind::LeftParen) {}
        if cursor.at_word("with") {
            head.modifying_cte = skip_ctes(cursor);
        }
        head.verb = verb(cursor);
        head.read_object(cursor);
        head
    }

    pub(super) fn has(&self, modifier: Modifier) -> bool {
        self.modifiers.iter().any(|(found, _)| *found == modifier)
    }

    fn read_object(&mut self, cursor: &mut Cursor<'_>) {
        let named = match self.verb {
            Verb::Create => {
                while self.eat_any(cursor, CREATE_MODIFIERS)
                    || cursor.eat_any(&["global", "local", "recursive", "trusted", "procedural"])
                {
                }
                object(cursor)
            }
            Verb::Alter | Verb::Drop => {
                cursor.eat("procedural");
                object(cursor)
            }
            Verb::Comment | Verb::SecurityLabel => {
                if cursor.seek("on") {
                    cursor.bump();
                }
                cursor.eat("procedural");
                object(cursor)
            }
            Verb::Grant | Verb::Revoke => granted(cursor),
            Verb::Reindex => {
                cursor.parens();
                object(cursor)
            }
            Verb::Refresh => object(cursor),
            Verb::Insert | Verb::Merge => cursor.eat("into").then_some(ObjectKind::Table),
            Verb::Delete => cursor.eat("from").then_some(ObjectKind::Table),
            Verb::Truncate | Verb::Lock => {
                cursor.eat("table");
                Some(ObjectKind::Table)
            }
            Verb::Copy => {
                cursor.eat("binary");
                (!cursor.at_kind(TokenKind::LeftParen)).then_some(ObjectKind::Table)
            }
            Verb::Update => Some(ObjectKind::Table),
            Verb::Cluster | Verb::Vacuum | Verb::Analyze => {
                cursor.parens();
                while cursor.eat_any(&["full", "freeze", "verbose", "analyze", "analyse"]) {}
                (!cursor.is_done()).then_some(ObjectKind::Table)
            }
            _ => None,
        };
        self.object = named;
        if named.is_some() {
            while self.eat_any(cursor, NAME_MODIFIERS) {}
        }
        if self.verb == Verb::Drop {
            self.read_behaviour(*cursor);
        }
    }

    /// `CASCADE` or `RESTRICT`, the last word of a `DROP`.
    fn read_behaviour(&mut self, mut cursor: Cursor<'_>) {
        while let Some(token) = cursor.bump() {
            if cursor.is_done() {
                let modifier = match token {
                    token if token.is_word(cursor.sql, "cascade") => Modifier::Cascade,
                    token if token.is_word(cursor.sql, "restrict") => Modifier::Restrict,
                    _ => return,
                };
                self.modifiers.push((modifier, token.span));
            }
        }
    }

    fn eat_any(&mut self, cursor: &mut Cursor<'_>, modifiers: &[(&[&str], Modifier)]) -> bool {
        let start = cursor.offset();
        for (words, modifier) in modifiers {
            if cursor.eat_words(words) {
                self.modifiers.push((*modifier, cursor.since(start)));
                return true;
            }
        }
        false
    }
}

const CREATE_MODIFIERS: &[(&[&str], Modifier)] = &[
    (&["or", "replace"], Modifier::OrReplace),
    (&["temporary"], Modifier::Temporary),
    (&["temp"], Modifier::Temporary),
    (&["unlogged"], Modifier::Unlogged),
    (&["unique"], Modifier::Unique),
];

const NAME_MODIFIERS: &[(&[&str], Modifier)] = &[
    (&["concurrently"], Modifier::Concurrently),
    (&["if", "not", "exists"], Modifier::IfNotExists),
    (&["if", "exists"], Modifier::IfExists),
    (&["only"], Modifier::Only),
];

fn verb(cursor: &mut Cursor<'_>) -> Verb {
    let Some(token) = cursor.peek().filter(|token| token.kind == TokenKind::Ident) else {
        return Verb::Unknown;
    };
    let word = token.text(cursor.sql);
    let found = VERBS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    let Some((_, verb)) = found.copied() else {
        return Verb::Unknown;
    };
    cursor.bump();
    match verb {
        Verb::Prepare if cursor.eat("transaction") => Verb::PrepareTransaction,
        Verb::Commit if cursor.eat("prepared") => Verb::CommitPrepared,
        Verb::Rollback if cursor.eat("prepared") => Verb::RollbackPrepared,
        Verb::ReassignOwned if !cursor.eat("owned") => Verb::Unknown,
        Verb::SecurityLabel if !cursor.eat("label") => Verb::Unknown,
        Verb::ImportForeignSchema if !cursor.eat_words(&["foreign", "schema"]) => Verb::Unknown,
        Verb::Begin if word.eq_ignore_ascii_case("start") && !cursor.eat("transaction") => Verb::Unknown,
        verb => verb,
    }
}

pub(super) fn object(cursor: &mut Cursor<'_>) -> Option<ObjectKind> {
    OBJECTS.iter().find(|(words, _)| cursor.eat_words(words)).map(|(_, kind)| *kind)
}

/// Goes from `WITH` to the main query; tells whether one of the queries before it changes data.
fn skip_ctes(cursor: &mut Cursor<'_>) -> bool {
    let mut modifies = false;
    cursor.eat_words(&["with", "recursive"]);
    cursor.eat("with");
    loop {
        cursor.bump();
        cursor.parens();
        cursor.eat("as");
        cursor.eat("not");
        cursor.eat("materialized");
        let query = *cursor;
        if let Some(span) = cursor.parens() {
            let mut query = query.within(span);
            query.bump();
            modifies |= query.at_any(&["insert", "update", "delete", "merge"]);
        }
        // SEARCH and CYCLE clauses hold commas, but no parentheses and none of these words.
        cursor.skip_until(|at| {
            at.at_kind(TokenKind::Comma) || at.at_kind(TokenKind::LeftParen) || at.at_any(QUERIES)
        });
        if !cursor.eat_kind(TokenKind::Comma) {
            break;
        }
    }
    while cursor.eat_kind(TokenKind::LeftParen) {}
    modifies
}

const QUERIES: &[&str] = &["select", "insert", "update", "delete", "merge", "values", "table"];

/// What a `GRANT` or `REVOKE` is on; without `ON` it is a role.
fn granted(cursor: &mut Cursor<'_>) -> Option<ObjectKind> {
    let mut ahead = *cursor;
    ahead.skip_until(|at| at.at_any(&["on", "to", "from"]));
    if !ahead.eat("on") {
        return Some(ObjectKind::Role);
    }
    *cursor = ahead;
    if cursor.eat("all") {
        let in_schema = cursor.seek("in") && cursor.eat_words(&["in", "schema"]);
        return in_schema.then_some(ObjectKind::Schema);
    }
    Some(object(cursor).unwrap_or(ObjectKind::Table))
}

/// The objects a statement names, and the table (or domain, view, server) they hang on.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) names: Vec<ObjectName>,
    pub(super) on: Option<ObjectName>,
}

impl Names {
    /// Reads the names that follow `head`; the cursor ends behind the first, or the last of a list.
    pub(super) fn read(head: &Head, cursor: &mut Cursor<'_>) -> Self {
        let mut found = Self::default();
        let Some(object) = head.object else {
            return found;
        };
        match (head.verb, object) {
            (_, ObjectKind::Cast | ObjectKind::LargeObject | ObjectKind::DefaultPrivileges) => {}
            (_, ObjectKind::System | ObjectKind::Owned | ObjectKind::Transform) => {}
            (_, ObjectKind::UserMapping) => {
                if cursor.seek("server") {
                    cursor.bump();
                    found.on = cursor.name();
                }
            }
            (Verb::Create, ObjectKind::Index) => {
                if !cursor.at_word("on") {
                    found.names.extend(cursor.name());
                }
                found.read_on(cursor);
            }
            (Verb::Create, ObjectKind::Schema) if cursor.eat("authorization") => {
                found.names.extend(cursor.name());
            }
            (Verb::Create, ObjectKind::Rule) => {
                found.names.extend(cursor.name());
                if cursor.seek("to") {
                    cursor.bump();
                    found.on = cursor.name();
                }
            }
            (Verb::Alter, _) if cursor.at_words(&["all", "in", "tablespace"]) => {}
            (Verb::Drop | Verb::Truncate | Verb::Lock | Verb::Vacuum | Verb::Analyze, _)
            | (Verb::Grant | Verb::Revoke, _) => {
                found.read_list(cursor);
                found.read_on(cursor);
            }
            (Verb::Create | Verb::Alter | Verb::Comment | Verb::SecurityLabel, _) => {
                found.names.extend(name(cursor));
                let hangs = matches!(
                    object,
                    ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule | ObjectKind::Constraint
                );
                if hangs {
                    found.read_on(cursor);
                }
            }
            _ => found.names.extend(cursor.name()),
        }
        found
    }

    /// `ON [ONLY] [DOMAIN] name`, wherever it comes next.
    fn read_on(&mut self, cursor: &mut Cursor<'_>) {
        if cursor.seek("on") {
            cursor.bump();
            cursor.eat("only");
            if cursor.nth(1).is_some_and(|token| token.kind.is_name()) {
                cursor.eat("domain");
            }
            self.on = cursor.name();
        }
    }

    fn read_list(&mut self, cursor: &mut Cursor<'_>) {
        loop {
            cursor.eat("only");
            let Some(name) = name(cursor) else {
                return;
            };
            self.names.push(name);
            cursor.parens();
            if cursor.peek().is_some_and(|token| token.text(cursor.sql) == "*") {
                cursor.bump();
            }
            if !cursor.eat_kind(TokenKind::Comma) {
                return;
            }
        }
    }
}

/// An object's name; for an operator the text of its symbol.
fn name(cursor: &mut Cursor<'_>) -> Option<ObjectName> {
    let mut name = match cursor.peek()? {
        token if token.kind == TokenKind::Operator => ObjectName { parts: Vec::new(), span: token.span },
        _ => cursor.name()?,
    };
    if name.parts.is_empty() || (cursor.at_kind(TokenKind::Dot) && cursor.bump().is_some()) {
        let symbol = cursor.peek().filter(|token| token.kind == TokenKind::Operator)?;
        cursor.bump();
        name.parts.push(symbol.text(cursor.sql).to_owned());
        name.span = name.span.to(symbol.span);
    }
    Some(name)
}
