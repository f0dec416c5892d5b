//! temporary
#![allow(missing_docs, clippy::missing_errors_doc)]
use super::Catalog;
use crate::db::{DbFailure, Session};
#[derive(Debug, Clone)]
pub struct Observed(Catalog);
impl Observed {
    pub async fn full(s: &Session) -> Result<Self, DbFailure> {
        Ok(Self(Catalog::read(s).await?))
    }
    pub async fn refresh(&self, s: &Session) -> Result<Self, DbFailure> {
        Self::full(s).await
    }
    pub fn catalog(&self) -> &Catalog {
        &self.0
    }
}
