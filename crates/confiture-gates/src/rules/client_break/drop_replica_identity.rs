//! `drop-replica-identity`.

use super::super::known::{published, table};
use super::super::prelude::*;
use confiture_core::catalog::{ConstraintType, Detail, Kind};

/// A published table loses what tells its rows apart.
#[derive(Debug, Default)]
pub struct DropReplicaIdentity;

confiture_core::register!(rule DropReplicaIdentity);

impl Rule for DropReplicaIdentity {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "drop-replica-identity",
                summary: "UPDATE and DELETE of a published table fail without its primary key",
                docs: "Logical replication names a row by the table's replica identity, its primary key where nothing \
                       else is said. Without one, each UPDATE and DELETE of a table in a publication that replicates \
                       them fails with SQLSTATE 55000, at once. Put the new key in place in the same transaction (a \
                       unique index made CONCURRENTLY before, then ADD PRIMARY KEY USING INDEX), or set REPLICA \
                       IDENTITY USING INDEX before. With a catalog the rule speaks of published tables only.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL);\n\
                        CREATE UNIQUE INDEX users_email ON users (email);\nCREATE PUBLICATION changes FOR TABLE users;",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users DROP CONSTRAINT users_pkey;",
                good: &[
                    "SET lock_timeout = '2s';\nALTER TABLE users REPLICA IDENTITY USING INDEX users_email;\n\
                         ALTER TABLE users DROP CONSTRAINT users_pkey;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, name, action) in
            cx.actions(&[ActionKind::DropConstraint, ActionKind::DropColumn, ActionKind::ReplicaIdentity])
        {
            let lost = match action.kind {
                ActionKind::ReplicaIdentity => nothing(statement, action),
                _ => is_key(cx, statement, name, action),
            };
            let replaced = action.kind != ActionKind::ReplicaIdentity && replaced(cx, statement, name);
            let known = published(cx, statement, name);
            if !lost || replaced || known == Some(false) {
                continue;
            }
            let sure = if known == Some(true) { "" } else { " where it is published" };
            let finding = RuleFinding::new(
                statement,
                action.span,
                format!("each UPDATE and DELETE of {name} fails{sure}: nothing tells its rows apart"),
            )
            .label("they are refused with SQLSTATE 55000")
            .help(format!(
                "before: ALTER TABLE {name} REPLICA IDENTITY USING INDEX …; or add the new key with it"
            ))
            .on(name);
            out.push(if known == Some(true) { finding.seen_in_catalog() } else { finding });
        }
    }
}

/// Whether `REPLICA IDENTITY NOTHING` is said.
fn nothing(statement: &RuleStatement<'_>, action: &Action) -> bool {
    action.value.is_some_and(|value| value.text(statement.sql()).trim().eq_ignore_ascii_case("nothing"))
}

/// Whether what is dropped is the table's primary key and its replica identity: by the catalog, or by the name
/// that PostgreSQL gives it.
fn is_key(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, name: &ObjectName, action: &Action) -> bool {
    let Some(dropped) = &action.name else { return false };
    let Some((catalog, id, _)) = table(cx, statement, name) else {
        let own = cx.past(statement).any(|past| {
            past.outline().actions().iter().any(|earlier| {
                earlier.name.as_ref().is_some_and(|name| name.name() == dropped.name())
                    && earlier.constraint.as_ref().is_some_and(|c| c.kind == ClauseKind::PrimaryKey)
            })
        });
        return action.kind == ActionKind::DropConstraint && (own || dropped.name().ends_with("_pkey"));
    };
    let identity = catalog.get(id).is_some_and(
        |object| matches!(&object.detail, Detail::Table(table) if table.replica_identity.is_none()),
    );
    let by_index = || {
        catalog.members(id, Kind::Index).any(|(index, object)| {
            let Detail::Index(detail) = &object.detail else { return false };
            detail.replica_identity
                && match action.kind {
                    ActionKind::DropColumn => {
                        detail.columns.iter().flatten().any(|column| column == dropped.name())
                    }
                    _ => index.name() == dropped.name(),
                }
        })
    };
    let key = catalog.constraints_of(id).any(|(constraint, detail)| {
        detail.constraint_type == ConstraintType::PrimaryKey
            && match action.kind {
                ActionKind::DropColumn => detail.columns.iter().any(|column| column == dropped.name()),
                _ => constraint.name() == dropped.name(),
            }
    });
    (identity && key) || by_index()
}

/// Whether the migration sets another replica identity before, or adds a key in the same transaction.
fn replaced(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, name: &ObjectName) -> bool {
    cx.statements.iter().any(|other| {
        let together = other.index <= statement.index || RuleContext::together(statement, other);
        together
            && other.outline().name().is_some_and(|table| RuleContext::same_name(table, name))
            && other.outline().actions().iter().any(|action| match action.kind {
                ActionKind::ReplicaIdentity => !nothing(other, action),
                ActionKind::AddConstraint => {
                    action.constraint.as_ref().is_some_and(|clause| clause.kind == ClauseKind::PrimaryKey)
                }
                _ => false,
            })
    })
}
