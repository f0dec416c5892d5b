//! Which tables a backend has locked, and how strongly.

use std::fmt;
use std::str::FromStr;

use super::failure::DbFailure;
use super::session::Session;

/// The table-level lock modes, weakest first, in the order of the manual (18, 13.3.1).
///
/// The order is the server's own numbering. It is not one of conflicts alone: `SHARE` conflicts with
/// itself not at all, the weaker `SHARE UPDATE EXCLUSIVE` does.
///
/// # Example
/// ```
/// use confiture_core::db::LockMode;
///
/// let mode: LockMode = "share  update exclusive".parse().unwrap();
/// assert!(mode < LockMode::AccessExclusive);
/// assert_eq!(mode.to_string(), "SHARE UPDATE EXCLUSIVE");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMode {
    /// Taken by `SELECT`.
    AccessShare,
    /// Taken by `SELECT … FOR UPDATE`.
    RowShare,
    /// Taken by `INSERT`, `UPDATE`, `DELETE`, `MERGE`.
    RowExclusive,
    /// Taken by `VACUUM`, `CREATE INDEX CONCURRENTLY`, `VALIDATE CONSTRAINT`, ….
    ShareUpdateExclusive,
    /// Taken by `CREATE INDEX`: no writer gets past it.
    Share,
    /// Taken by `CREATE TRIGGER` and some forms of `ALTER TABLE`.
    ShareRowExclusive,
    /// Taken by `REFRESH MATERIALIZED VIEW CONCURRENTLY`: readers only get past it.
    Exclusive,
    /// Taken by `DROP TABLE`, `TRUNCATE` and most forms of `ALTER TABLE`: nobody gets past it.
    AccessExclusive,
}

impl LockMode {
    /// All of them, weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// As SQL writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// As `pg_locks.mode` writes it, such as `AccessShareLock`.
    pub fn catalog_name(self) -> &'static str {
        match self {
            Self::AccessShare => "AccessShareLock",
            Self::RowShare => "RowShareLock",
            Self::RowExclusive => "RowExclusiveLock",
            Self::ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Self::Share => "ShareLock",
            Self::ShareRowExclusive => "ShareRowExclusiveLock",
            Self::Exclusive => "ExclusiveLock",
            Self::AccessExclusive => "AccessExclusiveLock",
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LockMode {
    type Err = ();

    /// Reads the words of SQL, in any case and with any spaces, or the name `pg_locks` uses.
    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
        let words = words.join(" ");
        let named = |mode: &Self| mode.as_str() == words || mode.catalog_name() == text.trim();
        Self::ALL.into_iter().find(named).ok_or(())
    }
}

/// A lock on a table or another relation outside of `pg_catalog`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelationLock {
    /// Its schema, as SQL writes it.
    pub schema: String,
    /// Its name, as SQL writes it.
    pub name: String,
    /// Its oid in its database.
    pub oid: u32,
    /// How strong it is.
    pub mode: LockMode,
    /// `false` while the backend still waits for it.
    pub granted: bool,
}

/// The relation locks that `backend` holds or waits for, as `session` sees them; one query.
///
/// A relation that `backend` created or renamed in a transaction that is still open has its new name only
/// where `session` is that backend's own.
///
/// # Errors
/// What the server refused.
pub async fn relation_locks(session: &Session, backend: i32) -> Result<Vec<RelationLock>, DbFailure> {
    let sql = "SELECT pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(c.relname), c.oid, l.mode, l.granted \
               FROM pg_catalog.pg_locks l \
               JOIN pg_catalog.pg_class c ON c.oid = l.relation \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE l.pid = $1 AND l.locktype = 'relation' \
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
               AND n.nspname NOT IN ('pg_catalog', 'pg_toast') \
               ORDER BY 1, 2, 4";
    let rows = session.query(sql, &[&backend]).await?;
    let locks = rows.iter().filter_map(|row| {
        Some(RelationLock {
            schema: row.get(0),
            name: row.get(1),
            oid: row.get(2),
            mode: row.get::<_, &str>(3).parse().ok()?,
            granted: row.get(4),
        })
    });
    Ok(locks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_sql_and_as_the_catalog_writes_them() {
        for mode in LockMode::ALL {
            assert_eq!(mode.as_str().to_lowercase().parse(), Ok(mode));
            assert_eq!(mode.catalog_name().parse(), Ok(mode));
        }
        assert_eq!("SHARE EXCLUSIVE".parse::<LockMode>(), Err(()));
        assert!(LockMode::ALL.is_sorted());
    }
}
