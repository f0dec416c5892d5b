//! Foreign keys and links: rows whose target is missing.

use confiture_core::catalog::{Kind, ObjectId};
use confiture_core::sql::Quoted;
use serde::Deserialize;

use super::report::{NotExamined, Rule, ValidationReport};
use super::scan::{Scan, rows};
use super::tables::Table;
use super::{DataValidator, number};
use crate::error::FixtureError;

/// Columns that refer to another table without a constraint that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// `(schema, name)` of the referring table, without quotes.
    pub from: (String, String),
    /// Its columns; rows with a NULL in one of them refer to nothing.
    pub columns: Vec<String>,
    /// `(schema, name)` of the table referred to.
    pub to: (String, String),
    /// Its columns, in the same order.
    pub to_columns: Vec<String>,
}

/// A pair of columns of a foreign key.
#[derive(Debug, Clone, Deserialize)]
struct Pair {
    column: String,
    target: String,
    /// `OPERATOR(pg_catalog.=)`, target on the left.
    operator: String,
    /// Types the operator takes, where they are not polymorphic.
    left: Option<String>,
    right: Option<String>,
    /// Collation of the target.
    collation: Option<String>,
}

impl Pair {
    fn equal(&self, at: usize) -> String {
        let cast = |value: String, to: &Option<String>| match to {
            Some(to) => format!("{value}::{to}"),
            None => value,
        };
        let collate = self.collation.as_ref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
        format!(
            "{}{collate} {} {}",
            cast(format!("p.p{at}"), &self.left),
            self.operator,
            cast(format!("f.f{at}"), &self.right)
        )
    }
}

/// How rows refer to a target.
struct Reference {
    pairs: Vec<Pair>,
    match_full: bool,
    /// The last pair is of ranges that the target has to cover (PostgreSQL 18, `PERIOD`).
    period: bool,
}

impl Reference {
    /// The rows of `from` that have no target, as `k1`, `k2`, ….
    ///
    /// Both sides are subqueries that read `ctid`, which no index holds, under OFFSET 0, which nothing is
    /// pushed through: they are scanned, whatever state their indexes are in.
    fn bad(&self, from: &Table, to: &Table) -> String {
        let list = |name: &dyn Fn(&Pair) -> String, letter: char| -> String {
            let parts: Vec<String> = self
                .pairs
                .iter()
                .enumerate()
                .map(|(at, pair)| format!("{} AS {letter}{at}", Quoted::ident(&name(pair))))
                .collect();
            parts.join(", ")
        };
        let names: Vec<String> = (0..self.pairs.len()).map(|at| format!("f.f{at}")).collect();
        let (names, count) = (names.join(", "), self.pairs.len());
        let referring = format!(
            "SELECT {} FROM (SELECT {}, {}, ctid AS place FROM {} OFFSET 0) f",
            Scan::key_names(from),
            list(&|pair| pair.column.clone(), 'f'),
            Scan::key(from),
            from.source()
        );
        let targets = format!(
            "(SELECT {}, ctid AS place FROM {} OFFSET 0) p",
            list(&|pair| pair.target.clone(), 'p'),
            to.source()
        );
        let plain = if self.period { count - 1 } else { count };
        let mut equal: Vec<String> =
            self.pairs.iter().enumerate().take(plain).map(|(at, pair)| pair.equal(at)).collect();
        let missing = if self.period {
            equal.push(format!("p.p{plain} && f.f{plain}"));
            let covered =
                format!("SELECT range_agg(p.p{plain}) FROM {targets} WHERE {}", equal.join(" AND "));
            format!("NOT COALESCE(f.f{plain} <@ ({covered}), false)")
        } else {
            format!("NOT EXISTS (SELECT FROM {targets} WHERE {})", equal.join(" AND "))
        };
        let mut bad = format!("{referring} WHERE num_nulls({names}) = 0 AND {missing}");
        if self.match_full && count > 1 {
            bad.push_str(&format!(
                " UNION ALL {referring} WHERE num_nulls({names}) BETWEEN 1 AND {}",
                count - 1
            ));
        }
        bad
    }
}

