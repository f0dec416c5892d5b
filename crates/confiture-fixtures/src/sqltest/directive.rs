//! Reading a test file: its statements, and the directives between them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use confiture_core::Diagnostic;
use confiture_core::db::LockMode;
use confiture_core::migration::Source;
use confiture_core::sql::{self, Token, TokenKind, TransactionControl};

use super::test::{Action, Expectation, TestKind, UserTest};
use crate::sql_file::{self, Part};

/// Every directive with its arguments, for suggestions.
const DIRECTIVES: [(&str, &str); 6] = [
    ("migrate", "migrate to VERSION"),
    ("rollback", "rollback to VERSION"),
    ("assert", "assert"),
    ("catch", "catch SQLSTATE"),
    ("uses-index", "uses-index NAME"),
    ("at-most", "at-most LOCK MODE on TABLE"),
];

/// psql commands that pgTAP files begin with and that change only what psql prints.
const PRINTING: [&str; 7] = ["set", "unset", "pset", "echo", "qecho", "timing", "encoding"];

/// A directive as it is written.
enum Directive {
    Migrate(String),
    Rollback(String),
    AtMost(LockMode, String),
    Expect(Expectation),
}

impl UserTest {
    /// Reads a test file; `name` is what reports call it.
    ///
    /// A file with calls of pgTAP's `plan`, `no_plan`, `finish` or `runtests` is a pgTAP file; it takes
    /// `migrate to` and `rollback to` besides.
    pub fn parse(name: &str, path: &Path, text: String) -> Self {
        Self::of(name, Arc::new(Source { path: path.to_owned(), text }))
    }

    pub(super) fn of(name: &str, source: Arc<Source>) -> Self {
        let mut test = Self::empty(name, TestKind::Directives, &source);
        let printing = Reader {
            text: &source.text,
            test: &mut test,
            pending: Vec::new(),
            printing: Vec::new(),
            in_transaction: false,
        }
        .read();
        test.decide_kind();
        if test.kind == TestKind::Directives {
            test.problems.extend(printing);
        }
        test.require_assertion();
        test
    }

    /// The verify script of the migration `id`: with `rows`, its statements have to return a row, and only
    /// true booleans; else (sqitch) it is enough that none fails.
    pub(super) fn verify(id: &str, source: Arc<Source>, rows: bool) -> Self {
        let mut test = Self::empty(&format!("verify {id}"), TestKind::Verify, &source);
        test.verifies = Some(id.to_owned());
        for (_, part) in sql_file::parts(&source.text) {
            match part {
                Part::Sql(statement) => {
                    // It runs in a transaction that is rolled back anyway.
                    use TransactionControl::{Begin, Commit, Rollback};
                    let control = sql::classify(&statement.sql).control;
                    if !matches!(control, Some(Begin | Commit | Rollback)) {
                        let span = statement.span.clone();
                        let expected = vec![(Expectation::Verify { rows }, span)];
                        test.actions.push(Action::Statement { statement, expected });
                    }
                }
                Part::Meta { name, .. } if PRINTING.contains(&name.as_str()) => {}
                Part::Meta { name, span } => test.problems.push(test.psql_command(&name, span)),
            }
        }
        test.require_assertion();
        test
    }

    fn empty(name: &str, kind: TestKind, source: &Arc<Source>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            source: Some(Arc::clone(source)),
            actions: Vec::new(),
            problems: Vec::new(),
            command: None,
            verifies: None,
        }
    }

    fn psql_command(&self, name: &str, span: Range<usize>) -> Diagnostic {
        let label = format!("\\{name} is a command of psql, not of the server");
        self.problem(span, &label, "write it in SQL; put what several tests need into --setup")
    }

    /// A file that asks nothing of its statements by directives and calls pgTAP is a pgTAP file; the locks of
    /// its steps are judged as well.
    fn decide_kind(&mut self) {
        let calls_tap = self.actions.iter().any(|action| match action {
            Action::Statement { statement, .. } => is_pgtap(&statement.sql),
            _ => false,
        });
        let asserts =
            |action: &Action| matches!(action, Action::Statement { expected, .. } if !expected.is_empty());
        if calls_tap && !self.actions.iter().any(asserts) {
            self.kind = TestKind::PgTap;
        }
    }

    /// A test that cannot fail is none.
    fn require_assertion(&mut self) {
        if !self.problems.is_empty() || self.kind == TestKind::PgTap || self.actions.iter().any(expects) {
            return;
        }
        let message = format!("the test {} has nothing that could fail", self.name);
        let help = match self.kind {
            TestKind::Verify => "write a statement that fails, or returns false, when the migration is wrong",
            _ => "put  -- confiture: assert  above a query that returns true when all is well",
        };
        self.problems.push(self.finding("test-asserts-nothing", 0..0, message).with_help(help));
    }
}

