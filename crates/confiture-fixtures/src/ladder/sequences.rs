//! Where sequences stand: no rollback takes them back.

use confiture_core::db::Session;
use confiture_core::sql::quote_literal;

use crate::error::FixtureError;

/// Where the sequences of a database stand, to be put back to.
#[derive(Debug, Clone, Default)]
pub struct Sequences {
    /// Sets all of them; empty where there are none.
    restore: String,
}

impl Sequences {
    /// Takes note of every sequence; one query, and one more where there are any.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn read(session: &Session) -> Result<Self, FixtureError> {
        const NAMES: &str = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
                             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                             WHERE c.relkind = 'S' AND c.relpersistence <> 't' ORDER BY 1";
        let names = session.query_simple(NAMES).await.map_err(reading)?;
        let one = |name: &String| {
            format!("SELECT {}::text, last_value, is_called FROM {name}", quote_literal(name))
        };
        let queries: Vec<String> = names.rows.iter().flatten().flatten().map(one).collect();
        if queries.is_empty() {
            return Ok(Self::default());
        }
        let states = session.query_simple(&queries.join(" UNION ALL ")).await.map_err(reading)?;
        let set = |row: &Vec<Option<String>>| match row.as_slice() {
            [Some(name), Some(value), Some(called)] => {
                Some(format!("pg_catalog.setval({}, {value}, {})", quote_literal(name), called == "t"))
            }
            _ => None,
        };
        let calls: Vec<String> = states.rows.iter().filter_map(set).collect();
        Ok(Self { restore: format!("SELECT {}", calls.join(", ")) })
    }

    /// Puts them back, outside of a transaction; one query.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn restore(&self, session: &Session) -> Result<(), FixtureError> {
        if self.restore.is_empty() {
            return Ok(());
        }
        let set = session.execute(&self.restore).await;
        set.map(drop).map_err(|source| FixtureError::Query { doing: "put sequences back", source })
    }
}

fn reading(source: confiture_core::db::DbFailure) -> FixtureError {
    FixtureError::Query { doing: "read sequences", source }
}
