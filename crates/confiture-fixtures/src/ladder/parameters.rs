//! Values for the parameters of queries, from the rows that are there.

use std::collections::BTreeMap;

use confiture_core::catalog::{Catalog, Kind, ObjectId};
use confiture_core::db::{DbFailure, Session};
use confiture_core::sql::{Quoted, Token, TokenKind, Verb, lex, outline, quote_literal};

use crate::generate::{RowCounts, RowGenerator};

/// The columns of a database.
pub(super) struct Known {
    catalog: Catalog,
    /// Type by column, of each table by its name.
    tables: BTreeMap<String, Vec<(ObjectId, String, String)>>,
}

impl Known {
    pub(super) async fn read(session: &Session, catalog: &Catalog) -> Result<Self, DbFailure> {
        const COLUMNS: &str = "SELECT n.nspname::text, c.relname::text, a.attname::text, \
             pg_catalog.format_type(a.atttypid, NULL) \
             FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname !~ '^pg_' \
             AND n.nspname <> 'information_schema' ORDER BY 1, 2, a.attnum";
        let mut tables: BTreeMap<String, Vec<(ObjectId, String, String)>> = BTreeMap::new();
        for row in session.query(COLUMNS, &[]).await? {
            let (schema, name): (String, String) = (row.get(0), row.get(1));
            let id = ObjectId::new(Kind::Table, [&schema, &name]);
            tables.entry(name).or_default().push((id, row.get(2), row.get(3)));
        }
        Ok(Self { catalog: catalog.clone(), tables })
    }
}

/// Values for `$1`, `$2`, … of `sql`, as SQL; `None` where the server cannot prepare it.
///
/// What is compared with a column, or stored in one, gets a value of that column; other parameters one of their
/// type. An INSERT gets the values of a row made for its table, so that unique columns take them.
pub(super) async fn values(session: &Session, known: &Known, sql: &str) -> Option<Vec<String>> {
    let guarded = |sql: String| async move { session.query_simple(&sql).await.ok() };
    session.execute("SAVEPOINT confiture_values").await.ok()?;
    let types = types(session, sql).await;
    let mut found = Vec::new();
    if let Some(types) = &types {
        let tokens: Vec<Token> = lex(sql).into_iter().filter(|token| !token.kind.is_trivia()).collect();
        let inserted = inserted(session, known, sql, &tokens).await;
        for (at, data_type) in types.iter().enumerate() {
            let place = tokens.iter().position(|token| token.text(sql) == format!("${}", at + 1));
            let column = place.and_then(|place| column_at(sql, &tokens, place));
            let own = place.and_then(|place| inserted.get(&place)).cloned();
            let value = match (own, column) {
                (Some(value), _) => value,
                (None, Some(word)) if word == "limit" => Some("10".to_owned()),
                (None, Some(word)) if word == "offset" => Some("0".to_owned()),
                (None, column) => {
                    let query = source(known, sql, &tokens, column.as_deref(), data_type);
                    let rows = match query {
                        Some(query) => guarded(query).await,
                        None => None,
                    };
                    rows.and_then(|rows| rows.rows.into_iter().next()?.into_iter().next()?)
                        .or_else(|| Some(fallback(data_type)))
                }
            };
            found.push(value.map_or_else(|| "NULL".to_owned(), |value| literal(&value, data_type)));
        }
    }
    session.execute("ROLLBACK TO SAVEPOINT confiture_values").await.ok()?;
    types.map(|_| found)
}

fn literal(value: &str, data_type: &str) -> String {
    let one = quote_literal(value);
    match data_type.strip_suffix("[]") {
        // One element where a column of single values is searched with = ANY.
        Some(element) if !value.starts_with('{') => format!("ARRAY[{one}::{element}]"),
        _ => one,
    }
}

async fn types(session: &Session, sql: &str) -> Option<Vec<String>> {
    const TYPES: &str = "SELECT pg_catalog.unnest(parameter_types)::text FROM pg_catalog.pg_prepared_statements \
                         WHERE name = 'confiture_types'";
    session.execute(&format!("PREPARE confiture_types AS {sql}")).await.ok()?;
    let rows = session.query_simple(TYPES).await.ok()?.rows;
    session.execute("DEALLOCATE confiture_types").await.ok()?;
    Some(rows.into_iter().flatten().flatten().collect())
}

/// What the parameter at `place` is compared with: the name of a column, or `limit` and `offset`.
fn column_at(sql: &str, tokens: &[Token], place: usize) -> Option<String> {
    let name = |at: Option<usize>| {
        let token = tokens.get(at?)?;
        token.kind.is_name().then(|| bare(token.text(sql)))
    };
    let back = |steps: usize| place.checked_sub(steps);
    let word = |at: Option<usize>, wanted: &str| at.is_some_and(|at| tokens[at].is_word(sql, wanted));
    for wanted in ["limit", "offset"] {
        if word(back(1), wanted) {
            return Some(wanted.to_owned());
        }
    }
    let comparison = |at: Option<usize>| {
        at.and_then(|at| tokens.get(at)).is_some_and(|token| token.kind == TokenKind::Operator)
    };
    if comparison(back(1)) || ["like", "ilike", "between"].iter().any(|w| word(back(1), w)) {
        let not = usize::from(word(back(2), "not"));
        return name(back(2 + not));
    }
    if comparison(Some(place + 1)) {
        return name(Some(place + 2));
    }
    // BETWEEN $1 AND $2.
    if word(back(1), "and") && word(back(3), "between") {
        return name(back(4));
    }
    // IN ($1, $2), = ANY ($1).
    let list = |token: &Token| matches!(token.kind, TokenKind::Param | TokenKind::Comma);
    let open = (0..place).rev().find(|&at| !list(&tokens[at]))?;
    (tokens[open].kind == TokenKind::LeftParen).then_some(())?;
    let before = open.checked_sub(1)?;
    match () {
        () if tokens[before].is_word(sql, "in") => {
            let at = before.checked_sub(1)?;
            let not = usize::from(tokens[at].is_word(sql, "not"));
            name(at.checked_sub(not))
        }
        () if tokens[before].is_word(sql, "any") => name(before.checked_sub(2)),
        () => None,
    }
}