/// Whether `action` judges something.
fn expects(action: &Action) -> bool {
    match action {
        Action::Statement { expected, .. } => !expected.is_empty(),
        Action::AtMost { .. } => true,
        Action::Migrate { caught, .. } | Action::Rollback { caught, .. } => caught.is_some(),
    }
}

/// Whether `sql` calls a function that begins or ends a pgTAP test.
fn is_pgtap(sql: &str) -> bool {
    let tokens: Vec<Token> = sql::lex(sql).into_iter().filter(|token| !token.kind.is_trivia()).collect();
    // INSERT INTO plan (…) is none.
    let asks =
        ["select", "with", "values"].iter().any(|word| tokens.first().is_some_and(|t| t.is_word(sql, word)));
    asks && tokens.windows(2).any(|pair| {
        let named = ["plan", "no_plan", "finish", "runtests"].iter().any(|word| pair[0].is_word(sql, word));
        named && pair[1].kind == TokenKind::LeftParen
    })
}

/// A file being read.
struct Reader<'a> {
    text: &'a str,
    test: &'a mut UserTest,
    /// Expectations that wait for their statement.
    pending: Vec<(Expectation, Range<usize>)>,
    /// psql commands that change only what psql prints: a mistake but in pgTAP files.
    printing: Vec<Diagnostic>,
    in_transaction: bool,
}

