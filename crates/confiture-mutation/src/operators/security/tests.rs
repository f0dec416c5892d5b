//! The places operators find in scripts of any shape.

use confiture_core::migration::Direction;

/// What the operator makes of an up script.
fn check(id: &str, up: &'static str) -> Vec<String> {
    super::super::tests::check(id, Direction::Up, up)
}

/// Asserts the mutants of one operator, script by script.
fn all(id: &str, cases: &[(&'static str, &[&str])]) {
    for (script, expected) in cases {
        assert_eq!(check(id, script), *expected, "{id}: {script}");
    }
}

#[test]
fn grants_lose_their_parts_and_grow() {
    all(
        "grant-drop",
        &[
            (
                "GRANT SELECT (a, b), INSERT ON t, u TO r, \"S\" WITH GRANT OPTION",
                &[
                    "",
                    "GRANT INSERT ON t, u TO r, \"S\" WITH GRANT OPTION",
                    "GRANT SELECT (a, b) ON t, u TO r, \"S\" WITH GRANT OPTION",
                    "GRANT SELECT (a, b), INSERT ON t, u TO \"S\" WITH GRANT OPTION",
                    "GRANT SELECT (a, b), INSERT ON t, u TO r WITH GRANT OPTION",
                ],
            ),
            ("ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO r", &[""]),
            ("GRANT a TO b", &[""]),
            ("ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC", &[]),
        ],
    );
    all(
        "grant-widen",
        &[
            (
                "GRANT SELECT (a) ON t TO r, s",
                &[
                    "GRANT ALL ON t TO r, s",
                    "GRANT SELECT ON t TO r, s",
                    "GRANT SELECT (a) ON t TO PUBLIC",
                    "GRANT SELECT (a) ON t TO r, s WITH GRANT OPTION",
                ],
            ),
            ("GRANT a TO b", &["GRANT a TO b WITH ADMIN OPTION"]),
            ("GRANT ALL ON t TO PUBLIC", &[]),
            (
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r",
                &[
                    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO r",
                    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
                    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r WITH GRANT OPTION",
                ],
            ),
        ],
    );
    all(
        "revoke-drop",
        &[
            (
                "REVOKE GRANT OPTION FOR SELECT, INSERT ON ALL TABLES IN SCHEMA s FROM r CASCADE",
                &[
                    "",
                    "REVOKE GRANT OPTION FOR INSERT ON ALL TABLES IN SCHEMA s FROM r CASCADE",
                    "REVOKE GRANT OPTION FOR SELECT ON ALL TABLES IN SCHEMA s FROM r CASCADE",
                ],
            ),
            ("ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC", &[""]),
        ],
    );
}

#[test]
fn policies_hold_for_others_and_let_everything_through() {
    all(
        "policy-command",
        &[
            (
                "CREATE POLICY p ON s.t AS RESTRICTIVE FOR UPDATE TO a, b USING (x) WITH CHECK (y)",
                &[
                    "CREATE POLICY p ON s.t AS RESTRICTIVE TO a, b USING (x) WITH CHECK (y)",
                    "CREATE POLICY p ON s.t AS RESTRICTIVE FOR UPDATE USING (x) WITH CHECK (y)",
                    "CREATE POLICY p ON s.t FOR UPDATE TO a, b USING (x) WITH CHECK (y)",
                ],
            ),
            (
                "CREATE POLICY p ON t AS PERMISSIVE USING (x) WITH CHECK (y)",
                &[
                    "CREATE POLICY p ON t AS PERMISSIVE FOR UPDATE USING (x) WITH CHECK (y)",
                    "CREATE POLICY p ON t AS RESTRICTIVE USING (x) WITH CHECK (y)",
                ],
            ),
            ("CREATE POLICY p ON t USING (x)", &["CREATE POLICY p ON t FOR SELECT USING (x)"]),
            ("CREATE POLICY p ON t FOR ALL TO PUBLIC WITH CHECK (x)", &[]),
        ],
    );
    all(
        "policy-true",
        &[
            (
                "CREATE POLICY p ON t FOR ALL USING (x = 1) WITH CHECK (y)",
                &[
                    "CREATE POLICY p ON t FOR ALL USING (true) WITH CHECK (y)",
                    "CREATE POLICY p ON t FOR ALL USING (x = 1) WITH CHECK (true)",
                    "CREATE POLICY p ON t FOR ALL USING (x = 1)",
                ],
            ),
            (
                "CREATE POLICY p ON t FOR INSERT WITH CHECK (y)",
                &["CREATE POLICY p ON t FOR INSERT WITH CHECK (true)"],
            ),
            ("ALTER POLICY p ON t TO r USING (x)", &["ALTER POLICY p ON t TO r USING (true)"]),
            ("ALTER POLICY p ON t RENAME TO q", &[]),
        ],
    );
    all(
        "rls-disable",
        &[(
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            &["ALTER TABLE t FORCE ROW LEVEL SECURITY", "ALTER TABLE t ENABLE ROW LEVEL SECURITY"],
        )],
    );
}

#[test]
fn routines_and_views_run_as_somebody_else() {
    all(
        "security-definer",
        &[
            ("ALTER FUNCTION f(int) EXTERNAL SECURITY DEFINER", &["ALTER FUNCTION f(int) SECURITY INVOKER"]),
            (
                "CREATE PROCEDURE p() SECURITY INVOKER LANGUAGE sql AS ''",
                &["CREATE PROCEDURE p() SECURITY DEFINER LANGUAGE sql AS ''"],
            ),
        ],
    );
    all(
        "view-invoker",
        &[
            (
                "CREATE VIEW v WITH (security_barrier, security_invoker = on) AS SELECT 1",
                &[
                    "CREATE VIEW v WITH (security_invoker = on) AS SELECT 1",
                    "CREATE VIEW v WITH (security_barrier) AS SELECT 1",
                ],
            ),
            ("ALTER VIEW v SET (security_invoker = true)", &[""]),
            ("ALTER VIEW v SET (security_invoker = 'off')", &[]),
            ("ALTER VIEW v RESET (security_invoker)", &[]),
        ],
    );
}
