//! Reading the tokens of one statement from left to right.

use super::lex::{Token, TokenKind};
use super::name::identifier;
use super::{ObjectName, Span};

/// A place among the significant tokens of one statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) sql: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the first of `tokens`, which hold no trivia.
    pub(super) fn new(sql: &'a str, tokens: &'a [Token]) -> Self {
        Self { sql, tokens, at: 0 }
    }

    /// The tokens whose spans lie in `span`.
    pub(super) fn within(self, span: Span) -> Self {
        let start = self.tokens.partition_point(|token| token.span.start < span.start);
        let end = self.tokens.partition_point(|token| token.span.end <= span.end);
        Self { sql: self.sql, tokens: &self.tokens[start..end.max(start)], at: 0 }
    }

    /// At the first token again.
    pub(super) fn rewound(self) -> Self {
        Self { at: 0, ..self }
    }

    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn nth(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    pub(super) fn bump(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// Start of the next token, or the end of the last.
    pub(super) fn offset(&self) -> usize {
        match self.peek() {
            Some(token) => token.span.start,
            None => self.end(),
        }
    }

    /// End of the token before; 0 at the start.
    pub(super) fn last_end(&self) -> usize {
        match self.at.checked_sub(1).and_then(|at| self.tokens.get(at)) {
            Some(token) => token.span.end,
            None => 0,
        }
    }

    /// End of the last token.
    pub(super) fn end(&self) -> usize {
        self.tokens.last().map_or(0, |token| token.span.end)
    }

    /// From `start` to the end of the token before.
    pub(super) fn since(&self, start: usize) -> Span {
        Span::new(start, self.last_end().max(start))
    }

    /// From the next token to the last.
    pub(super) fn rest(&self) -> Option<Span> {
        Some(Span::new(self.peek()?.span.start, self.end()))
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        self.nth_is(0, word)
    }

    pub(super) fn nth_is(&self, ahead: usize, word: &str) -> bool {
        self.nth(ahead).is_some_and(|token| token.is_word(self.sql, word))
    }

    /// Whether the words follow, one after the other.
    pub(super) fn at_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(ahead, word)| self.nth_is(ahead, word))
    }

    pub(super) fn at_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.at_word(word))
    }

    pub(super) fn at_kind(&self, kind: TokenKind) -> bool {
        self.peek().is_some_and(|token| token.kind == kind)
    }

    /// Whether the token before is the keyword `word`.
    pub(super) fn follows(&self, word: &str) -> bool {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .is_some_and(|token| token.is_word(self.sql, word))
    }

    pub(super) fn eat(&mut self, word: &str) -> bool {
        self.eat_words(&[word])
    }

    pub(super) fn eat_words(&mut self, words: &[&str]) -> bool {
        let found = self.at_words(words);
        if found {
            self.at += words.len();
        }
        found
    }

    pub(super) fn eat_any(&mut self, words: &[&str]) -> bool {
        let found = self.at_any(words);
        self.at += usize::from(found);
        found
    }

    pub(super) fn eat_kind(&mut self, kind: TokenKind) -> bool {
        let found = self.at_kind(kind);
        self.at += usize::from(found);
        found
    }

    /// An identifier with any qualification: `a`, `a.b.c`.
    pub(super) fn name(&mut self) -> Option<ObjectName> {
        let first = self.peek()?;
        let mut parts = vec![identifier(self.sql, first)?];
        self.at += 1;
        let mut span = first.span;
        while self.at_kind(TokenKind::Dot) {
            let Some((token, part)) =
                self.nth(1).and_then(|token| Some((token, identifier(self.sql, token)?)))
            else {
                break;
            };
            parts.push(part);
            span = span.to(token.span);
            self.at += 2;
        }
        Some(ObjectName { parts, span })
    }

    /// One token, or all from an opening parenthesis or bracket to the one that closes it.
    pub(super) fn bump_group(&mut self) -> Option<Span> {
        let first = self.bump()?;
        let mut depth = usize::from(is_open(first.kind));
        let mut span = first.span;
        while depth > 0 {
            let Some(token) = self.bump() else {
                break;
            };
            depth = depth + usize::from(is_open(token.kind)) - usize::from(is_close(token.kind));
            span = span.to(token.span);
        }
        Some(span)
    }

    /// The parenthesised group here: its span with the parentheses.
    pub(super) fn parens(&mut self) -> Option<Span> {
        if self.at_kind(TokenKind::LeftParen) { self.bump_group() } else { None }
    }

    /// Goes to the next token outside parentheses that satisfies `wanted`, or to the end.
    pub(super) fn skip_until(&mut self, wanted: impl Fn(&Self) -> bool) {
        while !self.is_done() && !wanted(self) {
            self.bump_group();
        }
    }

    /// Goes to the next keyword `word` outside parentheses; stays where it is when there is none.
    pub(super) fn seek(&mut self, word: &str) -> bool {
        let mut ahead = *self;
        ahead.skip_until(|cursor| cursor.at_word(word));
        let found = !ahead.is_done();
        if found {
            *self = ahead;
        }
        found
    }
}

const fn is_open(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::LeftParen | TokenKind::LeftBracket)
}

const fn is_close(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::RightParen | TokenKind::RightBracket)
}
