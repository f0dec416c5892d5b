//! Texts the server prints, made equal where they mean the same.

/// What `pg_get_constraintdef` appends to a definition that the catalog holds as fields.
const ATTRIBUTES: &[&str] =
    &[" NOT VALID", " NOT ENFORCED", " INITIALLY DEFERRED", " DEFERRABLE", " NO INHERIT"];

/// A constraint's definition without the attributes that follow it.
pub(super) fn constraint_definition(mut text: &str) -> &str {
    while let Some(shorter) = ATTRIBUTES.iter().find_map(|attribute| text.strip_suffix(attribute)) {
        text = shorter;
    }
    text
}

/// What follows the table in a `CREATE INDEX` the server printed.
pub(super) fn index_definition(text: &str) -> String {
    // Names come before it and may contain " USING " only inside double quotes.
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'"' {
            quoted = !quoted;
        }
        if !quoted && text[at..].starts_with(" USING ") {
            return text[at + 1..].to_owned();
        }
        // Only look at ASCII positions: every byte above is inside quotes or a name.
        if !text.is_char_boundary(at + 1) {
            continue;
        }
    }
    text.to_owned()
}

/// A CREATE STATISTICS with its columns sorted: the server lists them by attribute number, which
/// dropping and adding a column changes.
pub(super) fn statistics_definition(text: &str) -> String {
    let (Some(on), Some(from)) = (text.find(" ON "), text.rfind(" FROM ")) else { return text.to_owned() };
    if on + 4 > from {
        return text.to_owned();
    }
    let items = split_list(&text[on + 4..from]);
    let mut items: Vec<&str> = items.iter().map(|item| item.trim()).collect();
    items.sort_unstable();
    format!("{} ON {}{}", &text[..on], items.join(", "), &text[from..])
}

