//! Cutting a script into statements, as psql would send them.

use super::Span;
use super::lex::{Token, TokenKind, Tokens, Unterminated};

/// One statement, or one psql command, and where it stands in its script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whitespace, comments and stray semicolons between the previous statement and this one.
    pub leading: Span,
    /// The text to send: from its first token to its last, without the semicolon.
    pub span: Span,
    /// [`span`](Self::span) with all that belongs to it: semicolon, COPY data and the `\.` line.
    pub full: Span,
    /// The semicolon.
    pub terminator: Option<Span>,
    /// SQL, COPY with data, or a psql command.
    pub kind: StatementKind,
    /// What it opens and never closes, and where. Such a statement reaches to the end of the script.
    pub unterminated: Option<Opening>,
    /// The first psql command inside it that psql would run without sending what came before.
    pub meta: Option<Span>,
}

/// What kind of thing a part of a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// SQL for the server.
    Sql,
    /// `COPY … FROM STDIN`.
    Copy {
        /// Its data lines, without the `\.` that ends them; `None` when the script ends before them.
        data: Option<Span>,
    },
    /// A psql command: `\c`, `\set`, `\gexec`, `\.`, ….
    Meta,
}

/// Where something never closed was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// What it is.
    pub what: Unterminated,
    /// Its first characters: the quote, the tag, `/*`, `BEGIN`, `(`.
    pub span: Span,
}

impl Statement {
    /// The text to send, cut from its script.
    pub fn text<'a>(&self, sql: &'a str) -> &'a str {
        self.span.text(sql)
    }

    /// The name of a psql command without its backslash: `c`, `gexec`; `None` for SQL.
    pub fn meta_name<'a>(&self, sql: &'a str) -> Option<&'a str> {
        (self.kind == StatementKind::Meta).then(|| meta_name(self.text(sql)))
    }

    /// The comments above it, first to last, each with its whole text.
    ///
    /// A comment on the line where the previous statement ends belongs to that one
    /// ([`trailing_comment`](Self::trailing_comment)).
    ///
    /// # Example
    /// ```
    /// let sql = "select 1; -- one\n-- two\n/* three */ select 2";
    /// let parts = confiture_core::sql::split(sql);
    /// let above: Vec<_> = parts[1].comments(sql).map(|(_, text)| text).collect();
    /// assert_eq!(above, ["-- two", "/* three */"]);
    /// ```
    pub fn comments<'a>(&self, sql: &'a str) -> impl Iterator<Item = (Span, &'a str)> + use<'a> {
        let leading = self.leading;
        let text = leading.text(sql);
        let first = match text.find('\n') {
            _ if leading.start == 0 => 0,
            Some(line_end) => line_end,
            None => text.len(),
        };
        comments(text)
            .filter(move |span| span.start >= first)
            .map(move |span| span.shifted(leading.start))
            .map(move |span| (span, span.text(sql)))
    }

    /// The first comment after it on the line where it ends.
    pub fn trailing_comment<'a>(&self, sql: &'a str) -> Option<(Span, &'a str)> {
        let rest = sql.get(self.full.end..)?;
        let line = rest.split('\n').next()?;
        // A block comment that opens on this line may close on a later one.
        let span = match Tokens::new(rest).find(|token| token.kind != TokenKind::Whitespace)? {
            token if token.kind.is_comment() && token.span.start < line.len() => token.span,
            _ => return None,
        };
        let span = span.shifted(self.full.end);
        Some((span, span.text(sql)))
    }
}

/// Splits a script into statements, keeping every byte.
///
/// Spans are byte offsets into `sql`; they are ordered and do not overlap, and every
/// [`leading`](Statement::leading) starts where the previous [`full`](Statement::full) ends: laid side by
/// side, with what follows the last statement, they are the script. Empty statements are left out.
///
/// Never fails: what is opened and never closed reaches to the end of the script and says so. Takes time
/// linear in the length of the script.
///
/// A semicolon ends a statement whatever parentheses are open, so that one that is not closed does not
/// swallow the rest. It does not in the actions of a rule, nor in a `BEGIN ATOMIC` body (SQL-standard
/// function bodies, since PostgreSQL 14). Statements without semicolon end at psql commands that send them
/// (`\g`, `\gexec`, …); of `\;` only the semicolon counts.
///
/// # Example
/// ```
/// let parts = confiture_core::sql::split("select 1; select ';'");
/// assert_eq!(parts.len(), 2);
/// ```
pub fn split(sql: &str) -> Vec<Statement> {
    let mut splitter =
        Splitter { sql, tokens: Tokens::new(sql), done: 0, current: None, statements: Vec::new() };
    while let Some(token) = splitter.tokens.next() {
        splitter.take(token);
    }
    splitter.finish(None);
    splitter.statements
}

