//! What a down can restore wrongly about an index.

use crate::case::Case;

#[test]
fn rollback_drops_added_index() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "CREATE INDEX t_a ON t (a); CREATE INDEX t_a2 ON t (a)",
        good: "DROP INDEX t_a, t_a2",
        bad: "DROP INDEX t_a2",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 index public.t_a
        undo: DROP INDEX public.t_a;
      high re-up-fails up 2.sql:1:1 42P07
    ");
}

#[test]
fn rollback_restores_partial_index_condition() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE INDEX few ON t (a) WHERE a > 0",
        up: "DROP INDEX few",
        good: "CREATE INDEX few ON t (a) WHERE a > 0",
        bad: "CREATE INDEX few ON t (a)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 index public.few
        definition: USING btree (a) WHERE (a > 0) -> USING btree (a)
        undo: DROP INDEX public.few; CREATE INDEX few ON public.t USING btree (a) WHERE (a > 0);
    ");
}

#[test]
fn rollback_restores_unique_index() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE UNIQUE INDEX once ON t (a)",
        up: "DROP INDEX once",
        good: "CREATE UNIQUE INDEX once ON t (a)",
        bad: "CREATE INDEX once ON t (a)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 index public.once
        unique: true -> false
        undo: DROP INDEX public.once; CREATE UNIQUE INDEX once ON public.t USING btree (a);
    ");
}

#[test]
fn rollback_restores_expression_index() {
    let case = Case {
        base: "CREATE TABLE t (a text); CREATE INDEX folded ON t (lower(a))",
        up: "DROP INDEX folded",
        good: "CREATE INDEX folded ON t (lower(a))",
        bad: "CREATE INDEX folded ON t (upper(a))",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 index public.folded
        definition: USING btree (lower(a)) -> USING btree (upper(a))
        undo: DROP INDEX public.folded; CREATE INDEX folded ON public.t USING btree (lower(a));
    ");
}

#[test]
fn rollback_restores_included_columns() {
    let case = Case {
        base: "CREATE TABLE t (a int, b int); CREATE INDEX covering ON t (a) INCLUDE (b)",
        up: "DROP INDEX covering",
        good: "CREATE INDEX covering ON t (a) INCLUDE (b)",
        bad: "CREATE INDEX covering ON t (a)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 index public.covering
        definition: USING btree (a) INCLUDE (b) -> USING btree (a)
        undo: DROP INDEX public.covering; CREATE INDEX covering ON public.t USING btree (a) INCLUDE (b);
    ");
}

#[test]
fn rollback_restores_clustered_index() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE INDEX t_a ON t (a); ALTER TABLE t CLUSTER ON t_a",
        up: "DROP INDEX t_a",
        good: "CREATE INDEX t_a ON t (a); ALTER TABLE t CLUSTER ON t_a",
        bad: "CREATE INDEX t_a ON t (a)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 index public.t_a
        clustered: true -> false
        undo: ALTER TABLE public.t CLUSTER ON t_a;
    ");
}

#[test]
fn rollback_restores_replica_identity_index() {
    let case = Case {
        base: "CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX t_a ON t (a); ALTER TABLE t REPLICA IDENTITY USING INDEX t_a",
        up: "DROP INDEX t_a; ALTER TABLE t REPLICA IDENTITY DEFAULT",
        good: "CREATE UNIQUE INDEX t_a ON t (a); ALTER TABLE t REPLICA IDENTITY USING INDEX t_a",
        bad: "CREATE UNIQUE INDEX t_a ON t (a)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 table public.t
        replica identity: INDEX -> none
        undo: ALTER TABLE public.t REPLICA IDENTITY USING INDEX t_a;
    ");
}

#[test]
fn rollback_in_a_block_is_pointed_at() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "CREATE TABLE u (); CREATE INDEX i ON t (a)",
        good: "DROP TABLE u; DO $$ BEGIN DROP INDEX i; END $$",
        bad: "DROP TABLE u; DO $$ BEGIN IF to_regclass('other') IS NOT NULL THEN DROP INDEX i; END IF; END $$",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:15 index public.i
        undo: DROP INDEX public.i;
      high re-up-fails up 2.sql:1:20 42P07
    ");
}
