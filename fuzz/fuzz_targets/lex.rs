//! The laws of the lexer and the splitter, on anything: `cargo +nightly fuzz run lex`.

#![no_main]

use confiture_core::sql::{classify, lex, outline, parse, split};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|sql: &str| {
    let mut at = 0;
    for token in lex(sql) {
        assert_eq!(token.span.start, at);
        assert!(token.span.end > at && sql.is_char_boundary(token.span.end));
        at = token.span.end;
    }
    assert_eq!(at, sql.len());

    let mut at = 0;
    for part in split(sql) {
        assert_eq!(part.leading.start, at);
        assert_eq!(part.leading.end, part.full.start);
        assert!(part.full.contains(part.span) && !part.span.is_empty());
        at = part.full.end;
        let text = part.text(sql);
        let _ = (classify(text), outline(text), parse(text));
    }
    assert!(at <= sql.len());
});
