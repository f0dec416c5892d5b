//! Checks, NOT NULL, uniqueness and the state of indexes.

use confiture_core::catalog::{Kind, ObjectId};
use serde::Deserialize;

use super::report::{NotExamined, Rule, ValidationReport, Violation};
use super::scan::{Scan, rows};
use super::{DataValidator, number};
use crate::error::FixtureError;

const CHECKS: &str = "
SELECT k.conrelid, k.conname, pg_get_expr(k.conbin, k.conrelid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'c' AND NOT (c.relispartition AND NOT k.conislocal) AND k.conrelid = ANY (";

const NOT_NULL: &str = "
SELECT a.attrelid, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition AND a.attrelid = ANY (";

const UNIQUE: &str = "
SELECT i.indrelid, x.relname, am.amname, COALESCE((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
  pg_get_expr(i.indpred, i.indrelid),
  (SELECT json_agg(json_build_object('sql', pg_get_indexdef(i.indexrelid, k.place::int, false), 'collation',
      CASE WHEN k.coll <> 0 THEN quote_ident(n.nspname) || '.' || quote_ident(l.collname) END) ORDER BY k.place)
    FROM unnest(i.indcollation::oid[]) WITH ORDINALITY k (coll, place)
    LEFT JOIN pg_collation l ON l.oid = k.coll LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
    WHERE k.place <= i.indnkeyatts)::text
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am am ON am.oid = x.relam
WHERE i.indisunique AND NOT x.relispartition AND i.indrelid = ANY (";

const INDEXES: &str = "
SELECT i.indrelid, x.relname, i.indisvalid, i.indisready, i.indislive
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = ANY (";

/// A key of a unique index.
#[derive(Deserialize)]
struct Key {
    sql: String,
    collation: Option<String>,
}

impl DataValidator<'_> {
    /// Every CHECK constraint: rows for which it is false, whether it is NOT VALID, NOT ENFORCED or was
    /// validated once. One query a constraint.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn checks(&self) -> Result<ValidationReport, FixtureError> {
        let tables = self.tables().await?;
        let sql = format!("{CHECKS}{}) ORDER BY k.conrelid, k.conname", tables.oids(self.only.is_none()));
        let mut report = ValidationReport::default();
        for row in self.read("list the checks", &sql).await? {
            let (Some(table), [_, Some(name), Some(expression)]) = (tables.get(number(&row[0])?), &row[..])
            else {
                continue;
            };
            let object = table.id.member(Kind::Constraint, name);
            let said = object.clone();
            let scan = Scan {
                rule: Rule::Check,
                object,
                table,
                other: None,
                // COALESCE: neither an index nor the constraint itself can answer instead of the rows.
                bad: format!(
                    "SELECT {} FROM {} WHERE NOT COALESCE(({expression}), true)",
                    Scan::key(table),
                    table.source()
                ),
                message: Box::new(move |total| format!("{} against {said}", rows(total))),
            };
            self.scan(scan, &mut report).await?;
        }
        Ok(report)
    }

    /// Every NOT NULL column: rows that hold NULL all the same. One query a column.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn not_null(&self) -> Result<ValidationReport, FixtureError> {
        let tables = self.tables().await?;
        let sql = format!("{NOT_NULL}{}) ORDER BY a.attrelid, a.attnum", tables.oids(false));
        let mut report = ValidationReport::default();
        for row in self.read("list the columns", &sql).await? {
            let (Some(table), Some(name)) = (tables.get(number(&row[0])?), &row[1]) else { continue };
            let object = table.id.member(Kind::Column, name);
            let said = object.clone();
            let scan = Scan {
                rule: Rule::NotNull,
                table,
                other: None,
                // Since version 17 the planner takes IS NULL of a NOT NULL column for false.
                bad: format!(
                    "SELECT {} FROM {} WHERE num_nulls({}) > 0",
                    Scan::key(table),
                    table.source(),
                    object.sql_name()
                ),
                object,
                message: Box::new(move |total| format!("{} with NULL in {said}", rows(total))),
            };
            self.scan(scan, &mut report).await?;
        }
        Ok(report)
    }

    /// Every unique index and constraint, primary keys among them: rows that are there more than once.
    ///
    /// The table is scanned and grouped; the index is not asked. NULLs are distinct unless it says NULLS NOT
    /// DISTINCT; predicates and expressions are kept. One query an index.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn unique(&self) -> Result<ValidationReport, FixtureError> {
        let tables = self.tables().await?;
        let sql = format!("{UNIQUE}{}) ORDER BY i.indrelid, x.relname", tables.oids(self.only.is_none()));
        let mut report = ValidationReport::default();
        for row in self.read("list the unique indexes", &sql).await? {
            let (Some(table), Some(name)) = (tables.get(number(&row[0])?), &row[1]) else { continue };
            let object = table.id.member(Kind::Index, name);
            if row[2].as_deref() != Some("btree") {
                let reason = format!("it is a {} index", row[2].as_deref().unwrap_or_default());
                report.not_examined.push(NotExamined { object, rule: Rule::Unique, reason });
                continue;
            }
            let keys: Vec<Key> =
                row[5].as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            let key = |(at, key): (usize, &Key)| match &key.collation {
                Some(collation) => format!("({}) COLLATE {collation} AS u{at}", key.sql),
                None => format!("{} AS u{at}", key.sql),
            };
            let expressions: Vec<String> = keys.iter().enumerate().map(key).collect();
            let names: Vec<String> = (0..keys.len()).map(|at| format!("u{at}")).collect();
            let names = names.join(", ");
            let counts = match row[3].as_deref() {
                Some("t") => String::new(),
                _ => format!(" AND num_nulls({names}) = 0"),
            };
            let predicate = row[4].as_deref().map_or("true", |predicate| predicate);
            // `ctid` is in no index, and nothing is pushed into a subquery with OFFSET: the table is scanned.
            let bad = format!(
                "SELECT {key_names} FROM (SELECT {key_names}, count(*) OVER (PARTITION BY {names}) AS same FROM \
                 (SELECT {}, {}, ({predicate}) AS counted, ctid AS place FROM {} OFFSET 0) r \
                 WHERE counted{counts}) g WHERE same > 1",
                expressions.join(", "),
                Scan::key(table),
                table.source(),
                key_names = Scan::key_names(table),
            );
            let said = object.clone();
            let scan = Scan {
                rule: Rule::Unique,
                object,
                table,
                other: None,
                bad,
                message: Box::new(move |total| {
                    format!("{} of {} are duplicates in {said}", rows(total), table.id)
                }),
            };
            self.scan(scan, &mut report).await?;
        }
        Ok(report)
    }

    /// Every index: whether queries can use it. One query.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn indexes(&self) -> Result<ValidationReport, FixtureError> {
        let tables = self.tables().await?;
        let sql = format!("{INDEXES}{}) ORDER BY i.indrelid, x.relname", tables.oids(self.only.is_none()));
        let mut report = ValidationReport::default();
        for row in self.read("list the indexes", &sql).await? {
            let (Some(table), Some(name)) = (tables.get(number(&row[0])?), &row[1]) else { continue };
            let object: ObjectId = table.id.member(Kind::Index, name);
            report.examined.push((Rule::Index, object.clone()));
            let states = ["valid", "ready", "live"].iter().zip(&row[2..]);
            let wrong: Vec<&str> =
                states.filter(|(_, state)| state.as_deref() != Some("t")).map(|(name, _)| *name).collect();
            if !wrong.is_empty() {
                let message =
                    format!("{object} is not {}: drop and create it again", wrong.join(" and not "));
                report.violations.push(Violation {
                    rule: Rule::Index,
                    object,
                    message,
                    total: 1,
                    rows: Vec::new(),
                });
            }
        }
        Ok(report)
    }
}
