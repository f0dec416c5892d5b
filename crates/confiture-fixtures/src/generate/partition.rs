//! The conditions under which a partitioned table takes a row.

use confiture_core::catalog::{Catalog, Detail, ObjectId, Table};
use confiture_core::sql::{Quoted, TokenKind, lex};

use super::expr::Expr;

/// Partitions of `table` that hold rows themselves, at any depth.
pub(super) fn leaves(catalog: &Catalog, table: &ObjectId) -> Vec<ObjectId> {
    let mut found = Vec::new();
    for (id, partition) in partitions(catalog, table) {
        if partition.partition_by.is_some() {
            found.extend(leaves(catalog, id));
        } else {
            found.push(id.clone());
        }
    }
    found
}

fn partitions<'a>(
    catalog: &'a Catalog,
    table: &'a ObjectId,
) -> impl Iterator<Item = (&'a ObjectId, &'a Table)> {
    catalog.tables().filter(move |(_, candidate)| candidate.partition_of.as_ref() == Some(table))
}

/// What leads into each leaf; empty when `table` is not partitioned.
pub(super) fn conditions(
    catalog: &Catalog,
    table: &ObjectId,
    place: &dyn Fn(&str) -> Option<usize>,
) -> Vec<Expr> {
    let texts = paths(catalog, table);
    texts.into_iter().map(|text| Expr::read(&text, place)).collect()
}

/// One condition per leaf, as SQL.
fn paths(catalog: &Catalog, table: &ObjectId) -> Vec<String> {
    let Some(Detail::Table(own)) = catalog.get(table).map(|object| &object.detail) else { return Vec::new() };
    let Some(strategy) = &own.partition_by else { return Vec::new() };
    let columns: Vec<(String, String)> = key(strategy)
        .into_iter()
        .map(|element| {
            let found = catalog
                .columns_of(table)
                .into_iter()
                .find(|(id, _)| id.name() == super::expr::unquoted(element));
            match found {
                Some((id, column)) => {
                    (Quoted::ident(id.name()).as_str().to_owned(), format!("::{}", column.data_type))
                }
                None => (element.to_owned(), String::new()),
            }
        })
        .collect();
    let mut all = Vec::new();
    for (id, partition) in partitions(catalog, table) {
        let own = partition.partition_bound.as_deref().and_then(|bound| condition(bound, &columns));
        let own = own.unwrap_or_else(|| "true".to_owned());
        if partition.partition_by.is_some() {
            all.extend(paths(catalog, id).into_iter().map(|inner| format!("({own} AND {inner})")));
        } else {
            all.push(own);
        }
    }
    all
}

/// The elements in the parenthesis of `RANGE (a, b)`.
fn key(strategy: &str) -> Vec<&str> {
    elements(strategy).0
}

/// The elements of the first parenthesis of `text`, and the byte after it.
pub(super) fn elements(text: &str) -> (Vec<&str>, usize) {
    let (mut found, mut depth, mut start) = (Vec::new(), 0, 0);
    for token in lex(text) {
        match token.kind {
            TokenKind::LeftParen => {
                depth += 1;
                if depth == 1 {
                    start = token.span.end;
                }
            }
            TokenKind::Comma if depth == 1 => {
                found.push(text[start..token.span.start].trim());
                start = token.span.end;
            }
            TokenKind::RightParen => {
                depth -= 1;
                if depth == 0 {
                    found.push(text[start..token.span.start].trim());
                    return (found, token.span.end);
                }
            }
            _ => {}
        }
    }
    (found, 0)
}

/// `FOR VALUES …` as a condition; `None` for DEFAULT and hash partitions, which take what they take.
fn condition(bound: &str, columns: &[(String, String)]) -> Option<String> {
    let bound = bound.strip_prefix("FOR VALUES ")?;
    if let Some(values) = bound.strip_prefix("IN ") {
        let (column, cast) = columns.first()?;
        let (values, _) = elements(values);
        let known: Vec<String> = values
            .iter()
            .filter(|value| **value != "NULL")
            .map(|value| format!("{column} = {value}{cast}"))
            .collect();
        let mut all = known;
        if values.contains(&"NULL") {
            all.push(format!("{column} IS NULL"));
        }
        return Some(format!(
            "({column} IS NOT NULL OR {}) AND ({})",
            values.contains(&"NULL"),
            all.join(" OR ")
        ))
        .map(|text| format!("({text})"));
    }
    let rest = bound.strip_prefix("FROM ")?;
    let (low, _) = elements(rest);
    let to = rest.find(") TO (")?;
    let (high, _) = elements(&rest[to + ") TO ".len()..]);
    range(columns, &low, &high)
}

/// Lexicographic bounds, as partitions have them; every column is not NULL.
fn range(columns: &[(String, String)], low: &[&str], high: &[&str]) -> Option<String> {
    let ((column, cast), rest) = columns.split_first()?;
    let (from, to) = (*low.first()?, *high.first()?);
    let mut all = vec![format!("{column} IS NOT NULL")];
    if from == to && from != "MINVALUE" && from != "MAXVALUE" {
        all.push(format!("{column} = {from}{cast}"));
        all.extend(range(rest, &low[1..], &high[1..]));
        return Some(format!("({})", all.join(" AND ")));
    }
    if from != "MINVALUE" {
        // The rows on the lower edge of a wider key depend on its other columns, unless these start at
        // the smallest value.
        let exact = rest.is_empty() || low[1..].iter().all(|bound| *bound == "MINVALUE");
        all.push(format!("{column} {} {from}{cast}", if exact { ">=" } else { ">" }));
    }
    if to != "MAXVALUE" {
        all.push(format!("{column} < {to}{cast}"));
    }
    let inside = format!("({})", all.join(" AND "));
    let edge = range(rest, &low[1..], &vec!["MAXVALUE"; rest.len()]).filter(|_| from != "MINVALUE");
    Some(match edge {
        Some(edge) => format!("({inside} OR ({column} = {from}{cast} AND {edge}))"),
        None => inside,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_become_conditions() {
        let columns = [("a".to_owned(), "::integer".to_owned())];
        assert_eq!(condition("DEFAULT", &columns), None);
        assert_eq!(condition("FOR VALUES WITH (modulus 4, remainder 0)", &columns), None);
        assert_eq!(
            condition("FOR VALUES FROM (1) TO (MAXVALUE)", &columns).unwrap(),
            "(a IS NOT NULL AND a >= 1::integer)"
        );
        assert_eq!(
            condition("FOR VALUES IN (1, NULL)", &columns).unwrap(),
            "((a IS NOT NULL OR true) AND (a = 1::integer OR a IS NULL))"
        );
    }
}
