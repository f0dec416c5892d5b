//! PostgreSQL's lexical rules (`scan.l`) without losing a byte.

use super::Span;

/// One token: what it is and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes.
    pub span: Span,
}

/// What a token is.
///
/// Keywords are identifiers: which words are reserved differs from place to place and from version to
/// version. Compare with [`Token::is_word`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// Spaces, tabs, line ends; a byte order mark at the start of the script.
    Whitespace,
    /// `-- …` up to, not including, the line end.
    LineComment,
    /// `/* … */`, nested ones included.
    BlockComment,
    /// An identifier or keyword without quotes.
    Ident,
    /// `"…"`.
    QuotedIdent,
    /// `U&"…"`.
    UnicodeIdent,
    /// An integer or a number with point or exponent, without sign; `0x1F`, `1_000` (since 16).
    Number,
    /// `$1`.
    Param,
    /// `'…'`, with `''` inside for a quote.
    String,
    /// `E'…'`, where a backslash escapes.
    EscapeString,
    /// `B'…'`.
    BitString,
    /// `X'…'`.
    HexString,
    /// `N'…'`.
    NationalString,
    /// `U&'…'`.
    UnicodeString,
    /// `$$…$$` or `$tag$…$tag$`.
    DollarString,
    /// A run of operator characters, cut as PostgreSQL cuts it.
    Operator,
    /// `(`.
    LeftParen,
    /// `)`.
    RightParen,
    /// `[`.
    LeftBracket,
    /// `]`.
    RightBracket,
    /// `,`.
    Comma,
    /// `;`, or psql's `\;`.
    Semicolon,
    /// `.`.
    Dot,
    /// `:`, or psql's `\:`.
    Colon,
    /// `::`.
    DoubleColon,
    /// A psql command, from its backslash to the end of the line or to psql's separator `\\`.
    Meta,
    /// A character PostgreSQL has no use for outside quotes.
    Unknown,
    /// Opened and never closed: it reaches to the end of the script.
    Unterminated(Unterminated),
}

/// What was opened and never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unterminated {
    /// Any string in single quotes.
    String,
    /// An identifier in double quotes.
    QuotedIdent,
    /// A string in dollar quotes.
    DollarString,
    /// A `/*` comment.
    BlockComment,
    /// The `BEGIN ATOMIC` body of a function (found by [`split`](super::split), not by the lexer).
    AtomicBody,
    /// The parenthesis around the actions of a rule (found by [`split`](super::split)).
    RuleActions,
    /// The data of `COPY … FROM STDIN`, which no `\.` line ends (found by [`split`](super::split)).
    CopyData,
}

impl Unterminated {
    /// Its name for a message: `string`, `dollar-quoted string`, ….
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::QuotedIdent => "quoted identifier",
            Self::DollarString => "dollar-quoted string",
            Self::BlockComment => "block comment",
            Self::AtomicBody => "BEGIN ATOMIC body",
            Self::RuleActions => "rule action list",
            Self::CopyData => "COPY data",
        }
    }
}

impl TokenKind {
    /// Whether the server skips it: whitespace and closed comments.
    pub const fn is_trivia(self) -> bool {
        matches!(self, Self::Whitespace | Self::LineComment | Self::BlockComment)
    }

    /// Whether it is a closed comment.
    pub const fn is_comment(self) -> bool {
        matches!(self, Self::LineComment | Self::BlockComment)
    }

    /// Whether it is a string constant of any kind.
    pub const fn is_string(self) -> bool {
        matches!(
            self,
            Self::String
                | Self::EscapeString
                | Self::BitString
                | Self::HexString
                | Self::NationalString
                | Self::UnicodeString
                | Self::DollarString
        )
    }

    /// Whether it can name something: an identifier, quoted or not.
    pub const fn is_name(self) -> bool {
        matches!(self, Self::Ident | Self::QuotedIdent | Self::UnicodeIdent)
    }
}

impl Token {
    /// Its text in `sql`, the script it was cut from.
    pub fn text(self, sql: &str) -> &str {
        self.span.text(sql)
    }

    /// Whether it is the keyword `word`, in any case and without quotes.
    pub fn is_word(self, sql: &str, word: &str) -> bool {
        self.kind == TokenKind::Ident && self.text(sql).eq_ignore_ascii_case(word)
    }

    /// Where an unterminated token was opened: its quote, tag or `/*`.
    pub fn opening(self, sql: &str) -> Option<Span> {
        let TokenKind::Unterminated(what) = self.kind else {
            return None;
        };
        let text = self.text(sql);
        let len = match what {
            Unterminated::BlockComment => 2,
            Unterminated::DollarString => text[1..].find('$').map_or(1, |at| at + 2),
            Unterminated::QuotedIdent => text.find('"').map_or(1, |at| at + 1),
            _ => text.find('\'').map_or(1, |at| at + 1),
        };
        Some(Span::new(self.span.start, self.span.start + len.min(text.len())))
    }
}

