//! Every kind of change: what the diff says of it, and whether undoing it works.

use super::fixture::{database, run, servers};
use crate::catalog::{Catalog, Change, Difference, Grade, undo_script};
use crate::db::Session;

/// A change of the base schema and what the diff calls it, one line per difference; consequences are
/// not listed, grades other than `Real` are.
struct Case(&'static str, &'static str);

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Columns
    Case("ALTER TABLE t ALTER amount SET DEFAULT 1", "default of column public.t.amount is 1, was 0"),
    Case("ALTER TABLE t ALTER amount DROP DEFAULT", "default of column public.t.amount is none, was 0"),
    Case("ALTER TABLE t ALTER email TYPE varchar(40)", "type of column public.t.email is character varying(40), was text"),
    Case("ALTER TABLE parents ALTER code TYPE varchar(40)", "type of column public.parents.code is character varying(40), was text"),
    Case("ALTER TABLE t ALTER name DROP NOT NULL", "not null of column public.t.name is false, was true"),
    Case("ALTER TABLE t ALTER data SET NOT NULL", "not null of column public.t.data is true, was false"),
    Case("ALTER TABLE t ADD status text DEFAULT 'new'", "column public.t.status was added"),
    Case("ALTER TABLE t DROP data", "column public.t.data was removed"),
    Case("ALTER TABLE t ALTER email TYPE text COLLATE \"C\"", "collation of column public.t.email is \"C\", was none"),
    Case("ALTER TABLE t ALTER data SET STATISTICS 500", "statistics of column public.t.data is 500, was none"),
    Case("ALTER TABLE t ALTER data SET STORAGE EXTERNAL", "storage of column public.t.data is EXTERNAL, was none"),
    Case("ALTER TABLE t ALTER data SET COMPRESSION pglz", "compression of column public.t.data is pglz, was none"),
    Case("ALTER TABLE t ALTER data SET (n_distinct = 5)", "options of column public.t.data is n_distinct=5, was none"),
    Case("ALTER TABLE t ALTER id SET GENERATED ALWAYS", "identity of column public.t.id is always, was by-default"),
    Case("ALTER TABLE t ALTER id DROP IDENTITY", "identity of column public.t.id is none, was by-default"),
    Case("ALTER TABLE t DROP upper, ADD upper text GENERATED ALWAYS AS (lower(name)) STORED", "generated of column public.t.upper is lower((name)::text), was upper((name)::text)"),
    Case("ALTER TABLE parents DROP code, ADD code text UNIQUE; ALTER TABLE t DROP data, ADD data text; CREATE INDEX t_data ON t (data)", "column order of table public.t is id, name, amount, parent, email, upper, data, was id, name, amount, parent, email, data, upper [ColumnOrder]"),
    Case("ALTER TABLE t RENAME data TO payload", "name of column public.t.data is payload, was data"),
    // Constraints and indexes
    Case("CREATE INDEX t_amount ON t (amount)", "index public.t_amount was added"),
    Case("CREATE UNIQUE INDEX t_name ON t (lower(name)) INCLUDE (amount) WITH (fillfactor = 50) WHERE amount > 3", "index public.t_name was added"),
    Case("DROP INDEX t_data", "index public.t_data was removed"),
    Case("DROP INDEX t_data; CREATE UNIQUE INDEX t_data ON t (data)", "unique of index public.t_data is true, was false"),
    Case("DROP INDEX t_data; CREATE INDEX t_data ON t (data DESC)", "definition of index public.t_data is USING btree (data DESC), was USING btree (data)"),
    Case("ALTER INDEX t_data SET (fillfactor = 60)", "definition of index public.t_data is USING btree (data) WITH (fillfactor='60'), was USING btree (data)"),
    Case("ALTER INDEX t_data RENAME TO t_data_2", "name of index public.t_data is t_data_2, was t_data"),
    Case("ALTER TABLE t RENAME CONSTRAINT t_email_key TO t_email_key1", "name of constraint t_email_key on public.t is t_email_key1, was t_email_key [GeneratedName]"),
    Case("ALTER TABLE t DROP CONSTRAINT positive, ADD CONSTRAINT positive CHECK (amount >= 0)", "definition of constraint positive on public.t is CHECK ((amount >= 0)), was CHECK ((amount > 0))"),
    Case("ALTER TABLE t DROP CONSTRAINT positive, ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID", "validated of constraint positive on public.t is false, was true"),
    Case("ALTER TABLE t DROP CONSTRAINT t_parent_fkey, ADD CONSTRAINT t_parent_fkey FOREIGN KEY (parent) REFERENCES parents ON DELETE SET NULL", "definition of constraint t_parent_fkey on public.t is FOREIGN KEY (parent) REFERENCES public.parents(id) ON DELETE SET NULL, was FOREIGN KEY (parent) REFERENCES public.parents(id) ON DELETE CASCADE"),
    Case("ALTER TABLE t ALTER CONSTRAINT t_parent_fkey DEFERRABLE", "deferrable of constraint t_parent_fkey on public.t is true, was false"),
    Case("ALTER TABLE t DROP CONSTRAINT t_email_key", "constraint t_email_key on public.t was removed"),
    Case("ALTER TABLE t ADD EXCLUDE USING hash (data WITH =)", "constraint t_data_excl on public.t was added"),
    Case("ALTER TABLE t DROP CONSTRAINT t_pkey", "constraint t_pkey on public.t was removed"),
    Case("ALTER TABLE t CLUSTER ON t_data", "clustered of index public.t_data is true, was false"),
    Case("ALTER TABLE t DROP CONSTRAINT t_email_key, ADD CONSTRAINT t_email_key UNIQUE (email, amount)", "definition of constraint t_email_key on public.t is UNIQUE (email, amount), was UNIQUE (email)"),
    // Tables
    Case("CREATE TABLE \"New É\" (id serial PRIMARY KEY, t bigint REFERENCES t, c text CHECK (c <> '')); CREATE INDEX ON \"New É\" (c); COMMENT ON COLUMN \"New É\".c IS 'c'; GRANT SELECT ON \"New É\" TO base_app; ALTER TABLE \"New É\" REPLICA IDENTITY FULL", "table public.\"New É\" was added"),
    Case("DROP TABLE events", "table public.events was removed"),
    Case("DROP TABLE parents CASCADE", "table public.parents was removed\ntables of publication pub is none, was public.parents"),
    Case("ALTER TABLE t SET (fillfactor = 70, toast.autovacuum_enabled = off)", "options of table public.t is fillfactor=70, toast.autovacuum_enabled=off, was none"),
    Case("ALTER TABLE t SET UNLOGGED", "persistence of sequence public.t_id_seq is unlogged, was none [15]\npersistence of table public.t is unlogged, was none"),
    Case("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "row security of table public.t is true, was false"),
    Case("ALTER TABLE t FORCE ROW LEVEL SECURITY", "force row security of table public.t is true, was false"),
    Case("ALTER TABLE t REPLICA IDENTITY FULL", "replica identity of table public.t is FULL, was none"),
    Case("ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey", "replica identity of table public.t is INDEX, was none"),
    Case("ALTER TABLE t OWNER TO base_other", "owner of table public.t is base_other, was none"),
    Case("COMMENT ON TABLE t IS 'it''s \\ another'", "comment of table public.t is it's \\ another, was a table [BodyOrComment]"),
    Case("COMMENT ON COLUMN t.name IS 'n'", "comment of column public.t.name is n, was none [BodyOrComment]"),
    Case("COMMENT ON CONSTRAINT positive ON t IS 'p'", "comment of constraint positive on public.t is p, was none [BodyOrComment]"),
    Case("ALTER TABLE events DETACH PARTITION events_1", "partition of of table public.events_1 is none, was table public.events"),
    Case("ALTER TABLE events DETACH PARTITION events_1; ALTER TABLE events ATTACH PARTITION events_1 FOR VALUES FROM ('2024-01-01') TO ('2024-07-01')", "partition bound of table public.events_1 is FOR VALUES FROM ('2024-01-01') TO ('2024-07-01'), was FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"),
    Case("DROP TABLE events; CREATE TABLE events (id integer, at date)", "table public.events was removed\ntable public.events was added"),
    Case("ALTER TABLE events RENAME TO events_old; CREATE TABLE events (id integer, at date, more text)", "table public.events was removed\ntable public.events was added\npartition of of table public.events_1 is table public.events_old, was table public.events\ntable public.events_old was added"),
    Case("DROP TABLE t CASCADE; CREATE TABLE t (id bigint NOT NULL, name varchar(80)) PARTITION BY HASH (id); CREATE TABLE t_0 PARTITION OF t FOR VALUES WITH (modulus 1, remainder 0)", "table public.t was removed\ntable public.t was added\nview public.v was removed\nmaterialized view public.m was removed"),
    Case("DROP TABLE t CASCADE; CREATE TABLE t (id bigint NOT NULL, name varchar(80) NOT NULL, amount integer) PARTITION BY HASH (id); CREATE VIEW v AS SELECT t.id, t.name FROM t WHERE t.amount > 1", "table public.t was removed\ntable public.t was added\nmaterialized view public.m was removed"),
    Case("DROP TABLE parents CASCADE; CREATE TABLE parents (id integer PRIMARY KEY, code text) PARTITION BY HASH (id); ALTER TABLE t ADD CONSTRAINT t_parent_fkey FOREIGN KEY (parent) REFERENCES parents ON DELETE CASCADE", "table public.parents was removed\ntable public.parents was added\ntables of publication pub is none, was public.parents"),
    Case("ALTER TABLE t ADD CONSTRAINT name_key UNIQUE (name); CREATE TABLE refers (name varchar(80) REFERENCES t (name))", "table public.refers was added\nconstraint name_key on public.t was added"),
    Case("CREATE UNIQUE INDEX name_key ON t (name); CREATE TABLE refers (name varchar(80) REFERENCES t (name))", "table public.refers was added\nindex public.name_key was added"),
    Case("CREATE TABLE events_2 PARTITION OF events DEFAULT", "table public.events_2 was added"),
    Case("ALTER TABLE events ADD kind text", "column public.events.kind was added"),
    Case("CREATE INDEX events_at ON events (at)", "index public.events_at was added"),
    Case("ALTER TABLE events ADD PRIMARY KEY (at)", "not null of column public.events.at is true, was false\nconstraint events_pkey on public.events was added"),
    Case("CREATE TABLE kid () INHERITS (parents)", "table public.kid was added"),
    // Views
    Case("CREATE OR REPLACE VIEW v AS SELECT t.id, t.name FROM t WHERE t.amount > 2", "definition of view public.v changed"),
    Case("DROP VIEW v; CREATE VIEW v AS SELECT t.name, t.id FROM t", "definition of view public.v changed"),
    Case("CREATE OR REPLACE VIEW v AS SELECT t.id, t.name, t.data FROM t WHERE t.amount > 1", "definition of view public.v changed"),
    Case("ALTER VIEW v SET (security_barrier = true)", "options of view public.v is security_barrier=true, was none"),
    Case("DROP VIEW v", "view public.v was removed"),
    Case("CREATE VIEW w AS SELECT id FROM v; CREATE VIEW a AS SELECT id FROM w; GRANT SELECT ON w TO base_app", "view public.a was added\nview public.w was added"),
    Case("DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT amount FROM t WHERE amount > 1; CREATE UNIQUE INDEX m_amount ON m (amount)", "definition of materialized view public.m changed"),
    Case("REFRESH MATERIALIZED VIEW m WITH NO DATA", "populated of materialized view public.m is false, was true"),
    // Types
    Case("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "labels of type public.mood is sad, fine, happy, was sad, ok, happy"),
    Case("CREATE TYPE color AS ENUM ('red', 'it''s')", "type public.color was added"),
    Case("DROP TYPE mood", "type public.mood was removed"),
    Case("CREATE TYPE box2 AS (x float8, y float8)", "type public.box2 was added"),
    Case("ALTER TYPE pair ADD ATTRIBUTE c date", "attribute public.pair.c was added"),
    Case("ALTER TYPE pair ALTER ATTRIBUTE a TYPE bigint", "type of attribute public.pair.a is bigint, was integer"),
    Case("CREATE TYPE span AS RANGE (subtype = date)", "type public.span was added"),
    Case("CREATE DOMAIN posint AS integer CHECK (VALUE > 0)", "domain public.posint was added"),
    Case("ALTER DOMAIN email SET DEFAULT 'y'", "default of domain public.email is 'y'::text, was 'x'::text"),
    Case("ALTER DOMAIN email SET NOT NULL", "not null of domain public.email is true, was false"),
    Case("ALTER DOMAIN email DROP CONSTRAINT has_at", "constraint has_at on public.email was removed"),
    Case("ALTER DOMAIN email ADD CHECK (length(VALUE) < 9) NOT VALID", "constraint email_check on public.email was added"),
    // Sequences
    Case("ALTER SEQUENCE counter INCREMENT 3 CYCLE CACHE 4", "cache of sequence public.counter is 4, was 1\ncycle of sequence public.counter is true, was false\nincrement of sequence public.counter is 3, was 2"),
    Case("ALTER SEQUENCE counter OWNED BY t.amount", "owned by of sequence public.counter is column public.t.amount, was none"),
    Case("DROP SEQUENCE counter", "sequence public.counter was removed"),
    // Routines
    Case("CREATE OR REPLACE FUNCTION add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS 'select a - b'", "body of function public.add(integer, integer) is select a - b, was select a + b [BodyOrComment]"),
    Case("CREATE OR REPLACE FUNCTION add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS 'select  a + b'", "body of function public.add(integer, integer) is select  a + b, was select a + b [Whitespace]"),
    Case("ALTER FUNCTION add(integer, integer) STABLE SECURITY DEFINER STRICT COST 3 SET search_path = public, pg_temp", "cost of function public.add(integer, integer) is 3, was 100\nsecurity definer of function public.add(integer, integer) is true, was false\nsettings of function public.add(integer, integer) is search_path=public, pg_temp, was none\nstrict of function public.add(integer, integer) is true, was false\nvolatility of function public.add(integer, integer) is STABLE, was IMMUTABLE"),
    Case("DROP FUNCTION add(integer, integer); CREATE FUNCTION add(a integer, c integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'select a + c'", "arguments of function public.add(integer, integer) is a integer, c integer, was a integer, b integer DEFAULT 1\nbody of function public.add(integer, integer) is select a + c, was select a + b [BodyOrComment]"),
    Case("CREATE FUNCTION pick(VARIADIC x text[], OUT y integer) RETURNS SETOF integer LANGUAGE sql ROWS 3 AS 'select 1'", "function public.pick(text[]) was added"),
    Case("CREATE FUNCTION atomic(a integer) RETURNS integer BEGIN ATOMIC SELECT a + 1; END", "function public.atomic(integer) was added"),
    Case("CREATE PROCEDURE work(INOUT x integer) LANGUAGE plpgsql AS 'begin x := 1; end'", "procedure public.work(integer) was added"),
    Case("CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0')", "aggregate public.total(integer) was added"),
    Case("REVOKE EXECUTE ON FUNCTION add(integer, integer) FROM PUBLIC", "privilege EXECUTE on function public.add(integer, integer) to PUBLIC was revoked"),
    // Triggers, rules, policies
    Case("ALTER TABLE t DISABLE TRIGGER touch", "enabled of trigger touch on public.t is disabled, was none"),
    Case("DROP TRIGGER touch ON t; CREATE TRIGGER touch AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()", "definition of trigger touch on public.t is CREATE TRIGGER touch AFTER UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION public.touch(), was CREATE TRIGGER touch BEFORE UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION public.touch()"),
    Case("CREATE OR REPLACE RULE quiet AS ON DELETE TO t WHERE old.id < 1 DO INSTEAD NOTHING", "definition of rule quiet on public.t changed"),
    Case("ALTER TABLE t DISABLE RULE quiet", "enabled of rule quiet on public.t is disabled, was none"),
    Case("ALTER POLICY mine ON t TO PUBLIC USING (amount > 2)", "roles of policy mine on public.t is public, was base_app\nusing of policy mine on public.t is (amount > 2), was (amount > 1)"),
    Case("CREATE POLICY yours ON t AS RESTRICTIVE FOR INSERT TO base_app, base_other WITH CHECK (true)", "policy yours on public.t was added"),
    Case("CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end'; CREATE EVENT TRIGGER watch ON sql_drop WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION ev(); ALTER EVENT TRIGGER watch DISABLE", "function public.ev() was added\nevent trigger watch was added"),
    // Privileges
    Case("GRANT INSERT, UPDATE ON t TO base_other WITH GRANT OPTION", "privilege INSERT on table public.t to base_other was added\nprivilege UPDATE on table public.t to base_other was added"),
    Case("REVOKE SELECT ON t FROM base_app", "privilege SELECT on table public.t to base_app was removed"),
    Case("GRANT SELECT ON t TO base_app WITH GRANT OPTION", "grantable of privilege SELECT on table public.t to base_app is true, was false"),
    Case("GRANT UPDATE (name) ON t TO base_app", "privilege UPDATE on column public.t.name to base_app was added"),
    Case("GRANT ALL ON SCHEMA public TO base_app", "privilege ALL on schema public to base_app was added"),
    Case("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "privilege USAGE on schema public to PUBLIC was revoked"),
    Case("GRANT USAGE ON SEQUENCE counter TO base_app; GRANT USAGE ON TYPE mood TO base_app", "privilege USAGE on type public.mood to base_app was added\nprivilege USAGE on sequence public.counter to base_app was added"),
    Case("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO base_app", "default privilege SELECT on tables of postgres in schema public to base_app was added"),
    Case("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC", "default privilege EXECUTE on functions of postgres to PUBLIC was revoked"),
    // The rest
    Case("CREATE SCHEMA app; CREATE TABLE app.x (id integer PRIMARY KEY)", "schema app was added"),
    Case("CREATE TYPE rating AS ENUM ('a'); CREATE TABLE rated (id integer PRIMARY KEY); CREATE SCHEMA app; CREATE TABLE app.x (id integer REFERENCES rated, r rating); CREATE VIEW app.v AS SELECT id FROM rated; GRANT USAGE ON SCHEMA app TO base_app", "schema app was added\ntype public.rating was added\ntable public.rated was added"),
    Case("DROP STATISTICS stats; CREATE STATISTICS stats (dependencies) ON name, amount FROM t", "definition of statistics public.stats is CREATE STATISTICS public.stats (dependencies) ON amount, name FROM public.t, was CREATE STATISTICS public.stats (ndistinct) ON amount, name FROM public.t"),
    Case("CREATE STATISTICS extra ON name, amount FROM t; ALTER TABLE t ADD COLUMN extra integer", "column public.t.extra was added\nstatistics public.extra was added"),
    Case("CREATE INDEX lowered ON t (lower(name)); ALTER TABLE t ADD COLUMN lower integer", "column public.t.lower was added\nindex public.lowered was added"),
    Case("ALTER STATISTICS stats SET STATISTICS 50", "statistics of statistics public.stats is 50, was none"),
    Case("ALTER PUBLICATION pub SET (publish = 'insert')", "publish of publication pub is insert, was insert, update, delete, truncate"),
    Case("ALTER PUBLICATION pub ADD TABLE t", "tables of publication pub is public.parents, public.t, was public.parents"),
    Case("DROP EXTENSION citext", "extension citext was removed"),
    Case("CREATE EXTENSION hstore", "extension hstore was added [ExtensionLeft]"),
    Case("CREATE FUNCTION n(mood) RETURNS integer LANGUAGE sql IMMUTABLE AS 'select 1'; CREATE CAST (mood AS integer) WITH FUNCTION n(mood) AS ASSIGNMENT", "function public.n(public.mood) was added\ncast (public.mood AS integer) was added"),
    Case("CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = bigint, FUNCTION = int48eq, RESTRICT = eqsel, HASHES)", "operator public.=== (integer, bigint) was added"),
    Case("CREATE OPERATOR FAMILY fam USING btree; ALTER OPERATOR FAMILY fam USING btree ADD OPERATOR 1 < (integer, bigint), FUNCTION 1 (integer, bigint) btint48cmp(integer, bigint)", "operator family public.fam USING btree was added"),
    Case("CREATE COLLATION c2 (provider = libc, locale = 'C')", "collation public.c2 was added"),
    Case("CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8", "conversion public.conv was added"),
    Case("CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = english); CREATE TEXT SEARCH CONFIGURATION c (COPY = simple); ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH d, simple", "text search dictionary public.d was added\ntext search configuration public.c was added"),
    Case("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (a 'b'); CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (x 'y'); CREATE FOREIGN TABLE f (id integer OPTIONS (n 'm')) SERVER s OPTIONS (t 'u')", "foreign table public.f was added\nforeign data wrapper w was added\nserver s was added"),
    Case("CREATE ACCESS METHOD am TYPE INDEX HANDLER bthandler", "access method am was added"),
    Case("CREATE ROLE base_new LOGIN CONNECTION LIMIT 4; GRANT base_app TO base_new; ALTER ROLE base_new SET work_mem = '8MB'", "role base_new was added [ClusterWide]"),
    Case("ALTER ROLE base_app LOGIN CREATEDB", "attributes of role base_app is CREATEDB, LOGIN, was  [ClusterWide]"),
    Case("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_temp', current_database()); END $$", "setting search_path of the database was added"),
    Case("DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO base_app', current_database()); END $$", "privilege CREATE on the database to base_app was added"),
    Case("ALTER SCHEMA public OWNER TO base_app", "owner of schema public is base_app, was none"),
];

fn line(difference: &Difference) -> String {
    match difference.grade {
        Grade::Real => difference.to_string(),
        grade => format!("{difference} [{grade:?}]"),
    }
}

fn mirrored(differences: &[Difference]) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = differences
        .iter()
        .map(|d| {
            let what = match &d.change {
                Change::Added => "removed".to_owned(),
                Change::Removed => "added".to_owned(),
                Change::Changed { property, .. } => property.clone(),
            };
            (d.object.to_string(), what)
        })
        .collect();
    out.sort();
    out
}

fn plain(differences: &[Difference]) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = differences
        .iter()
        .map(|d| {
            let what = match &d.change {
                Change::Added => "added".to_owned(),
                Change::Removed => "removed".to_owned(),
                Change::Changed { property, .. } => property.clone(),
            };
            (d.object.to_string(), what)
        })
        .collect();
    out.sort();
    out
}

