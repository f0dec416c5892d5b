//! Which transaction a statement stands in, and which timeouts are in force there.

use std::collections::BTreeMap;
use std::time::Duration;

use super::unfold::Unfolded;
use crate::migration::{Script, TransactionMode};
use crate::sql::{Token, TokenKind, TransactionControl, Verb, classify, constant};

/// The timeouts in force when a statement runs: `None` where the script says nothing, zero where it turns
/// them off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Timeouts {
    /// `lock_timeout`.
    pub lock: Option<Duration>,
    /// `statement_timeout`.
    pub statement: Option<Duration>,
}

impl Timeouts {
    /// Those of session settings, `name` and value.
    pub fn of_session(settings: &BTreeMap<String, String>) -> Self {
        let read = |name: &str| settings.get(name).and_then(|value| duration(value));
        Self { lock: read("lock_timeout"), statement: read("statement_timeout") }
    }

    /// How long a statement may wait for a lock; `None` is for ever.
    pub fn waits(&self) -> Option<Duration> {
        let set = |timeout: Option<Duration>| timeout.filter(|timeout| !timeout.is_zero());
        match (set(self.lock), set(self.statement)) {
            (Some(lock), Some(statement)) => Some(lock.min(statement)),
            (lock, statement) => lock.or(statement),
        }
    }

    fn field(&mut self, name: &str) -> Option<&mut Option<Duration>> {
        match name {
            "lock_timeout" => Some(&mut self.lock),
            "statement_timeout" => Some(&mut self.statement),
            _ => None,
        }
    }
}

/// Where one statement stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Number of the transaction, counted over the script; `None` in autocommit.
    pub(super) transaction: Option<usize>,
    pub(super) timeouts: Timeouts,
}

/// Walks over the statements as the tool runs them.
pub(super) fn walk(script: &Script, unfolded: &Unfolded, session: Timeouts) -> Vec<Standing> {
    let implicit = match script.transaction {
        TransactionMode::Wrapped => true,
        TransactionMode::Batch => script.statements.len() > 1,
        TransactionMode::Autocommit => false,
    };
    let mut count = 0;
    let mut next = || {
        count += 1;
        count - 1
    };
    let mut open = implicit.then(&mut next);
    let mut current = session;
    // What holds again when the transaction ends.
    let mut after = session;
    let mut found: Vec<Standing> = Vec::new();
    for statement in &unfolded.statements {
        let sql = &statement.statement.sql;
        if let Some(outer) = statement.inside {
            let transaction = match found.get(outer).and_then(|outer| outer.transaction) {
                Some(transaction) => Some(transaction),
                None => {
                    let own = next();
                    if let Some(outer) = found.get_mut(outer) {
                        outer.transaction = Some(own);
                    }
                    Some(own)
                }
            };
            found.push(Standing { transaction, timeouts: current });
        } else {
            match classify(sql).control {
                Some(TransactionControl::Begin) if open.is_none() => {
                    open = Some(next());
                    after = current;
                }
                Some(TransactionControl::Commit | TransactionControl::Rollback) => {
                    found.push(Standing { transaction: open, timeouts: current });
                    current = after;
                    open = (script.transaction == TransactionMode::Batch).then(&mut next);
                    continue;
                }
                _ => {}
            }
            found.push(Standing { transaction: open, timeouts: current });
        }
        for change in changes(sql) {
            match change {
                Change::All => (current, after) = (session, session),
                Change::One { name, value, local } => {
                    let read = |default: &mut Timeouts| match value.as_deref() {
                        Some(value) => duration(value),
                        None => default.field(&name).and_then(|field| *field),
                    };
                    let value = read(&mut session.clone());
                    if let Some(field) = current.field(&name) {
                        *field = value;
                    }
                    if let Some(field) = after.field(&name).filter(|_| !local) {
                        *field = value;
                    }
                }
            }
        }
        if open.is_none() && statement.inside.is_none() {
            current = after;
        }
    }
    found
}

/// A change of settings.
enum Change {
    All,
    /// Without a value it is the session's own again.
    One {
        name: String,
        value: Option<String>,
        local: bool,
    },
}

