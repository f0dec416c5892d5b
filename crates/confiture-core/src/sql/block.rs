//! The commands in a body of PL/pgSQL.

use super::lex::{Token, TokenKind, significant};
use super::{Span, Verb, outline};

/// One command of a PL/pgSQL body that reaches the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// What it is.
    pub kind: CommandKind,
    /// All of it, without the semicolon.
    pub span: Span,
}

/// What a command of a PL/pgSQL body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CommandKind {
    /// A statement of SQL.
    Sql,
    /// `PERFORM query`.
    Perform,
    /// `EXECUTE string`, also as the query of a loop.
    Execute,
}

/// Every command of a PL/pgSQL body that reaches the database, in the order they are written: those of all
/// branches, loops and handlers.
///
/// # Example
/// ```
/// use confiture_core::sql::{CommandKind, commands};
///
/// let body = "BEGIN IF NOT EXISTS (SELECT 1) THEN DROP TABLE a; ELSE EXECUTE 'x'; END IF; END";
/// let found: Vec<_> = commands(body).iter().map(|c| (c.kind, c.span.text(body))).collect();
/// assert_eq!(found, [(CommandKind::Sql, "DROP TABLE a"), (CommandKind::Execute, "EXECUTE 'x'")]);
/// ```
pub fn commands(body: &str) -> Vec<Command> {
    let tokens = significant(body);
    let mut found = Vec::new();
    let mut declaring = false;
    for tokens in tokens.split(|token| token.kind == TokenKind::Semicolon) {
        let mut part = Part { body, tokens, at: 0 };
        part.command(&mut declaring, &mut found);
    }
    found
}

/// What stands between two semicolons.
struct Part<'a> {
    body: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl Part<'_> {
    fn is(&self, word: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is_word(self.body, word))
    }

    fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Goes over the words that open blocks, branches and loops to the command behind them.
    fn command(&mut self, declaring: &mut bool, found: &mut Vec<Command>) {
        while let Some(token) = self.tokens.get(self.at) {
            if *declaring {
                if !self.is("begin") {
                    return;
                }
                *declaring = false;
                self.at += 1;
            } else if token.text(self.body) == "<<" {
                self.at += 3;
            } else if self.is("declare") {
                *declaring = true;
                self.at += 1;
            } else if self.is_any(&["begin", "else", "loop", "exception"]) {
                self.at += 1;
            } else if self.is_any(&["if", "elsif", "elseif", "when", "case"]) {
                self.at += 1;
                self.pass("then", found);
            } else if self.is_any(&["while", "for", "foreach"]) {
                self.at += 1;
                self.pass("loop", found);
            } else {
                break;
            }
        }
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        let (Some(first), Some(last)) = (rest.first(), rest.last()) else { return };
        let span = first.span.to(last.span);
        let kind = if self.is("execute") {
            CommandKind::Execute
        } else if self.is("perform") {
            CommandKind::Perform
        } else if matches!(
            outline(span.text(self.body)).verb,
            Verb::Unknown | Verb::Fetch | Verb::Move | Verb::Close | Verb::Meta
        ) || self.is_any(&["end", "abort"])
            || rest.get(1).is_some_and(|token| matches!(token.text(self.body), ":=" | "="))
        {
            return;
        } else {
            CommandKind::Sql
        };
        found.push(Command { kind, span });
    }

    /// Goes behind the next `word` that is no part of a `CASE` expression.
    fn pass(&mut self, word: &str, found: &mut Vec<Command>) {
        let mut cases = 0_usize;
        while self.at < self.tokens.len() {
            let here = self.is(word) && cases == 0;
            if self.is("case") {
                cases += 1;
            } else if self.is("end") {
                cases = cases.saturating_sub(1);
            } else if self.is("execute") && word == "loop" {
                let rest = &self.tokens[self.at..];
                let end =
                    rest.iter().position(|token| token.is_word(self.body, "loop")).unwrap_or(rest.len());
                if let Some(last) = end.checked_sub(1).and_then(|at| rest.get(at)) {
                    let span = rest[0].span.to(last.span);
                    found.push(Command { kind: CommandKind::Execute, span });
                }
            }
            self.at += 1;
            if here {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str) -> Vec<&str> {
        commands(body).iter().map(|command| command.span.text(body)).collect()
    }

    #[test]
    fn commands_of_all_branches_are_found() {
        let body = "<<l>> DECLARE a int := 1; r record; BEGIN a := 2; LOCK TABLE t;\n\
            IF CASE WHEN a = 1 THEN true END THEN UPDATE t SET a = 1; ELSIF a THEN TRUNCATE t; ELSE DELETE FROM t; END IF;\n\
            FOR r IN EXECUTE 'select 1' LOOP PERFORM f(r); END LOOP; WHILE a LOOP DROP TABLE a; EXIT; END LOOP;\n\
            CASE a WHEN 1 THEN ALTER TABLE t ADD b int; WHEN 2 THEN NULL; ELSE RAISE 'x'; END CASE;\n\
            RETURN; EXCEPTION WHEN others THEN EXECUTE format('drop table %I', a); END";
        assert_eq!(
            check(body),
            [
                "LOCK TABLE t",
                "UPDATE t SET a = 1",
                "TRUNCATE t",
                "DELETE FROM t",
                "EXECUTE 'select 1'",
                "PERFORM f(r)",
                "DROP TABLE a",
                "ALTER TABLE t ADD b int",
                "EXECUTE format('drop table %I', a)",
            ]
        );
    }

    #[test]
    fn nothing_reaches_the_database_from_assignments_and_messages() {
        assert!(check("BEGIN a := 1; b = 2; RAISE NOTICE 'drop table t'; RETURN a; NULL; END").is_empty());
        assert!(check("").is_empty());
    }
}