/// The items of a list, split at the commas outside of parentheses.
fn split_list(sql: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 0;
    for token in tokens(sql) {
        match token.text() {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(item) = items.last_mut() {
            item.push_str(token.text());
        }
    }
    items
}

/// Whether an expression the server printed mentions the column `name` (already quoted where needed): not
/// where the word is a function's, as in `name(`, or a type's, as in `::name`.
pub(super) fn mentions(sql: &str, name: &str) -> bool {
    let tokens = tokens(sql);
    (0..tokens.len()).any(|at| {
        tokens[at] == Token::Word(name)
            && tokens.get(at + 1) != Some(&Token::Other("("))
            && (at == 0 || tokens[at - 1] != Token::Other(":"))
    })
}

/// What statistics are about, of their definition as the server printed it: their own name and their table's
/// may be a column's too.
pub(super) fn statistics_subject(definition: &str) -> String {
    let tokens = tokens(definition);
    // Keywords are printed in upper case, which an identifier has only in quotes.
    let on = tokens.iter().position(|token| *token == Token::Word("ON"));
    let from = tokens.iter().rposition(|token| *token == Token::Word("FROM"));
    let subject = match (on, from) {
        (Some(on), Some(from)) if on < from => &tokens[on + 1..from],
        _ => &tokens[..],
    };
    subject.iter().map(|token| token.text()).collect()
}

/// SQL the server printed with every identifier `from` made `to`.
pub(super) fn renamed(sql: &str, from: &str, to: &str) -> String {
    tokens(sql).iter().map(|token| if *token == Token::Word(from) { to } else { token.text() }).collect()
}

/// SQL the server printed with casts of arrays moved to their elements: what PostgreSQL makes of
/// `(ARRAY['a'::varchar, 'b'::varchar])::text[]` when it reads its own text again.
///
/// `x IN ('a', 'b')` over a varchar column is first printed the one way, and the other way from then on
/// (parse_coerce.c casts the elements of an array constructor).
pub(super) fn array_casts(sql: &str) -> String {
    if !sql.contains("(ARRAY[") {
        return sql.to_owned();
    }
    let tokens = tokens(sql);
    let (mut out, mut at) = (String::with_capacity(sql.len()), 0);
    while at < tokens.len() {
        match array_cast(&tokens[at..]) {
            Some((elements, kind, used)) => {
                let cast = |element: &String| format!("({})::{kind}", array_casts(element.trim()));
                let cast: Vec<String> = split_list(&elements).iter().map(cast).collect();
                out.push_str(&format!("ARRAY[{}]", cast.join(", ")));
                at += used;
            }
            None => {
                out.push_str(tokens[at].text());
                at += 1;
            }
        }
    }
    out
}

/// The elements and the type of `(ARRAY[…])::type[]` at the start of `tokens`, and how many tokens it takes.
fn array_cast(tokens: &[Token<'_>]) -> Option<(String, String, usize)> {
    if tokens.first()?.text() != "(" || tokens.get(1) != Some(&Token::Word("ARRAY")) {
        return None;
    }
    let mut depth = 0;
    let close = tokens.iter().position(|token| {
        match token.text() {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    // `(`, `ARRAY`, `[`, the elements, `]`, `)`, `::`, the type, `[]`.
    let (inside, after) = (tokens.get(1..close)?, tokens.get(close + 1..)?);
    let inside = match inside {
        [Token::Word("ARRAY"), Token::Other("["), elements @ .., Token::Other("]")] => elements,
        _ => return None,
    };
    let [Token::Other(":"), Token::Other(":"), kind @ ..] = after else { return None };
    let open = kind.iter().position(|token| token.text() == "[")?;
    let plain = |token: &Token<'_>| matches!(token, Token::Word(_) | Token::Space(_)) || token.text() == ".";
    if kind.get(open + 1) != Some(&Token::Other("]")) || !kind[..open].iter().all(plain) {
        return None;
    }
    let text = |tokens: &[Token<'_>]| tokens.iter().map(|token| token.text()).collect::<String>();
    Some((text(inside), text(&kind[..open]), close + 1 + 2 + open + 2))
}

/// A view's query as PostgreSQL 16 and later print it, without the final semicolon.
///
/// Up to version 15 the server qualifies every column with its table even where the query reads
/// only one; later it does not (commit 47bb9db75996, release 16).
pub(super) fn view_definition(text: &str, version: u32) -> String {
    let text = text.trim().trim_end_matches(';');
    if version >= 160_000 { text.to_owned() } else { drop_single_qualifier(text) }
}

/// A token of server-printed SQL: just enough to walk over quotes and parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    Space(&'a str),
    Other(&'a str),
}

impl<'a> Token<'a> {
    pub(super) fn text(self) -> &'a str {
        match self {
            Self::Word(text) | Self::Space(text) | Self::Other(text) => text,
        }
    }
}

/// Splits SQL into words (with quoted identifiers), blanks, and everything else.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let bytes = sql.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80;
    while at < bytes.len() {
        let start = at;
        let first = bytes[at];
        let escape = matches!(first, b'E' | b'e') && bytes.get(at + 1) == Some(&b'\'');
        if first == b'\'' || escape {
            at += if escape { 2 } else { 1 };
            while at < bytes.len() {
                match bytes[at] {
                    b'\\' if escape => at += 1,
                    b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 1,
                    b'\'' => break,
                    _ => {}
                }
                at += 1;
            }
            at = (at + 1).min(bytes.len());
            out.push(Token::Other(&sql[start..at]));
        } else if first == b'"' {
            at += 1;
            while at < bytes.len() {
                match bytes[at] {
                    b'"' if bytes.get(at + 1) == Some(&b'"') => at += 1,
                    b'"' => break,
                    _ => {}
                }
                at += 1;
            }
            at = (at + 1).min(bytes.len());
            out.push(Token::Word(&sql[start..at]));
        } else if first.is_ascii_whitespace() {
            while at < bytes.len() && bytes[at].is_ascii_whitespace() {
                at += 1;
            }
            out.push(Token::Space(&sql[start..at]));
        } else if is_word(first) {
            while at < bytes.len() && is_word(bytes[at]) {
                at += 1;
            }
            out.push(Token::Word(&sql[start..at]));
        } else {
            at += 1;
            out.push(Token::Other(&sql[start..at]));
        }
    }
    out
}

/// Removes `alias.` before columns where the outermost query reads exactly one relation.
fn drop_single_qualifier(sql: &str) -> String {
    let tokens = tokens(sql);
    let Some(alias) = single_alias(&tokens) else { return sql.to_owned() };
    let mut out = String::with_capacity(sql.len());
    // One entry per open parenthesis: whether it is inside a query of its own.
    let mut nested = vec![false];
    let mut at = 0;
    while at < tokens.len() {
        let token = tokens[at];
        match token.text() {
            "(" => {
                let next = tokens[at + 1..].iter().find(|t| !matches!(t, Token::Space(_)));
                let query = matches!(next, Some(Token::Word("SELECT" | "WITH" | "VALUES")));
                nested.push(query || nested.last().copied().unwrap_or(false));
            }
            ")" => {
                nested.pop();
            }
            _ => {}
        }
        let dot = tokens.get(at + 1).map(|t| t.text()) == Some(".");
        let column = matches!(tokens.get(at + 2), Some(Token::Word(_)));
        let qualified_before = at > 0 && tokens[at - 1].text() == ".";
        if token == Token::Word(alias)
            && dot
            && column
            && !qualified_before
            && !nested.last().copied().unwrap_or(false)
            && !is_schema_of_relation(&tokens, at)
        {
            at += 2;
            continue;
        }
        out.push_str(token.text());
        at += 1;
    }
    out
}

/// Whether the word at `at` follows FROM or JOIN: a schema, not an alias.
fn is_schema_of_relation(tokens: &[Token<'_>], at: usize) -> bool {
    tokens[..at]
        .iter()
        .rev()
        .find(|t| !matches!(t, Token::Space(_)))
        .is_some_and(|t| matches!(t, Token::Word("FROM" | "JOIN" | "ONLY")))
        || tokens.get(at + 3).is_some_and(|t| t.text() == "(") // a function of a schema called like the table
}

/// The name by which the outermost query calls its only FROM item; `None` when it has none or several.
fn single_alias<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    let mut depth = 0_i32;
    let mut from = None;
    let mut top: Vec<Token<'a>> = Vec::new();
    for token in tokens {
        match token.text() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth > 0 {
            if from.is_some() && top.last() != Some(&Token::Other("(")) {
                top.push(Token::Other("("));
            }
            continue;
        }
        match token {
            Token::Word("UNION" | "INTERSECT" | "EXCEPT") => return None,
            Token::Word("FROM") if from.is_none() => from = Some(()),
            Token::Word(
                "WHERE" | "GROUP" | "HAVING" | "ORDER" | "LIMIT" | "OFFSET" | "WINDOW" | "FETCH" | "FOR",
            ) if from == Some(()) => {
                break;
            }
            Token::Space(_) => {}
            other if from.is_some() => {
                if matches!(other, Token::Word("JOIN")) || other.text() == "," {
                    return None;
                }
                if other.text() != ")" {
                    top.push(*other);
                }
            }
            _ => {}
        }
    }
    from?;
    // `schema.table`, `schema.table alias`, `(subquery) alias`, `f(…) alias`, each with an optional column list.
    let words: Vec<&Token<'a>> = top.iter().filter(|t| matches!(t, Token::Word(_))).collect();
    match words.last() {
        Some(Token::Word(alias)) => Some(alias),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_leave_a_constraint_definition() {
        assert_eq!(constraint_definition("UNIQUE (a) DEFERRABLE INITIALLY DEFERRED"), "UNIQUE (a)");
        assert_eq!(constraint_definition("CHECK ((a > 0)) NO INHERIT NOT VALID"), "CHECK ((a > 0))");
    }

    #[test]
    fn an_index_definition_starts_at_its_method() {
        assert_eq!(
            index_definition("CREATE INDEX \"a USING b\" ON public.\"é t\" USING btree (a)"),
            "USING btree (a)"
        );
    }

    #[test]
    fn statistics_are_about_what_stands_between_on_and_from() {
        assert_eq!(
            statistics_subject(
                "CREATE STATISTICS public.\"ON\" (mcv) ON b, EXTRACT(year FROM d) FROM public.a"
            ),
            " b, EXTRACT(year FROM d) "
        );
    }

    #[test]
    fn functions_and_types_are_no_columns() {
        let expression = "USING btree (lower(name), ((at)::date), (tags)[1])";
        for (word, is_column) in
            [("lower", false), ("date", false), ("name", true), ("at", true), ("tags", true)]
        {
            assert_eq!(mentions(expression, word), is_column, "{word}");
        }
    }

    #[test]
    fn casts_of_arrays_move_to_their_elements() {
        assert_eq!(
            array_casts(
                "CHECK ((a = ANY ((ARRAY['x, y'::varchar, (f(1, 2))::varchar])::text[])) AND (ARRAY[1])::bigint)"
            ),
            "CHECK ((a = ANY (ARRAY[('x, y'::varchar)::text, ((f(1, 2))::varchar)::text])) AND (ARRAY[1])::bigint)"
        );
        assert_eq!(array_casts("'(ARRAY[1])::text[]'"), "'(ARRAY[1])::text[]'");
        assert_eq!(array_casts("(ARRAY[1, 2])[1]"), "(ARRAY[1, 2])[1]");
    }

    #[test]
    fn the_only_table_of_a_view_loses_its_qualifier() {
        let old = |sql| view_definition(sql, 150_000);
        assert_eq!(
            old(" SELECT t.a,\n    t.b\n   FROM public.t\n  WHERE (t.a > 1);"),
            "SELECT a,\n    b\n   FROM public.t\n  WHERE (a > 1)"
        );
        assert_eq!(old("SELECT x.a FROM public.t x"), "SELECT a FROM public.t x");
        assert_eq!(old("SELECT x.a FROM public.t x, public.u"), "SELECT x.a FROM public.t x, public.u");
        assert_eq!(
            old("SELECT t.a FROM t WHERE (EXISTS ( SELECT 1 FROM u WHERE (u.a = t.a)))"),
            "SELECT a FROM t WHERE (EXISTS ( SELECT 1 FROM u WHERE (u.a = t.a)))"
        );
        assert_eq!(old("SELECT t.*::t AS r, 't.a' FROM t"), "SELECT t.*::t AS r, 't.a' FROM t");
        assert_eq!(old("SELECT (t.a).b FROM public.t"), "SELECT (a).b FROM public.t");
    }
}
