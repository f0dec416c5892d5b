//! The splitter against squawk-syntax, a PostgreSQL parser written independently of it.

use proptest::prelude::*;
use squawk_syntax::SourceFile;
use squawk_syntax::ast::AstNode;

use super::{Span, lex, split};

/// Statements PostgreSQL accepts, with whatever could be taken for their end inside.
///
/// Not among them: a backslash in the second piece of `E'…'`. The server still reads it as an escape (tried
/// on 15), squawk does not, nor does psql, which lexes line by line.
const STATEMENTS: &[&str] = &[
    "select ';', E'\\';', \"a;\"\"\", U&'\\003b', $$;$$, $a$ $$; $a$, b'0', x'f'",
    "select 'a'\n  'b;', E'a' -- c\n'b;'",
    "select a[1:2], b::int[], $1, 1.5e-3, a <-> -b, @-1",
    "select /* ; /* ; */ ; */ 1 -- ; it's\n + 2",
    "select case when a then ';' else (select 1) end",
    "create table t (a int default 1, check (a > 0))",
    "create function f() returns int language plpgsql as $f$ begin return 1; end; $f$",
    "create or replace function f(a int) returns int begin atomic select case a when 1 then 2 end; select 3; end",
    "create procedure p() begin atomic insert into t values (1); end",
    "create function f() returns int return 1",
    "create rule r as on insert to t do also (delete from u; insert into u values (1))",
    "create rule r as on insert to t do instead nothing",
    "create trigger g before insert on t for each row execute function f()",
    "do $$ begin perform 1; end $$",
    "begin",
    "commit",
    "end",
    "alter table t add column a int, drop column b",
    "with a as (select 1) select * from a",
    "comment on table t is 'x;'",
    "grant select on t to u",
    "copy t from '/x;'",
    "copy (select 1) to stdout",
];

const BETWEEN: &[&str] = &[";", "; ", ";\n", ";;\n", " ; -- c;\n", ";/* c; */", "\n;\n\n-- a\n/* b */\n"];

fn check(sql: &str) -> Result<(), TestCaseError> {
    let theirs: Vec<Span> = SourceFile::parse(sql)
        .tree()
        .stmts()
        .map(|statement| statement.syntax().text_range())
        .map(|range| Span::new(range.start().into(), range.end().into()))
        .filter(|span| !matches!(span.text(sql), "" | ";"))
        .collect();
    let ours: Vec<Span> = split(sql).into_iter().map(|part| part.span).collect();
    prop_assert_eq!(ours.len(), theirs.len(), "{:?}", sql);
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        prop_assert_eq!(ours.start, theirs.start);
        // Its statements may hold their semicolon and what follows.
        let rest = Span::new(ours.end.min(theirs.end), ours.end.max(theirs.end)).text(sql);
        prop_assert!(lex(rest).iter().all(|token| token.kind.is_trivia() || token.text(rest) == ";"));
    }
    Ok(())
}

proptest! {
    #[test]
    fn scripts_of_valid_statements_are_split_alike(
        parts in prop::collection::vec(
            (prop::sample::select(STATEMENTS), prop::sample::select(BETWEEN)),
            0..8,
        )
    ) {
        let sql: String = parts.iter().flat_map(|(statement, between)| [*statement, *between]).collect();
        check(&sql)?;
    }
}
