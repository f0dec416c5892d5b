//! A `confiture` binary with a check of its own, every table needs a primary key, a rule, a
//! gate and a mutation operator.

mod audit_skip;
mod no_char;
mod tickets;

use async_trait::async_trait;
use confiture_core::catalog::{Constraint, ConstraintType};
use confiture_core::migration::Direction;
use confiture_core::plugin::{Check, CheckContext, CheckError, PluginMeta, Verdict};
use confiture_core::{Diagnostic, Severity};

#[derive(Debug, Default)]
struct PrimaryKeys;

confiture_core::register!(check PrimaryKeys);

#[async_trait]
impl Check for PrimaryKeys {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "acme/primary-keys",
            summary: "every new table has a primary key",
            docs: "Holds when each table the migration creates has a primary key.",
        };
        &META
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        let (before, after) = (&cx.record.before, &cx.record.after);
        let primary = |(_, c): (_, &Constraint)| c.constraint_type == ConstraintType::PrimaryKey;
        let keyed = |table| after.constraints_of(table).any(primary);
        let bare = after.tables().filter(|(table, _)| before.get(table).is_none() && !keyed(table));
        let finding = |table| {
            Diagnostic::new("acme/no-primary-key", Severity::Medium, format!("{table} has no primary key"))
        };
        Ok(Verdict::of(
            bare.map(|(table, _)| finding(table).in_script(&cx.migration.id, Direction::Up)).collect(),
        ))
    }
}

fn main() -> std::process::ExitCode {
    confiture_cli::main()
}
