//! `comment-drop`.

use confiture_core::sql::Verb;

use super::super::prelude::*;

/// Leaves a comment on an object out.
#[derive(Debug, Default)]
pub struct CommentDrop;

confiture_core::register!(operator CommentDrop);

impl MutationOperator for CommentDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "comment-drop",
                summary: "leaves a COMMENT ON out",
                docs: "The object is not described, or keeps an old description; tools that read \
                       comments (GraphQL servers, documentation) see another schema. Equivalent where \
                       the comment was the same.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Medium,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int);",
                up: "COMMENT ON TABLE users IS 'who may log in';",
                down: "COMMENT ON TABLE users IS NULL;",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT obj_description('users'::regclass) = 'who may log in';",
                ),
                spared: "-- COMMENT ON TABLE users IS NULL;\n\
                         ALTER TABLE users ADD name text;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        let comments = cx.sites.iter().filter(|site| site.outline().verb == Verb::Comment);
        out.extend(comments.map(|site| site.mutant([Edit::remove(site.span())], "the comment is left out")));
    }
}