fn bare(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => text.to_lowercase(),
    }
}

/// A query for a value of `column`, or of any column of this type, in a table that the statement names.
fn source(
    known: &Known,
    sql: &str,
    tokens: &[Token],
    column: Option<&str>,
    data_type: &str,
) -> Option<String> {
    let element = data_type.strip_suffix("[]").unwrap_or(data_type);
    let named = tokens.iter().filter(|token| token.kind.is_name()).map(|token| bare(token.text(sql)));
    let columns: Vec<_> = named.filter_map(|name| known.tables.get(&name)).flatten().collect();
    let (id, name, _) = columns
        .iter()
        .find(|(_, name, _)| column == Some(name))
        .or_else(|| columns.iter().find(|(_, _, of)| column.is_none() && of == element))?;
    let (schema, table, name) = (Quoted::ident(id.part(0)), Quoted::ident(id.part(1)), Quoted::ident(name));
    Some(format!(
        "SELECT {name}::text FROM {schema}.{table} WHERE {name} IS NOT NULL ORDER BY {name}::text COLLATE \"C\" LIMIT 1"
    ))
}

fn fallback(data_type: &str) -> String {
    match data_type {
        "boolean" => "true",
        "uuid" => "00000000-0000-0000-0000-000000000000",
        "json" | "jsonb" => "{}",
        "date" | "timestamp without time zone" | "timestamp with time zone" => "2024-01-01",
        "time without time zone" | "time with time zone" | "interval" => "00:00:01",
        "inet" | "cidr" => "10.0.0.1",
        "bytea" => "\\x00",
        other if other.ends_with("[]") => "{}",
        _ => "1",
    }
    .to_owned()
}

/// Of `INSERT INTO t (a, b) VALUES ($1, $2)`, the value of each parameter by the place of its token.
async fn inserted(
    session: &Session,
    known: &Known,
    sql: &str,
    tokens: &[Token],
) -> BTreeMap<usize, Option<String>> {
    let mut found = BTreeMap::new();
    let outline = outline(sql);
    if outline.verb != Verb::Insert {
        return found;
    }
    let Some(table) = outline.name().and_then(|name| known.tables.get(name.name())) else { return found };
    let Some((id, ..)) = table.first() else { return found };
    let Some(start) = tokens.iter().position(|token| token.is_word(sql, "values")) else { return found };
    let columns: Vec<String> = match start.checked_sub(1).map(|at| tokens[at].kind) {
        Some(TokenKind::RightParen) => {
            let open = (0..start).rev().find(|&at| tokens[at].kind == TokenKind::LeftParen).unwrap_or(start);
            let names = tokens[open..start].iter().filter(|token| token.kind.is_name());
            names.map(|token| bare(token.text(sql))).collect()
        }
        _ => table.iter().map(|(_, name, _)| name.clone()).collect(),
    };
    let Some(row) = new_row(session, known, id, &columns).await else { return found };
    let (mut depth, mut column) = (0_u32, 0);
    for (at, token) in tokens.iter().enumerate().skip(start + 1) {
        match token.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => {
                depth = depth.saturating_sub(1);
                column = if depth == 0 { 0 } else { column };
            }
            TokenKind::Comma if depth == 1 => column += 1,
            TokenKind::Param if depth == 1 => {
                found.insert(at, row.get(column).cloned().flatten());
            }
            _ if depth == 0 && token.kind.is_name() => break,
            _ => {}
        }
    }
    found
}

/// The values of one more generated row; the caller takes it back.
async fn new_row(
    session: &Session,
    known: &Known,
    id: &ObjectId,
    columns: &[String],
) -> Option<Vec<Option<String>>> {
    let (schema, table) = (Quoted::ident(id.part(0)), Quoted::ident(id.part(1)));
    let count = session.query_simple(&format!("SELECT count(*) FROM {schema}.{table}")).await.ok()?;
    let have: u64 = count.rows.first()?.first()?.as_deref()?.parse().ok()?;
    let counts = RowCounts::uniform(have).with_rows(id.clone(), have + 1);
    let filled = RowGenerator::new(session, &known.catalog)
        .rows(counts)
        .seed(1)
        .fill(std::slice::from_ref(id))
        .await
        .ok()?;
    if filled.inserted() == 0 {
        return None;
    }
    let columns: Vec<String> = columns.iter().map(|name| format!("{}::text", Quoted::ident(name))).collect();
    let query = format!("SELECT {} FROM {schema}.{table} ORDER BY ctid DESC LIMIT 1", columns.join(", "));
    session.query_simple(&query).await.ok()?.rows.into_iter().next()
}