impl Reader<'_> {
    fn read(mut self) -> Vec<Diagnostic> {
        let text = self.text;
        let mut end = 0;
        for (piece, part) in sql_file::parts(text) {
            self.gap(piece.leading.range());
            end = piece.full.range().end;
            match part {
                Part::Sql(statement) => {
                    self.inside(statement.span.clone());
                    match sql::classify(&statement.sql).control {
                        Some(TransactionControl::Begin) => self.in_transaction = true,
                        Some(
                            TransactionControl::Commit
                            | TransactionControl::Rollback
                            | TransactionControl::Prepare,
                        ) => self.in_transaction = false,
                        _ => {}
                    }
                    let expected = std::mem::take(&mut self.pending);
                    self.test.actions.push(Action::Statement { statement, expected });
                }
                Part::Meta { name, span } => {
                    let problem = self.test.psql_command(&name, span);
                    match PRINTING.contains(&name.as_str()) {
                        true => self.printing.push(problem),
                        false => self.test.problems.push(problem),
                    }
                }
            }
        }
        self.gap(end..text.len());
        for (expectation, span) in std::mem::take(&mut self.pending) {
            let word = match expectation {
                Expectation::Assert | Expectation::Verify { .. } => "assert",
                Expectation::Catch(_) => "catch",
                Expectation::UsesIndex(_) => "uses-index",
            };
            self.refuse(span, &format!("no statement follows {word}"), "write the statement below it");
        }
        self.printing
    }

    /// The comments between two statements.
    fn gap(&mut self, gap: Range<usize>) {
        let Some(text) = self.text.get(gap.clone()) else { return };
        for token in sql::lex(text).into_iter().filter(|token| token.kind.is_comment()) {
            let span = token.span.range();
            let span = gap.start + span.start..gap.start + span.end;
            let Some(words) = self.directive(&span, token.kind) else { continue };
            let line = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
            if !self.text[line..span.start].trim_start_matches('\u{feff}').trim().is_empty() {
                self.refuse(span, "a directive stands on a line of its own", "put it above the statement");
                continue;
            }
            match parse(&words) {
                Ok(directive) => self.follow(directive, span),
                Err((label, help)) => self.refuse(span, &label, &help),
            }
        }
    }

    /// A directive inside a statement would be taken for a comment by everybody.
    fn inside(&mut self, statement: Range<usize>) {
        let Some(text) = self.text.get(statement.clone()) else { return };
        for token in sql::lex(text).into_iter().filter(|token| token.kind.is_comment()) {
            let span = token.span.range();
            let span = statement.start + span.start..statement.start + span.end;
            if self.directive(&span, token.kind).is_some() {
                self.refuse(span, "a directive stands above a statement, not in it", "move it up");
            }
        }
    }

    /// What follows `confiture:` in a comment; `None` for other comments.
    fn directive(&mut self, span: &Range<usize>, kind: TokenKind) -> Option<String> {
        let text = self.text.get(span.clone())?;
        if kind == TokenKind::BlockComment {
            let inner = text.trim_start_matches("/*").trim_start();
            if after_name(inner).is_some_and(|rest| rest.starts_with(':')) {
                let help = "write it as  -- confiture: DIRECTIVE";
                self.refuse(span.clone(), "a directive is a line comment", help);
            }
            return None;
        }
        let rest = after_name(text.trim_start_matches('-').trim_start())?.trim_start();
        match rest.strip_prefix(':') {
            Some(words) => Some(words.trim().to_owned()),
            None => {
                let first = rest.split_whitespace().next()?;
                if DIRECTIVES.iter().any(|(name, _)| *name == first) {
                    let help = format!("write  -- confiture: {rest}");
                    self.refuse(span.clone(), "the colon is missing", &help);
                }
                None
            }
        }
    }

    fn follow(&mut self, directive: Directive, span: Range<usize>) {
        match directive {
            Directive::Expect(expectation) => {
                let catches = |e: &Expectation| matches!(e, Expectation::Catch(_));
                if self.pending.iter().any(|(other, _)| catches(other) != catches(&expectation)) {
                    let help = "write the statement twice, each with its own directive";
                    self.refuse(span, "a statement that fails has neither rows nor a plan", help);
                    return;
                }
                self.pending.push((expectation, span));
            }
            Directive::Migrate(version) => {
                let stated = self.test.actions.iter().any(|a| matches!(a, Action::Statement { .. }));
                let moved = self.test.actions.iter().any(|a| !matches!(a, Action::Statement { .. }));
                if stated && !moved {
                    let help = "begin the file with  -- confiture: migrate to VERSION";
                    self.refuse(span, "the statements above it stand at no version", help);
                } else {
                    let caught = self.announced();
                    if self.may_move(&span) {
                        self.test.actions.push(Action::Migrate { version, span, measured: false, caught });
                    }
                }
            }
            Directive::Rollback(version) => {
                let caught = self.announced();
                if self.may_move(&span) {
                    self.test.actions.push(Action::Rollback { version, span, caught });
                }
            }
            Directive::AtMost(mode, table) => {
                let step = self.test.actions.iter_mut().rev().find_map(|action| match action {
                    Action::Migrate { measured, caught: None, .. } => Some(Some(measured)),
                    Action::Migrate { .. } | Action::Rollback { .. } => Some(None),
                    Action::AtMost { .. } | Action::Statement { .. } => None,
                });
                let Some(Some(measured)) = step else {
                    let help = "put  -- confiture: migrate to VERSION  above it";
                    self.refuse(span, "there is no migration step before it whose locks it could mean", help);
                    return;
                };
                *measured = true;
                self.test.actions.push(Action::AtMost { mode, table, span });
            }
        }
    }

    /// The failure that was announced of the step that follows.
    fn announced(&mut self) -> Option<String> {
        let last = self.pending.pop_if(|(expectation, _)| matches!(expectation, Expectation::Catch(_)))?;
        match last.0 {
            Expectation::Catch(state) => Some(state),
            _ => None,
        }
    }

    /// Whether migrations may be run here.
    fn may_move(&mut self, span: &Range<usize>) -> bool {
        if let Some((_, waiting)) = self.pending.pop() {
            let help = "write the statement between them";
            self.refuse(waiting, "no statement follows before the next migration", help);
            return false;
        }
        if self.in_transaction {
            let help = "write COMMIT or ROLLBACK above it: migrations run in a session of their own, which would \
                        wait for this one";
            self.refuse(span.clone(), "the test has a transaction open", help);
            return false;
        }
        true
    }

    fn refuse(&mut self, span: Range<usize>, label: &str, help: &str) {
        let problem = self.test.problem(span, label, help);
        self.test.problems.push(problem);
    }
}

