//! What a down can restore wrongly about a table or sequence.

use crate::case::Case;

#[test]
fn rollback_drops_created_table() {
    let case = Case {
        base: "CREATE TABLE t (id int)",
        up: "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE v (id int)",
        good: "DROP TABLE v, u",
        bad: "DROP TABLE v",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 table public.u
        undo: DROP TABLE public.u;
      high re-up-fails up 2.sql:1:1 42P07
    ");
}

#[test]
fn rollback_restores_dropped_table() {
    let case = Case {
        base: "CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'x' CHECK (a <> '')); CREATE INDEX t_a ON t (a)",
        up: "DROP TABLE t",
        good: "CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'x' CHECK (a <> '')); CREATE INDEX t_a ON t (a)",
        bad: "CREATE TABLE u (id int)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-loses-object down 2.down.sql:1:1 table public.t
        undo: CREATE TABLE public.t (     id integer NOT NULL,     a text DEFAULT 'x'::text ); ALTER TABLE public.t ADD CONSTRAINT t_a_check CHECK ((a <> ''::text)); ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id); CREATE INDEX t_a ON public.t USING btree (a);
      high rollback-leaves-object down 2.down.sql:1:1 table public.u
        undo: DROP TABLE public.u;
      high re-up-fails up 2.sql:1:1 42P01
    ");
}

#[test]
fn rollback_restores_replica_identity() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "ALTER TABLE t REPLICA IDENTITY FULL",
        good: "ALTER TABLE t REPLICA IDENTITY DEFAULT",
        bad: "ALTER TABLE t REPLICA IDENTITY NOTHING",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 table public.t
        replica identity: none -> NOTHING
        undo: ALTER TABLE public.t REPLICA IDENTITY DEFAULT;
    ");
}

