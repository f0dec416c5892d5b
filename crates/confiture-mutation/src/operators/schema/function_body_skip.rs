//! `function-body-skip`.

use super::super::prelude::*;
use super::super::words::brief;
use super::body::statements;

/// Leaves one statement of the body of a routine or `DO` block out.
#[derive(Debug, Default)]
pub struct FunctionBodySkip;

confiture_core::register!(operator FunctionBodySkip);

impl MutationOperator for FunctionBodySkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "function-body-skip",
                summary: "leaves one statement in the body of a function, procedure or DO block out",
                docs: "SQL, `BEGIN ATOMIC` and PL/pgSQL, whose blocks and branches are followed. What a \
                       function in SQL returns stays, and so do RETURN, EXIT and NULL in PL/pgSQL: \
                       without them it fails or never ends. Indistinct while nothing calls the routine.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE log (line text);",
                up: "CREATE PROCEDURE note(line text) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log \
                     VALUES (line); END $$;",
                down: "DROP PROCEDURE note;",
                mutant: "CREATE PROCEDURE note(line text) LANGUAGE plpgsql AS $$ BEGIN  END $$;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     CALL note('hello');\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 1 FROM log;",
                ),
                spared: "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION \
                         two() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 2; END';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for span in statements(site) {
                let what = format!("{} is left out", brief(span.text(site.sql())));
                out.push(site.mutant([Edit::remove(span)], what));
            }
        }
    }
}
