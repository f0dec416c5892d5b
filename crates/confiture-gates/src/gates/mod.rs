//! The gates, one file each; what they share is in `asked`.

mod asked;
mod breaking_change;
mod data_integrity;
mod locks;
mod mutation;
mod naming;
mod performance;
mod release_readiness;
mod rollback;
mod schema;

pub use breaking_change::BreakingChange;
pub use data_integrity::DataIntegrity;
pub use locks::Locks;
pub use mutation::Mutation;
pub use naming::Naming;
pub use performance::Performance;
pub use release_readiness::ReleaseReadiness;
pub use rollback::Rollback;
pub use schema::Schema;

/// Gates that need not be run where the project does not say: their input is asked for or made elsewhere.
pub const OPTIONAL: [&str; 3] = ["mutation", "performance", "release-readiness"];

/// What every gate needs.
mod prelude {
    pub(super) use super::asked::{about, judged, of_checks, of_rules};
    pub(super) use async_trait::async_trait;
    pub(super) use confiture_core::migration::Direction;
    pub(super) use confiture_core::plugin::{Gate, GateContext, GateVerdict, Outcome, PluginMeta};
    pub(super) use confiture_core::report::{CheckStatus, Finding};
}
