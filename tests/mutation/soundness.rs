//! Mutants called equivalent or redundant are never told from what they are said to be the same as.
//!
//! `SOUNDNESS_CHAINS=300 cargo test -p confiture-tests --test mutation soundness -- --nocapture` tries 300
//! random chains; a few without it. `SOUNDNESS_FROM` is the first seed.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::catalog::{Catalog, Grade, Kind, ObjectId};
use confiture_core::db::{ScratchDb, Server, Session};
use confiture_core::migration::{Direction, Migration, Step};
use confiture_core::report::MutantStatus;
use confiture_core::sql::Quoted;
use confiture_fixtures::strategy::{Chain, ChainLayout};
use confiture_fixtures::{RowCounts, RowGenerator, run_script};
use confiture_mutation::OperatorFilter;
use confiture_tests::{Scenario, block_on, server};
use serde_json::Value;

/// Rows tried on every table.
const PROBES: usize = 200;
/// Migrations of a chain.
const STEPS: usize = 4;
/// Mutants drawn from a chain.
const MUTANTS: usize = 16;

fn of_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().expect("a number"))
}

#[test]
fn nothing_called_the_same_is_told_apart() {
    let (from, chains) = (of_environment("SOUNDNESS_FROM", 0), of_environment("SOUNDNESS_CHAINS", 4));
    let mut tally = Tally::default();
    for seed in from..from + chains {
        let chain = match seed % 2 {
            0 => Chain::seeded(seed, STEPS),
            _ => Chain::data_safe(seed, STEPS),
        };
        tally.chain(seed, &chain);
        // A run of many chains takes long.
        if (seed - from) % 10 == 9 {
            tally.print();
        }
    }
    tally.print();
    assert!(tally.apart.is_empty(), "{}", tally.apart.join("\n\n"));
}

