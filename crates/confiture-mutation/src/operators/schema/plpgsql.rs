//! The statements of a block in PL/pgSQL.

use std::cmp::Reverse;

use confiture_core::sql::{Span, Token, TokenKind, Tokens};

/// How deep blocks are followed; what lies deeper is left alone.
const MAX_DEPTH: usize = 64;

/// Every statement that a block can do without, each with its semicolon, an outer one before those in it.
///
/// `RETURN`, `EXIT` and `NULL` are not among them: without them a function ends in an error, never ends, or
/// does the same.
pub(super) fn statements(text: &str) -> Vec<Span> {
    let tokens: Vec<Token> = Tokens::new(text).filter(|token| !token.kind.is_trivia()).collect();
    let mut reader = Reader { text, tokens, at: 0, depth: 0, found: Vec::new() };
    while !reader.is_done() && !reader.is_any(&["begin", "declare"]) {
        reader.at += 1;
    }
    reader.block();
    reader.found.sort_by_key(|span| (span.start, Reverse(span.end)));
    reader.found
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    found: Vec<Span>,
}

impl Reader<'_> {
    fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn is(&self, word: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is_word(self.text, word))
    }

    fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    fn follows(&self, words: &[&str]) -> bool {
        let next = self.tokens.get(self.at + 1);
        words.iter().any(|word| next.is_some_and(|token| token.is_word(self.text, word)))
    }

    /// Goes behind the semicolon that ends what is here.
    fn finish(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            if token.kind == TokenKind::Semicolon {
                return;
            }
        }
    }

    /// Goes behind the next `word` that is no part of a `CASE` expression.
    fn pass(&mut self, word: &str) {
        let mut cases = 0_usize;
        while !self.is_done() {
            let here = self.is(word) && cases == 0;
            if self.is("case") {
                cases += 1;
            } else if self.is("end") {
                cases = cases.saturating_sub(1);
            }
            self.at += 1;
            if here {
                return;
            }
        }
    }

    fn block(&mut self) {
        self.pass("begin");
        self.list();
        if self.is("exception") {
            self.at += 1;
            self.branches(&["when"]);
        }
        self.finish();
    }

    /// `WHEN … THEN …`, as often as it comes.
    fn branches(&mut self, words: &[&str]) {
        while self.is_any(words) {
            self.at += 1;
            self.pass("then");
            self.list();
        }
    }

    /// Statements up to what ends or divides the block around them.
    fn list(&mut self) {
        while !self.is_done() && !self.is_any(&["end", "else", "elsif", "elseif", "when", "exception"]) {
            self.statement();
        }
    }

    fn statement(&mut self) {
        let first = self.at;
        while self.tokens.get(self.at).is_some_and(|token| token.text(self.text) == "<<") {
            self.at += 3;
        }
        let kept =
            self.is("null") || self.is("exit") || (self.is("return") && !self.follows(&["next", "query"]));
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.finish();
        } else if self.is_any(&["begin", "declare"]) {
            self.block();
        } else if self.is("if") {
            self.branches(&["if", "elsif", "elseif"]);
            self.otherwise();
        } else if self.is("case") {
            self.at += 1;
            self.seek_when();
            self.branches(&["when"]);
            self.otherwise();
        } else if self.is_any(&["loop", "while", "for", "foreach"]) {
            self.pass("loop");
            self.list();
            self.finish();
        } else {
            self.finish();
        }
        self.depth -= 1;
        let span = self.tokens.get(first).zip(self.tokens.get(self.at.saturating_sub(1)));
        if let Some((first, last)) = span.filter(|_| !kept && self.depth < MAX_DEPTH) {
            self.found.push(first.span.to(last.span));
        }
    }

    /// To the first `WHEN` of the statement `CASE`, over those of a `CASE` expression before it.
    fn seek_when(&mut self) {
        if !self.is("when") {
            self.pass("when");
            self.at = self.at.saturating_sub(1);
        }
    }

    /// `ELSE …`, then `END`.
    fn otherwise(&mut self) {
        if self.is("else") {
            self.at += 1;
            self.list();
        }
        self.finish();
    }
}
