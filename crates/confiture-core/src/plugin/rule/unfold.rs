//! What a script runs: its statements, and those in the bodies of `DO` blocks and of routines it calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::migration::{Script, ScriptStatement, StatementKind};
use crate::sql::{
    Body, CommandKind, ObjectKind, Outline, PartKind, Span, Token, TokenKind, Tokens, Verb, commands,
    constant, outline, split,
};

/// How deep calls are followed.
const MAX_DEPTH: usize = 8;

/// The statements a script runs, each behind the one it stands in.
#[derive(Debug)]
pub struct Unfolded {
    pub(super) statements: Vec<Inner>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// One statement that runs.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) statement: ScriptStatement,
    /// The statement whose body it stands in, an index into the same list.
    pub(super) inside: Option<usize>,
    /// The statement of the script that runs it.
    pub(super) outermost: usize,
    /// Its text stands in another script; its span is that of the statement that calls it.
    pub(super) foreign: bool,
}

/// SQL that runs and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Bytes of the file.
    pub place: std::ops::Range<usize>,
    /// The statement of the script that runs it.
    pub statement: usize,
    /// Why it cannot be read, lower case, no full stop.
    pub reason: String,
}

/// The routines known so far, by name without schema; a later definition replaces an earlier one.
#[derive(Debug, Clone, Default)]
pub struct Routines(BTreeMap<String, Routine>);

#[derive(Debug, Clone)]
struct Routine {
    /// `None` where the body is in a language that is not read.
    body: Option<Text>,
    language: String,
    /// Defined in an earlier script.
    foreign: bool,
}

/// The text of a body.
#[derive(Debug, Clone)]
struct Text {
    sql: String,
    /// Where each byte stands in the file, then where it ends; empty for foreign ones.
    places: Vec<usize>,
    plpgsql: bool,
}

impl Unfolded {
    /// Unfolds a script; `routines` are those of the scripts before it, and get its own.
    pub fn of(script: &Script, routines: &mut Routines) -> Self {
        for routine in routines.0.values_mut() {
            routine.foreign = true;
        }
        let mut unfolded = Self { statements: Vec::new(), unread: Vec::new() };
        for (index, statement) in script.statements.iter().enumerate() {
            let inner =
                Inner { statement: statement.clone(), inside: None, outermost: index, foreign: false };
            unfolded.add(inner, routines, 0);
        }
        unfolded
    }

    fn add(&mut self, inner: Inner, routines: &mut Routines, depth: usize) {
        let at = self.statements.len();
        let outline = outline(&inner.statement.sql);
        let (sql, outermost) = (Arc::clone(&inner.statement.sql), inner.outermost);
        self.statements.push(inner);
        match outline.verb {
            Verb::Create => routines.define(&self.statements[at], &outline),
            Verb::Do => match block(&sql, &self.statements[at]) {
                Ok(text) => self.body(at, &text, routines, depth),
                Err(reason) => self.cannot_read(at, outermost, reason),
            },
            Verb::Call | Verb::Select => {
                for name in calls(&sql) {
                    match routines.0.get(&name).cloned() {
                        Some(Routine { body: Some(mut text), foreign, .. }) => {
                            if foreign {
                                text.places.clear();
                            }
                            self.body(at, &text, routines, depth);
                        }
                        Some(Routine { language, .. }) => {
                            self.cannot_read(at, outermost, format!("{name} is written in {language}"));
                        }
                        None if outline.verb == Verb::Call => {
                            let reason = format!("no migration before this one defines the procedure {name}");
                            self.cannot_read(at, outermost, reason);
                        }
                        None => {}
                    }
                    if outline.verb == Verb::Call {
                        break;
                    }
                }
            }
            Verb::Unknown => {
                self.cannot_read(at, outermost, "no statement of PostgreSQL starts like this".to_owned());
            }
            _ => {}
        }
    }

    fn cannot_read(&mut self, at: usize, statement: usize, reason: String) {
        let place = self.statements[at].statement.span.clone();
        self.unread.push(Unread { place, statement, reason });
    }

    /// Adds the statements of a body that the statement at `outer` runs.
    fn body(&mut self, outer: usize, text: &Text, routines: &mut Routines, depth: usize) {
        let outermost = self.statements[outer].outermost;
        if depth >= MAX_DEPTH {
            return self.cannot_read(outer, outermost, "calls are nested too deeply".to_owned());
        }
        let found: Vec<(CommandKind, Span)> = if text.plpgsql {
            commands(&text.sql).into_iter().map(|command| (command.kind, command.span)).collect()
        } else {
            split(&text.sql).iter().map(|statement| (CommandKind::Sql, statement.span)).collect()
        };
        for (kind, span) in found {
            let inner = self.inner(outer, text, span);
            let sql = Arc::clone(&inner.statement.sql);
            match kind {
                CommandKind::Sql => self.add(inner, routines, depth + 1),
                CommandKind::Perform => {
                    // The same query, and the same number of bytes.
                    let mut inner = inner;
                    let rest = sql.get("perform".len()..).unwrap_or_default();
                    inner.statement.sql = format!("SELECT {rest}").into();
                    self.add(inner, routines, depth + 1);
                }
                CommandKind::Execute => match executed(&sql, &inner) {
                    Some(text) => self.body(outer, &text, routines, depth + 1),
                    None => self.unread.push(Unread {
                        place: inner.statement.span,
                        statement: outermost,
                        reason: "its text is put together when it runs".to_owned(),
                    }),
                },
            }
        }
    }

