//! Types that values of one kind have.

use confiture_core::sql::{Token, TokenKind, Tokens};

/// What arithmetic a type knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Integer,
    /// `numeric`, `double precision`.
    Fraction,
    /// `real`, which becomes `double precision` in arithmetic.
    Real,
    Boolean,
    /// Neither `char(n)`, whose blanks at the end do not count, nor `citext`.
    Text,
    Date,
    /// With time zone or without.
    Timestamp,
}

/// The family of a type, as the catalog or a person writes it; `None` for arrays and all others.
pub(super) fn family(data_type: &str) -> Option<Family> {
    let tokens: Vec<Token> = Tokens::new(data_type).filter(|token| !token.kind.is_trivia()).collect();
    if tokens.iter().any(|token| token.kind == TokenKind::LeftBracket) {
        return None;
    }
    let mut words = tokens.iter().map(|token| token.text(data_type).to_ascii_lowercase());
    let mut first = words.next()?;
    if first == "pg_catalog" && words.next()? == "." {
        first = words.next()?;
    }
    let second = words.next().unwrap_or_default();
    Some(match first.as_str() {
        "smallint" | "int2" | "integer" | "int" | "int4" | "bigint" | "int8" => Family::Integer,
        "real" | "float4" => Family::Real,
        "numeric" | "decimal" | "float8" | "float" => Family::Fraction,
        "double" if second == "precision" => Family::Fraction,
        "boolean" | "bool" => Family::Boolean,
        "text" | "varchar" => Family::Text,
        "character" | "char" if second == "varying" => Family::Text,
        "date" => Family::Date,
        "timestamp" | "timestamptz" => Family::Timestamp,
        _ => return None,
    })
}

impl Family {
    /// An expression of the same type whose value differs from that of `expression`, unless it is NULL.
    pub(super) fn shifted(self, expression: &str) -> String {
        match self {
            Self::Integer | Self::Fraction | Self::Real | Self::Date => format!("({expression}) + 1"),
            Self::Boolean => format!("NOT ({expression})"),
            Self::Text => format!("({expression}) || '?'"),
            Self::Timestamp => format!("({expression}) + interval '1 day'"),
        }
    }
}
