//! Names and values as SQL text.

use std::fmt;

/// An identifier, or a qualified one, as PostgreSQL's `quote_ident` writes it.
///
/// Quotes are put where a server of any version from 14 to 18 needs them; a newer keyword is quoted for
/// older servers too, which reads the same.
///
/// # Example
/// ```
/// use confiture_core::sql::Quoted;
///
/// assert_eq!(Quoted::ident("user").as_str(), "\"user\"");
/// assert_eq!(Quoted::qualified(["public", "Order"]).as_str(), "public.\"Order\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quoted(String);

impl Quoted {
    /// One identifier.
    pub fn ident(name: &str) -> Self {
        let mut text = String::with_capacity(name.len() + 2);
        push_ident(&mut text, name);
        Self(text)
    }

    /// Identifiers with dots between them.
    pub fn qualified<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for part in parts {
            if !text.is_empty() {
                text.push('.');
            }
            push_ident(&mut text, part);
        }
        Self(text)
    }

    /// The text to put into SQL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Quoted {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A string constant, as PostgreSQL's `quote_literal` writes it.
///
/// Reads the same whatever `standard_conforming_strings` is. For statements that take no parameters; where
/// they do, use `$1`.
///
/// # Example
/// ```
/// use confiture_core::sql::quote_literal;
///
/// assert_eq!(quote_literal("it's"), "'it''s'");
/// assert_eq!(quote_literal(r"a\b"), r"E'a\\b'");
/// ```
pub fn quote_literal(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 3);
    if value.contains('\\') {
        text.push('E');
    }
    text.push('\'');
    for c in value.chars() {
        if matches!(c, '\'' | '\\') {
            text.push(c);
        }
        text.push(c);
    }
    text.push('\'');
    text
}

/// Whether `word`, in lower case, must be quoted to be any name: all keywords but the unreserved ones.
fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

fn push_ident(text: &mut String, name: &str) {
    let plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && !is_keyword(name);
    if plain {
        text.push_str(name);
        return;
    }
    text.push('"');
    for c in name.chars() {
        if c == '"' {
            text.push('"');
        }
        text.push(c);
    }
    text.push('"');
}

/// Every keyword of 14 to 18 whose `catcode` in `pg_get_keywords()` is not `U`. The aggregates and
/// constructors among the `json…` names and `system_user` came with 16, the others of them with 17.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check",
    "coalesce", "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
    "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "dec", "decimal", "default", "deferrable", "desc", "distinct",
    "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float", "for", "foreign",
    "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having", "ilike", "in",
    "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into", "is", "isnull",
    "join", "json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg",
    "json_query", "json_scalar", "json_serialize", "json_table", "json_value", "lateral", "leading",
    "least", "left", "like", "limit", "localtime", "localtimestamp", "merge_action", "national", "natural",
    "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric", "offset", "on", "only",
    "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position", "precision", "primary",
    "real", "references", "returning", "right", "row", "select", "session_user", "setof", "similar",
    "smallint", "some", "substring", "symmetric", "system_user", "table", "tablesample", "then", "time",
    "timestamp", "to", "trailing", "treat", "trim", "true", "union", "unique", "user", "using", "values",
    "varchar", "variadic", "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat",
    "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize",
    "xmltable",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn identifiers_are_quoted_where_postgresql_does() {
        let check = |name| Quoted::ident(name).to_string();
        assert_eq!(check("a_1"), "a_1");
        assert_eq!(check("name"), "name");
        for name in ["", "1a", "A", "a b", "é", "a$b", "select", "int", "json_table"] {
            assert_eq!(check(name), format!("\"{name}\""));
        }
        assert_eq!(check("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn literals_double_quotes_and_backslashes() {
        assert_eq!(quote_literal(""), "''");
        assert_eq!(quote_literal("'\\"), "E'''\\\\'");
    }
}