struct Splitter<'a> {
    sql: &'a str,
    tokens: Tokens<'a>,
    /// End of the last statement.
    done: usize,
    current: Option<Current>,
    statements: Vec<Statement>,
}

/// The statement being read.
struct Current {
    span: Span,
    head: Head,
    depth: usize,
    unterminated: Option<Opening>,
    meta: Option<Span>,
}

/// What the first words of a statement say about where it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Head {
    Start,
    Create,
    CreateOr,
    /// `CREATE FUNCTION` or `CREATE PROCEDURE`, before a body.
    Routine,
    /// After a `BEGIN`, which opens a body if `ATOMIC` follows.
    RoutineBegin(Span),
    /// In a `BEGIN ATOMIC` body, with so many `CASE` open.
    Atomic {
        begin: Span,
        cases: usize,
        /// The next word is a name: it follows a dot or `AS`.
        name: bool,
    },
    Rule,
    /// In the parentheses of a rule, opened there.
    RuleActions(Span),
    Copy,
    CopyTable,
    CopyFrom,
    CopyFromStdin,
    Other,
}

impl Splitter<'_> {
    fn take(&mut self, token: Token) {
        if token.kind.is_trivia() {
            return;
        }
        match token.kind {
            TokenKind::Semicolon if !self.inside_body() => self.finish(Some(token.span)),
            TokenKind::Meta => self.meta(token),
            _ => self.add(token),
        }
    }

    fn inside_body(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| matches!(current.head, Head::Atomic { .. } | Head::RuleActions(_)))
    }

    fn add(&mut self, token: Token) {
        let current = self.current.get_or_insert_with(|| Current::new(token.span));
        current.span.end = token.span.end;
        if let TokenKind::Unterminated(what) = token.kind {
            let span = token.opening(self.sql).unwrap_or(token.span);
            current.unterminated = Some(Opening { what, span });
        }
        current.step(self.sql, token);
    }

    fn meta(&mut self, token: Token) {
        let name = meta_name(token.text(self.sql));
        let sends = matches!(
            name,
            "g" | "gx" | "gset" | "gexec" | "gdesc" | "crosstabview" | "watch" | "parse" | "sendpipeline"
        );
        match &mut self.current {
            Some(current) if !sends => {
                current.span.end = token.span.end;
                current.meta.get_or_insert(token.span);
                return;
            }
            Some(_) => self.finish(None),
            None => {}
        }
        let mut statement = Statement {
            leading: Span::new(self.done, token.span.start),
            span: token.span,
            full: token.span,
            terminator: None,
            kind: StatementKind::Meta,
            unterminated: None,
            meta: None,
        };
        if name == "copy" && copies_from_stdin(&token.text(self.sql)[1..]) {
            self.copy_data(&mut statement);
        }
        self.push(statement);
    }

    /// Ends the statement being read; a semicolon that ends nothing stays between statements.
    fn finish(&mut self, terminator: Option<Span>) {
        let Some(current) = self.current.take() else {
            return;
        };
        let mut statement = Statement {
            leading: Span::new(self.done, current.span.start),
            span: current.span,
            full: current.span.to(terminator.unwrap_or(current.span)),
            terminator,
            kind: StatementKind::Sql,
            unterminated: current.unterminated.or(current.open_body()),
            meta: current.meta,
        };
        if current.head == Head::CopyFromStdin {
            let data = terminator.and_then(|_| self.copy_data(&mut statement));
            statement.kind = StatementKind::Copy { data };
        }
        self.push(statement);
    }

    fn push(&mut self, statement: Statement) {
        self.done = statement.full.end;
        if self.tokens.at() < self.done {
            self.tokens.jump(self.done);
        }
        self.statements.push(statement);
    }

    /// Gives `statement` the lines after its own up to `\.`, and returns them.
    ///
    /// psql reads data from the line after the one it is executing. With more SQL on that line the order of
    /// bytes would no longer be the order of execution: such a COPY is left without data.
    fn copy_data(&self, statement: &mut Statement) -> Option<Span> {
        let sql = self.sql;
        let rest = sql.get(statement.full.end..)?;
        let line = rest.split('\n').next()?;
        let after = line.trim();
        if line.len() == rest.len() || !(after.is_empty() || after.starts_with("--")) {
            return None;
        }
        let start = statement.full.end + line.len() + 1;
        let body = sql.get(start..)?;
        if let Some((data_end, end)) = data_end(body) {
            statement.full.end = start + end;
            return Some(Span::new(start, start + data_end));
        }
        if body.trim().is_empty() {
            return None;
        }
        statement.unterminated = Some(Opening { what: Unterminated::CopyData, span: statement.span });
        statement.full.end = sql.len();
        Some(Span::new(start, sql.len()))
    }
}