#[test]
fn rollback_restores_storage_parameters() {
    let case = Case {
        base: "CREATE TABLE t (a int) WITH (fillfactor = 70)",
        up: "ALTER TABLE t RESET (fillfactor); ALTER TABLE t SET (autovacuum_enabled = false)",
        good: "ALTER TABLE t SET (fillfactor = 70); ALTER TABLE t RESET (autovacuum_enabled)",
        bad: "ALTER TABLE t SET (fillfactor = 70)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 table public.t
        options: fillfactor=70 -> autovacuum_enabled=false, fillfactor=70
        undo: ALTER TABLE public.t RESET (autovacuum_enabled);
    ");
}

#[test]
fn rollback_restores_unlogged() {
    let case = Case {
        base: "CREATE UNLOGGED TABLE t (a int)",
        up: "ALTER TABLE t SET LOGGED",
        good: "ALTER TABLE t SET UNLOGGED",
        bad: "ALTER TABLE t SET LOGGED",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 table public.t
        persistence: unlogged -> none
        undo: ALTER TABLE public.t SET UNLOGGED;
    ");
}

#[test]
fn rollback_restores_inheritance() {
    let case = Case {
        base: "CREATE TABLE p (a int); CREATE TABLE t (a int) INHERITS (p)",
        up: "ALTER TABLE t NO INHERIT p",
        good: "ALTER TABLE t INHERIT p",
        bad: "SELECT 1",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-changes-object down 2.down.sql:1:1 table public.t
        inherits: table public.p -> none
        undo: ALTER TABLE public.t INHERIT public.p;
      high re-up-fails up 2.sql:1:1 42P01
    ");
}

#[test]
fn rollback_attaches_partition_with_its_bound() {
    let case = Case {
        base: "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE t PARTITION OF p FOR VALUES FROM (0) TO (10)",
        up: "ALTER TABLE p DETACH PARTITION t",
        good: "ALTER TABLE p ATTACH PARTITION t FOR VALUES FROM (0) TO (10)",
        bad: "ALTER TABLE p ATTACH PARTITION t FOR VALUES FROM (0) TO (20)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 table public.t
        partition bound: FOR VALUES FROM (0) TO (10) -> FOR VALUES FROM (0) TO (20)
        undo: ALTER TABLE public.p DETACH PARTITION public.t; ALTER TABLE public.p ATTACH PARTITION public.t FOR VALUES FROM (0) TO (10);
    ");
}

#[test]
fn rollback_drops_created_partition() {
    let case = Case {
        base: "CREATE TABLE p (a int PRIMARY KEY) PARTITION BY RANGE (a)",
        up: "CREATE TABLE t PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE u PARTITION OF p DEFAULT",
        good: "DROP TABLE u, t",
        bad: "DROP TABLE u",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 table public.t
        undo: DROP TABLE public.t;
      high re-up-fails up 2.sql:1:1 42P07
    ");
}

#[test]
fn rollback_restores_table_schema() {
    let case = Case {
        base: "CREATE SCHEMA archive; CREATE TABLE t (id int PRIMARY KEY)",
        up: "ALTER TABLE t SET SCHEMA archive",
        good: "ALTER TABLE archive.t SET SCHEMA public",
        bad: "CREATE SCHEMA other; ALTER TABLE archive.t SET SCHEMA other",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 schema other
        undo: DROP SCHEMA other CASCADE;
      high rollback-loses-object down 2.down.sql:1:22 table public.t
        undo: CREATE TABLE public.t (     id integer NOT NULL ); ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
      high re-up-fails up 2.sql:1:1 42P01
    ");
}

#[test]
fn rollback_restores_sequence_parameters() {
    let case = Case {
        base: "CREATE SEQUENCE s START 5 INCREMENT 5 MAXVALUE 500 CYCLE",
        up: "ALTER SEQUENCE s INCREMENT 1 MAXVALUE 1000 NO CYCLE",
        good: "ALTER SEQUENCE s INCREMENT 5 MAXVALUE 500 CYCLE",
        bad: "ALTER SEQUENCE s INCREMENT 5",
    };
    insta::assert_snapshot!(case.told(), @r#"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 sequence public.s
        cycle: true -> false
        properties: ["cycle","maximum"]
        undo: ALTER SEQUENCE public.s AS bigint INCREMENT BY 5 MINVALUE 1 MAXVALUE 500 START WITH 5 CACHE 1 CYCLE RESTART;
    "#);
}

#[test]
fn rollback_restores_sequence_owner() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE SEQUENCE s OWNED BY t.a",
        up: "ALTER SEQUENCE s OWNED BY NONE",
        good: "ALTER SEQUENCE s OWNED BY t.a",
        bad: "ALTER SEQUENCE s OWNED BY NONE",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 sequence public.s
        owned by: column public.t.a -> none
        undo: ALTER SEQUENCE public.s OWNED BY public.t.a;
    ");
}

#[test]
fn rollback_drops_sequence_of_serial_default() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "CREATE SEQUENCE s; ALTER TABLE t ALTER a SET DEFAULT nextval('s')",
        good: "ALTER TABLE t ALTER a DROP DEFAULT; DROP SEQUENCE s",
        bad: "ALTER TABLE t ALTER a DROP DEFAULT",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 sequence public.s
        undo: DROP SEQUENCE public.s;
      high re-up-fails up 2.sql:1:1 42P07
    ");
}

#[test]
fn rollback_attaches_detached_partition() {
    let case = Case {
        base: "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE t PARTITION OF p FOR VALUES FROM (0) TO (10)",
        up: "ALTER TABLE p DETACH PARTITION t",
        good: "ALTER TABLE p ATTACH PARTITION t FOR VALUES FROM (0) TO (10)",
        bad: "SELECT 1",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-changes-object down 2.down.sql:1:1 table public.t
        partition of: table public.p -> none
        undo: ALTER TABLE public.p ATTACH PARTITION public.t FOR VALUES FROM (0) TO (10);
      high re-up-fails up 2.sql:1:1 42P01
    ");
}
