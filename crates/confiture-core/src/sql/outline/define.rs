//! What other `CREATE` statements define: domains, types, views, triggers, policies, sequences, routines.

use super::super::cursor::Cursor;
use super::super::lex::TokenKind;
use super::super::{ObjectKind, Span};
use super::clause::{Clause, clauses, data_type};
use super::{inner, inside, items};

/// What a `CREATE DOMAIN`, `TYPE`, `VIEW`, `TRIGGER`, `POLICY`, `SEQUENCE`, `FUNCTION` or `PROCEDURE`
/// defines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Definition {
    /// The labels of an enum, the attributes of a composite type, the columns of a view, the arguments of a
    /// routine.
    pub items: Vec<Span>,
    /// The constraints, default and collation of a domain.
    pub clauses: Vec<Clause>,
    /// Its clauses, in order.
    pub parts: Vec<Part>,
}

impl Definition {
    /// The first part of a kind.
    pub fn part(&self, kind: PartKind) -> Option<Part> {
        self.parts.iter().find(|part| part.kind == kind).copied()
    }

    fn push(&mut self, kind: PartKind, span: Span, value: Option<Span>) {
        self.parts.push(Part { kind, span, value: value.filter(|value| !value.is_empty()) });
    }
}

/// One clause of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// All of it.
    pub span: Span,
    /// What follows its keywords; of a parenthesised expression, what is inside.
    pub value: Option<Span>,
}

/// What a part of a definition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartKind {
    /// The type of a domain.
    DataType,
    /// The query of a view.
    Query,
    /// `WITH (…)`, of a view.
    Options,
    /// `WITH [LOCAL | CASCADED] CHECK OPTION`.
    CheckOption,
    /// `WITH DATA` or `WITH NO DATA`.
    WithData,
    /// `BEFORE`, `AFTER` or `INSTEAD OF`.
    Timing,
    /// One event of a trigger, with its columns.
    Event,
    /// `FOR EACH ROW` or `STATEMENT`.
    ForEach,
    /// `WHEN (…)`.
    When,
    /// `EXECUTE FUNCTION …`.
    Execute,
    /// `AS PERMISSIVE` or `RESTRICTIVE`.
    Permissive,
    /// `FOR command`, of a policy.
    Command,
    /// `TO role, …`.
    Roles,
    /// `USING (…)`, of a policy.
    Using,
    /// `WITH CHECK (…)`, of a policy.
    WithCheck,
    /// `RETURNS …`.
    Returns,
    /// `LANGUAGE …`.
    Language,
    /// `IMMUTABLE`, `STABLE` or `VOLATILE`.
    Volatility,
    /// `STRICT`, `CALLED ON NULL INPUT`, `RETURNS NULL ON NULL INPUT`.
    NullInput,
    /// `[EXTERNAL] SECURITY DEFINER` or `INVOKER`.
    Security,
    /// `[NOT] LEAKPROOF`.
    Leakproof,
    /// `PARALLEL …`.
    Parallel,
    /// `COST …`.
    Cost,
    /// `ROWS …`.
    Rows,
    /// `SET name …`, of a routine.
    Set,
    /// The body of a routine: `AS …`, `BEGIN ATOMIC … END`, `RETURN …`. The value is the string, or all.
    Body,
    /// One option of a sequence.
    SequenceOption,
}

/// Reads what follows the name; `None` for kinds this module does not know.
pub(super) fn read(object: ObjectKind, mut cursor: Cursor<'_>) -> Option<Definition> {
    let mut definition = Definition::default();
    match object {
        ObjectKind::Domain => domain(&mut definition, cursor),
        ObjectKind::Type => {
            cursor.eat("as");
            cursor.eat_any(&["enum", "range"]);
            definition.take_items(&mut cursor);
        }
        ObjectKind::View | ObjectKind::MaterializedView => view(&mut definition, cursor),
        ObjectKind::Trigger => trigger(&mut definition, cursor),
        ObjectKind::Policy => policy(&mut definition, cursor),
        ObjectKind::Sequence => parts(&mut definition, cursor, SEQUENCE),
        ObjectKind::Function | ObjectKind::Procedure => routine(&mut definition, cursor),
        _ => return None,
    }
    Some(definition)
}

impl Definition {
    fn take_items(&mut self, cursor: &mut Cursor<'_>) {
        if let Some(list) = cursor.parens() {
            self.items = items(inside(*cursor, list));
        }
    }
}

type Words = &'static [&'static str];

/// Parts that reach up to the first word of the next one.
fn parts(definition: &mut Definition, mut cursor: Cursor<'_>, known: &[(Words, PartKind)]) {
    while !cursor.is_done() {
        let start = cursor.offset();
        let Some((_, kind)) = known.iter().find(|(words, _)| cursor.eat_words(words)) else {
            cursor.bump_group();
            continue;
        };
        let value = cursor.offset();
        cursor.skip_until(|at| known.iter().any(|(words, _)| at.at_words(words)));
        let value = cursor.since(value);
        definition.push(*kind, cursor.since(start), Some(bare(cursor.sql, value)));
    }
}

/// A single parenthesised group without its parentheses; anything else as it is.
fn bare(sql: &str, span: Span) -> Span {
    if span.text(sql).starts_with('(') { inner(sql, span) } else { span }
}

fn domain(definition: &mut Definition, mut cursor: Cursor<'_>) {
    cursor.eat("as");
    if let Some(span) = data_type(&mut cursor) {
        definition.push(PartKind::DataType, span, Some(span));
    }
    definition.clauses = clauses(&mut cursor);
}

