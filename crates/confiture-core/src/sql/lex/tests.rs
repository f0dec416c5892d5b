use proptest::prelude::*;

use super::*;

/// Kind and text of every token but whitespace, one per line.
fn check(sql: &str) -> String {
    lex(sql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Whitespace)
        .map(|token| format!("{:?} {}\n", token.kind, token.text(sql)))
        .collect()
}

fn texts(sql: &str) -> Vec<&str> {
    lex(sql)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Whitespace)
        .map(|token| token.text(sql))
        .collect()
}

#[test]
fn strings_of_every_kind_are_one_token() {
    insta::assert_snapshot!(check(r#"'it''s' E'a\'b' B'01' x'ff' N'n' U&'d\0061' $$a$b$$ $t$ $$ $t$"#), @r"
    String 'it''s'
    EscapeString E'a\'b'
    BitString B'01'
    HexString x'ff'
    NationalString N'n'
    UnicodeString U&'d\0061'
    DollarString $$a$b$$
    DollarString $t$ $$ $t$
    ");
}

#[test]
fn a_string_goes_on_after_a_line_end_with_the_rules_of_its_first_piece() {
    insta::assert_snapshot!(check("E'a' -- c\n 'b\\'c' 'd\\'"), @r"
    EscapeString E'a'
    LineComment -- c
    EscapeString 'b\'c'
    String 'd\'
    ");
}

#[test]
fn names_may_hold_dollars_and_any_letter() {
    assert_eq!(texts("a$b$c été _x \"a\"\"b\" U&\"d\""), ["a$b$c", "été", "_x", "\"a\"\"b\"", "U&\"d\""]);
    assert_eq!(texts("u&x"), ["u", "&", "x"]);
}

#[test]
fn numbers_follow_the_rules_of_postgresql_16() {
    assert_eq!(
        texts("1 1.5 .5 1. 1e5 1.e-5 1_000 0x1F 0b_1 1..2 1e x"),
        ["1", "1.5", ".5", "1.", "1e5", "1.e-5", "1_000", "0x1F", "0b_1", "1", "..", "2", "1", "e", "x"]
    );
    assert_eq!(texts("0x $1a 1__0"), ["0", "x", "$1", "a", "1", "__0"]);
}

#[test]
fn operators_stop_where_postgresql_stops_them() {
    assert_eq!(texts("a=-1"), ["a", "=", "-", "1"]);
    assert_eq!(texts("a@-1"), ["a", "@-", "1"]);
    assert_eq!(texts("1+--x\n2"), ["1", "+", "--x", "2"]);
    assert_eq!(texts("1*/*x*/2"), ["1", "*", "/*x*/", "2"]);
    assert_eq!(texts("<=+-+"), ["<=", "+", "-", "+"]);
    assert_eq!(texts("a::int b:=c :v"), ["a", "::", "int", "b", ":=", "c", ":", "v"]);
}

#[test]
fn comments_nest() {
    assert_eq!(texts("/* a /* b */ c */ d"), ["/* a /* b */ c */", "d"]);
    assert_eq!(texts("/*/ */ a"), ["/*/ */", "a"]);
}

#[test]
fn what_is_never_closed_says_where_it_was_opened() {
    let opening = |sql| {
        let token = lex(sql).pop()?;
        Some((token.kind, token.opening(sql)?.text(sql)))
    };
    let unterminated = TokenKind::Unterminated;
    assert_eq!(opening("select 'a"), Some((unterminated(Unterminated::String), "'")));
    assert_eq!(opening("select E'a\\"), Some((unterminated(Unterminated::String), "E'")));
    assert_eq!(opening("select $a$ b"), Some((unterminated(Unterminated::DollarString), "$a$")));
    assert_eq!(opening("select \"a"), Some((unterminated(Unterminated::QuotedIdent), "\"")));
    assert_eq!(opening("/* /* */"), Some((unterminated(Unterminated::BlockComment), "/*")));
    assert_eq!(opening("select 1"), None);
}

#[test]
fn psql_commands_reach_to_the_end_of_the_line() {
    insta::assert_snapshot!(check("\\set x 'a\\\\b' \\\\ select 1 \\gexec\n\\copy t from stdin\nselect 1\\;"), @r"
    Meta \set x 'a\\b' \\
    Ident select
    Number 1
    Meta \gexec
    Meta \copy t from stdin
    Ident select
    Number 1
    Semicolon \;
    ");
}

#[test]
fn a_byte_order_mark_is_whitespace_at_the_start_only() {
    assert_eq!(texts("\u{FEFF}select"), ["select"]);
    assert_eq!(texts("a \u{FEFF}b"), ["a", "\u{FEFF}b"]);
}

#[test]
fn a_long_run_of_signs_is_lexed_in_linear_time() {
    assert_eq!(lex(&"+".repeat(1 << 20)).len(), 1 << 20);
}

fn assert_lossless(sql: &str) -> Result<(), TestCaseError> {
    let mut at = 0;
    for token in lex(sql) {
        prop_assert_eq!(token.span.start, at);
        prop_assert!(!token.span.is_empty());
        prop_assert!(sql.is_char_boundary(token.span.end));
        if let Some(opening) = token.opening(sql) {
            prop_assert!(token.span.contains(opening));
        }
        at = token.span.end;
    }
    prop_assert_eq!(at, sql.len());
    Ok(())
}

proptest! {
    #[test]
    fn tokens_are_the_whole_text(sql in "\\PC*") {
        assert_lossless(&sql)?;
    }

    #[test]
    fn tokens_are_the_whole_text_of_anything_like_sql(sql in crate::sql::soup::script()) {
        assert_lossless(&sql)?;
    }
}
