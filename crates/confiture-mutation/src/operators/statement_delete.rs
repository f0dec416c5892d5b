//! `statement-delete`.

use super::prelude::*;

/// Leaves one statement of the script out.
#[derive(Debug, Default)]
pub struct StatementDelete;

confiture_core::register!(operator StatementDelete);

impl MutationOperator for StatementDelete {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "statement-delete",
                summary: "leaves one statement out",
                docs: "The migration forgets to do something. Works on every statement, whether it can be \
                       parsed or not. Stillborn where a later statement needs what is missing.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, name text);",
                up: "ALTER TABLE users ADD email text; COMMENT ON TABLE users IS 'people';",
                down: "",
                mutant: "ALTER TABLE users ADD email text; ;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: assert\n\
                     SELECT obj_description('users'::regclass) = 'people';",
                ),
                spared: "-- nothing but a comment",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        out.extend(cx.sites.iter().map(Site::left_out));
    }

    fn is_general(&self) -> bool {
        true
    }
}
