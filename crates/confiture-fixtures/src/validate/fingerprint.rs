//! `DataFingerprint`: counts and hashes that tell whether rows are the same, whatever their order.

use std::collections::BTreeMap;

use confiture_core::catalog::{Catalog, ConstraintType, Detail, Kind, ObjectId, with_fixed_settings};
use confiture_core::db::Reader;
use confiture_core::sql::Quoted;
use serde::{Deserialize, Serialize};

use super::{number, unexpected};
use crate::error::FixtureError;

/// Which columns of a table are looked at, and which name its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableData {
    /// The table.
    pub table: ObjectId,
    /// Whether it is read with its partitions.
    pub partitioned: bool,
    /// Names of the columns, each with whether its type is built in.
    pub columns: Vec<(String, bool)>,
    /// Columns of the primary key; empty where there is none.
    pub key: Vec<String>,
}

impl TableData {
    /// All columns of all tables of `catalog`, ordered by schema and name; a partitioned table stands for its
    /// partitions.
    pub fn of(catalog: &Catalog) -> Vec<Self> {
        let whole = catalog.tables().filter(|(_, table)| table.partition_of.is_none());
        whole.map(|(id, table)| Self::of_table(catalog, id, table.partition_by.is_some())).collect()
    }

    fn of_table(catalog: &Catalog, id: &ObjectId, partitioned: bool) -> Self {
        let columns = catalog.columns_of(id).into_iter();
        let key = catalog.members(id, Kind::Constraint).find_map(|(_, object)| match &object.detail {
            Detail::Constraint(c) if c.constraint_type == ConstraintType::PrimaryKey => {
                Some(c.columns.clone())
            }
            _ => None,
        });
        Self {
            table: id.clone(),
            partitioned,
            // Types of users are printed with their schema.
            columns: columns.map(|(id, c)| (id.name().to_owned(), !c.data_type.contains('.'))).collect(),
            key: key.unwrap_or_default(),
        }
    }

    /// The same without the columns that `keep` refuses. A key that loses a column is no key any more.
    #[must_use]
    pub fn retain(mut self, keep: impl Fn(&str) -> bool) -> Self {
        self.columns.retain(|(name, _)| keep(name));
        if !self.key.iter().all(|name| keep(name)) {
            self.key.clear();
        }
        self
    }

    /// What FROM takes.
    pub(super) fn source(&self) -> String {
        let name = Quoted::qualified([self.table.part(0), self.table.part(1)]);
        if self.partitioned { name.to_string() } else { format!("ONLY {name}") }
    }

    /// Hashes of a row's values as `h0`, `h1`, ….
    pub(super) fn hashes(&self) -> String {
        let columns = self.columns.iter().enumerate();
        let hashed = columns
            .map(|(at, (name, built_in))| format!("{} AS h{at}", hash(&Quoted::ident(name), *built_in)));
        hashed.collect::<Vec<String>>().join(", ")
    }
}

/// 64 bits of a value's text; NULL of NULL.
///
/// A type of a user's may have a cast to text of its own: `format` takes its output function instead. A row
/// value whose fields are all NULL is not NULL, which IS NULL would say.
fn hash(column: &Quoted, built_in: bool) -> String {
    match built_in {
        true => format!("hashtextextended({column}::text COLLATE \"C\", 0)"),
        false => format!(
            "CASE WHEN num_nulls({column}) = 0 THEN hashtextextended(format('%s', {column}) COLLATE \"C\", 0) END"
        ),
    }
}

/// Counts and hashes of the rows of tables, independent of their order and of where they are stored.
///
/// Values count as the server prints them, under settings of our own: types without equality (json, xml,
/// point) are no exception, and the settings of the session do not matter. Equal fingerprints mean equal
/// rows but for collisions of 64-bit hashes; they are not meant to resist somebody who looks for one. They
/// can be compared across databases of one encoding and across server versions that print values alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFingerprint {
    /// Tables, ordered by schema and name.
    pub tables: Vec<TableFingerprint>,
}

/// The rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFingerprint {
    /// The table.
    pub table: ObjectId,
    /// Exact number of rows.
    pub rows: u64,
    /// Its columns by name.
    pub columns: BTreeMap<String, ColumnFingerprint>,
    /// Sum of the hashes of whole rows: the same if values also stand in the same rows. Comparable between
    /// the same columns only; `None` for a table without rows or columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<String>,
}

/// The values of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnFingerprint {
    /// Number of values that are not NULL.
    pub present: u64,
    /// Sum of the hashes of the values: the same for the same values, however often and wherever.
    pub values: Option<String>,
}

/// What differs between two fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DataChange {
    /// Only the earlier one has the table or column.
    Gone,
    /// Only the later one has it.
    New,
    /// Another number of rows.
    Rows {
        /// In the earlier one.
        before: u64,
        /// In the later one.
        after: u64,
    },
    /// More or fewer values that are not NULL.
    Present {
        /// In the earlier one.
        before: u64,
        /// In the later one.
        after: u64,
    },
    /// Other values.
    Values,
    /// The same values in other rows; seen where both have the same columns.
    Moved,
}

/// One difference; ordered by table, then column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataDifference {
    /// The table.
    pub table: ObjectId,
    /// The column; `None` when it is about rows.
    pub column: Option<String>,
    /// What differs.
    pub change: DataChange,
}

