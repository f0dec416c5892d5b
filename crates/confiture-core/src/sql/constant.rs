//! The value of a string constant, and where each of its bytes is written.

use super::TokenKind;

/// The value of the string constant `literal`, and where in `literal` each of its bytes is written, then
/// where it ends; `None` for anything else, and for constants whose escapes are more than a character.
///
/// # Example
/// ```
/// use confiture_core::sql::{TokenKind, constant};
///
/// let (text, places) = constant("'it''s'", TokenKind::String).unwrap();
/// assert_eq!((text.as_str(), places), ("it's", vec![1, 2, 3, 5, 6]));
/// ```
pub fn constant(literal: &str, kind: TokenKind) -> Option<(String, Vec<usize>)> {
    let (start, end) = match kind {
        TokenKind::DollarString => {
            let tag = literal.get(1..)?.find('$')? + 2;
            (tag, literal.len().checked_sub(tag)?)
        }
        TokenKind::String => (1, literal.len() - 1),
        TokenKind::EscapeString => (2, literal.len() - 1),
        _ => return None,
    };
    let mut text = String::new();
    let mut places = Vec::new();
    let mut chars = literal.get(start..end)?.char_indices();
    while let Some((at, c)) = chars.next() {
        let c = match (kind, c) {
            (TokenKind::String | TokenKind::EscapeString, '\'') => chars.next()?.1,
            (TokenKind::EscapeString, '\\') => match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'x' | 'u' | 'U' | '0'..='7' => return None,
                c => c,
            },
            (_, c) => c,
        };
        text.push(c);
        places.extend(std::iter::repeat_n(start + at, c.len_utf8()));
    }
    places.push(end);
    Some((text, places))
}