    fn inner(&self, outer: usize, text: &Text, span: Span) -> Inner {
        let around = &self.statements[outer];
        let place = |at: usize| text.places.get(at).copied();
        let mut moved: Vec<(usize, usize)> = Vec::new();
        let (foreign, file) = match (place(span.start), place(span.end.saturating_sub(1))) {
            (Some(start), Some(last)) if !around.foreign => {
                for at in span.start..span.end {
                    let (Some(here), before) = (place(at), at.checked_sub(1).and_then(place)) else {
                        continue;
                    };
                    if moved.is_empty() || before != Some(here.wrapping_sub(1)) {
                        moved.push((at - span.start, here));
                    }
                }
                (false, start..last + 1)
            }
            _ => (true, around.statement.span.clone()),
        };
        let sql = span.text(&text.sql).into();
        let statement = ScriptStatement { sql, span: file, kind: StatementKind::Sql, moved };
        Inner { statement, inside: Some(outer), outermost: around.outermost, foreign }
    }
}

impl Routines {
    fn define(&mut self, inner: &Inner, outline: &Outline) {
        if !matches!(outline.object, Some(ObjectKind::Function | ObjectKind::Procedure)) {
            return;
        }
        let (Body::Definition(definition), Some(name)) = (&outline.body, outline.name()) else { return };
        let sql = &inner.statement.sql;
        let language = definition.part(PartKind::Language).and_then(|part| part.value);
        let language = language.map_or("sql", |span| span.text(sql)).trim_matches('\'').to_ascii_lowercase();
        let body = definition.part(PartKind::Body).and_then(|part| part.value);
        let body = match language.as_str() {
            "sql" | "plpgsql" => body.and_then(|body| text(inner, body, language == "plpgsql")),
            _ => None,
        };
        self.0.insert(name.name().to_owned(), Routine { body, language, foreign: inner.foreign });
    }
}

fn significant(sql: &str) -> Vec<Token> {
    Tokens::new(sql).filter(|token| !token.kind.is_trivia()).collect()
}

/// The text of a body that stands at `span` of a statement: in a string, or as SQL.
fn text(inner: &Inner, span: Span, plpgsql: bool) -> Option<Text> {
    let sql = &inner.statement.sql;
    let tokens: Vec<Token> = significant(sql).into_iter().filter(|token| span.contains(token.span)).collect();
    let place = |at: usize| inner.statement.file_offset(at);
    let (sql, places): (String, Vec<usize>) = match tokens.as_slice() {
        [literal] => {
            let (value, places) = constant(literal.text(sql), literal.kind)?;
            (value, places.into_iter().map(|at| place(at + literal.span.start)).collect())
        }
        [begin, atomic, .., end] if begin.is_word(sql, "begin") && atomic.is_word(sql, "atomic") => {
            let inside = Span::new(atomic.span.end, end.span.start);
            (inside.text(sql).to_owned(), (inside.start..=inside.end).map(place).collect())
        }
        _ => (span.text(sql).to_owned(), (span.start..=span.end).map(place).collect()),
    };
    Some(Text { sql, places: if inner.foreign { Vec::new() } else { places }, plpgsql })
}

/// The body of a `DO` block, or why it cannot be read.
fn block(sql: &str, inner: &Inner) -> Result<Text, String> {
    let tokens = significant(sql);
    let mut body = None;
    for (at, token) in tokens.iter().enumerate() {
        let language = at > 0 && tokens[at - 1].is_word(sql, "language");
        if language && !token.text(sql).trim_matches('\'').eq_ignore_ascii_case("plpgsql") {
            return Err(format!("the block is written in {}", token.text(sql)));
        }
        if token.kind.is_string() && !language {
            body = Some(token.span);
        }
    }
    body.and_then(|span| text(inner, span, true)).ok_or_else(|| "the block has no body to read".to_owned())
}

/// The SQL of `EXECUTE 'constant'`; `None` where the text is made of anything else.
fn executed(sql: &str, inner: &Inner) -> Option<Text> {
    let tokens = significant(sql);
    let (literal, rest) = (tokens.get(1)?, tokens.get(2));
    let alone = rest.is_none_or(|token| ["into", "using"].iter().any(|word| token.is_word(sql, word)));
    (alone && literal.kind.is_string()).then(|| text(inner, literal.span, false))?
}

/// The names of functions and procedures a statement calls, without schema.
fn calls(sql: &str) -> Vec<String> {
    let tokens = significant(sql);
    let call = |pair: &[Token]| {
        let [name, open] = pair else { return None };
        let named = open.kind == TokenKind::LeftParen && name.kind.is_name();
        let text = name.text(sql);
        named.then(|| match name.kind {
            TokenKind::Ident => text.to_ascii_lowercase(),
            _ => text.trim_matches('"').replace("\"\"", "\""),
        })
    };
    tokens.windows(2).filter_map(call).collect()
}
