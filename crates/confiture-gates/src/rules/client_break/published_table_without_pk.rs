//! `published-table-without-pk`.

use super::super::known::{has_primary_key, published, steps, table};
use super::super::prelude::*;
use confiture_core::catalog::{Detail, Kind, ObjectId, Publication};
use confiture_core::sql::{Body, Span};

/// A table without a primary key is published, and can no longer be updated.
#[derive(Debug, Default)]
pub struct PublishedTableWithoutPk;

confiture_core::register!(rule PublishedTableWithoutPk);

impl Rule for PublishedTableWithoutPk {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "published-table-without-pk",
                summary: "UPDATE and DELETE of a published table without a primary key fail",
                docs: "Logical replication names a row by the table's replica identity, its primary key where nothing \
                       else is said. As soon as a table without one is in a publication that replicates UPDATE and \
                       DELETE, both fail with SQLSTATE 55000. Give it a primary key or a REPLICA IDENTITY before, or \
                       publish its INSERTs only: WITH (publish = 'insert').",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "",
                bad: "CREATE TABLE log (entry text);\nCREATE PUBLICATION changes FOR TABLE log;",
                good: &["CREATE TABLE log (id int PRIMARY KEY, entry text);\n\
                         CREATE PUBLICATION changes FOR TABLE log;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            if let Some(name) = outline.name().filter(|_| born_published(cx, statement)) {
                out.push(
                    RuleFinding::new(
                        statement,
                        name.span,
                        format!("each UPDATE and DELETE of {name} fails: a publication takes it, and it has no primary key"),
                    )
                    .label("they are refused with SQLSTATE 55000")
                    .help(format!("give {name} a primary key, or a REPLICA IDENTITY"))
                    .on(name)
                    .seen_in_catalog(),
                );
                continue;
            }
            if outline.object != Some(ObjectKind::Publication)
                || !matches!(outline.verb, Verb::Create | Verb::Alter)
                || inserts_only(statement)
            {
                continue;
            }
            for name in added(cx, statement) {
                if keyless(cx, statement, &name) && published(cx, statement, &name) != Some(true) {
                    out.push(
                        RuleFinding::new(
                            statement,
                            name.span,
                            format!("each UPDATE and DELETE of {name} fails: it has no primary key"),
                        )
                        .label("they are refused with SQLSTATE 55000")
                        .help(format!("before: give {name} a primary key, or a REPLICA IDENTITY"))
                        .on(&name),
                    );
                }
            }
        }
    }
}

/// Whether a statement creates a table that a publication takes without being asked, and that has no key at the end.
fn born_published(cx: &RuleContext<'_>, statement: &RuleStatement<'_>) -> bool {
    let outline = statement.outline();
    let (Some(catalog), Body::Table(table), Some(name)) = (cx.before, &outline.body, outline.name()) else {
        return false;
    };
    let plain = statement.does(Verb::Create, ObjectKind::Table)
        && ![Modifier::Temporary, Modifier::Unlogged].iter().any(|kind| outline.modifier(*kind).is_some())
        && table.partition_of.is_none()
        // What a table takes over from another one, the parent or the query tells.
        && table.columns().next().is_some()
        && !["like", "inherits"].iter().any(|word| statement.tokens().iter().any(|t| t.is_word(statement.sql(), word)));
    let takes = |publication: &Publication| {
        (publication.publish.contains("update") || publication.publish.contains("delete"))
            && (publication.all_tables
                || publication
                    .schemas
                    .iter()
                    .any(|quoted| quoted.trim_matches('"') == name.schema().unwrap_or("public")))
    };
    let taken = catalog.of_kind(Kind::Publication).any(|(_, object)| match &object.detail {
        Detail::Publication(publication) => takes(publication),
        _ => false,
    });
    if !plain || !taken {
        return false;
    }
    let key = |clause: &Clause| clause.kind == ClauseKind::PrimaryKey;
    let keyed = table.constraints().any(key) || table.columns().any(|column| column.clauses.iter().any(key));
    let later = cx.after_it(statement).iter().any(|later| {
        let outline = later.outline();
        outline.names.iter().any(|other| RuleContext::same_name(other, name))
            && (outline.verb == Verb::Drop
                || outline.actions().iter().any(|action| {
                    matches!(action.kind, ActionKind::ReplicaIdentity | ActionKind::Rename)
                        || action.constraint.as_ref().is_some_and(key)
                        || action.column.iter().any(|column| column.clauses.iter().any(key))
                }))
    });
    !keyed && !later
}

/// Whether `publish` names neither `update` nor `delete`.
fn inserts_only(statement: &RuleStatement<'_>) -> bool {
    let sql = statement.sql();
    let tokens = statement.tokens();
    let value =
        tokens.windows(3).find(|window| window[0].is_word(sql, "publish") && window[1].text(sql) == "=");
    value.is_some_and(|window| {
        let value = window[2].text(sql).to_ascii_lowercase();
        !value.contains("update") && !value.contains("delete")
    })
}

/// Whether nothing tells the rows of a table apart, as far as is known.
fn keyless(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, name: &ObjectName) -> bool {
    let identity = |id: &ObjectId| {
        let detail = cx.before.and_then(|catalog| catalog.get(id)).map(|object| &object.detail);
        matches!(detail, Some(Detail::Table(table)) if table.replica_identity.is_some())
    };
    let set = cx.past(statement).any(|past| {
        past.outline().name().is_some_and(|other| RuleContext::same_name(other, name))
            && past.outline().actions().iter().any(|action| action.kind == ActionKind::ReplicaIdentity)
    });
    has_primary_key(cx, statement, name) == Some(false)
        && !set
        && !table(cx, statement, name).is_some_and(|(_, id, _)| identity(id))
}

/// The tables that a statement publishes: those behind `TABLE`, or all that are known.
fn added(cx: &RuleContext<'_>, statement: &RuleStatement<'_>) -> Vec<ObjectName> {
    let sql = statement.sql();
    let tokens = statement.tokens();
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(sql, word));
    let all = (0..tokens.len()).find(|at| is(*at, "for") && is(at + 1, "all") && is(at + 2, "tables"));
    if let Some(at) = all {
        let span = Span::new(tokens[at].span.start, tokens[at + 2].span.end);
        let known = cx.before.into_iter().flat_map(|catalog| catalog.of_kind(Kind::Table));
        let known = known.map(|(id, _)| id.path().map(str::to_owned).collect::<Vec<_>>());
        let made = steps(cx, statement).filter(|past| past.does(Verb::Create, ObjectKind::Table));
        let made = made.filter_map(|past| Some(past.outline().name()?.parts.clone()));
        return known.chain(made).map(|parts| ObjectName { parts, span }).collect();
    }
    let Some(start) = (0..tokens.len()).find(|at| is(*at, "table")) else { return Vec::new() };
    let mut names = Vec::new();
    let (mut at, mut depth, mut expected) = (start + 1, 0_usize, true);
    while let Some(token) = tokens.get(at) {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => expected = true,
            _ if token.is_word(sql, "with") && depth == 0 => break,
            _ if expected
                && depth == 0
                && token.kind.is_name()
                && !token.is_word(sql, "table")
                && !token.is_word(sql, "only") =>
            {
                let mut end = at;
                while tokens.get(end + 1).is_some_and(|dot| dot.text(sql) == ".") && end + 2 < tokens.len() {
                    end += 2;
                }
                names.extend(ObjectName::read(sql, Span::new(token.span.start, tokens[end].span.end)));
                (at, expected) = (end, false);
            }
            _ => {}
        }
        at += 1;
    }
    names
}
