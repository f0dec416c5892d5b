//! What a down can restore wrongly about a view or materialized view.

use crate::case::Case;

#[test]
fn rollback_restores_view_body() {
    let case = Case {
        base: "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t WHERE b > 0",
        up: "CREATE OR REPLACE VIEW v AS SELECT a FROM t",
        good: "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE b > 0",
        bad: "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE b >= 0",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 view public.v
        definition: SELECT a    FROM public.t   WHERE (b > 0) -> SELECT a    FROM public.t   WHERE (b >= 0)
        undo: CREATE OR REPLACE VIEW public.v AS SELECT a    FROM public.t   WHERE (b > 0);
    ");
}

#[test]
fn rollback_restores_view_columns() {
    let case = Case {
        base: "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t",
        up: "CREATE OR REPLACE VIEW v AS SELECT a, b FROM t",
        good: "DROP VIEW v; CREATE VIEW v AS SELECT a FROM t",
        bad: "CREATE OR REPLACE VIEW v AS SELECT a, NULL::int AS b FROM t",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 view public.v
        definition: SELECT a    FROM public.t -> SELECT a,     NULL::integer AS b    FROM public.t
        undo: DROP VIEW public.v; CREATE VIEW public.v AS SELECT a    FROM public.t;
    ");
}

#[test]
fn rollback_restores_security_barrier() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t",
        up: "DROP VIEW v",
        good: "CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t",
        bad: "CREATE VIEW v AS SELECT a FROM t",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 view public.v
        options: security_barrier=true -> none
        undo: ALTER VIEW public.v SET (security_barrier = 'true');
    ");
}

#[test]
fn rollback_restores_populated_materialized_view() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW m AS SELECT a FROM t",
        up: "DROP MATERIALIZED VIEW m",
        good: "CREATE MATERIALIZED VIEW m AS SELECT a FROM t",
        bad: "CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 materialized view public.m
        populated: true -> false
        undo: REFRESH MATERIALIZED VIEW public.m;
    ");
}

#[test]
fn rollback_restores_index_of_materialized_view() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE UNIQUE INDEX m_a ON m (a)",
        up: "DROP MATERIALIZED VIEW m",
        good: "CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE UNIQUE INDEX m_a ON m (a)",
        bad: "CREATE MATERIALIZED VIEW m AS SELECT a FROM t",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-loses-object down 2.down.sql:1:1 index public.m_a
        undo: CREATE UNIQUE INDEX m_a ON public.m USING btree (a);
    ");
}

#[test]
fn rollback_restores_views_taken_by_cascade() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v",
        up: "DROP TABLE t CASCADE",
        good: "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v",
        bad: "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-loses-object down 2.down.sql:1:1 view public.w
        undo: CREATE VIEW public.w AS SELECT a    FROM public.v;
    ");
}
