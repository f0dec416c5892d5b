//! The rules, one file each, by category.

pub mod client_break;
pub mod data_loss;
pub mod design;
pub mod fails;
mod known;
pub mod lock;
mod taken;
#[cfg(test)]
mod tests;

/// What every rule needs.
mod prelude {
    pub(super) use confiture_core::Severity;
    pub(super) use confiture_core::db::LockMode;
    pub(super) use confiture_core::plugin::{
        Claim, PluginMeta, Rule, RuleCategory, RuleContext, RuleExample, RuleFinding, RuleMeta,
        RuleStatement, Tier, Withdrawal,
    };
    pub(super) use confiture_core::sql::{
        Action, ActionKind, AttributeKind, Clause, ClauseKind, Modifier, ObjectKind, ObjectName, Verb,
    };
}
