//! Log, pages and temporary blocks of a statement, from the best source the server has.

use confiture_core::db::{DbFailure, ScratchDb, Server, ServerKind, Session};
use confiture_core::report::{BufferProfile, WalProfile};

use crate::error::{PerfError, doing};

/// Counters of a database so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub calls: u64,
    pub wal: WalProfile,
    pub buffers: Option<BufferProfile>,
    pub temp_blocks: Option<u64>,
}

impl Counters {
    /// What came since `before`; `None` where the server forgot some meanwhile.
    pub(crate) fn since(&self, before: &Self) -> Option<Self> {
        let both = |now: Option<u64>, before: Option<u64>| match (now, before) {
            (Some(now), Some(before)) => now.checked_sub(before).map(Some),
            _ => Some(None),
        };
        Some(Self {
            calls: self.calls.checked_sub(before.calls)?,
            wal: WalProfile {
                records: both(self.wal.records, before.wal.records)?,
                full_page_images: both(self.wal.full_page_images, before.wal.full_page_images)?,
                bytes: self.wal.bytes.checked_sub(before.wal.bytes)?,
            },
            buffers: match (self.buffers, before.buffers) {
                (Some(now), Some(before)) => Some(BufferProfile {
                    touched: now.touched.checked_sub(before.touched)?,
                    dirtied: now.dirtied.checked_sub(before.dirtied)?,
                }),
                _ => None,
            },
            temp_blocks: both(self.temp_blocks, before.temp_blocks)?,
        })
    }
}

/// Where counters come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The extension, with what it needs to be preloaded.
    Statements,
    /// The position of the log, where nobody else writes to it; holds why the extension does not serve.
    Position(String),
    /// None; holds why.
    Nothing(String),
}

/// A session beside the one that is measured, in a database of its own.
///
/// The extension is created there: its view tells of all databases, and the measured one stays as it is.
#[derive(Debug)]
pub(crate) struct Reader {
    database: ScratchDb,
    session: Session,
    source: Source,
}

impl Reader {
    pub(crate) async fn start(server: &Server) -> Result<Self, PerfError> {
        let database = server.create_database("counters").await?;
        let session = database.session().await?;
        let statements = async {
            session.execute("CREATE EXTENSION pg_stat_statements").await?;
            // Refused unless it is preloaded.
            let sql = "SELECT current_setting('pg_stat_statements.track_utility') = 'on' \
                       AND current_setting('pg_stat_statements.track') <> 'none' \
                       FROM (SELECT count(*) FROM pg_stat_statements(false)) known";
            Ok::<bool, DbFailure>(session.query(sql, &[]).await?.iter().all(|row| row.get(0)))
        };
        let source = match statements.await {
            Ok(true) => Source::Statements,
            Ok(false) => without(server, "pg_stat_statements does not track utility statements"),
            Err(failure) if failure.is_connection_lost() => {
                return Err(doing("look for pg_stat_statements")(failure).into());
            }
            Err(failure) => {
                without(server, &format!("pg_stat_statements does not serve: {}", failure.message))
            }
        };
        Ok(Self { database, session, source })
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Forgets what the server counted, where the server is ours, so that reading stays cheap.
    pub(crate) async fn reset(&self, server: &Server) -> Result<(), PerfError> {
        if self.source == Source::Statements && server.kind() == ServerKind::Private {
            self.session
                .query_prepared("SELECT pg_stat_statements_reset()::text", &[])
                .await
                .map_err(doing("reset counters"))?;
        }
        Ok(())
    }

    /// Counters of the database with this OID so far; `None` where there is no source.
    pub(crate) async fn read(&self, database: u32) -> Result<Option<Counters>, DbFailure> {
        let number = |row: &confiture_core::db::Row, at: usize| {
            u64::try_from(row.get::<_, i64>(at)).unwrap_or_default()
        };
        match &self.source {
            Source::Nothing(_) => Ok(None),
            Source::Position(_) => {
                let sql = "SELECT (pg_current_wal_insert_lsn() - '0/0')::int8";
                let rows = self.session.query_prepared(sql, &[]).await?;
                Ok(rows.first().map(|row| Counters {
                    wal: WalProfile { bytes: number(row, 0), ..WalProfile::default() },
                    ..Counters::default()
                }))
            }
            Source::Statements => {
                let sql = "SELECT coalesce(sum(calls), 0)::int8, coalesce(sum(wal_records), 0)::int8, \
                     coalesce(sum(wal_fpi), 0)::int8, coalesce(sum(wal_bytes), 0)::int8, \
                     coalesce(sum(shared_blks_hit + shared_blks_read + local_blks_hit + local_blks_read), 0)::int8, \
                     coalesce(sum(shared_blks_dirtied + local_blks_dirtied), 0)::int8, \
                     coalesce(sum(temp_blks_read + temp_blks_written), 0)::int8 \
                     FROM pg_stat_statements(false) WHERE dbid = $1 AND toplevel";
                let rows = self.session.query_prepared(sql, &[&database]).await?;
                Ok(rows.first().map(|row| Counters {
                    calls: number(row, 0),
                    wal: WalProfile {
                        records: Some(number(row, 1)),
                        full_page_images: Some(number(row, 2)),
                        bytes: number(row, 3),
                    },
                    buffers: Some(BufferProfile { touched: number(row, 4), dirtied: number(row, 5) }),
                    temp_blocks: Some(number(row, 6)),
                }))
            }
        }
    }

    pub(crate) async fn close(self) {
        self.session.close().await;
        crate::ground::close(Some(self.database)).await;
    }
}

fn without(server: &Server, why: &str) -> Source {
    match server.kind() {
        ServerKind::Private => Source::Position(why.to_owned()),
        ServerKind::Given => Source::Nothing(format!("{why}, and others may write to the server's log")),
    }
}