impl Current {
    fn new(span: Span) -> Self {
        Self { span, head: Head::Start, depth: 0, unterminated: None, meta: None }
    }

    fn step(&mut self, sql: &str, token: Token) {
        let is = |word| token.is_word(sql, word);
        match token.kind {
            TokenKind::LeftParen => self.depth += 1,
            TokenKind::RightParen => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.head = match self.head {
            Head::Start if is("create") => Head::Create,
            Head::Start if is("copy") => Head::Copy,
            Head::Create if is("or") => Head::CreateOr,
            Head::CreateOr if is("replace") => Head::Create,
            Head::Create if is("function") || is("procedure") => Head::Routine,
            Head::Create if is("rule") => Head::Rule,
            Head::Start | Head::Create | Head::CreateOr => Head::Other,

            Head::Routine if is("begin") => Head::RoutineBegin(token.span),
            Head::RoutineBegin(begin) if is("atomic") => Head::Atomic { begin, cases: 0, name: false },
            Head::RoutineBegin(_) => Head::Routine,
            Head::Atomic { begin, cases, name: false } if is("case") => {
                Head::Atomic { begin, cases: cases + 1, name: false }
            }
            Head::Atomic { cases: 0, name: false, .. } if is("end") => Head::Other,
            Head::Atomic { begin, cases, name: false } if is("end") => {
                Head::Atomic { begin, cases: cases - 1, name: false }
            }
            Head::Atomic { begin, cases, .. } => {
                Head::Atomic { begin, cases, name: token.kind == TokenKind::Dot || is("as") }
            }

            Head::Rule if token.kind == TokenKind::LeftParen => Head::RuleActions(token.span),
            Head::RuleActions(_) if self.depth == 0 => Head::Rule,

            // A parenthesis at once is a query to copy from.
            Head::Copy if token.kind == TokenKind::LeftParen => Head::Other,
            Head::Copy => Head::CopyTable,
            Head::CopyTable if self.depth == 0 && is("from") => Head::CopyFrom,
            Head::CopyTable if self.depth == 0 && is("to") => Head::Other,
            // The grammar takes STDIN and STDOUT for the same thing here.
            Head::CopyFrom if is("stdin") || is("stdout") => Head::CopyFromStdin,
            Head::CopyFrom => Head::Other,
            head => head,
        };
    }

    fn open_body(&self) -> Option<Opening> {
        match self.head {
            Head::Atomic { begin, .. } => Some(Opening { what: Unterminated::AtomicBody, span: begin }),
            Head::RuleActions(open) => Some(Opening { what: Unterminated::RuleActions, span: open }),
            _ => None,
        }
    }
}

/// Whether a command with these tokens reads its data from the script.
fn copies_from_stdin(command: &str) -> bool {
    let mut current = Current::new(Span::empty(0));
    for token in Tokens::new(command).filter(|token| !token.kind.is_trivia()) {
        current.step(command, token);
    }
    current.head == Head::CopyFromStdin
}

/// Where COPY data ends and where the `\.` line that ends it does.
fn data_end(body: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + body.get(from..)?.find("\\.")?;
        let rest = &body[at + 2..];
        let line_start = at == 0 || body.as_bytes()[at - 1] == b'\n';
        if line_start && (rest.is_empty() || rest.starts_with('\n') || rest.starts_with("\r\n")) {
            return Some((at, at + 2));
        }
        from = at + 2;
    }
}

fn meta_name(command: &str) -> &str {
    let name = command.strip_prefix('\\').unwrap_or(command);
    name.split(|c: char| c.is_ascii_whitespace() || c == '\\').next().unwrap_or_default()
}