/// What is told apart although it is not the same, so that the comparison says something.
#[test]
fn what_is_not_the_same_is_told_apart() {
    let pairs = [
        ("CREATE TABLE t (a int CHECK (a > 0))", "CREATE TABLE t (a int CHECK (a >= 0))", "accepts"),
        ("CREATE TABLE t (a int NOT NULL)", "CREATE TABLE t (a int)", "accepts"),
        ("CREATE TABLE t (a int); GRANT SELECT ON t TO PUBLIC", "CREATE TABLE t (a int)", "privilege"),
        ("CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "CREATE TABLE t (a int)", "plan"),
        ("CREATE TABLE t (a int UNIQUE)", "CREATE TABLE t (a int); CREATE TABLE u (a int)", "down"),
    ];
    for (one, other, how) in pairs {
        let scenario = |up: &str| {
            Scenario::new(&[("0001_t.up.sql", up), ("0001_t.down.sql", "DROP TABLE t")])
                .load()
                .expect("files")
        };
        let (one, other) = (scenario(one), scenario(other));
        let server = server();
        block_on(async {
            let ground = Ground::new(&server, &[]).await;
            let witness = ground.witness(&one.loaded.migrations[0]).await;
            let seen = ground.observe(&one.loaded.migrations[0], &witness).await;
            assert_eq!(seen, ground.observe(&one.loaded.migrations[0], &witness).await);
            let apart = apart(&seen, &ground.observe(&other.loaded.migrations[0], &witness).await);
            assert!(apart.iter().any(|key| key.starts_with(how)), "{how}: {apart:?}");
            ground.close().await;
        });
    }
}

#[derive(Default)]
struct Tally {
    chains: usize,
    mutants: usize,
    equivalent: usize,
    redundant: usize,
    by_text: usize,
    compared: usize,
    apart: Vec<String>,
}

impl Tally {
    fn print(&self) {
        let Self { chains, mutants, equivalent, redundant, by_text, compared, apart } = self;
        println!(
            "{chains} chains, {mutants} mutants, {equivalent} equivalent, {redundant} redundant ({by_text} by their \
             text), {compared} compared, {} told apart",
            apart.len()
        );
    }

    fn chain(&mut self, seed: u64, chain: &Chain) {
        self.chains += 1;
        let scenario = Scenario::new(&[]).layout("plain").with_rows();
        for (name, text) in chain.files(ChainLayout::Plain) {
            scenario.write(name.to_str().expect("a name"), text.as_bytes());
        }
        // Those of the other tests end sessions and sleep.
        let operators = OperatorFilter::parse(["!test/*"]).expect("a pattern");
        let mutated = scenario.mutated(|options| {
            options.allow_red = true;
            options.operators = operators;
            options.sample = Some(MUTANTS);
            options.seed = seed;
        });
        let mutated = mutated.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{chain}"));
        let report = mutated.report.mutation.expect("a report of mutants");
        let loaded = scenario.load().expect("migrations").loaded;
        let planned: BTreeMap<&str, _> =
            mutated.plan.mutants.iter().map(|one| (one.id.as_str(), one)).collect();
        self.mutants += report.mutants.len();
        let mut same: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for mutant in &report.mutants {
            let plan = planned[mutant.id.as_str()];
            assert!(mutant.status != MutantStatus::Error, "seed {seed}: {mutant:?}");
            match mutant.status {
                MutantStatus::Equivalent => self.equivalent += 1,
                MutantStatus::Redundant => {
                    self.redundant += 1;
                    if plan.same_as.is_some() {
                        self.by_text += 1;
                    }
                }
                _ => continue,
            }
            same.entry(plan.migration).or_default().push((mutant, plan));
        }
        let server = server();
        for (at, mutants) in same {
            block_on(async {
                let ground = Ground::new(&server, &loaded.migrations[..at]).await;
                let original = &loaded.migrations[at];
                let witness = ground.witness(original).await;
                let seen = ground.observe(original, &witness).await;
                // What comes out otherwise in every run tells nothing.
                let again = ground.observe(original, &witness).await;
                let unstable: BTreeSet<String> = apart(&seen, &again).into_iter().collect();
                let mut others: BTreeMap<&str, Observed> = BTreeMap::new();
                for (mutant, plan) in mutants {
                    let mine = ground.observe(&plan.mutated(&loaded).expect("a mutant"), &witness).await;
                    let reference = match mutant.same_as.as_deref() {
                        None => &seen,
                        Some(id) => {
                            if !others.contains_key(id) {
                                let other = planned[id].mutated(&loaded).expect("a mutant");
                                others.insert(id, ground.observe(&other, &witness).await);
                            }
                            &others[id]
                        }
                    };
                    self.compared += 1;
                    let mut apart = apart(reference, &mine);
                    apart.retain(|key| !unstable.contains(key));
                    if let Some(key) = apart.first() {
                        self.apart.push(format!(
                            "seed {seed}: {} {} {}\n- {}\n+ {}\n{} things, such as {key}\n- {:?}\n+ {:?}",
                            mutant.id,
                            mutant.status.as_str(),
                            mutant.same_as.as_deref().unwrap_or_default(),
                            mutant.original,
                            mutant.replacement,
                            apart.len(),
                            reference.get(key),
                            mine.get(key)
                        ));
                        println!("{}", self.apart.last().map_or("", String::as_str));
                    }
                }
                ground.close().await;
            });
        }
    }
}

/// The normal form leaves out a key over more columns than another one, but its index serves queries.
const IMPLIED: &str = "a key implies another";

/// What was seen, by what was looked at.
type Observed = BTreeMap<String, String>;

/// What two observations differ in.
fn apart(one: &Observed, other: &Observed) -> Vec<String> {
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let implied =
        |key: &String| [one, other].iter().any(|seen| seen.get(key).is_some_and(|said| said == IMPLIED));
    keys.into_iter().filter(|key| one.get(*key) != other.get(*key) && !implied(key)).cloned().collect()
}

/// Databases in which a migration is next: with no rows, and with some.
struct Ground<'a> {
    server: &'a Server,
    empty: ScratchDb,
    filled: ScratchDb,
}

/// What is asked of a migration and its mutants.
struct Witness {
    /// Every table with the rows to insert, as statements.
    probes: Vec<(String, Vec<String>)>,
    /// Queries of each table.
    queries: Vec<(String, String)>,
}

