//! What a down can restore wrongly about a constraint.

use crate::case::Case;

#[test]
fn rollback_restores_check_body() {
    let case = Case {
        base: "CREATE TABLE t (a int CONSTRAINT small CHECK (a < 10))",
        up: "ALTER TABLE t DROP CONSTRAINT small",
        good: "ALTER TABLE t ADD CONSTRAINT small CHECK (a < 10)",
        bad: "ALTER TABLE t ADD CONSTRAINT small CHECK (a <= 10)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 constraint small on public.t
        definition: CHECK ((a < 10)) -> CHECK ((a <= 10))
        undo: ALTER TABLE public.t DROP CONSTRAINT small; ALTER TABLE public.t ADD CONSTRAINT small CHECK ((a < 10));
    ");
}

#[test]
fn rollback_restores_validated_check() {
    let case = Case {
        base: "CREATE TABLE t (a int CONSTRAINT small CHECK (a < 10))",
        up: "ALTER TABLE t DROP CONSTRAINT small",
        good: "ALTER TABLE t ADD CONSTRAINT small CHECK (a < 10)",
        bad: "ALTER TABLE t ADD CONSTRAINT small CHECK (a < 10) NOT VALID",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 constraint small on public.t
        validated: true -> false
        undo: ALTER TABLE public.t VALIDATE CONSTRAINT small;
    ");
}

#[test]
fn rollback_restores_not_valid_constraint() {
    let case = Case {
        base: "CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT small CHECK (a < 10) NOT VALID",
        up: "ALTER TABLE t VALIDATE CONSTRAINT small",
        good: "ALTER TABLE t DROP CONSTRAINT small; ALTER TABLE t ADD CONSTRAINT small CHECK (a < 10) NOT VALID",
        bad: "ALTER TABLE t VALIDATE CONSTRAINT small",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 constraint small on public.t
        validated: false -> true
        undo: ALTER TABLE public.t DROP CONSTRAINT small; ALTER TABLE public.t ADD CONSTRAINT small CHECK ((a < 10)) NOT VALID;
    ");
}

#[test]
fn rollback_restores_unique_constraint() {
    let case = Case {
        base: "CREATE TABLE t (a int, b int, CONSTRAINT once UNIQUE (a, b))",
        up: "ALTER TABLE t DROP CONSTRAINT once",
        good: "ALTER TABLE t ADD CONSTRAINT once UNIQUE (a, b)",
        bad: "ALTER TABLE t ADD CONSTRAINT once UNIQUE (b, a)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 constraint once on public.t
        definition: UNIQUE (a, b) -> UNIQUE (b, a)
        undo: ALTER TABLE public.t DROP CONSTRAINT once; ALTER TABLE public.t ADD CONSTRAINT once UNIQUE (a, b);
    ");
}

#[test]
fn rollback_restores_unique_constraint_not_just_its_index() {
    let case = Case {
        base: "CREATE TABLE t (a int CONSTRAINT once UNIQUE)",
        up: "ALTER TABLE t DROP CONSTRAINT once",
        good: "ALTER TABLE t ADD CONSTRAINT once UNIQUE (a)",
        bad: "CREATE UNIQUE INDEX t_a_idx ON t (a)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-loses-object down 2.down.sql:1:1 constraint once on public.t
        undo: ALTER TABLE public.t ADD CONSTRAINT once UNIQUE (a);
      high rollback-leaves-object down 2.down.sql:1:1 index public.t_a_idx
        undo: DROP INDEX public.t_a_idx;
      high re-up-fails up 2.sql:1:1 42704
    ");
}

#[test]
fn rollback_restores_primary_key() {
    let case = Case {
        base: "CREATE TABLE t (id int PRIMARY KEY)",
        up: "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ALTER id DROP NOT NULL",
        good: "ALTER TABLE t ADD PRIMARY KEY (id)",
        bad: "ALTER TABLE t ALTER id SET NOT NULL",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-loses-object down 2.down.sql:1:1 constraint t_pkey on public.t
        undo: ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
      high re-up-fails up 2.sql:1:1 42704
    ");
}

#[test]
fn rollback_restores_on_delete_action() {
    let case = Case {
        base: "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (p int CONSTRAINT owned REFERENCES p ON DELETE CASCADE)",
        up: "ALTER TABLE t DROP CONSTRAINT owned",
        good: "ALTER TABLE t ADD CONSTRAINT owned FOREIGN KEY (p) REFERENCES p ON DELETE CASCADE",
        bad: "ALTER TABLE t ADD CONSTRAINT owned FOREIGN KEY (p) REFERENCES p",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 constraint owned on public.t
        definition: FOREIGN KEY (p) REFERENCES public.p(id) ON DELETE CASCADE -> FOREIGN KEY (p) REFERENCES public.p(id)
        undo: ALTER TABLE public.t DROP CONSTRAINT owned; ALTER TABLE public.t ADD CONSTRAINT owned FOREIGN KEY (p) REFERENCES public.p(id) ON DELETE CASCADE;
    ");
}

#[test]
fn rollback_restores_deferrable() {
    let case = Case {
        base: "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (p int CONSTRAINT owned REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
        up: "ALTER TABLE t ALTER CONSTRAINT owned NOT DEFERRABLE",
        good: "ALTER TABLE t ALTER CONSTRAINT owned DEFERRABLE INITIALLY DEFERRED",
        bad: "ALTER TABLE t ALTER CONSTRAINT owned DEFERRABLE",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 constraint owned on public.t
        deferred: true -> false
        undo: ALTER TABLE public.t DROP CONSTRAINT owned; ALTER TABLE public.t ADD CONSTRAINT owned FOREIGN KEY (p) REFERENCES public.p(id) DEFERRABLE INITIALLY DEFERRED;
    ");
}

#[test]
fn rollback_restores_exclusion_constraint() {
    let case = Case {
        base: "CREATE TABLE t (during tstzrange, CONSTRAINT apart EXCLUDE USING gist (during WITH &&))",
        up: "ALTER TABLE t DROP CONSTRAINT apart",
        good: "ALTER TABLE t ADD CONSTRAINT apart EXCLUDE USING gist (during WITH &&)",
        bad: "ALTER TABLE t ADD CONSTRAINT apart EXCLUDE USING gist (during WITH -|-)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 constraint apart on public.t
        definition: EXCLUDE USING gist (during WITH &&) -> EXCLUDE USING gist (during WITH -|-)
        undo: ALTER TABLE public.t DROP CONSTRAINT apart; ALTER TABLE public.t ADD CONSTRAINT apart EXCLUDE USING gist (during WITH &&);
    ");
}

#[test]
fn rollback_drops_added_constraint() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "ALTER TABLE t ADD CONSTRAINT small CHECK (a < 10), ADD CONSTRAINT once UNIQUE (a)",
        good: "ALTER TABLE t DROP CONSTRAINT small, DROP CONSTRAINT once",
        bad: "ALTER TABLE t DROP CONSTRAINT small",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 constraint once on public.t
        undo: ALTER TABLE public.t DROP CONSTRAINT once;
      high re-up-fails up 2.sql:1:1 42P07
    ");
}
