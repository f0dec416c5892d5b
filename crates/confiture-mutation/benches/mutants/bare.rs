//! What PostgreSQL itself needs for the statements of mutants and the leanest queries that could decide about them.

use std::collections::BTreeSet;

use confiture_core::db::Server;
use confiture_core::migration::{Script, Step};
use confiture_core::sql::outline;
use confiture_fixtures::TestSource;
use confiture_mutation::Planned;

use crate::naive::{Naive, text};
use crate::process::{Clock, Spent};

/// Everything that operators change about the tables called `$1`, of whom it is known that nothing else changes.
const LEAN: &str = "\
    PREPARE lean (name[]) AS SELECT c.relname, c.relpersistence, c.relacl, c.reloptions, \
      (SELECT string_agg(concat_ws(' ', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
         CASE WHEN a.atthasdef THEN (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d \
           WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END, col_description(a.attrelid, a.attnum)), ', ') \
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
      (SELECT string_agg(concat_ws(' ', k.conname, pg_get_constraintdef(k.oid)), ', ') \
       FROM pg_constraint k WHERE k.conrelid = c.oid), \
      (SELECT string_agg(pg_get_indexdef(i.indexrelid), ', ') FROM pg_index i WHERE i.indrelid = c.oid) \
    FROM pg_class c WHERE c.relname = ANY ($1) AND c.relnamespace = 2200";

/// The time that a server needs.
pub(crate) struct Bare<'a> {
    pub(crate) server: &'a Server,
    pub(crate) source: &'a TestSource,
    pub(crate) naive: &'a Naive<'a>,
}

impl Bare<'_> {
    /// Each mutant as one message over one connection, in a transaction that is rolled back: its up, the lean query
    /// about the tables that it or its original name, its down, the query again, and, for those of `unnoticed`,
    /// on the state after the up, the statements of later migrations that name one of these tables.
    pub(crate) async fn run(&self, mutants: &[&Planned], unnoticed: &BTreeSet<String>) -> Spent {
        let mut spent = Spent::default();
        for group in mutants.chunk_by(|one, next| one.migration == next.migration) {
            let database = self.server.create_database("bare").await.expect("a database");
            let session = database.session().await.expect("a session");
            self.naive.apply(&session, 0, group[0].migration).await;
            session.execute("SET plan_cache_mode = force_generic_plan").await.expect("set");
            session.execute(LEAN).await.expect("prepared");
            session.execute("EXECUTE lean ('{}')").await.expect("planned");
            let message = |planned: &&Planned| self.message(planned, unnoticed.contains(&planned.id));
            let messages: Vec<String> = group.iter().map(message).collect();
            let clock = Clock::start();
            for message in &messages {
                if session.execute(message).await.is_err() {
                    session.execute("ROLLBACK").await.expect("rollback");
                }
            }
            spent += clock.read();
            session.close().await;
            database.close().await.expect("closed");
        }
        spent
    }

    fn message(&self, planned: &Planned, unnoticed: bool) -> String {
        let changed = planned.mutated(&self.source.loaded).expect("edits that fit");
        let original = &self.source.loaded.migrations[planned.migration];
        let scripts = [&changed.up, &changed.down, &original.up].into_iter().filter_map(Step::script);
        let names: BTreeSet<String> = scripts.flat_map(tables).collect();
        let list: Vec<&str> = names.iter().map(String::as_str).collect();
        let query = format!("EXECUTE lean ('{{{}}}');\n", list.join(","));
        let mut message = "BEGIN;\n".to_owned();
        if let Step::Sql(up) = &changed.up {
            message += &format!("{}SET CONSTRAINTS ALL IMMEDIATE;\n{query}", text(up));
        }
        let later: String = self.source.loaded.migrations[planned.migration + 1..]
            .iter()
            .filter_map(|migration| migration.up.script())
            .filter(|script| unnoticed && tables(script).iter().any(|name| names.contains(name)))
            .map(text)
            .collect();
        if !later.is_empty() {
            message += "SAVEPOINT later;\n";
        }
        if let Step::Sql(down) = &changed.down {
            message += &format!("{}SET CONSTRAINTS ALL IMMEDIATE;\n{query}", text(down));
        }
        if !later.is_empty() {
            message += &format!("ROLLBACK TO SAVEPOINT later;\n{later}SET CONSTRAINTS ALL IMMEDIATE;\n");
        }
        message + "ROLLBACK"
    }
}

/// The tables that a script names; of the chains of this program it is enough to look for their form.
fn tables(script: &Script) -> Vec<String> {
    let mut names = Vec::new();
    for statement in &script.statements {
        let outline = outline(&statement.sql);
        names.extend(outline.names.iter().chain(&outline.on).map(|name| name.name().to_owned()));
        let words = statement.sql.split(|c: char| !c.is_ascii_alphanumeric());
        names.extend(words.filter(|word| word.len() == 5 && word.starts_with('t')).map(str::to_owned));
    }
    names.retain(|name| {
        name.len() == 5 && name.starts_with('t') && name[1..].bytes().all(|b| b.is_ascii_digit())
    });
    names
}