fn view(definition: &mut Definition, mut cursor: Cursor<'_>) {
    definition.take_items(&mut cursor);
    let start = cursor.offset();
    if cursor.eat("with") {
        let value = cursor.parens().map(|group| inner(cursor.sql, group));
        definition.push(PartKind::Options, cursor.since(start), value);
    }
    if !cursor.seek("as") {
        return;
    }
    cursor.bump();
    const TAILS: &[(Words, PartKind)] = &[
        (&["with", "check", "option"], PartKind::CheckOption),
        (&["with", "local", "check", "option"], PartKind::CheckOption),
        (&["with", "cascaded", "check", "option"], PartKind::CheckOption),
        (&["with", "data"], PartKind::WithData),
        (&["with", "no", "data"], PartKind::WithData),
    ];
    let start = cursor.offset();
    // `with data as (…) select` is a query: what ends the statement has nothing behind it.
    cursor
        .skip_until(|at| TAILS.iter().any(|(words, _)| at.at_words(words) && at.nth(words.len()).is_none()));
    let query = cursor.since(start);
    definition.push(PartKind::Query, query, Some(query));
    parts(definition, cursor, TAILS);
}

/// The cursor stands behind the table; what the trigger fires on was passed on the way.
fn trigger(definition: &mut Definition, cursor: Cursor<'_>) {
    const TIMINGS: &[Words] = &[&["before"], &["after"], &["instead", "of"]];
    const EVENTS: &[Words] = &[&["insert"], &["update"], &["delete"], &["truncate"]];
    let mut head = cursor.rewound();
    head.skip_until(|at| TIMINGS.iter().any(|words| at.at_words(words)));
    let start = head.offset();
    if TIMINGS.iter().any(|words| head.eat_words(words)) {
        let span = head.since(start);
        definition.push(PartKind::Timing, span, Some(span));
    }
    while EVENTS.iter().any(|words| head.at_words(words)) {
        let start = head.offset();
        head.skip_until(|at| at.at_any(&["or", "on"]));
        let span = head.since(start);
        definition.push(PartKind::Event, span, Some(span));
        head.eat("or");
    }
    const REST: &[(Words, PartKind)] = &[
        (&["for"], PartKind::ForEach),
        (&["when"], PartKind::When),
        (&["execute", "function"], PartKind::Execute),
        (&["execute", "procedure"], PartKind::Execute),
    ];
    parts(definition, cursor, REST);
}

fn policy(definition: &mut Definition, cursor: Cursor<'_>) {
    const POLICY: &[(Words, PartKind)] = &[
        (&["as"], PartKind::Permissive),
        (&["for"], PartKind::Command),
        (&["to"], PartKind::Roles),
        (&["using"], PartKind::Using),
        (&["with", "check"], PartKind::WithCheck),
    ];
    parts(definition, cursor, POLICY);
}

const SEQUENCE: &[(Words, PartKind)] = &[
    (&["as"], PartKind::SequenceOption),
    (&["increment"], PartKind::SequenceOption),
    (&["no", "minvalue"], PartKind::SequenceOption),
    (&["no", "maxvalue"], PartKind::SequenceOption),
    (&["no", "cycle"], PartKind::SequenceOption),
    (&["minvalue"], PartKind::SequenceOption),
    (&["maxvalue"], PartKind::SequenceOption),
    (&["start"], PartKind::SequenceOption),
    (&["cache"], PartKind::SequenceOption),
    (&["cycle"], PartKind::SequenceOption),
    (&["owned", "by"], PartKind::SequenceOption),
];

fn routine(definition: &mut Definition, mut cursor: Cursor<'_>) {
    const ROUTINE: &[(Words, PartKind)] = &[
        (&["returns", "null", "on", "null", "input"], PartKind::NullInput),
        (&["called", "on", "null", "input"], PartKind::NullInput),
        (&["strict"], PartKind::NullInput),
        (&["returns"], PartKind::Returns),
        (&["language"], PartKind::Language),
        (&["immutable"], PartKind::Volatility),
        (&["stable"], PartKind::Volatility),
        (&["volatile"], PartKind::Volatility),
        (&["external", "security"], PartKind::Security),
        (&["security"], PartKind::Security),
        (&["not", "leakproof"], PartKind::Leakproof),
        (&["leakproof"], PartKind::Leakproof),
        (&["parallel"], PartKind::Parallel),
        (&["cost"], PartKind::Cost),
        (&["rows"], PartKind::Rows),
        (&["set"], PartKind::Set),
        (&["as"], PartKind::Body),
    ];
    definition.take_items(&mut cursor);
    // A body in SQL holds all of these words; it is the last part.
    let is_body = |at: &Cursor<'_>| at.at_words(&["begin", "atomic"]) || at.at_word("return");
    let mut body = cursor;
    body.skip_until(is_body);
    let head = Span::new(cursor.offset(), body.last_end().max(cursor.offset()));
    parts(definition, cursor.rewound().within(head), ROUTINE);
    if let Some(span) = body.rest() {
        definition.push(PartKind::Body, span, Some(span));
    }
    let string = |part: &mut Part| {
        if part.kind == PartKind::Body {
            let mut tokens = cursor.rewound().within(part.span);
            tokens.skip_until(|at| at.peek().is_some_and(|token| token.kind.is_string()));
            if let Some(token) = tokens.peek().filter(|token| token.kind != TokenKind::Ident) {
                part.value = Some(token.span);
            }
        }
    };
    definition.parts.iter_mut().filter(|part| !is_sql_body(part, body)).for_each(string);
}

/// Whether `part` is the body written in SQL that starts at `body`.
fn is_sql_body(part: &Part, body: Cursor<'_>) -> bool {
    !body.is_done() && part.span.start == body.offset()
}
