//! What a down can restore wrongly about the kinds few migrations touch.

use crate::case::Case;

#[test]
fn rollback_restores_comment() {
    let case = Case {
        base: "CREATE TABLE t (a int); COMMENT ON COLUMN t.a IS 'age'",
        up: "COMMENT ON COLUMN t.a IS 'age in years'",
        good: "COMMENT ON COLUMN t.a IS 'age'",
        bad: "COMMENT ON COLUMN t.a IS NULL",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      low rollback-changes-body down 2.down.sql:1:1 column public.t.a
        comment: age -> none
        undo: COMMENT ON COLUMN public.t.a IS 'age';
    ");
}

#[test]
fn rollback_restores_publication() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE PUBLICATION p FOR TABLE t",
        up: "ALTER PUBLICATION p ADD TABLE u",
        good: "ALTER PUBLICATION p DROP TABLE u",
        bad: "ALTER PUBLICATION p SET TABLE u",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-changes-object down 2.down.sql:1:1 publication p
        tables: public.t -> public.u
        undo: DROP PUBLICATION p; CREATE PUBLICATION p FOR TABLE public.t WITH (publish = 'insert, update, delete, truncate');
      high re-up-fails up 2.sql:1:1 42710
    ");
}

#[test]
fn rollback_restores_extended_statistics() {
    let case = Case {
        base: "CREATE TABLE t (a int, b int); CREATE STATISTICS st (ndistinct, dependencies) ON a, b FROM t",
        up: "DROP STATISTICS st",
        good: "CREATE STATISTICS st (ndistinct, dependencies) ON a, b FROM t",
        bad: "CREATE STATISTICS st (ndistinct) ON a, b FROM t",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 statistics public.st
        definition: CREATE STATISTICS public.st (ndistinct, dependencies) ON a, b FROM public.t -> CREATE STATISTICS public.st (ndistinct) ON a, b FROM public.t
        undo: DROP STATISTICS public.st; CREATE STATISTICS public.st (ndistinct, dependencies) ON a, b FROM public.t;
    ");
}

#[test]
fn rollback_drops_created_operator() {
    let case = Case {
        base: "CREATE FUNCTION near(int, int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT abs($1 - $2) < 2'",
        up: "CREATE OPERATOR ~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near); CREATE OPERATOR ~~~% (LEFTARG = int, RIGHTARG = int, FUNCTION = near)",
        good: "DROP OPERATOR ~~~~ (int, int); DROP OPERATOR ~~~% (int, int)",
        bad: "DROP OPERATOR ~~~% (int, int)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 operator public.~~~~ (integer, integer)
        undo: DROP OPERATOR public.~~~~ (integer, integer);
      high re-up-fails up 2.sql:1:1 42723
    ");
}

#[test]
fn rollback_restores_cast_context() {
    let case = Case {
        base: "CREATE FUNCTION yes(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 > 0'; CREATE TYPE pair AS (a int, b int); CREATE CAST (pair AS text) WITH INOUT AS ASSIGNMENT",
        up: "DROP CAST (pair AS text)",
        good: "CREATE CAST (pair AS text) WITH INOUT AS ASSIGNMENT",
        bad: "CREATE CAST (pair AS text) WITH INOUT AS IMPLICIT",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 cast (public.pair AS text)
        context: assignment -> implicit
        undo: DROP CAST (public.pair AS text); CREATE CAST (public.pair AS text) WITH INOUT AS ASSIGNMENT;
    ");
}

#[test]
fn rollback_restores_text_search_mapping() {
    let case = Case {
        base: "CREATE TEXT SEARCH CONFIGURATION plain (PARSER = \"default\"); ALTER TEXT SEARCH CONFIGURATION plain ADD MAPPING FOR email WITH simple",
        up: "ALTER TEXT SEARCH CONFIGURATION plain DROP MAPPING FOR email",
        good: "ALTER TEXT SEARCH CONFIGURATION plain ADD MAPPING FOR email WITH simple",
        bad: "ALTER TEXT SEARCH CONFIGURATION plain ADD MAPPING FOR email WITH english_stem",
    };
    insta::assert_snapshot!(case.told(), @r#"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 text search configuration public.plain
        mappings: email WITH simple -> email WITH english_stem
        undo: DROP TEXT SEARCH CONFIGURATION public.plain; CREATE TEXT SEARCH CONFIGURATION public.plain (PARSER = pg_catalog."default"); ALTER TEXT SEARCH CONFIGURATION public.plain ADD MAPPING FOR email WITH simple;
    "#);
}

#[test]
fn rollback_drops_created_foreign_table() {
    let case = Case {
        base: "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w",
        up: "CREATE FOREIGN TABLE ft (a int) SERVER far; CREATE FOREIGN TABLE gt (a int) SERVER far",
        good: "DROP FOREIGN TABLE ft, gt",
        bad: "DROP FOREIGN TABLE gt",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 foreign table public.ft
        undo: DROP FOREIGN TABLE public.ft;
      high re-up-fails up 2.sql:1:1 42P07
    ");
}
