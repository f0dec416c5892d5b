//! What a down can restore wrongly about owners, privileges and row security. The roles are PostgreSQL's own.

use crate::case::Case;

#[test]
fn rollback_restores_policy() {
    let case = Case {
        base: "CREATE TABLE t (owner name); CREATE POLICY own ON t FOR SELECT USING (owner = current_user)",
        up: "DROP POLICY own ON t",
        good: "CREATE POLICY own ON t FOR SELECT USING (owner = current_user)",
        bad: "CREATE POLICY own ON t FOR SELECT USING (true)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 policy own on public.t
        using: (owner = CURRENT_USER) -> true
        undo: DROP POLICY own ON public.t; CREATE POLICY own ON public.t FOR SELECT TO PUBLIC USING ((owner = CURRENT_USER));
    ");
}

#[test]
fn rollback_restores_policy_roles() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE POLICY own ON t TO pg_monitor USING (true)",
        up: "DROP POLICY own ON t",
        good: "CREATE POLICY own ON t TO pg_monitor USING (true)",
        bad: "CREATE POLICY own ON t USING (true)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 policy own on public.t
        roles: pg_monitor -> public
        undo: DROP POLICY own ON public.t; CREATE POLICY own ON public.t FOR ALL TO pg_monitor USING (true);
    ");
}

#[test]
fn rollback_restores_row_security() {
    let case = Case {
        base: "CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        up: "ALTER TABLE t DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",
        good: "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        bad: "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 table public.t
        force row security: true -> false
        undo: ALTER TABLE public.t FORCE ROW LEVEL SECURITY;
    ");
}

#[test]
fn rollback_revokes_grant() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "GRANT SELECT, INSERT ON t TO pg_monitor",
        good: "REVOKE SELECT, INSERT ON t FROM pg_monitor",
        bad: "REVOKE SELECT ON t FROM pg_monitor",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-leaves-object down 2.down.sql:1:1 privilege INSERT on table public.t to pg_monitor
        undo: REVOKE INSERT ON public.t FROM pg_monitor;
    ");
}

#[test]
fn rollback_restores_grant_of_recreated_table() {
    let case = Case {
        base: "CREATE TABLE t (a int); GRANT SELECT ON t TO pg_monitor",
        up: "DROP TABLE t",
        good: "CREATE TABLE t (a int); GRANT SELECT ON t TO pg_monitor",
        bad: "CREATE TABLE t (a int)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-loses-object down 2.down.sql:1:1 privilege SELECT on table public.t to pg_monitor
        undo: GRANT SELECT ON public.t TO pg_monitor;
    ");
}

#[test]
fn rollback_restores_grant_option() {
    let case = Case {
        base: "CREATE TABLE t (a int); GRANT SELECT ON t TO pg_monitor WITH GRANT OPTION",
        up: "REVOKE ALL ON t FROM pg_monitor",
        good: "GRANT SELECT ON t TO pg_monitor WITH GRANT OPTION",
        bad: "GRANT SELECT ON t TO pg_monitor",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 privilege SELECT on table public.t to pg_monitor
        grantable: true -> false
        undo: REVOKE SELECT ON public.t FROM pg_monitor; GRANT SELECT ON public.t TO pg_monitor WITH GRANT OPTION;
    ");
}

#[test]
fn rollback_restores_revoked_default() {
    let case = Case {
        base: "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC",
        up: "DROP FUNCTION f()",
        good: "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC",
        bad: "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-loses-object down 2.down.sql:1:1 privilege EXECUTE on function public.f() to PUBLIC
        undo: REVOKE EXECUTE ON FUNCTION public.f() FROM PUBLIC;
    ");
}

#[test]
fn rollback_grants_what_was_revoked() {
    let case = Case {
        base: "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        up: "REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC",
        good: "GRANT EXECUTE ON FUNCTION f() TO PUBLIC",
        bad: "GRANT EXECUTE ON FUNCTION f() TO pg_monitor",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-leaves-object down 2.down.sql:1:1 privilege EXECUTE on function public.f() to PUBLIC
        undo: GRANT EXECUTE ON FUNCTION public.f() TO PUBLIC;
      high rollback-leaves-object down 2.down.sql:1:1 privilege EXECUTE on function public.f() to pg_monitor
        undo: REVOKE EXECUTE ON FUNCTION public.f() FROM pg_monitor;
    ");
}

#[test]
fn rollback_restores_column_grant() {
    let case = Case {
        base: "CREATE TABLE t (a int, b int); GRANT UPDATE (a) ON t TO pg_monitor",
        up: "REVOKE UPDATE (a) ON t FROM pg_monitor",
        good: "GRANT UPDATE (a) ON t TO pg_monitor",
        bad: "GRANT UPDATE (b) ON t TO pg_monitor",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-loses-object down 2.down.sql:1:1 privilege UPDATE on column public.t.a to pg_monitor
        undo: GRANT UPDATE (a) ON public.t TO pg_monitor;
      high rollback-leaves-object down 2.down.sql:1:1 privilege UPDATE on column public.t.b to pg_monitor
        undo: REVOKE UPDATE (b) ON public.t FROM pg_monitor;
    ");
}

#[test]
fn rollback_restores_default_privileges() {
    let case = Case {
        base: "CREATE SCHEMA app; ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO pg_monitor",
        up: "ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM pg_monitor",
        good: "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO pg_monitor",
        bad: "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON SEQUENCES TO pg_monitor",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-leaves-object down 2.down.sql:1:1 default privilege SELECT on sequences of postgres in schema app to pg_monitor
        undo: ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA app REVOKE SELECT ON SEQUENCES FROM pg_monitor;
      high rollback-loses-object down 2.down.sql:1:1 default privilege SELECT on tables of postgres in schema app to pg_monitor
        undo: ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA app GRANT SELECT ON TABLES TO pg_monitor;
    ");
}

#[test]
fn rollback_restores_owner() {
    let case = Case {
        base: "CREATE TABLE t (a int); ALTER TABLE t OWNER TO pg_monitor",
        up: "ALTER TABLE t OWNER TO CURRENT_USER",
        good: "ALTER TABLE t OWNER TO pg_monitor",
        bad: "ALTER TABLE t OWNER TO pg_read_all_data",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 table public.t
        owner: pg_monitor -> pg_read_all_data
        undo: ALTER TABLE public.t OWNER TO pg_monitor;
    ");
}
