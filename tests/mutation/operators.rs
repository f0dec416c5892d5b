//! Operators of this test binary: mistakes that no operator of confiture's makes.

use confiture_core::Severity;
use confiture_core::migration::Direction;
use confiture_core::plugin::{
    Channels, Mutant, MutationCategory, MutationContext, MutationOperator, OperatorMeta, PluginMeta,
};
use confiture_core::sql::Edit;

macro_rules! replaces_statements {
    ($name:ident, $id:literal, $sql:literal) => {
        #[derive(Debug, Default)]
        struct $name;

        confiture_core::register!(operator $name);

        impl MutationOperator for $name {
            fn meta(&self) -> &'static OperatorMeta {
                static META: OperatorMeta = OperatorMeta {
                    plugin: PluginMeta { id: $id, summary: $id, docs: "" },
                    category: MutationCategory::Data,
                    severity: Severity::Low,
                    channels: Channels::STATE,
                    direction: Some(Direction::Up),
                    since: 1,
                    example: None,
                };
                &META
            }

            fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
                let replaced = |site: &confiture_core::plugin::Site<'_>| {
                    site.mutant([Edit::replace(site.span(), $sql)], $id)
                };
                out.extend(cx.sites.iter().map(replaced));
            }
        }
    };
}

replaces_statements!(Sleeps, "test/sleeps", "SELECT pg_sleep(600)");
replaces_statements!(Dies, "test/dies", "SELECT pg_terminate_backend(pg_backend_pid())");
replaces_statements!(Raises, "test/raises", "DO $$ BEGIN RAISE 'no'; END $$");