/// What follows the word `confiture`, in any case.
fn after_name(text: &str) -> Option<&str> {
    const NAME: &str = "confiture";
    let (name, rest) = text.split_at_checked(NAME.len())?;
    (name.eq_ignore_ascii_case(NAME) && !rest.starts_with(char::is_alphanumeric)).then_some(rest)
}

/// Reads the words of a directive; a remark in parentheses at the end is left out.
///
/// # Errors
/// What is wrong and what to do.
fn parse(text: &str) -> Result<Directive, (String, String)> {
    let text = match text.rfind(" (") {
        Some(at) if text.ends_with(')') => text[..at].trim_end(),
        _ => text,
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let usage = |name: &str| {
        let form = DIRECTIVES.iter().find(|(known, _)| *known == name).map_or("", |(_, form)| form);
        Err((format!("{name} is not written like this"), format!("write  -- confiture: {form}")))
    };
    match words.as_slice() {
        ["migrate", "to", version] => Ok(Directive::Migrate((*version).to_owned())),
        ["migrate", ..] => usage("migrate"),
        ["rollback", "to", version] => Ok(Directive::Rollback((*version).to_owned())),
        ["rollback", ..] => usage("rollback"),
        ["assert"] => Ok(Directive::Expect(Expectation::Assert)),
        ["assert", ..] => {
            let help = "write the query on the next line, above it  -- confiture: assert  alone";
            Err(("assert takes no arguments".to_owned(), help.to_owned()))
        }
        ["catch", state] => caught(state).map(|state| Directive::Expect(Expectation::Catch(state))),
        ["catch", ..] => usage("catch"),
        ["uses-index", name] => Ok(Directive::Expect(Expectation::UsesIndex((*name).to_owned()))),
        ["uses-index", ..] => usage("uses-index"),
        ["at-most", words @ .., "on", table] => match words.join(" ").parse::<LockMode>() {
            Ok(mode) => Ok(Directive::AtMost(mode, (*table).to_owned())),
            Err(()) => {
                let modes: Vec<&str> = LockMode::ALL.iter().map(|mode| mode.as_str()).collect();
                Err((
                    format!("{} is no lock mode", words.join(" ")),
                    format!("there are: {}", modes.join(", ")),
                ))
            }
        },
        ["at-most", ..] => usage("at-most"),
        [other, ..] => {
            let near = DIRECTIVES
                .iter()
                .map(|(name, form)| (strsim::damerau_levenshtein(other, name), *form))
                .min()
                .filter(|(distance, _)| *distance <= 3);
            let known: Vec<&str> = DIRECTIVES.iter().map(|(_, form)| *form).collect();
            let help = match near {
                Some((_, form)) => format!("did you mean  -- confiture: {form} ?"),
                None => format!("there are: {}", known.join("; ")),
            };
            Err((format!("unknown directive \"{other}\""), help))
        }
        [] => Err((
            "a directive is missing after confiture:".to_owned(),
            "write one, or remove the line".to_owned(),
        )),
    }
}

/// A SQLSTATE in upper case, or a condition name in lower case.
fn caught(state: &str) -> Result<String, (String, String)> {
    let is_code = state.len() == 5
        && state.bytes().all(|b| b.is_ascii_alphanumeric())
        && state.bytes().any(|b| b.is_ascii_digit());
    let is_name = state.len() > 5 && state.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    match (is_code, is_name) {
        (true, _) => Ok(state.to_ascii_uppercase()),
        (_, true) => Ok(state.to_owned()),
        _ => Err((
            format!("{state} is neither a SQLSTATE nor the name of one"),
            "write five characters, such as 23505, or a name, such as unique_violation".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests;