impl<'a> Ground<'a> {
    async fn new(server: &'a Server, before: &[Migration]) -> Self {
        let empty = server.create_database("sound").await.expect("a database");
        let session = empty.session().await.expect("a session");
        for migration in before {
            assert_eq!(apply(&session, migration, Direction::Up).await, "done");
        }
        session.close().await;
        let filled = server.clone_database(&empty, "sound").await.expect("a clone");
        let session = filled.session().await.expect("a session");
        let catalog = Catalog::read(&session).await.expect("a catalog");
        let rows = RowCounts::uniform(20);
        RowGenerator::new(&session, &catalog).rows(rows).fill_all().await.expect("rows");
        session.close().await;
        Self { server, empty, filled }
    }

    async fn close(self) {
        self.empty.close().await.expect("dropped");
        self.filled.close().await.expect("dropped");
    }

    /// Rows that fit the migration as it is, and such that nearly do.
    async fn witness(&self, original: &Migration) -> Witness {
        let database = self.server.clone_database(&self.empty, "sound").await.expect("a clone");
        let session = database.session().await.expect("a session");
        apply(&session, original, Direction::Up).await;
        let catalog = Catalog::read(&session).await.expect("a catalog");
        let generator = RowGenerator::new(&session, &catalog).rows(RowCounts::uniform(PROBES as u64 / 4));
        generator.seed(1).fill_all().await.expect("rows");
        let mut probes = Vec::new();
        let mut queries = Vec::new();
        for (table, _) in catalog.tables() {
            let columns = catalog.columns_of(table);
            let columns = columns.iter().filter(|(_, column)| column.generated.is_none());
            let names: Vec<String> = columns.map(|(id, _)| Quoted::ident(id.name()).to_string()).collect();
            let name = table.sql_name().to_string();
            let texts: Vec<String> = names.iter().map(|column| format!("{column}::text")).collect();
            if texts.is_empty() {
                continue;
            }
            let all = format!("SELECT {} FROM {name} ORDER BY 1", texts.join(", "));
            let rows = session.query_simple(&all).await.expect("rows").rows;
            probes.push((name.clone(), inserts(&name, &names, &rows)));
            for (at, column) in names.iter().enumerate() {
                let value = rows.iter().find_map(|row| row[at].as_deref());
                let value = value.map_or_else(|| "NULL".to_owned(), literal);
                queries.push((name.clone(), format!("SELECT * FROM {name} WHERE {column} = {value}")));
                queries.push((name.clone(), format!("SELECT {column} FROM {name} ORDER BY {column}")));
            }
        }
        session.close().await;
        database.close().await.expect("dropped");
        Witness { probes, queries }
    }

    /// Everything that may tell a migration from another one.
    async fn observe(&self, migration: &Migration, witness: &Witness) -> Observed {
        let mut seen = Observed::new();
        for (database, rows) in [(&self.empty, "without rows"), (&self.filled, "with rows")] {
            let clone = self.server.clone_database(database, "sound").await.expect("a clone");
            let session = clone.session().await.expect("a session");
            let before = Catalog::read(&session).await.expect("a catalog");
            let up = apply(&session, migration, Direction::Up).await;
            let applied = up == "done";
            seen.insert(format!("up {rows}"), up);
            if applied {
                privileges(&session, &mut seen).await;
                plans(&session, witness, &mut seen).await;
                if rows == "without rows" {
                    probe(&session, witness, &mut seen).await;
                }
                contents(&session, &format!("rows {rows}"), &mut seen).await;
                let down = apply(&session, migration, Direction::Down).await;
                let rolled_back = down == "done";
                seen.insert(format!("down {rows}"), down);
                if rolled_back {
                    let after = Catalog::read(&session).await.expect("a catalog");
                    let mut left = before.diff(&after);
                    left.retain(|difference| difference.grade != Grade::ColumnOrder);
                    let left: Vec<String> = left.iter().map(ToString::to_string).collect();
                    seen.insert(format!("down leaves {rows}"), left.join("\n"));
                    contents(&session, &format!("down rows {rows}"), &mut seen).await;
                    seen.insert(
                        format!("down and up {rows}"),
                        apply(&session, migration, Direction::Up).await,
                    );
                }
            }
            session.close().await;
            clone.close().await.expect("dropped");
        }
        seen
    }
}

