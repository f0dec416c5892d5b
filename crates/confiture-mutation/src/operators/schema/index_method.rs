//! `index-method`.

use confiture_core::sql::{Index, Modifier};

use super::super::prelude::*;
use super::super::words::Words;

/// Builds an index by another method.
#[derive(Debug, Default)]
pub struct IndexMethod;

confiture_core::register!(operator IndexMethod);

impl MutationOperator for IndexMethod {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "index-method",
                summary: "builds an index by another method",
                docs: "A B-tree index of one column becomes a hash index, which serves neither ranges \
                       nor ORDER BY; any other index becomes a B-tree. Stillborn where the type or \
                       operator class has no such method. Only plans and the catalog tell.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (age int);",
                up: "CREATE INDEX users_age ON users (age);",
                down: "DROP INDEX users_age;",
                mutant: "CREATE INDEX users_age ON users USING hash (age);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: uses-index users_age\n\
                     SELECT * FROM users WHERE age > 18;",
                ),
                spared: "CREATE UNIQUE INDEX users_age ON users (age); CREATE INDEX users_age_name ON \
                         users (age, name);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let (Some(index), Some(table)) = (site.outline().index(), &site.outline().on) else {
                continue;
            };
            match index.method {
                Some(method) if !method.text(site.sql()).eq_ignore_ascii_case("btree") => {
                    // Storage parameters belong to the method.
                    let parameters = index.with.map(|with| Edit::remove_clause(site.sql(), with));
                    let edits = [Edit::replace(method, "btree")].into_iter().chain(parameters);
                    out.push(site.mutant(edits, "the index becomes a B-tree"));
                }
                method if hashable(site, index) => {
                    let edit = match method {
                        Some(method) => Edit::replace(method, "hash"),
                        None => Edit::insert(table.span.end, " USING hash"),
                    };
                    out.push(site.mutant([edit], "the index becomes a hash index"));
                }
                _ => {}
            }
        }
    }
}

/// Whether a hash index could be said the same way: one column, no order, not unique, nothing included.
fn hashable(site: &Site<'_>, index: &Index) -> bool {
    let &[column] = index.columns.as_slice() else {
        return false;
    };
    let words = Words::within(site, column);
    let ordered = (1..words.len()).any(|at| words.at_any(at, &["asc", "desc", "nulls"]));
    !ordered
        && index.include.is_none()
        && index.nulls.is_none()
        && site.outline().modifier(Modifier::Unique).is_none()
}
