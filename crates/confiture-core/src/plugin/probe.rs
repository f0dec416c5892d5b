//! The `Probe` trait: one thing to measure around a statement.

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;

use super::PluginMeta;
use crate::db::{DbFailure, Session};

/// A probe reads what a statement did, inside the transaction it ran in.
#[async_trait]
pub trait Probe: Send + Sync + Debug {
    /// Id, summary and documentation.
    fn meta(&self) -> &'static PluginMeta;

    /// Reads its values: names in order, each with its number. What is not available is left out.
    ///
    /// # Errors
    /// What the server refused.
    async fn read(&self, session: &Session) -> Result<BTreeMap<String, u64>, DbFailure>;
}