/// The comments of `text`, which is all trivia and semicolons.
fn comments(text: &str) -> impl Iterator<Item = Span> + use<'_> {
    Tokens::new(text).filter(|token| token.kind.is_comment()).map(|token| token.span)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One line per part: its text in brackets, then what is to be said about it.
    fn check(sql: &str) -> String {
        let mut out = String::new();
        for part in split(sql) {
            out += &format!("[{}]", part.text(sql).replace('\n', "⏎"));
            match part.kind {
                StatementKind::Sql => {}
                StatementKind::Copy { data } => {
                    out += &match data {
                        Some(data) => format!(" data {:?}", data.text(sql)),
                        None => " no data".to_owned(),
                    };
                }
                StatementKind::Meta => out += &format!(" meta {}", part.meta_name(sql).unwrap_or("?")),
            }
            if let Some(meta) = part.meta {
                out += &format!(" holds {:?}", meta.text(sql));
            }
            if let Some(opening) = part.unterminated {
                out += &format!(" {} opened at {}", opening.what.as_str(), opening.span.start);
            }
            out += "\n";
        }
        out
    }

    #[test]
    fn semicolons_in_quotes_and_comments_do_not_split() {
        insta::assert_snapshot!(check(
            "select ';', E'\\';', \";\", $a$;$a$ /* ; /* ; */ */ -- ;\n; ;; select 2"
        ), @r#"
        [select ';', E'\';', ";", $a$;$a$]
        [select 2]
        "#);
    }

    #[test]
    fn a_semicolon_splits_inside_parentheses_except_in_a_rule() {
        insta::assert_snapshot!(check(
            "create table t (a int; select 1;\ncreate or replace rule r as on insert to t do also (delete from u; select 1); select 2"
        ), @r"
        [create table t (a int]
        [select 1]
        [create or replace rule r as on insert to t do also (delete from u; select 1)]
        [select 2]
        ");
    }

    #[test]
    fn a_standard_function_body_is_one_statement() {
        insta::assert_snapshot!(check(
            "create or replace function f(a int) returns int\nbegin atomic select case when a > 0 then case a when 1 then 2 end else 3 end; select x.end, 1 as end from x; end;\nselect 1;\ncreate procedure p() language sql as 'begin'; begin; select 1; end"
        ), @r"
        [create or replace function f(a int) returns int⏎begin atomic select case when a > 0 then case a when 1 then 2 end else 3 end; select x.end, 1 as end from x; end]
        [select 1]
        [create procedure p() language sql as 'begin']
        [begin]
        [select 1]
        [end]
        ");
    }

    #[test]
    fn begin_opens_a_body_in_functions_and_procedures_only() {
        insta::assert_snapshot!(check("begin atomic; create trigger t begin atomic; end; create function begin() x; y"), @r"
        [begin atomic]
        [create trigger t begin atomic]
        [end]
        [create function begin() x]
        [y]
        ");
    }

    #[test]
    fn copy_from_stdin_takes_the_lines_up_to_backslash_dot() {
        insta::assert_snapshot!(check(
            "COPY public.t (a, \"b;c\") FROM stdin WITH (format csv); -- data\n1;\t2\n\\.x\n'\n\\.\nselect 1;\ncopy t from 'file'; copy t from program 'x'; copy (select 1 from stdin) to stdout; copy t to stdout;"
        ), @r#"
        [COPY public.t (a, "b;c") FROM stdin WITH (format csv)] data "1;\t2\n\\.x\n'\n"
        [select 1]
        [copy t from 'file']
        [copy t from program 'x']
        [copy (select 1 from stdin) to stdout]
        [copy t to stdout]
        "#);
    }

    #[test]
    fn copy_data_may_be_missing_empty_or_endless() {
        insta::assert_snapshot!(check("copy t from stdin;"), @r"
        [copy t from stdin] no data
        ");
        insta::assert_snapshot!(check("copy t from stdin;\n\n"), @r"
        [copy t from stdin] no data
        ");
        insta::assert_snapshot!(check("copy binary t from stdin;\r\n\\.\r\nselect 1"), @r#"
        [copy binary t from stdin] data ""
        [select 1]
        "#);
        insta::assert_snapshot!(check("copy t from stdin;\n1\n2\nselect 1;"), @r#"
        [copy t from stdin] data "1\n2\nselect 1;" COPY data opened at 0
        "#);
        insta::assert_snapshot!(check("copy t from stdin; select 1;"), @r"
        [copy t from stdin] no data
        [select 1]
        ");
    }

    #[test]
    fn psql_commands_are_parts_of_their_own() {
        insta::assert_snapshot!(check(
            "\\restrict abc\n\\c db -- x\n\\set x 'a;b' \\set y 1\nselect 'create table x()' \\gexec\nselect 1\n\\echo hi\n;\n\\copy t from stdin\n1\n\\.\nselect 2 \\bind 1 \\g\nselect 3\\;select 4;"
        ), @r#"
        [\restrict abc] meta restrict
        [\c db -- x] meta c
        [\set x 'a;b'] meta set
        [\set y 1] meta set
        [select 'create table x()']
        [\gexec] meta gexec
        [select 1⏎\echo hi] holds "\\echo hi"
        [\copy t from stdin] meta copy
        [select 2 \bind 1] holds "\\bind 1"
        [\g] meta g
        [select 3]
        [select 4]
        "#);
    }

    #[test]
    fn what_is_never_closed_is_returned_and_flagged() {
        insta::assert_snapshot!(check("select 1; select 'a; select 2;"), @r"
        [select 1]
        [select 'a; select 2;] string opened at 17
        ");
        insta::assert_snapshot!(check("select 1; /* select 2;"), @r"
        [select 1]
        [/* select 2;] block comment opened at 10
        ");
        insta::assert_snapshot!(check("create function f() begin atomic select 1; select 2;"), @r"
        [create function f() begin atomic select 1; select 2;] BEGIN ATOMIC body opened at 20
        ");
        insta::assert_snapshot!(check("create rule r as on update to t do (select 1; select 2;"), @r"
        [create rule r as on update to t do (select 1; select 2;] rule action list opened at 35
        ");
    }

    #[test]
    fn comments_belong_to_the_statement_below_or_on_their_line() {
        let sql = "-- head\n\nselect 1; -- one\n\n-- two\n;-- three\nselect 2 /* in */; /* four\n */";
        let parts = split(sql);
        let above = |at: usize| parts[at].comments(sql).map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(above(0), ["-- head"]);
        assert_eq!(above(1), ["-- two", "-- three"]);
        let trailing = |at: usize| parts[at].trailing_comment(sql).map(|(_, text)| text);
        assert_eq!(trailing(0), Some("-- one"));
        assert_eq!(trailing(1), Some("/* four\n */"));
    }

    fn assert_covers(sql: &str) -> Result<(), TestCaseError> {
        let mut joined = String::new();
        for part in split(sql) {
            prop_assert_eq!(part.leading.start, joined.len());
            prop_assert_eq!(part.leading.end, part.full.start);
            prop_assert_eq!(part.full.start, part.span.start);
            prop_assert!(part.full.contains(part.span) && !part.span.is_empty());
            prop_assert!(
                part.terminator.is_none_or(|end| part.full.contains(end) && end.start >= part.span.end)
            );
            let text = part.text(sql);
            prop_assert!(part.unterminated.is_some() || text.trim_ascii() == text, "{:?}", text);
            joined += &sql[part.leading.range()];
            joined += &sql[part.full.range()];
            if let StatementKind::Copy { data: Some(data) } = part.kind {
                prop_assert!(part.full.contains(data) && data.start > part.span.end);
            }
            if part.unterminated.is_some() {
                prop_assert_eq!(part.full.end, sql.len());
            }
            prop_assert!(
                part.comments(sql).chain(part.trailing_comment(sql)).all(|(_, text)| !text.is_empty())
            );
        }
        let rest = &sql[joined.len()..];
        prop_assert!(
            Tokens::new(rest).all(|token| token.kind.is_trivia() || token.kind == TokenKind::Semicolon)
        );
        prop_assert_eq!(joined + rest, sql);
        Ok(())
    }

    proptest! {
        #[test]
        fn parts_laid_side_by_side_are_the_script(sql in "\\PC*") {
            assert_covers(&sql)?;
        }

        #[test]
        fn parts_of_anything_like_sql_are_the_script(sql in crate::sql::soup::script()) {
            assert_covers(&sql)?;
        }

        #[test]
        fn a_part_split_again_is_one_part(sql in crate::sql::soup::script()) {
            // A byte order mark is one at the start only, and may be the start of a part.
            let sql = sql.replace('\u{FEFF}', "");
            for part in split(&sql) {
                let again = split(part.text(&sql));
                prop_assert_eq!(again.len(), 1);
                prop_assert_eq!(again[0].text(part.text(&sql)), part.text(&sql));
            }
        }
    }
}
