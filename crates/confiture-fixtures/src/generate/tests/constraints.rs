//! Every kind of constraint.

use super::{ask, summary};

#[test]
fn keys_of_every_shape() {
    let script =
        "CREATE TABLE t (id int PRIMARY KEY, code varchar(2) UNIQUE, a int, b text, c text, flag boolean,
          UNIQUE (a, b));
        CREATE UNIQUE INDEX ON t (lower(c));
        CREATE UNIQUE INDEX ON t (a) WHERE flag;";
    assert_eq!(summary(script, 500), "public.t 500");
}

#[test]
fn a_key_with_few_values_ends_the_table_and_says_so() {
    let script = "CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE TABLE t (k e PRIMARY KEY, n int);";
    assert_eq!(summary(script, 100), "public.t 3 refused: no further row was found that satisfies t_pkey");
}

#[test]
fn foreign_keys() {
    let script = "CREATE TABLE org (id serial PRIMARY KEY);
        CREATE TABLE usr (org int REFERENCES org, n int, boss int, PRIMARY KEY (org, n),
          FOREIGN KEY (org, boss) REFERENCES usr (org, n));
        CREATE TABLE profile (org int, n int, PRIMARY KEY (org, n), FOREIGN KEY (org, n) REFERENCES usr);
        CREATE TABLE member (org int NOT NULL REFERENCES org, n int, other int, PRIMARY KEY (org, n, other),
          FOREIGN KEY (org, n) REFERENCES usr, FOREIGN KEY (org, other) REFERENCES usr);";
    let expected = "public.org 300\npublic.usr 300\npublic.profile 300\npublic.member 300";
    let mut sorted: Vec<String> = summary(script, 300).lines().map(str::to_owned).collect();
    let mut expected: Vec<&str> = expected.lines().collect();
    sorted.sort();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
}

#[test]
fn some_parents_have_many_children_and_some_none() {
    let script = "CREATE TABLE p (id serial PRIMARY KEY); CREATE TABLE c (p int NOT NULL REFERENCES p);";
    let query = "SELECT max(n) > 5, count(*) < 200 FROM (SELECT count(*) AS n FROM c GROUP BY p) s";
    assert_eq!(ask(script, 200, query), "t|t");
}

#[test]
fn checks_that_can_be_solved() {
    let script = "CREATE TABLE t (
          price numeric(8,2) CHECK (price > 0), low int, high int, CHECK (low < high),
          status text NOT NULL CHECK (status IN ('open', 'closed', 'void')),
          code text CHECK (code ~ '^[A-Z]{3}-[0-9]{2,4}$'), padded text NOT NULL CHECK (length(trim(padded)) > 10),
          host text NOT NULL CHECK (left(trim(host), 4) = 'dns:' OR left(trim(host), 5) = 'cidr:'), slug text NOT NULL CHECK (slug LIKE 'x/%'),
          short text NOT NULL CHECK (length(short) BETWEEN 3 AND 5), exact text CHECK (char_length(exact) = 64),
          a int, b int, c int, CHECK (num_nonnulls(a, b, c) = 1),
          d text, e text, CHECK ((d IS NULL) <> (e IS NULL)),
          doc jsonb NOT NULL CHECK (jsonb_typeof(doc) = 'array'),
          started timestamptz NOT NULL, ended timestamptz, CHECK (ended IS NULL OR ended > started),
          email text CHECK (email = lower(email)), kind int, detail text,
          CHECK ((kind = 1 AND detail IS NOT NULL) OR (kind <> 1 AND detail IS NULL)),
          tags text[] NOT NULL CHECK (cardinality(tags) BETWEEN 1 AND 3),
          ratio float8 CHECK (ratio >= 0 AND ratio <= 1), CHECK (CASE WHEN a IS NULL THEN true ELSE a > 10 END));";
    assert_eq!(summary(script, 400), "public.t 400");
}

#[test]
fn checks_that_only_the_server_understands_are_sampled() {
    let script = "CREATE FUNCTION even(n int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT n % 2 = 0';
        CREATE TABLE t (n int CONSTRAINT even_n CHECK (even(n)), s text);";
    let filled = summary(script, 100);
    assert!(filled.starts_with("public.t 100 refused: new row"), "{filled}");
}

#[test]
fn a_check_nothing_satisfies_is_named() {
    let script = "CREATE TABLE t (n int NOT NULL, CONSTRAINT never CHECK (n > 5 AND n < 3));";
    assert_eq!(summary(script, 10), "public.t 0 refused: no further row was found that satisfies never");
}

#[test]
fn exclusion() {
    let script = "CREATE EXTENSION btree_gist;
        CREATE TABLE booking (room int, during tstzrange, EXCLUDE USING gist (room WITH =, during WITH &&));
        CREATE TABLE shift (who int, starts timestamp NOT NULL, ends timestamp NOT NULL, CHECK (starts < ends),
          EXCLUDE USING gist (who WITH =, tsrange(starts, ends) WITH &&));";
    assert_eq!(summary(script, 300), "public.booking 300\npublic.shift 300");
}

