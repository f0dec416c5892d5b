//! Every class of types.

use super::{ask, summary};

/// One table with one column of each type, and one where each is unique.
fn both(types: &[&str]) -> String {
    let columns = |suffix: &str| {
        let all = types.iter().enumerate().map(|(at, name)| format!("c{at} {name}{suffix}"));
        all.collect::<Vec<_>>().join(", ")
    };
    format!("CREATE TABLE plain ({}); CREATE TABLE required ({});", columns(""), columns(" NOT NULL"))
}

fn holds(types: &[&str]) {
    assert_eq!(summary(&both(types), 200), "public.plain 200\npublic.required 200");
}

#[test]
fn numbers() {
    holds(&[
        "smallint",
        "int",
        "bigint",
        "numeric",
        "numeric(5,2)",
        "numeric(30)",
        "numeric(3,3)",
        "real",
        "float8",
        "money",
        "oid",
    ]);
}

#[test]
fn texts_and_bytes() {
    holds(&[
        "text",
        "varchar(3)",
        "varchar",
        "char(2)",
        "char",
        "\"char\"",
        "name",
        "bytea",
        "varchar(5000)",
    ]);
}

#[test]
fn dates_and_times() {
    holds(&[
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "timestamp(0)",
        "timestamptz(3)",
        "interval",
        "interval day to second",
    ]);
}

#[test]
fn documents_and_identifiers() {
    holds(&[
        "json",
        "jsonb",
        "xml",
        "uuid",
        "boolean",
        "bit(3)",
        "bit varying(9)",
        "bit varying",
        "jsonpath",
    ]);
}

#[test]
fn network_and_geometric() {
    holds(&[
        "inet", "cidr", "macaddr", "macaddr8", "point", "line", "lseg", "box", "path", "polygon", "circle",
    ]);
}

#[test]
fn search_and_system() {
    holds(&[
        "tsvector",
        "tsquery",
        "pg_lsn",
        "pg_snapshot",
        "xid",
        "xid8",
        "cid",
        "tid",
        "regclass",
        "regtype",
        "regproc",
        "regprocedure",
        "regoper",
        "regoperator",
        "regrole",
        "regnamespace",
        "regconfig",
        "regdictionary",
        "regcollation",
        "int2vector",
        "oidvector",
        "refcursor",
    ]);
}

#[test]
fn ranges() {
    holds(&[
        "int4range",
        "int8range",
        "numrange",
        "daterange",
        "tsrange",
        "tstzrange",
        "int4multirange",
        "datemultirange",
        "tstzmultirange",
    ]);
}

#[test]
fn arrays() {
    holds(&[
        "int[]",
        "text[]",
        "uuid[]",
        "jsonb[]",
        "timestamptz[]",
        "bytea[]",
        "point[]",
        "box[]",
        "numeric(4,1)[]",
        "varchar(4)[]",
        "tstzrange[]",
    ]);
}

#[test]
fn user_defined() {
    let script = "CREATE TYPE mood AS ENUM ('sad', 'it''s \"ok\"', 'a, b');
        CREATE DOMAIN positive AS int CHECK (VALUE > 0);
        CREATE DOMAIN code AS text NOT NULL CHECK (VALUE ~ '^[A-Z]{2}-[0-9]+$');
        CREATE TYPE pair AS (a int, \"b c\" text, m mood);
        CREATE TYPE floatrange AS RANGE (subtype = float8);
        CREATE TABLE t (m mood, ms mood[], p positive, c code, pr pair, prs pair[], r floatrange,
          mr floatmultirange, ps positive[]);";
    assert_eq!(summary(script, 200), "public.t 200");
}

#[test]
fn extension_types() {
    let script = "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
        CREATE TABLE t (h hstore, c citext UNIQUE, l ltree, ca citext[]);";
    assert_eq!(summary(script, 200), "public.t 200");
}

#[test]
fn nulls_duplicates_and_extremes_are_there_even_in_few_rows() {
    let script = "CREATE TABLE t (id serial PRIMARY KEY, n int, b bigint, v varchar(20), s text);";
    let query = "SELECT count(*) FILTER (WHERE n IS NULL) > 0, count(n) > count(DISTINCT n), max(n) > 32767,
        max(b) > 2147483647, max(length(v)), max(length(s)) > 255, bool_or(octet_length(s) > length(s)) FROM t";
    assert_eq!(ask(script, 40, query), "t|t|t|t|20|t|t");
}
