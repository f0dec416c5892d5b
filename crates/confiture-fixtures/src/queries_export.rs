//! Query files out of pg_stat_statements.

use confiture_core::db::Session;
use confiture_core::sql::{Token, TokenKind, Verb, classify, lex};

use crate::error::FixtureError;
use crate::queries::EACH;

/// The statements the database of `session` was asked most, as the text of a query file, most calls first.
///
/// Reads only. Constants are `$n` there already; utility statements, which may hold passwords, statements about
/// system catalogs, and texts the role may not see are left out, the last counted in a comment.
///
/// # Errors
/// [`FixtureError::Query`] when the extension is missing or may not be read.
pub async fn asked_most(session: &Session, most: u32) -> Result<String, FixtureError> {
    let failed = |source| FixtureError::Query { doing: "read pg_stat_statements", source };
    const PLACE: &str = "SELECT n.nspname::text FROM pg_catalog.pg_extension e \
         JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'";
    let place = session.query(PLACE, &[]).await.map_err(failed)?;
    let schema: String = place.first().map_or_else(|| "public".to_owned(), |row| row.get(0));
    let sql = format!(
        "SELECT query, sum(calls)::bigint FROM {}.pg_stat_statements \
         WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) AND query IS NOT NULL \
         GROUP BY query ORDER BY 2 DESC, query COLLATE \"C\"",
        confiture_core::sql::Quoted::ident(&schema)
    );
    let rows = session.query(&sql, &[]).await.map_err(failed)?;
    let (mut text, mut hidden, mut count) = (format!("{EACH}\n"), 0, 0);
    for row in rows {
        let (query, calls): (String, i64) = (row.get(0), row.get(1));
        if query == "<insufficient privilege>" {
            hidden += 1;
            continue;
        }
        let asks = matches!(
            classify(&query).verb,
            Verb::Select | Verb::Insert | Verb::Update | Verb::Delete | Verb::Merge
        );
        let tokens = lex(&query);
        let system = |token: &Token| token.kind.is_name() && token.text(&query).starts_with("pg_");
        if !asks || tokens.iter().any(system) || count >= most {
            continue;
        }
        count += 1;
        let query = castable(&query, &tokens);
        text.push_str(&format!("\n-- {calls} calls\n{};\n", query.trim().trim_end_matches(';')));
    }
    if hidden > 0 {
        text.push_str(&format!(
            "\n-- {hidden} statements of other roles are hidden: GRANT pg_read_all_stats\n"
        ));
    }
    Ok(text)
}

/// `INTERVAL $1`, which the server writes for `INTERVAL '1 day'` and cannot read, as `$1::INTERVAL`.
fn castable(query: &str, tokens: &[Token]) -> String {
    let mut out = String::with_capacity(query.len());
    let mut held: Option<&str> = None;
    for token in tokens {
        let text = token.text(query);
        let typed = ["interval", "date", "timestamp", "timestamptz", "time"];
        match (held, token.kind) {
            (Some(_), kind) if kind.is_trivia() => continue,
            (Some(name), TokenKind::Param) => {
                out.push_str(&format!("{text}::{name}"));
                held = None;
                continue;
            }
            (Some(name), _) => {
                out.push_str(&format!("{name} "));
                held = None;
            }
            (None, _) => {}
        }
        match typed.iter().any(|word| token.is_word(query, word)) {
            true => held = Some(text),
            false => out.push_str(text),
        }
    }
    out.push_str(held.unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_with_a_type_before_them_become_casts() {
        for (query, expected) in [
            ("SELECT now() - INTERVAL $1", "SELECT now() - $1::INTERVAL"),
            ("SELECT date FROM t", "SELECT date FROM t"),
            ("SELECT t.date, $1", "SELECT t.date , $1"),
        ] {
            let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(squeezed(&castable(query, &lex(query))), expected);
        }
    }
}