/// Runs a script: `done`, or the SQLSTATE.
async fn apply(session: &Session, migration: &Migration, direction: Direction) -> String {
    let Step::Sql(script) = migration.step(direction) else { return "nothing".to_owned() };
    let run = run_script(session, script, direction).await;
    run.failure.map_or_else(|| "done".to_owned(), |failed| failed.failure.sqlstate.unwrap_or_default())
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Statements that insert each row, and some that are a little other: NULL, a value of another row, a default.
fn inserts(table: &str, columns: &[String], rows: &[Vec<Option<String>>]) -> Vec<String> {
    let text = |value: &Option<String>| value.as_deref().map_or_else(|| "NULL".to_owned(), literal);
    let mut numbers = 1_u64;
    let mut below = |end: usize| {
        numbers = numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(numbers >> 33).unwrap_or(0) % end.max(1)
    };
    let count = if rows.is_empty() { 1 } else { PROBES };
    let empty = vec![None; columns.len()];
    (0..count)
        .map(|number| {
            let row = rows.get(number % rows.len().max(1)).unwrap_or(&empty);
            let mut values: Vec<String> = row.iter().map(text).collect();
            for _ in 0..number / rows.len().max(1) {
                let at = below(columns.len());
                values[at] = match below(4) {
                    0 => "NULL".to_owned(),
                    1 => "DEFAULT".to_owned(),
                    2 => match values[at].trim_matches('\'').parse::<i64>() {
                        Ok(value) => format!("'{}'", [-1, 0, 1, value + 1, value - 1, -value][below(6)]),
                        Err(_) => "''".to_owned(),
                    },
                    _ => rows.get(below(rows.len())).map_or_else(|| "NULL".to_owned(), |row| text(&row[at])),
                };
            }
            let (columns, values) = (columns.join(", "), values.join(", "));
            format!("INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values})")
        })
        .collect()
}

/// Which rows are accepted, and after that which rows may go or change.
async fn probe(session: &Session, witness: &Witness, seen: &mut Observed) {
    const TRY: &str = "CREATE FUNCTION pg_temp.try(statements text[]) RETURNS text[] LANGUAGE plpgsql AS $$
        DECLARE said text[] := '{}'; statement text;
        BEGIN
            FOREACH statement IN ARRAY statements LOOP
                BEGIN
                    EXECUTE statement;
                    SET CONSTRAINTS ALL IMMEDIATE;
                    SET CONSTRAINTS ALL DEFERRED;
                    said := said || 'accepted'::text;
                EXCEPTION WHEN OTHERS THEN
                    said := said || 'refused'::text;
                END;
            END LOOP;
            RETURN said;
        END $$";
    session.execute(TRY).await.expect("a function");
    let mut ask = async |what: &str, statements: &[String]| {
        let said = session.query("SELECT pg_temp.try($1)", &[&statements]).await.expect("an answer");
        let said: Vec<String> = said[0].get(0);
        for (number, (statement, said)) in statements.iter().zip(said).enumerate() {
            seen.insert(format!("{what} {number} {statement}"), said);
        }
    };
    for (_, inserts) in &witness.probes {
        ask("accepts", inserts).await;
    }
    for (table, _) in &witness.probes {
        let row = |offset: usize| {
            format!("ctid = (SELECT ctid FROM {table} ORDER BY {table}::text OFFSET {offset} LIMIT 1)")
        };
        let deletes: Vec<String> =
            (0..5).map(|offset| format!("DELETE FROM {table} WHERE {}", row(offset))).collect();
        ask("deletes", &deletes).await;
    }
}

/// The rows of every table, as a hash.
async fn contents(session: &Session, what: &str, seen: &mut Observed) {
    let catalog = Catalog::read(session).await.expect("a catalog");
    let mut tables: Vec<&ObjectId> = catalog.tables().map(|(id, _)| id).collect();
    tables.extend(catalog.of_kind(Kind::MaterializedView).map(|(id, _)| id));
    for table in tables {
        let name = table.sql_name();
        let sql = format!("SELECT count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {name} t");
        let answer = session.query_simple(&sql).await.map(|answer| answer.rows);
        seen.insert(format!("{what} {name}"), format!("{:?}", answer.map_err(|failure| failure.sqlstate)));
    }
}

/// What everybody may do.
async fn privileges(session: &Session, seen: &mut Observed) {
    const SQL: &str = "
        SELECT c.oid::regclass || ' ' || p, has_table_privilege('public', c.oid, p)::text
        FROM pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p
        WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        UNION ALL
        SELECT table_schema || '.' || table_name || '.' || column_name || ' ' || privilege_type || ' ' || grantee, is_grantable
        FROM information_schema.column_privileges WHERE table_schema !~ '^(pg_|information_schema)'
        UNION ALL
        SELECT c.oid::regclass || ' ' || p, has_sequence_privilege('public', c.oid, p)::text
        FROM pg_class c, unnest('{USAGE,SELECT,UPDATE}'::text[]) p WHERE c.relkind = 'S'
        UNION ALL
        SELECT oid::regprocedure || ' EXECUTE ' || prosecdef, has_function_privilege('public', oid, 'EXECUTE')::text
        FROM pg_proc WHERE pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
        UNION ALL
        SELECT nspname || ' ' || p, has_schema_privilege('public', oid, p)::text
        FROM pg_namespace, unnest('{USAGE,CREATE}'::text[]) p WHERE nspname !~ '^pg_'";
    for row in session.query_simple(SQL).await.expect("privileges").rows {
        let [Some(what), may] = row.as_slice() else { continue };
        seen.insert(format!("privilege {what}"), may.clone().unwrap_or_default());
    }
}

/// How simple queries are planned where an index is wanted, each index by what it is made of.
async fn plans(session: &Session, witness: &Witness, seen: &mut Observed) {
    const INDEXES: &str = "
        SELECT c.relname, i.indrelid::regclass || ' ' || am.amname || ' '
            || substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*')
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam";
    let indexes = session.query_simple(INDEXES).await.expect("indexes").rows;
    let indexes: BTreeMap<String, String> =
        indexes.into_iter().filter_map(|row| Some((row.first()?.clone()?, row.get(1)?.clone()?))).collect();
    const KEYS: &str = "
        SELECT DISTINCT format('%I.%I', n.nspname, t.relname)
        FROM pg_constraint a JOIN pg_constraint b ON a.conrelid = b.conrelid AND a.oid <> b.oid
        JOIN pg_class t ON t.oid = a.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE a.contype IN ('p', 'u') AND b.contype IN ('p', 'u') AND a.conkey <@ b.conkey";
    let implied = session.query_simple(KEYS).await.expect("keys").rows;
    let implied: BTreeSet<String> = implied.into_iter().flatten().flatten().collect();
    session.execute("SET enable_seqscan = off; SET enable_sort = off").await.expect("set");
    for (table, query) in &witness.queries {
        if implied.contains(table) {
            seen.insert(format!("plan of {query}"), IMPLIED.to_owned());
            continue;
        }
        let plan = session.query_simple(&format!("EXPLAIN (COSTS OFF, FORMAT JSON) {query}")).await;
        let plan = match plan {
            Ok(plan) => {
                let text = plan.rows.into_iter().flatten().next().flatten().unwrap_or_default();
                let mut plan: Value = serde_json::from_str(&text).expect("JSON");
                without_names(&mut plan, &indexes);
                plan.to_string()
            }
            Err(failure) => failure.sqlstate.unwrap_or_default(),
        };
        seen.insert(format!("plan of {query}"), plan);
    }
    session.execute("RESET enable_seqscan; RESET enable_sort").await.expect("set");
}

fn without_names(plan: &mut Value, indexes: &BTreeMap<String, String>) {
    match plan {
        Value::Object(parts) => {
            for (key, part) in parts {
                match part {
                    Value::String(name) if key == "Index Name" => {
                        if let Some(made_of) = indexes.get(name) {
                            name.clone_from(made_of);
                        }
                    }
                    part => without_names(part, indexes),
                }
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| without_names(part, indexes)),
        _ => {}
    }
}
