//! `locks`: the relation locks a transaction holds.

use std::collections::BTreeMap;

use async_trait::async_trait;
use confiture_core::db::{DbFailure, Session, relation_locks};
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
        let locks = relation_locks(session, session.backend_pid()).await?;
        let named = |lock: confiture_core::db::RelationLock| {
            format!("{} {}.{}", lock.mode.catalog_name(), lock.schema, lock.name)
        };
        Ok(locks.into_iter().filter(|lock| lock.granted).map(|lock| (named(lock), 1)).collect())
    }
}