/// Every token of `sql`, in order; together their spans are the whole text.
///
/// Never fails and takes time linear in the length of the text. The rules are those of PostgreSQL 18's
/// `scan.l` with `standard_conforming_strings` on; what only older servers read otherwise: `1_000` and
/// `0x1F` are one number since 16 only. A string that goes on after a line end is one token per piece,
/// each of the kind of the first.
///
/// # Example
/// ```
/// use confiture_core::sql::{lex, TokenKind};
///
/// let sql = "select $$;$$; -- done";
/// let kinds: Vec<_> = lex(sql).into_iter().map(|t| t.kind).filter(|k| *k != TokenKind::Whitespace).collect();
/// assert_eq!(kinds, [
///     TokenKind::Ident,
///     TokenKind::DollarString,
///     TokenKind::Semicolon,
///     TokenKind::LineComment,
/// ]);
/// ```
pub fn lex(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(sql.len() / 5 + 4);
    tokens.extend(Tokens::new(sql));
    tokens
}

/// Every token of `sql` that is neither whitespace nor a closed comment.
pub(super) fn significant(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(sql.len() / 8 + 4);
    tokens.extend(Tokens::new(sql).filter(|token| !token.kind.is_trivia()));
    tokens
}

/// The tokens of a script, one by one: [`lex`] without the vector.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    sql: &'a str,
    at: usize,
    operators: OperatorRun,
    /// Kind of the string just read, and whether a line end came since: the next `'` continues it.
    continued: Option<(TokenKind, bool)>,
}

/// A run of operator characters, looked at once however many tokens it is cut into.
#[derive(Debug, Clone, Copy, Default)]
struct OperatorRun {
    end: usize,
    /// Where the `+` and `-` at its end begin.
    signs: usize,
    /// Place after the last character that lets an operator end in `+` or `-`.
    free: usize,
}

impl<'a> Tokens<'a> {
    /// Starts at the beginning of `sql`.
    pub fn new(sql: &'a str) -> Self {
        Self { sql, at: 0, operators: OperatorRun::default(), continued: None }
    }

    /// Goes on at byte `at`, as if a new script started there.
    pub(super) fn jump(&mut self, at: usize) {
        self.at = at;
        self.continued = None;
    }

    /// Where the next token starts.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn byte(&self, at: usize) -> u8 {
        self.sql.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn find_char(&self, from: usize, what: char) -> Option<usize> {
        Some(from + self.sql.get(from..)?.find(what)?)
    }

    fn past(&self, from: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let bytes = self.sql.as_bytes();
        let mut at = from;
        while bytes.get(at).is_some_and(|&byte| wanted(byte)) {
            at += 1;
        }
        at
    }

    /// Kind and end of the token at `start`.
    fn token(&mut self, start: usize) -> (TokenKind, usize) {
        let next = self.byte(start + 1);
        match self.byte(start) {
            byte if is_space(byte) => (TokenKind::Whitespace, self.past(start, is_space)),
            0xEF if start == 0 && self.sql.starts_with('\u{FEFF}') => (TokenKind::Whitespace, 3),
            b'-' if next == b'-' => (TokenKind::LineComment, self.past(start, |byte| !is_newline(byte))),
            b'/' if next == b'*' => self.block_comment(start),
            b'e' | b'E' if next == b'\'' => self.escape_string(start + 2),
            b'b' | b'B' if next == b'\'' => self.string(TokenKind::BitString, start + 2),
            b'x' | b'X' if next == b'\'' => self.string(TokenKind::HexString, start + 2),
            b'n' | b'N' if next == b'\'' => self.string(TokenKind::NationalString, start + 2),
            b'u' | b'U' if next == b'&' && self.byte(start + 2) == b'\'' => {
                self.string(TokenKind::UnicodeString, start + 3)
            }
            b'u' | b'U' if next == b'&' && self.byte(start + 2) == b'"' => {
                self.quoted_ident(TokenKind::UnicodeIdent, start + 3)
            }
            byte if is_ident_start(byte) => (TokenKind::Ident, self.past(start, is_ident_part)),
            b'0'..=b'9' => (TokenKind::Number, self.number(start)),
            b'.' if next.is_ascii_digit() => (TokenKind::Number, self.number(start)),
            b'\'' => match self.continued {
                Some((TokenKind::EscapeString, true)) => self.escape_string(start + 1),
                Some((kind, true)) => self.string(kind, start + 1),
                _ => self.string(TokenKind::String, start + 1),
            },
            b'"' => self.quoted_ident(TokenKind::QuotedIdent, start + 1),
            b'$' if next.is_ascii_digit() => {
                (TokenKind::Param, self.past(start + 1, |byte| byte.is_ascii_digit()))
            }
            b'$' => self.dollar_string(start),
            byte if is_operator(byte) => (TokenKind::Operator, self.operator(start)),
            b'(' => (TokenKind::LeftParen, start + 1),
            b')' => (TokenKind::RightParen, start + 1),
            b'[' => (TokenKind::LeftBracket, start + 1),
            b']' => (TokenKind::RightBracket, start + 1),
            b',' => (TokenKind::Comma, start + 1),
            b';' => (TokenKind::Semicolon, start + 1),
            b'.' if next == b'.' => (TokenKind::Operator, start + 2),
            b'.' => (TokenKind::Dot, start + 1),
            b':' if next == b':' => (TokenKind::DoubleColon, start + 2),
            b':' if next == b'=' => (TokenKind::Operator, start + 2),
            b':' => (TokenKind::Colon, start + 1),
            b'\\' if next == b';' => (TokenKind::Semicolon, start + 2),
            b'\\' if next == b':' => (TokenKind::Colon, start + 2),
            b'\\' => (TokenKind::Meta, self.meta(start)),
            _ => (TokenKind::Unknown, start + 1),
        }
    }