/// The settings a statement changes: `SET`, `RESET`, and calls of `set_config`.
fn changes(sql: &str) -> Vec<Change> {
    let verb = classify(sql).verb;
    if !matches!(verb, Verb::Set | Verb::Reset | Verb::Discard | Verb::Select) {
        return Vec::new();
    }
    let tokens: Vec<Token> = crate::sql::Tokens::new(sql).filter(|token| !token.kind.is_trivia()).collect();
    let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(sql, word));
    let text = |at: usize| {
        let token = tokens.get(at)?;
        match constant(token.text(sql), token.kind) {
            Some((value, _)) => Some(value),
            None => Some(token.text(sql).trim_matches('"').to_ascii_lowercase()),
        }
    };
    match verb {
        Verb::Discard if word(1, "all") => vec![Change::All],
        Verb::Reset if word(1, "all") => vec![Change::All],
        Verb::Reset => {
            let change = |name| Change::One { name, value: None, local: false };
            text(1).map(change).into_iter().collect()
        }
        Verb::Set => {
            let local = word(1, "local");
            let name = 1 + usize::from(local || word(1, "session"));
            let value = match tokens.get(name + 2) {
                Some(_) if word(name + 2, "default") => None,
                _ => text(name + 2),
            };
            let change = |name| Change::One { name, value, local };
            text(name).map(change).into_iter().collect()
        }
        _ => {
            let calls = (0..tokens.len()).filter(|at| word(*at, "set_config"));
            let change = |at: usize| {
                let written =
                    tokens.get(at + 2)?.kind.is_string() && tokens.get(at + 4)?.kind != TokenKind::Ident;
                let local = word(at + 6, "true");
                written.then_some(Change::One { name: text(at + 2)?, value: text(at + 4), local })
            };
            calls.filter_map(change).collect()
        }
    }
}

/// A time as `lock_timeout` takes it: milliseconds where no unit is written (manual 18, 20.1.1).
fn duration(value: &str) -> Option<Duration> {
    let value = value.trim();
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let number: f64 = value[..end].parse().ok()?;
    let unit = match value[end..].trim() {
        "us" => 1e-6,
        "" | "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * unit).ok()
}

#[cfg(test)]
mod tests {
    use super::super::unfold::Routines;
    use super::*;
    use crate::migration::{ScriptStatement, Source, StatementKind};
    use crate::sql::split;

    /// One word a statement: its transaction and the lock timeout in milliseconds.
    fn check(mode: TransactionMode, text: &str) -> String {
        let statements = split(text);
        let statements = statements.iter().map(|s| ScriptStatement {
            sql: s.text(text).into(),
            span: s.span.range(),
            kind: StatementKind::Sql,
            moved: Vec::new(),
        });
        let script = Script {
            source: Source { path: "a.sql".into(), text: text.to_owned() }.into(),
            span: 0..text.len(),
            statements: statements.collect(),
            transaction: mode,
        };
        let unfolded = Unfolded::of(&script, &mut Routines::default());
        let standing = walk(&script, &unfolded, Timeouts::default());
        let one = |s: &Standing| {
            let transaction = s.transaction.map_or("-".to_owned(), |t| t.to_string());
            format!("{transaction}:{}", s.timeouts.lock.map_or("-".to_owned(), |t| t.as_millis().to_string()))
        };
        standing.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn local_settings_end_with_their_transaction_and_others_do_not() {
        let auto = TransactionMode::Autocommit;
        assert_eq!(
            check(auto, "SET lock_timeout = '2s'; SELECT 1; RESET ALL; SELECT 1"),
            "-:- -:2000 -:2000 -:-"
        );
        let local = "BEGIN; SET LOCAL lock_timeout TO 5; SELECT 1; COMMIT; SELECT 1";
        assert_eq!(check(auto, local), "0:- 0:- 0:5 0:5 -:-");
        assert_eq!(
            check(
                TransactionMode::Wrapped,
                "SELECT set_config('lock_timeout', '1min', true); SELECT 1; COMMIT; SELECT 1"
            ),
            "0:- 0:60000 0:60000 -:-"
        );
    }

    #[test]
    fn a_message_is_a_transaction_and_so_is_a_block() {
        assert_eq!(check(TransactionMode::Batch, "SELECT 1; COMMIT; SELECT 2"), "0:- 0:- 1:-");
        assert_eq!(
            check(TransactionMode::Autocommit, "DO 'BEGIN DROP TABLE a; END'; SELECT 1"),
            "0:- 0:- -:-"
        );
    }
}