#[test]
fn partitions() {
    let script = "CREATE TABLE by_date (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE by_date_1 PARTITION OF by_date FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
        CREATE TABLE by_date_2 PARTITION OF by_date FOR VALUES FROM ('2020-02-01') TO ('2020-03-01');
        CREATE TABLE by_list (kind text, n int) PARTITION BY LIST (kind);
        CREATE TABLE by_list_a PARTITION OF by_list FOR VALUES IN ('a', 'b') PARTITION BY HASH (n);
        CREATE TABLE by_list_a0 PARTITION OF by_list_a FOR VALUES WITH (modulus 2, remainder 0);
        CREATE TABLE by_list_a1 PARTITION OF by_list_a FOR VALUES WITH (modulus 2, remainder 1);
        CREATE TABLE by_list_rest PARTITION OF by_list DEFAULT;
        CREATE TABLE by_two (a int NOT NULL, b int NOT NULL) PARTITION BY RANGE (a, b);
        CREATE TABLE by_two_1 PARTITION OF by_two FOR VALUES FROM (1, 5) TO (1, 50);
        CREATE TABLE by_two_2 PARTITION OF by_two FOR VALUES FROM (2, 5) TO (4, 0);
        CREATE TABLE hollow (a int) PARTITION BY RANGE (a);";
    let expected = "public.hollow 0 skipped: it is partitioned and has no partition to hold a row\n\
        public.by_date 200\npublic.by_list 200\npublic.by_two 200";
    assert_eq!(summary(script, 200), expected);
    let spread = "SELECT (SELECT count(*) FROM by_date_1), (SELECT count(*) FROM by_date_2)";
    assert_eq!(ask(script, 200, spread), "100|100");
}

#[test]
fn generated_identity_and_inherited() {
    let script = "CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int,
          twice bigint GENERATED ALWAYS AS (n * 2::bigint) STORED);
        CREATE TABLE b (extra text) INHERITS (a); CREATE UNLOGGED TABLE c (id bigserial, a int REFERENCES a);
        CREATE TABLE nothing ();";
    let lines = summary(script, 50);
    for table in ["a", "b", "c", "nothing"] {
        assert!(lines.lines().any(|line| line == format!("public.{table} 50")), "{lines}");
    }
    assert_eq!(ask(script, 50, "INSERT INTO a (n) VALUES (1) RETURNING id"), "51");
}

#[test]
fn triggers_that_refuse_keep_what_they_accept() {
    let script = "CREATE FUNCTION choosy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.n % 3 = 0 THEN RAISE EXCEPTION 'not a multiple of three'; END IF; RETURN NEW; END $$;
        CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no rows here'; END $$;
        CREATE TABLE t (id serial PRIMARY KEY, n int NOT NULL);
        CREATE TRIGGER choosy BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION choosy();
        CREATE TABLE u (n int); CREATE TRIGGER never BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION never();";
    let expected =
        "public.t 100 refused: not a multiple of three (P0001)\npublic.u 0 refused: no rows here (P0001)";
    assert_eq!(summary(script, 100), expected);
}

#[test]
fn foreign_tables_are_skipped_with_the_reason() {
    let script = "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
        CREATE FOREIGN TABLE f (n int) SERVER far; CREATE TABLE t (n int);";
    let expected = "public.f 0 skipped: it is a foreign table: its rows are on far\npublic.t 5";
    assert_eq!(summary(script, 5), expected);
}

#[test]
fn tables_that_require_each_other_are_filled_together() {
    let script = "CREATE TABLE usr (id serial PRIMARY KEY, team int NOT NULL);
        CREATE TABLE team (id uuid PRIMARY KEY, n int UNIQUE, lead int NOT NULL REFERENCES usr);
        ALTER TABLE usr ADD FOREIGN KEY (team) REFERENCES team (n);
        CREATE TABLE member (usr int NOT NULL REFERENCES usr, team uuid REFERENCES team);";
    assert_eq!(summary(script, 100), "public.team 100\npublic.usr 100\npublic.member 100");
}

#[test]
fn optional_cycles_are_closed_afterwards() {
    let script = "CREATE TABLE usr (id serial PRIMARY KEY, home int);
        CREATE TABLE org (id serial PRIMARY KEY, owner int NOT NULL REFERENCES usr);
        ALTER TABLE usr ADD FOREIGN KEY (home) REFERENCES org;";
    let query = "SELECT count(*), count(home) > 50, count(*) > count(home), max(home) <= 100 FROM usr";
    assert_eq!(ask(script, 100, query), "100|t|t|t");
}