const FOREIGN_KEYS: &str = "
SELECT k.conrelid, k.confrelid, k.conname, k.confmatchtype = 'f', COALESCE((to_jsonb(k) ->> 'conperiod')::boolean, false),
  (SELECT json_agg(json_build_object('column', a.attname, 'target', b.attname,
      'operator', 'OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ')',
      'left', CASE WHEN l.typtype <> 'p' THEN quote_ident(ln.nspname) || '.' || quote_ident(l.typname) END,
      'right', CASE WHEN r.typtype <> 'p' THEN quote_ident(rn.nspname) || '.' || quote_ident(r.typname) END,
      'collation', CASE WHEN b.attcollation <> 0 THEN quote_ident(cn.nspname) || '.' || quote_ident(c.collname) END)
      ORDER BY x.place)
    FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY x (own, other, op, place)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.own
    JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = x.other
    JOIN pg_operator o ON o.oid = x.op JOIN pg_namespace n ON n.oid = o.oprnamespace
    JOIN pg_type l ON l.oid = o.oprleft JOIN pg_namespace ln ON ln.oid = l.typnamespace
    JOIN pg_type r ON r.oid = o.oprright JOIN pg_namespace rn ON rn.oid = r.typnamespace
    LEFT JOIN pg_collation c ON c.oid = b.attcollation LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace)::text
FROM pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = ANY (";

impl DataValidator<'_> {
    /// Every foreign key: rows whose target does not exist.
    ///
    /// Also of keys that are NOT VALID or NOT ENFORCED and of those whose triggers are disabled. A row with a
    /// NULL in its key refers to nothing; under MATCH FULL a key that is NULL in part is wrong. Values are
    /// compared by the operators of the constraint. One query a key.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn foreign_keys(&self) -> Result<ValidationReport, FixtureError> {
        let tables = self.tables().await?;
        let sql =
            format!("{FOREIGN_KEYS}{}) ORDER BY k.conrelid, k.conname", tables.oids(self.only.is_none()));
        let mut report = ValidationReport::default();
        for row in self.read("list the foreign keys", &sql).await? {
            let Some(from) = tables.get(number(&row[0])?) else { continue };
            let name = row[2].clone().unwrap_or_default();
            let object = from.id.member(Kind::Constraint, &name);
            let Some(to) = tables.get(number(&row[1])?) else {
                let reason = "it refers to a table of an extension".to_owned();
                report.not_examined.push(NotExamined { object, rule: Rule::ForeignKey, reason });
                continue;
            };
            let pairs: Vec<Pair> =
                row[5].as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            let flag = |at: usize| row[at].as_deref() == Some("t");
            let reference = Reference { pairs, match_full: flag(3), period: flag(4) };
            let target = to.id.clone();
            let said = object.clone();
            let scan = Scan {
                rule: Rule::ForeignKey,
                object,
                table: from,
                other: Some(to),
                bad: reference.bad(from, to),
                message: Box::new(move |total| {
                    format!("{} without a target in {target} ({said})", rows(total))
                }),
            };
            self.scan(scan, &mut report).await?;
        }
        Ok(report)
    }

    /// Rows that refer to nothing along a link no constraint states, compared by `=`.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn orphans(&self, link: &Link) -> Result<ValidationReport, FixtureError> {
        let tables = self.tables().await?;
        let from = tables.find(&link.from.0, &link.from.1)?;
        let to = tables.find(&link.to.0, &link.to.1)?;
        let pairs = link.columns.iter().zip(&link.to_columns);
        let pair = |(column, target): (&String, &String)| Pair {
            column: column.clone(),
            target: target.clone(),
            operator: "=".to_owned(),
            left: None,
            right: None,
            collation: None,
        };
        let reference = Reference { pairs: pairs.map(pair).collect(), match_full: false, period: false };
        let target: &ObjectId = &to.id;
        let columns = link.columns.join(", ");
        let scan = Scan {
            rule: Rule::Orphan,
            object: from.id.clone(),
            table: from,
            other: Some(to),
            bad: reference.bad(from, to),
            message: Box::new(move |total| {
                format!("{} of {} whose {columns} is not in {target}", rows(total), from.id)
            }),
        };
        let mut report = ValidationReport::default();
        self.scan(scan, &mut report).await?;
        Ok(report)
    }
}
