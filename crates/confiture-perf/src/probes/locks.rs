//! `locks`: the relation locks a transaction holds.

use std::collections::BTreeMap;

use async_trait::async_trait;
use confiture_core::db::{DbFailure, Session};
use confiture_core::plugin::{PluginMeta, Probe};

/// Reads the locks the session's transaction holds on relations outside of `pg_catalog`.
///
/// Names are `AccessExclusiveLock public.users`; every value is 1.
#[derive(Debug, Default)]
pub struct Locks;

confiture_core::register!(probe Locks);

#[async_trait]
impl Probe for Locks {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "locks",
            summary: "relation locks the transaction holds",
            docs: include_str!("locks.md"),
        };
        &META
    }

    async fn read(&self, session: &Session) -> Result<BTreeMap<String, u64>, DbFailure> {
        let sql = "SELECT l.mode || ' ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) \
                   FROM pg_catalog.pg_locks l \
                   JOIN pg_catalog.pg_class c ON c.oid = l.relation \
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted \
                   AND n.nspname NOT IN ('pg_catalog', 'pg_toast')";
        let rows = session.query(sql, &[]).await?;
        Ok(rows.iter().filter_map(|row| row.try_get::<_, String>(0).ok()).map(|name| (name, 1)).collect())
    }
}