#[test]
fn deferred_cycles() {
    let script = "CREATE TABLE usr (id int PRIMARY KEY, team int NOT NULL);
        CREATE TABLE team (id int PRIMARY KEY, lead int NOT NULL REFERENCES usr DEFERRABLE INITIALLY DEFERRED);
        ALTER TABLE usr ADD FOREIGN KEY (team) REFERENCES team DEFERRABLE INITIALLY DEFERRED;";
    assert_eq!(summary(script, 20), "public.team 20\npublic.usr 20");
}

#[test]
fn a_cycle_that_no_row_can_enter_is_reported() {
    let script = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a);
        ALTER TABLE a ADD CONSTRAINT egg FOREIGN KEY (id) REFERENCES b;";
    let filled = summary(script, 20);
    assert!(filled.contains("public.a 0 refused: no further row was found that satisfies egg"), "{filled}");
}

/// A table of a subtype whose trigger makes the row of the supertype, which is filled first.
const SUBTYPE: &str = "CREATE TABLE method (id text PRIMARY KEY, scope int NOT NULL);
    CREATE TABLE local_method (id text PRIMARY KEY REFERENCES method, scope int NOT NULL);
    CREATE TABLE account (method text NOT NULL REFERENCES local_method);
    CREATE FUNCTION supertype() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO method VALUES (NEW.id, NEW.scope); RETURN NEW; END';
    CREATE TRIGGER supertype BEFORE INSERT ON local_method FOR EACH ROW EXECUTE FUNCTION supertype();";

#[test]
fn parents_that_a_trigger_makes_are_left_to_it() {
    let counts = "SELECT (SELECT count(*) FROM local_method), (SELECT count(*) FROM account), \
                  (SELECT count(*) FROM method) >= (SELECT count(*) FROM local_method)";
    assert_eq!(ask(SUBTYPE, 30, counts), "30|30|t");
    // Where no trigger makes them, they are drawn from the rows there are.
    let plain = SUBTYPE.split("CREATE TRIGGER").next().unwrap_or_default();
    assert_eq!(ask(plain, 30, "SELECT count(*), (SELECT count(*) FROM method) FROM local_method"), "30|30");
}

#[test]
fn a_constraint_trigger_that_refuses_at_the_end_of_the_transaction_leaves_a_table_empty() {
    let script = "CREATE TABLE method (id int PRIMARY KEY);
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no url''; END';
        CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON method DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION refuse();";
    let said = summary(script, 10);
    assert!(said.starts_with("public.method 0 refused: no url (P0001)"), "{said}");
}

#[test]
fn rows_of_subtypes_refer_to_what_their_supertypes_refer_to() {
    let script = "CREATE TABLE scope (id text PRIMARY KEY);
        CREATE TABLE catalog (id text PRIMARY KEY, scope_id text NOT NULL REFERENCES scope, UNIQUE (id, scope_id));
        CREATE TABLE host (id text PRIMARY KEY, catalog_id text NOT NULL REFERENCES catalog, UNIQUE (id, catalog_id));
        CREATE TABLE static_catalog (id text PRIMARY KEY, scope_id text NOT NULL,
          FOREIGN KEY (id, scope_id) REFERENCES catalog (id, scope_id));
        CREATE TABLE static_host (id text PRIMARY KEY, catalog_id text NOT NULL REFERENCES static_catalog,
          FOREIGN KEY (id, catalog_id) REFERENCES host (id, catalog_id));
        CREATE FUNCTION make() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN EXECUTE format('INSERT INTO %I SELECT $1.*', TG_ARGV[0]) USING NEW; RETURN NEW; END $$;
        CREATE TRIGGER make BEFORE INSERT ON static_catalog FOR EACH ROW EXECUTE FUNCTION make('catalog');
        CREATE TRIGGER make BEFORE INSERT ON static_host FOR EACH ROW EXECUTE FUNCTION make('host');";
    let counts = "SELECT (SELECT count(*) FROM static_catalog), (SELECT count(*) FROM static_host)";
    assert_eq!(ask(script, 12, counts), "12|12");
    // A trigger that makes nothing leaves them without a parent, and that is said.
    let idle = script.replace("EXECUTE format('INSERT INTO %I SELECT $1.*', TG_ARGV[0]) USING NEW;", "");
    assert_eq!(ask(&idle, 12, "SELECT count(*) FROM static_catalog"), "12", "catalogs there are do as well");
}

#[test]
fn a_foreign_key_that_null_switches_off_binds_no_column() {
    let script =
        "CREATE TABLE method (id text, area text, PRIMARY KEY (id, area), CONSTRAINT never CHECK (id < id));
        CREATE TABLE area (id text PRIMARY KEY CHECK (length(trim(id)) > 25 OR id = 'global'), method text,
          FOREIGN KEY (method, id) REFERENCES method);";
    assert_eq!(ask(script, 12, "SELECT count(*), count(method) FROM area"), "12|0");
    let bound = script.replace("method text", "method text NOT NULL");
    assert_eq!(ask(&bound, 12, "SELECT count(*) FROM area"), "0");
}
