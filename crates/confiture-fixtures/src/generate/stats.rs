//! Statistics of a real database that shape generated rows, without any of its values.

use std::collections::BTreeMap;

use confiture_core::catalog::{Catalog, Kind, ObjectId};
use confiture_core::db::Session;
use serde::{Deserialize, Serialize};

use super::RowCounts;
use crate::error::FixtureError;

/// Sizes of tables and spread of their columns, as `pg_class` and `pg_stats` have them.
///
/// Holds names and numbers only: of the most common values their frequencies, of histograms nothing.
/// Serialises to JSON with sorted names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// Version of the format: 1.
    pub format: u32,
    /// Tables, ordered by schema and name.
    pub tables: Vec<TableStatistics>,
}

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableStatistics {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Rows, as far as the server knows; those of partitions included.
    pub rows: u64,
    /// Bytes of the table without indexes and TOAST.
    pub bytes: u64,
    /// Columns by name; those of tables that were never analysed are missing.
    #[serde(default)]
    pub columns: BTreeMap<String, ColumnStatistics>,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnStatistics {
    /// Share of NULLs, from 0 to 1.
    pub null_fraction: f64,
    /// Different values; negative: as a share of the rows (`pg_stats.n_distinct`).
    pub distinct: f64,
    /// Average bytes of a value.
    pub width: u32,
    /// Shares of the most common values among all rows, largest first; the values are not exported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frequencies: Vec<f64>,
}

const TABLES: &str = "SELECT n.nspname::text, c.relname::text,
    GREATEST(c.reltuples::bigint, s.n_live_tup, (SELECT sum(GREATEST(p.reltuples, 0))::bigint
      FROM pg_catalog.pg_partition_tree(c.oid) AS t JOIN pg_catalog.pg_class AS p ON p.oid = t.relid
      WHERE t.isleaf), 0),
    pg_catalog.pg_relation_size(c.oid)
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_all_tables AS s ON s.relid = c.oid
  WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ORDER BY n.nspname::text COLLATE \"C\", c.relname::text COLLATE \"C\"";

const COLUMNS: &str = "SELECT schemaname::text, tablename::text, attname::text, null_frac::float8,
    n_distinct::float8, avg_width, most_common_freqs::float8[]
  FROM pg_catalog.pg_stats
  WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema' AND (inherited OR NOT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = schemaname AND c.relname = tablename AND c.relkind = 'p'))";

impl Statistics {
    /// Reads them from the database of `session`, which may be read-only; two queries, no table is read.
    ///
    /// # Errors
    /// [`FixtureError::Query`] when the server refuses. Tables the role may not read show no columns.
    pub async fn read(session: &Session) -> Result<Self, FixtureError> {
        let failed = |source| FixtureError::Query { doing: "read the statistics", source };
        let mut tables: Vec<TableStatistics> = Vec::new();
        for row in session.query(TABLES, &[]).await.map_err(failed)? {
            let (rows, bytes): (i64, i64) = (row.get(2), row.get(3));
            tables.push(TableStatistics {
                schema: row.get(0),
                name: row.get(1),
                rows: rows.unsigned_abs(),
                bytes: bytes.unsigned_abs(),
                columns: BTreeMap::new(),
            });
        }
        for row in session.query(COLUMNS, &[]).await.map_err(failed)? {
            let (schema, name): (&str, &str) = (row.get(0), row.get(1));
            let Some(table) = tables.iter_mut().find(|table| table.schema == schema && table.name == name)
            else {
                continue;
            };
            let width: i32 = row.get(5);
            let statistics = ColumnStatistics {
                null_fraction: row.get(3),
                distinct: row.get(4),
                width: width.unsigned_abs(),
                frequencies: row.get::<_, Option<Vec<f64>>>(6).unwrap_or_default(),
            };
            table.columns.insert(row.get(2), statistics);
        }
        Ok(Self { format: 1, tables })
    }

    /// As JSON, one line per value, with a final line end.
    pub fn to_json(&self) -> String {
        // Strings and finite numbers always serialise.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// What is wrong with the text, with line and column.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match read.format {
            1 => Ok(read),
            other => Err(format!("format {other} is not known; this version reads format 1")),
        }
    }

    /// What is known of a table.
    pub fn table(&self, id: &ObjectId) -> Option<&TableStatistics> {
        self.tables.iter().find(|table| table.schema == id.part(0) && table.name == id.part(1))
    }

    /// Row counts in the proportions of these statistics, `average` rows a table.
    ///
    /// A table with rows keeps at least one; tables without statistics get `average`.
    pub fn row_counts(&self, catalog: &Catalog, average: u64) -> RowCounts {
        let known: Vec<(&ObjectId, u64)> = catalog
            .of_kind(Kind::Table)
            .filter(|(_, object)| {
                !matches!(&object.detail,
                    confiture_core::catalog::Detail::Table(table) if table.partition_of.is_some())
            })
            .filter_map(|(id, _)| Some((id, self.table(id)?.rows)))
            .collect();
        let total: u64 = known.iter().map(|(_, rows)| rows).sum();
        let scale = average as f64 * known.len() as f64 / total.max(1) as f64;
        known.into_iter().fold(RowCounts::uniform(average), |counts, (id, rows)| {
            let scaled = (rows as f64 * scale).round() as u64;
            counts.with_rows(id.clone(), if rows > 0 { scaled.max(1) } else { 0 })
        })
    }
}

impl ColumnStatistics {
    /// Which of the different values a row has, for a random `unit` from 0 to 1; values are numbered, the
    /// most common first.
    pub(super) fn place(&self, unit: f64, rows: u64) -> u64 {
        let filled = (1.0 - self.null_fraction).max(f64::EPSILON);
        let mut left = unit;
        for (at, frequency) in self.frequencies.iter().enumerate() {
            left -= frequency / filled;
            if left < 0.0 {
                return at as u64;
            }
        }
        let share: f64 = self.frequencies.iter().sum::<f64>() / filled;
        let count = if self.distinct < 0.0 { -self.distinct * rows as f64 } else { self.distinct };
        let common = self.frequencies.len() as f64;
        let rest = (count - common).max(1.0);
        (common + (left.max(0.0) / (1.0 - share).max(f64::EPSILON)).min(0.999_999) * rest) as u64
    }
}
