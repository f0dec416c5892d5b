//! Names of objects as a statement writes them, and as the catalog knows them.

use std::fmt;

use super::cursor::Cursor;
use super::lex::{Token, TokenKind, significant};
use super::{Quoted, Span};

/// A name, qualified or not, as the catalog would store it.
///
/// Words without quotes are in lower case and every part is cut to the 63 bytes PostgreSQL keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectName {
    /// Schema and name, or whatever is written, outermost first; never empty.
    pub parts: Vec<String>,
    /// Its bytes.
    pub span: Span,
}

impl ObjectName {
    /// The name that takes all of `span`; `None` when anything else stands there.
    pub fn read(sql: &str, span: Span) -> Option<Self> {
        let text = span.text(sql);
        let tokens = significant(text);
        let mut cursor = Cursor::new(text, &tokens);
        let name = cursor.name().filter(|_| cursor.is_done())?;
        Some(Self { span: name.span.shifted(span.start), ..name })
    }

    /// Whether both may mean one object: the same name, in the same schema where both tell one.
    pub fn agrees(&self, other: &Self) -> bool {
        self.name() == other.name()
            && match (self.schema(), other.schema()) {
                (Some(own), Some(other)) => own == other,
                _ => true,
            }
    }

    /// The last part.
    pub fn name(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// The part before the last, when there is one.
    pub fn schema(&self) -> Option<&str> {
        self.parts.iter().rev().nth(1).map(String::as_str)
    }

    /// Ready to be put into SQL.
    pub fn quoted(&self) -> Quoted {
        Quoted::qualified(self.parts.iter().map(String::as_str))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.quoted().fmt(f)
    }
}

/// The name an identifier token stands for; `None` for any other token.
///
/// A `UESCAPE` clause after a `U&"…"` is not taken into account.
pub(super) fn identifier(sql: &str, token: Token) -> Option<String> {
    let text = token.text(sql);
    let name = match token.kind {
        // Only ASCII letters are folded in a UTF-8 database (downcase_identifier in scansup.c).
        TokenKind::Ident => text.to_ascii_lowercase(),
        TokenKind::QuotedIdent => text.get(1..text.len() - 1)?.replace("\"\"", "\""),
        TokenKind::UnicodeIdent => unescape(&text.get(3..text.len() - 1)?.replace("\"\"", "\"")),
        _ => return None,
    };
    Some(truncated(name))
}

fn truncated(mut name: String) -> String {
    const NAMEDATALEN: usize = 64;
    let mut end = NAMEDATALEN - 1;
    if name.len() > end {
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
    }
    name
}

/// `\XXXX` and `\+XXXXXX` as the characters they stand for; anything else is left as it is.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let (skip, digits) = if escape.starts_with('+') { (1, 6) } else { (0, 4) };
        let code = escape
            .get(skip..skip + digits)
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .and_then(char::from_u32);
        rest = match code {
            Some(c) => {
                out.push(c);
                &escape[skip + digits..]
            }
            None => {
                out.push('\\');
                escape.strip_prefix('\\').unwrap_or(escape)
            }
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::lex;

    fn check(sql: &str) -> Option<String> {
        identifier(sql, *lex(sql).first()?)
    }

    #[test]
    fn a_name_takes_the_whole_span_and_agrees_with_one_that_tells_less() {
        let name = |sql: &str| ObjectName::read(sql, Span::new(0, sql.len()));
        assert_eq!(name("S.\"T\"").map(|name| name.parts), Some(vec!["s".to_owned(), "T".to_owned()]));
        assert!(name("lower(a)").is_none() && name("a desc").is_none() && name("1").is_none());
        let agree = |a, b| name(a).zip(name(b)).is_some_and(|(a, b)| a.agrees(&b));
        assert!(agree("s.t", "T") && agree("s.t", "s.t"));
        assert!(!agree("s.t", "r.t") && !agree("s", "t"));
    }

    #[test]
    fn names_are_what_the_catalog_stores() {
        assert_eq!(check("FooÉ").as_deref(), Some("fooÉ"));
        assert_eq!(check("\"Foo\"\"\"").as_deref(), Some("Foo\""));
        assert_eq!(check(r#"U&"d\0061t\+000061\\""#).as_deref(), Some("data\\"));
        assert_eq!(check(&"é".repeat(40)).map(|name| name.len()), Some(62));
        assert_eq!(check("1"), None);
    }
}
