//! What applications ask of a table.

use confiture_core::db::{DbFailure, LockMode, Session};
use serde::{Deserialize, Serialize};

/// A kind of statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// Reads a row.
    Select,
    /// Puts in a row.
    Insert,
    /// Changes a row.
    Update,
    /// Takes a row away.
    Delete,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Select, Self::Insert, Self::Update, Self::Delete];

    /// As SQL writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a lock of `mode` on its table keeps it waiting (manual 18, table 13.2).
    ///
    /// # Example
    /// ```
    /// use confiture_core::db::LockMode;
    /// use confiture_perf::load::Operation;
    /// assert!(Operation::Insert.waits_for(LockMode::Share) && !Operation::Select.waits_for(LockMode::Share));
    /// assert!(Operation::Select.waits_for(LockMode::AccessExclusive));
    /// ```
    pub fn waits_for(self, mode: LockMode) -> bool {
        match self {
            Self::Select => mode == LockMode::AccessExclusive,
            Self::Insert | Self::Update | Self::Delete => mode >= LockMode::Share,
        }
    }
}

/// A table that statements are sent to.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Schema and name as SQL writes them.
    pub table: String,
    /// Columns that values may be given for, as SQL writes them.
    columns: Vec<String>,
    /// A column that may be set to itself.
    settable: Option<String>,
    /// Pages, at least 1.
    pub pages: u32,
}

impl Subject {
    /// The tables of the session's database that hold rows of an application, partitions left out, in the order of
    /// their names.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn all(session: &Session) -> Result<Vec<Self>, DbFailure> {
        let sql = "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), \
             pg_catalog.array_agg(pg_catalog.quote_ident(a.attname) ORDER BY a.attnum) \
               FILTER (WHERE a.attgenerated = ''), \
             (pg_catalog.array_agg(pg_catalog.quote_ident(a.attname) ORDER BY a.attnum) \
               FILTER (WHERE a.attgenerated = '' AND a.attidentity <> 'a'))[1], \
             GREATEST(c.relpages, 1) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' \
             AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
             GROUP BY n.nspname, c.relname, c.relpages ORDER BY 1";
        let rows = session.query(sql, &[]).await?;
        let subject = |row: &confiture_core::db::Row| Self {
            table: row.get(0),
            columns: row.get::<_, Option<Vec<String>>>(1).unwrap_or_default(),
            settable: row.get(2),
            pages: row.get::<_, i32>(3).unsigned_abs(),
        };
        Ok(rows.iter().map(subject).collect())
    }

    /// A statement on the table's first row; `None` where there is none of this kind.
    ///
    /// An `INSERT` puts nothing in: it waits for what one of a row with a new key waits for.
    pub fn on_first_row(&self, operation: Operation) -> Option<String> {
        let first = format!("ctid = (SELECT ctid FROM {} LIMIT 1)", self.table);
        self.on_row(operation, &first)
    }

    /// A statement on the first row of a page, or on nothing where it has no such row any more.
    pub fn on_page(&self, operation: Operation, page: u32) -> Option<String> {
        self.on_row(operation, &format!("ctid = '({},1)'", page % self.pages))
    }

    fn on_row(&self, operation: Operation, row: &str) -> Option<String> {
        let table = &self.table;
        match operation {
            Operation::Select => Some(format!("SELECT * FROM {table} WHERE {row}")),
            Operation::Delete => Some(format!("DELETE FROM {table} WHERE {row}")),
            Operation::Update => {
                let column = self.settable.as_ref()?;
                Some(format!("UPDATE {table} SET {column} = {column} WHERE {row}"))
            }
            Operation::Insert if self.columns.is_empty() => None,
            Operation::Insert => {
                let columns = self.columns.join(", ");
                Some(format!(
                    "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {table} WHERE false"
                ))
            }
        }
    }
}
