//! Assertions about how a migration does its work: how many statements it takes, and what they read.

use confiture_core::catalog::{Catalog, ObjectId};
use confiture_core::migration::TransactionMode;
use confiture_core::sql::{Verb, classify, outline, quote_literal};
use confiture_fixtures::Trial;

use super::probe::Texts;
use crate::error::MutationError;
use crate::worker::{Subject, Worker};

/// Waits until the numbers of the migration's session have arrived: it reports them when it ends.
const ARRIVED: &str = "DO $$ BEGIN FOR i IN 1..100 LOOP EXIT WHEN (SELECT seq_scan + coalesce(idx_scan, 0) > 0 FROM \
                       pg_stat_user_tables WHERE relid = to_regclass({})); PERFORM pg_sleep(0.05); END LOOP; END $$;\n";

/// Numbers as they come, not as they were when the first was asked for (manual 15, 28.2).
const FRESH: &str = "SET stats_fetch_consistency = 'none';\n";

impl Worker<'_> {
    /// Tests that count: one statement where the mutant takes one a row, an index where it reads the whole table, a
    /// table read once where it reads it once a row.
    pub(super) async fn counted(
        &mut self,
        subject: &Subject<'_>,
        original: &Trial,
    ) -> Result<Vec<String>, MutationError> {
        let texts = Texts::of(self, subject);
        let known = self.ladder_ref().known_rows();
        let mut scenes = vec![String::new()];
        if subject.migration > 0 {
            let made = texts.rows(&original.record.before, &known, &[]);
            scenes.extend(made.plain().into_iter().flatten());
            // Several rows first: one reads like the other case. None last, many only where a few do not do.
            scenes.reverse();
            if scenes.len() > 2 {
                scenes.swap(0, 1);
            }
        }
        let mut tests = self.statements(subject, original, &texts, &scenes).await?;
        if tests.is_empty() {
            tests.extend(self.reads(subject, original, &texts, &scenes));
        }
        Ok(tests)
    }

    /// How many statements write to the table, by a trigger that counts them; where the migration itself makes the
    /// table, by the commands that its rows came from.
    async fn statements(
        &mut self,
        subject: &Subject<'_>,
        original: &Trial,
        texts: &Texts,
        scenes: &[String],
    ) -> Result<Vec<String>, MutationError> {
        let (migration, mutant) = self.both(subject.migration);
        let here = self.to(subject.migration);
        let mut tests = Vec::new();
        for sql in &texts.original {
            let verb = match classify(sql).verb {
                Verb::Insert => "INSERT",
                Verb::Update => "UPDATE",
                Verb::Delete => "DELETE",
                _ => continue,
            };
            let Some(target) = outline(sql).name().cloned() else { continue };
            let (schema, name) = (target.schema().unwrap_or("public"), target.name());
            let counter = original.record.before.relation(schema, name).map(|table| {
                format!(
                    "CREATE TABLE public.confiture_statements (number int GENERATED ALWAYS AS IDENTITY);\n\
                     CREATE FUNCTION public.confiture_statement() RETURNS trigger LANGUAGE plpgsql AS $$\n\
                     BEGIN\n  INSERT INTO public.confiture_statements DEFAULT VALUES;\n  RETURN NULL;\nEND $$;\n\
                     CREATE TRIGGER confiture_statement BEFORE {verb} ON {} FOR EACH STATEMENT\n\
                     \x20 EXECUTE FUNCTION public.confiture_statement();\n",
                    table.sql_name()
                )
            });
            let (counter, query) = match (counter, original.record.after.relation(schema, name)) {
                (Some(counter), _) => {
                    (counter, "SELECT count(*) FROM public.confiture_statements".to_owned())
                }
                // A command has a number of its own in its transaction (manual 18, 5.6).
                (None, Some(table)) => (
                    String::new(),
                    format!("SELECT count(DISTINCT (xmin::text, cmin::text)) FROM {}", table.sql_name()),
                ),
                (None, None) => continue,
            };
            let queries = [query];
            for rows in scenes {
                let first = format!("{rows}{counter}");
                let expected = self.ladder().answers(&first, &migration, None, &queries).await?;
                let found = self.ladder().answers(&first, &mutant, None, &queries).await?;
                let (Some(Some(expected)), [query]) = (expected.first(), &queries) else { continue };
                if found.first().and_then(Option::as_ref) == Some(expected) {
                    continue;
                }
                let before = match subject.migration.checked_sub(1) {
                    Some(before) if !first.is_empty() => self.to(before) + &first,
                    _ => String::new(),
                };
                tests.push(format!("{before}{here}-- confiture: assert\nSELECT ({query}) = {expected};\n"));
                break;
            }
        }
        Ok(tests)
    }

    /// What the migration reads, by the server's counters. Tables are small in a test: the other ways of reading them
    /// are made dear, so that it tells whether the statement *can* be served.
    fn reads(
        &self,
        subject: &Subject<'_>,
        original: &Trial,
        texts: &Texts,
        scenes: &[String],
    ) -> Vec<String> {
        let script = self.original(subject.migration).up.script();
        // Between two transactions of a session its numbers arrive in parts.
        let parts = script.is_none_or(|script| script.transaction == TransactionMode::Autocommit);
        let Some(before) = subject.migration.checked_sub(1).filter(|_| !parts) else { return Vec::new() };
        let mut tests = Vec::new();
        let empty = String::new();
        for (settings, rows, asked) in [
            (&["enable_seqscan"][..], &empty, Asked::Index),
            (
                &["enable_seqscan", "enable_hashjoin", "enable_mergejoin"],
                scenes.first().unwrap_or(&empty),
                Asked::Index,
            ),
            (&["enable_nestloop"], scenes.first().unwrap_or(&empty), Asked::Once),
            (&["enable_nestloop"], scenes.get(1).unwrap_or(&empty), Asked::AFewTimes),
        ] {
            for table in tables(&original.record.after, texts) {
                let name = quote_literal(&table.sql_name());
                let settings: String = settings
                    .iter()
                    .map(|setting| {
                        format!(
                            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting} = off', \
                             current_database()); END $$;\n"
                        )
                    })
                    .collect();
                // What inserting the rows has read does not count.
                let reset = match rows.is_empty() || !original.record.before.contains(table) {
                    true => String::new(),
                    false => format!(
                        "SELECT pg_stat_force_next_flush();\nSELECT pg_stat_reset_single_table_counters({name}::regclass);\n"
                    ),
                };
                for condition in asked.conditions() {
                    tests.push(format!(
                        "{}{FRESH}{rows}{reset}{settings}{}{}-- confiture: assert\nSELECT {condition} FROM pg_stat_user_tables \
                         WHERE relid = {name}::regclass;\n",
                        self.to(before),
                        self.to(subject.migration),
                        ARRIVED.replace("{}", &name),
                    ));
                }
            }
        }
        tests
    }
}

/// What is asked of a table's counters.
#[derive(Debug, Clone, Copy)]
enum Asked {
    /// That an index was used.
    Index,
    /// That the table was read only once or twice.
    Once,
    /// That it was not read for each of very many rows.
    AFewTimes,
}

impl Asked {
    const fn conditions(self) -> &'static [&'static str] {
        match self {
            Self::Index => &["idx_scan > 0", "idx_scan > 1"],
            Self::Once => &["seq_scan + coalesce(idx_scan, 0) <= 1", "seq_scan + coalesce(idx_scan, 0) <= 2"],
            Self::AFewTimes => &["seq_scan + coalesce(idx_scan, 0) <= 6"],
        }
    }
}

/// The tables that the statements mention.
fn tables<'a>(catalog: &'a Catalog, texts: &'a Texts) -> impl Iterator<Item = &'a ObjectId> {
    catalog.tables().map(|(id, _)| id).filter(|id| texts.mention(id.name()))
}
