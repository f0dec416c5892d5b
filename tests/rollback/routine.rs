//! What a down can restore wrongly about functions, procedures, aggregates, triggers and rules.

use crate::case::Case;

#[test]
fn rollback_restores_volatility() {
    let case = Case {
        base: "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql STABLE AS 'SELECT a + 1'",
        up: "ALTER FUNCTION f(int) VOLATILE",
        good: "ALTER FUNCTION f(int) STABLE",
        bad: "ALTER FUNCTION f(int) IMMUTABLE",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 function public.f(integer)
        volatility: STABLE -> IMMUTABLE
        undo: CREATE OR REPLACE FUNCTION public.f(a integer)  RETURNS integer  LANGUAGE sql STABLE PARALLEL UNSAFE COST 100 AS $$SELECT a + 1$$;
    ");
}

#[test]
fn rollback_restores_security_definer() {
    let case = Case {
        base: "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT a + 1'",
        up: "ALTER FUNCTION f(int) SECURITY INVOKER",
        good: "ALTER FUNCTION f(int) SECURITY DEFINER",
        bad: "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 function public.f(integer)
        security definer: true -> false
        undo: CREATE OR REPLACE FUNCTION public.f(a integer)  RETURNS integer  LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100 SECURITY DEFINER AS $$SELECT a + 1$$;
    ");
}

#[test]
fn rollback_restores_function_setting() {
    let case = Case {
        base: "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'",
        up: "ALTER FUNCTION f(int) SET search_path = public, pg_temp",
        good: "ALTER FUNCTION f(int) RESET search_path",
        bad: "ALTER FUNCTION f(int) SET search_path = public",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 function public.f(integer)
        settings: none -> search_path=public
        undo: CREATE OR REPLACE FUNCTION public.f(a integer)  RETURNS integer  LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100 AS $$SELECT a + 1$$;
    ");
}

#[test]
fn rollback_restores_function_body() {
    let case = Case {
        base: "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'",
        up: "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 2'",
        good: "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'",
        bad: "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 3'",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      low rollback-changes-body down 2.down.sql:1:1 function public.f(integer)
        body: SELECT a + 1 -> SELECT a + 3
        undo: CREATE OR REPLACE FUNCTION public.f(a integer)  RETURNS integer  LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100 AS $$SELECT a + 1$$;
    ");
}

#[test]
fn rollback_drops_every_overload() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'; CREATE FUNCTION f(a text) RETURNS text LANGUAGE sql AS 'SELECT a'",
        good: "DROP FUNCTION f(int); DROP FUNCTION f(text)",
        bad: "DROP FUNCTION f(int)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 function public.f(text)
        undo: DROP FUNCTION public.f(text);
      high re-up-fails up 2.sql:1:70 42723
    ");
}

#[test]
fn rollback_restores_argument_default() {
    let case = Case {
        base: "CREATE FUNCTION f(a int DEFAULT 5) RETURNS int LANGUAGE sql AS 'SELECT a'",
        up: "DROP FUNCTION f(int)",
        good: "CREATE FUNCTION f(a int DEFAULT 5) RETURNS int LANGUAGE sql AS 'SELECT a'",
        bad: "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 function public.f(integer)
        arguments: a integer DEFAULT 5 -> a integer
        undo: DROP FUNCTION public.f(integer); CREATE OR REPLACE FUNCTION public.f(a integer DEFAULT 5)  RETURNS integer  LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100 AS $$SELECT a$$;
    ");
}

#[test]
fn rollback_restores_result_type() {
    let case = Case {
        base: "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'",
        up: "DROP FUNCTION f(int); CREATE FUNCTION f(a int) RETURNS text LANGUAGE sql AS 'SELECT a::text'",
        good: "DROP FUNCTION f(int); CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'",
        bad: "DROP FUNCTION f(int); CREATE FUNCTION f(a int) RETURNS bigint LANGUAGE sql AS 'SELECT a + 1'",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 function public.f(integer)
        result: integer -> bigint
        undo: DROP FUNCTION public.f(integer); CREATE OR REPLACE FUNCTION public.f(a integer)  RETURNS integer  LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100 AS $$SELECT a + 1$$;
    ");
}

#[test]
fn rollback_drops_created_procedure() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "CREATE PROCEDURE p() LANGUAGE sql AS 'DELETE FROM t'; CREATE PROCEDURE q() LANGUAGE sql AS 'DELETE FROM t'",
        good: "DROP PROCEDURE q(); DROP PROCEDURE p()",
        bad: "DROP PROCEDURE q()",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 procedure public.p()
        undo: DROP PROCEDURE public.p();
      high re-up-fails up 2.sql:1:1 42723
    ");
}

#[test]
fn rollback_restores_aggregate() {
    let case = Case {
        base: "CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int, initcond = '0')",
        up: "DROP AGGREGATE total (int)",
        good: "CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int, initcond = '0')",
        bad: "CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int, initcond = '1')",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 aggregate public.total(integer)
        initcond: 0 -> 1
        undo: DROP AGGREGATE public.total(integer); CREATE AGGREGATE public.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
    ");
}

#[test]
fn rollback_restores_trigger_timing() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER noted BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()",
        up: "DROP TRIGGER noted ON t",
        good: "CREATE TRIGGER noted BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()",
        bad: "CREATE TRIGGER noted AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 trigger noted on public.t
        definition: CREATE TRIGGER noted BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.note() -> CREATE TRIGGER noted AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.note()
        undo: DROP TRIGGER noted ON public.t; CREATE TRIGGER noted BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.note();
    ");
}

#[test]
fn rollback_restores_disabled_trigger() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER noted BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE t DISABLE TRIGGER noted",
        up: "ALTER TABLE t ENABLE TRIGGER noted",
        good: "ALTER TABLE t DISABLE TRIGGER noted",
        bad: "ALTER TABLE t ENABLE ALWAYS TRIGGER noted",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 trigger noted on public.t
        enabled: disabled -> always
        undo: ALTER TABLE public.t DISABLE TRIGGER noted;
    ");
}

#[test]
fn rollback_restores_rule() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE RULE keep AS ON DELETE TO t DO INSTEAD NOTHING",
        up: "DROP RULE keep ON t",
        good: "CREATE RULE keep AS ON DELETE TO t DO INSTEAD NOTHING",
        bad: "CREATE RULE keep AS ON DELETE TO t WHERE a > 0 DO INSTEAD NOTHING",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 rule keep on public.t
        definition: CREATE RULE keep AS     ON DELETE TO public.t DO INSTEAD NOTHING -> CREATE RULE keep AS     ON DELETE TO public.t    WHERE (old.a > 0) DO INSTEAD NOTHING
        undo: DROP RULE keep ON public.t; CREATE RULE keep AS     ON DELETE TO public.t DO INSTEAD NOTHING;
    ");
}

#[test]
fn rollback_restores_event_trigger() {
    let case = Case {
        base: "CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watch ON sql_drop WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION seen()",
        up: "DROP EVENT TRIGGER watch",
        good: "CREATE EVENT TRIGGER watch ON sql_drop WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION seen()",
        bad: "CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION seen()",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 event trigger watch
        tags: DROP TABLE -> none
        undo: DROP EVENT TRIGGER watch; CREATE EVENT TRIGGER watch ON sql_drop WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION public.seen();
    ");
}