impl DataFingerprint {
    /// Reads `tables` in one query and one round trip; each table is scanned once.
    ///
    /// Costs about as much as writing the tables out as text. Row-level security hides rows from some roles;
    /// they are not counted then.
    ///
    /// # Errors
    /// [`FixtureError::Query`], for a table or column that is not there too.
    pub async fn capture(reader: &dyn Reader, tables: &[TableData]) -> Result<Self, FixtureError> {
        if tables.is_empty() {
            return Ok(Self::default());
        }
        let arms: Vec<String> = tables.iter().enumerate().map(|(at, table)| arm(at, table)).collect();
        let sql = with_fixed_settings("'' AS t, ", &arms.join("\nUNION ALL\n"), "'', ");
        let rows = reader.read_text(&sql).await;
        let rows =
            rows.map_err(|source| FixtureError::Query { doing: "read the fingerprints of tables", source })?;
        let mut read = Vec::new();
        for row in &rows.rows {
            // The first and the last rows are about the session's settings.
            let Some(at) = row[0].as_deref().filter(|at| !at.is_empty()) else { continue };
            let table = tables.get(at.parse::<usize>().unwrap_or(usize::MAX));
            let table = table.ok_or_else(|| unexpected(format!("no table was asked for as {at}")))?;
            read.push(decode(table, row[1].as_deref().unwrap_or_default())?);
        }
        if read.len() != tables.len() {
            let (read, asked) = (read.len(), tables.len());
            return Err(unexpected(format!("{asked} tables were to be read, {read} were")));
        }
        read.sort_by(|a, b| a.table.cmp(&b.table));
        Ok(Self { tables: read })
    }

    /// What is different now from `earlier`; empty when the rows of all tables are the same.
    pub fn differences_from(&self, earlier: &Self) -> Vec<DataDifference> {
        let side = |all: &Self| -> BTreeMap<ObjectId, TableFingerprint> {
            all.tables.iter().map(|table| (table.table.clone(), table.clone())).collect()
        };
        let (before, after) = (side(earlier), side(self));
        let mut out = Vec::new();
        let ids: std::collections::BTreeSet<&ObjectId> = before.keys().chain(after.keys()).collect();
        for id in ids {
            let whole = |change| DataDifference { table: id.clone(), column: None, change };
            match (before.get(id), after.get(id)) {
                (Some(_), None) => out.push(whole(DataChange::Gone)),
                (None, Some(_)) => out.push(whole(DataChange::New)),
                (Some(a), Some(b)) => compare(a, b, &mut out),
                (None, None) => {}
            }
        }
        out
    }
}

fn compare(a: &TableFingerprint, b: &TableFingerprint, out: &mut Vec<DataDifference>) {
    let difference = |column: Option<&String>, change| DataDifference {
        table: a.table.clone(),
        column: column.cloned(),
        change,
    };
    let first = out.len();
    if a.rows != b.rows {
        out.push(difference(None, DataChange::Rows { before: a.rows, after: b.rows }));
    }
    let same_columns = a.columns.keys().eq(b.columns.keys());
    let names: std::collections::BTreeSet<&String> = a.columns.keys().chain(b.columns.keys()).collect();
    for name in names {
        let change = match (a.columns.get(name), b.columns.get(name)) {
            (Some(_), None) => DataChange::Gone,
            (None, Some(_)) => DataChange::New,
            (Some(x), Some(y)) if x.present != y.present => {
                DataChange::Present { before: x.present, after: y.present }
            }
            (Some(x), Some(y)) if x.values != y.values => DataChange::Values,
            _ => continue,
        };
        out.push(difference(Some(name), change));
    }
    if out.len() == first && same_columns && a.whole != b.whole {
        out.push(difference(None, DataChange::Moved));
    }
}

/// One row: the number of rows, then per column how many values and their sum, then the sum of whole rows.
fn arm(at: usize, table: &TableData) -> String {
    let mut parts = vec!["count(*)::text".to_owned()];
    let names: Vec<String> = (0..table.columns.len()).map(|column| format!("h{column}")).collect();
    parts
        .extend(names.iter().flat_map(|name| [format!("count({name})::text"), format!("sum({name})::text")]));
    // hash_record_extended alone is linear: swapping values between rows would leave the sum as it was.
    parts.push(match names.is_empty() {
        true => "NULL".to_owned(),
        false => {
            format!("sum(hashint8extended(hash_record_extended(ROW({}), 0), 0))::text", names.join(", "))
        }
    });
    format!(
        "SELECT '{at}', ARRAY[{}] FROM (SELECT {} FROM {} OFFSET 0) r",
        parts.join(", "),
        table.hashes(),
        table.source()
    )
}

/// `{12,3,NULL,…}`: numbers and NULLs only, which are never quoted.
fn decode(table: &TableData, array: &str) -> Result<TableFingerprint, FixtureError> {
    let inside = array.trim_matches(|c| c == '{' || c == '}');
    let fields: Vec<Option<String>> =
        inside.split(',').map(|field| (field != "NULL").then(|| field.to_owned())).collect();
    let at = |index: usize| fields.get(index).cloned().flatten();
    let column = |(place, (name, _)): (usize, &(String, bool))| {
        let first = 1 + 2 * place;
        let present = number(&at(first))?;
        Ok((name.clone(), ColumnFingerprint { present, values: at(first + 1) }))
    };
    Ok(TableFingerprint {
        table: table.table.clone(),
        rows: number(&at(0))?,
        columns: table.columns.iter().enumerate().map(column).collect::<Result<_, FixtureError>>()?,
        whole: at(1 + 2 * table.columns.len()),
    })
}