async fn read(session: &Session) -> Catalog {
    Catalog::read(session).await.expect("a catalog")
}

/// Runs the undo of every difference and says what still differs.
async fn undo(session: &Session, wanted: &Catalog, differences: &[Difference]) -> Result<Catalog, String> {
    for sql in undo_script(differences) {
        session.execute(&sql).await.map_err(|failure| format!("    {failure}\n    in {sql}"))?;
    }
    let now = read(session).await;
    let left: Vec<String> =
        wanted.diff(&now).iter().filter(|d| d.grade != Grade::ColumnOrder).map(line).collect();
    if left.is_empty() {
        return Ok(now);
    }
    Err(format!("    still differs: {left:#?}\n    after {:#?}", undo_script(differences)))
}

#[tokio::test]
async fn every_change_is_named_and_undone_in_both_directions() {
    let mut failures = Vec::new();
    for server in servers().await {
        let major = server.version().major();
        let (scratch, session) = database(&server).await;
        run(&session, include_str!("base.sql")).await;
        let before = read(&session).await;
        for Case(change, expected) in CASES {
            run(&session, "BEGIN").await;
            run(&session, change).await;
            let after = read(&session).await;
            let forward = before.diff(&after);
            let lines: Vec<String> = forward.iter().map(line).collect();
            let expected: Vec<&str> = expected
                .lines()
                .filter(|l| !(l.ends_with("[15]") && major < 15))
                .map(|l| l.trim_end_matches(" [15]"))
                .collect();
            let mut report = |what: String| failures.push(format!("{major}: {change}\n{what}"));
            if lines != expected {
                report(format!("    says {lines:#?}"));
            }
            let backward = after.diff(&before);
            let renamed = forward.iter().any(|d| d.property() == Some("name")) || change.contains("CASCADE");
            if !renamed && mirrored(&forward) != plain(&backward) {
                report(format!("    backwards {:#?}", backward.iter().map(line).collect::<Vec<_>>()));
            }
            match undo(&session, &before, &forward).await {
                Err(what) => report(what),
                Ok(_) => {
                    if let Err(what) = undo(&session, &after, &backward).await {
                        report(format!("  redo:\n{what}"));
                    }
                }
            }
            run(&session, "ROLLBACK").await;
        }
        let same = before.diff(&read(&session).await);
        assert!(same.is_empty(), "{same:?}");
        session.close().await;
        scratch.close().await.expect("dropped");
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}