    fn unterminated(&self, what: Unterminated) -> (TokenKind, usize) {
        (TokenKind::Unterminated(what), self.sql.len())
    }

    fn block_comment(&self, start: usize) -> (TokenKind, usize) {
        let bytes = self.sql.as_bytes();
        let mut depth = 1;
        let mut at = start + 2;
        while at + 1 < bytes.len() {
            match (bytes[at], bytes[at + 1]) {
                (b'*', b'/') if depth == 1 => return (TokenKind::BlockComment, at + 2),
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                }
                (b'/', b'*') => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        self.unterminated(Unterminated::BlockComment)
    }

    /// A string without backslash escapes whose text starts at `at`.
    fn string(&self, kind: TokenKind, mut at: usize) -> (TokenKind, usize) {
        while let Some(quote) = self.find_char(at, '\'') {
            if self.byte(quote + 1) != b'\'' {
                return (kind, quote + 1);
            }
            at = quote + 2;
        }
        self.unterminated(Unterminated::String)
    }

    fn escape_string(&self, mut at: usize) -> (TokenKind, usize) {
        let bytes = self.sql.as_bytes();
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\'' if self.byte(at + 1) != b'\'' => return (TokenKind::EscapeString, at + 1),
                b'\'' | b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.unterminated(Unterminated::String)
    }

    fn quoted_ident(&self, kind: TokenKind, mut at: usize) -> (TokenKind, usize) {
        while let Some(quote) = self.find_char(at, '"') {
            if self.byte(quote + 1) != b'"' {
                return (kind, quote + 1);
            }
            at = quote + 2;
        }
        self.unterminated(Unterminated::QuotedIdent)
    }

    fn dollar_string(&self, start: usize) -> (TokenKind, usize) {
        let tag_end = self.past(start + 1, |byte| is_ident_part(byte) && byte != b'$');
        if self.byte(tag_end) != b'$' {
            return (TokenKind::Unknown, start + 1);
        }
        let (tag, rest) = self.sql[start..].split_at(tag_end + 1 - start);
        match rest.find(tag) {
            Some(at) => (TokenKind::DollarString, tag_end + 1 + at + tag.len()),
            None => self.unterminated(Unterminated::DollarString),
        }
    }

    fn number(&self, start: usize) -> usize {
        let radix = match self.byte(start + 1) | 0x20 {
            b'x' => 16,
            b'o' => 8,
            b'b' => 2,
            _ => 10,
        };
        if self.byte(start) == b'0' && radix != 10 {
            let end = self.digits(start + 2, radix, true);
            return if end > start + 2 { end } else { start + 1 };
        }
        let mut end = self.digits(start, 10, false);
        // `1..10` is two integers and `..` (loops of PL/pgSQL, which has the same lexer).
        if self.byte(end) == b'.' && self.byte(end + 1) != b'.' {
            end = self.digits(end + 1, 10, false);
        }
        if self.byte(end) | 0x20 == b'e' {
            let sign = usize::from(matches!(self.byte(end + 1), b'+' | b'-'));
            let exponent = self.digits(end + 1 + sign, 10, false);
            if exponent > end + 1 + sign {
                end = exponent;
            }
        }
        end
    }

    /// End of the digits at `at`: single underscores may stand between them.
    fn digits(&self, mut at: usize, radix: u32, leading_underscore: bool) -> usize {
        let is_digit = |at: usize| char::from(self.byte(at)).is_digit(radix);
        let mut underscore = leading_underscore;
        loop {
            if is_digit(at) {
                at += 1;
            } else if underscore && self.byte(at) == b'_' && is_digit(at + 1) {
                at += 2;
            } else {
                return at;
            }
            underscore = true;
        }
    }

    fn operator(&mut self, start: usize) -> usize {
        if start >= self.operators.end {
            self.operators = self.operator_run(start);
        }
        let run = self.operators;
        // An operator of several characters ends in + or - only if it holds one of ~ ! @ # % ^ & | ` ?
        // (manual, "Lexical Structure", "Operators").
        if run.free > start { run.end } else { run.signs.max(start + 1) }
    }

    fn operator_run(&self, start: usize) -> OperatorRun {
        let mut run = OperatorRun { end: start, signs: start, free: 0 };
        loop {
            let byte = self.byte(run.end);
            let comment = matches!((byte, self.byte(run.end + 1)), (b'-', b'-') | (b'/', b'*'));
            if !is_operator(byte) || comment {
                return run;
            }
            run.end += 1;
            if !matches!(byte, b'+' | b'-') {
                run.signs = run.end;
            }
            if matches!(byte, b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'%') {
                run.free = run.end;
            }
        }
    }

    /// End of the psql command at `start`, without the spaces after it.
    fn meta(&self, start: usize) -> usize {
        let mut end = self.meta_end(start);
        while is_space(self.byte(end - 1)) {
            end -= 1;
        }
        end
    }

    fn meta_end(&self, start: usize) -> usize {
        let line_end = self.past(start, |byte| !is_newline(byte));
        let name_end = self.past(start + 1, |byte| byte.is_ascii_alphanumeric() || byte == b'!');
        // These take the rest of the line as it is (psql's OT_WHOLE_LINE).
        if matches!(&self.sql[start + 1..name_end], "copy" | "!" | "h" | "help" | "ef" | "ev" | "sf" | "sv") {
            return line_end;
        }
        let mut quote = None;
        let mut at = name_end;
        while at < line_end {
            match (self.byte(at), quote) {
                (b'\\', Some(b'\'')) => at += 1,
                (b'\\', None) if self.byte(at + 1) == b'\\' => return at + 2,
                // An argument without quotes ends where the next command starts.
                (b'\\', None) => return at,
                (byte @ (b'\'' | b'"'), None) => quote = Some(byte),
                (byte, Some(open)) if byte == open => quote = None,
                _ => {}
            }
            at += 1;
        }
        line_end
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        if start >= self.sql.len() {
            return None;
        }
        let (kind, end) = self.token(start);
        // An escape at the very end may point past it.
        let end = end.min(self.sql.len());
        self.continued = match (kind, self.continued) {
            (TokenKind::DollarString, _) => None,
            (kind, _) if kind.is_string() => Some((kind, false)),
            (TokenKind::Whitespace, Some((kind, line_end))) => {
                Some((kind, line_end || self.sql[start..end].contains(['\n', '\r'])))
            }
            (TokenKind::LineComment, continued) => continued,
            _ => None,
        };
        self.at = end;
        Some(Token { kind, span: Span::new(start, end) })
    }
}

/// The name of the psql variable that `tokens` start with (`:name`, `:'name'`, `:"name"`), and how many
/// tokens it takes.
///
/// `tokens` must hold whitespace too: psql allows none after the colon. PostgreSQL itself reads the colon
/// of an array slice (`a[1:n]`) the same way; whether it is a variable is known to psql only.
///
/// # Example
/// ```
/// use confiture_core::sql::{lex, psql_variable};
///
/// let sql = ":'owner'";
/// assert_eq!(psql_variable(sql, &lex(sql)), Some(("owner", 2)));
/// ```
pub fn psql_variable<'a>(sql: &'a str, tokens: &[Token]) -> Option<(&'a str, usize)> {
    let [colon, name, ..] = tokens else {
        return None;
    };
    let text = name.text(sql);
    let inner = match name.kind {
        TokenKind::Ident => text,
        TokenKind::String | TokenKind::QuotedIdent => text.get(1..text.len() - 1)?,
        _ => return None,
    };
    (colon.kind == TokenKind::Colon && colon.span.len() == 1 && !inner.is_empty()).then_some((inner, 2))
}

/// Whitespace of the lexer; `\v` is one since 16.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

const fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Every byte of a character beyond ASCII counts as a letter.
const fn is_ident_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn is_ident_part(byte: u8) -> bool {
    is_ident_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

const fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'~' | b'!'
            | b'@'
            | b'#'
            | b'^'
            | b'&'
            | b'|'
            | b'`'
            | b'?'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'%'
            | b'<'
            | b'>'
            | b'='
    )
}

#[cfg(test)]
mod tests;
