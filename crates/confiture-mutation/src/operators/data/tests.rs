//! Site shapes that the examples do not show.

use confiture_core::migration::Migration;
use confiture_core::migration::layout::{self, LoadOptions};
use confiture_core::plugin::Registry;

use super::super::prelude::*;
use super::*;

/// A migration whose up is `sql`.
pub(in super::super) fn migration(sql: &str) -> Migration {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("0001_it.up.sql"), sql).unwrap();
    let registry = Registry::linked().unwrap();
    let options = LoadOptions::default();
    let (_, _, mut loaded) = layout::load(&registry, dir.path(), Some("golang-migrate"), &options).unwrap();
    loaded.migrations.remove(0)
}

/// The script after each mutant's edits.
pub(in super::super) fn check(operator: &dyn MutationOperator, sql: &str) -> Vec<String> {
    let migration = migration(sql);
    let cx = MutationContext::new(&migration, Direction::Up).unwrap();
    texts(operator, &cx)
}

pub(in super::super) fn texts(operator: &dyn MutationOperator, cx: &MutationContext<'_>) -> Vec<String> {
    let mut mutants = Vec::new();
    operator.mutate(cx, &mut mutants);
    let text = |mutant: &Mutant| {
        let edits = mutant.file_edits(cx.script).unwrap();
        confiture_core::sql::apply(&cx.script.source.text, &edits).unwrap()
    };
    let texts: Vec<String> = mutants.iter().map(text).collect();
    let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
    assert_eq!(distinct.len(), texts.len(), "{texts:#?}");
    assert!(!texts.contains(&cx.script.source.text), "{texts:#?}");
    texts
}

const MERGE: &str = "MERGE INTO s.t USING u ON t.id = u.id WHEN MATCHED AND u.gone THEN DELETE \
                     WHEN MATCHED THEN UPDATE SET a = u.a, b = 1 WHEN NOT MATCHED THEN INSERT (id, a) VALUES (u.id, u.a)";

#[test]
fn statements_are_skipped_in_blocks_and_merges() {
    let block = "DO $x$ DECLARE n int; BEGIN IF n > 0 THEN UPDATE t SET a = 1; ELSE DELETE FROM t; END IF; \
                 FOR r IN SELECT 1 LOOP INSERT INTO t VALUES (1); END LOOP; END $x$";
    assert_eq!(check(&UpdateSkip, block), [block.replace("UPDATE t SET a = 1", "NULL")]);
    assert_eq!(check(&DeleteSkip, block), [block.replace("DELETE FROM t", "NULL")]);
    assert_eq!(check(&InsertSkip, block), [block.replace("INSERT INTO t VALUES (1)", "NULL")]);
    assert_eq!(check(&UpdateSkip, MERGE), [MERGE.replace("UPDATE SET a = u.a, b = 1", "DO NOTHING")]);
    assert_eq!(check(&DeleteSkip, MERGE), [MERGE.replace("DELETE", "DO NOTHING")]);
    assert_eq!(check(&InsertSkip, MERGE), [MERGE.replace("INSERT (id, a) VALUES (u.id, u.a)", "DO NOTHING")]);
    assert_eq!(check(&DeleteSkip, "TRUNCATE t"), [""]);
    for other in ["DO $$ BEGIN EXECUTE 'UPDATE t SET a = 1'; END $$", "DO LANGUAGE plpython3u $$ update $$"] {
        assert!(check(&UpdateSkip, other).is_empty());
    }
    assert_eq!(
        check(&InsertSkip, "CREATE TABLE c AS SELECT 1 WITH DATA"),
        ["CREATE TABLE c AS SELECT 1 WITH NO DATA"]
    );
    assert!(check(&InsertSkip, "CREATE TABLE c (a int)").is_empty());
}

#[test]
fn comparisons_are_found_wherever_rows_are_chosen() {
    let each = |sql: &str, count: usize| assert_eq!(check(&WhereRelop, sql).len(), count, "{sql}");
    each("INSERT INTO t SELECT a FROM u JOIN v ON u.i = v.i WHERE u.b > 1 GROUP BY a HAVING count(*) < 5", 3);
    each("WITH w AS (SELECT 1 FROM u WHERE a = 1) DELETE FROM t USING w WHERE t.a >= 2", 2);
    each("WITH gone AS (DELETE FROM t WHERE a = 1 RETURNING *) SELECT count(*) FROM gone", 1);
    each("UPDATE t SET a = 1 WHERE id IN (SELECT id FROM u WHERE b = 2)", 1);
    each("UPDATE t SET a = (SELECT max(b) FROM u WHERE u.id = t.id)", 1);
    each("CREATE TABLE c AS SELECT * FROM u WHERE a = 1", 1);
    each("CREATE MATERIALIZED VIEW m AS SELECT * FROM u WHERE a = 1 WITH NO DATA", 1);
    each("SELECT a INTO c FROM u WHERE a <> 1", 1);
    each(MERGE, 1);
    each("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED AND u.a > 1 THEN DO NOTHING", 2);
    each(
        "DO $$ BEGIN FOR r IN SELECT * FROM u WHERE a > 1 LOOP UPDATE t SET a = 1 WHERE id = r.id; END LOOP; END $$",
        2,
    );
    each("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) WHERE b > 1 DO UPDATE SET c = 1 WHERE t.c < 1", 1);
    each("INSERT INTO t SELECT sum(a) FILTER (WHERE b = 1) FROM u", 1);
    // `=` assigns in SET; a view and a query alone change no row.
    for sql in
        ["UPDATE t SET a = 1", "SELECT * FROM t WHERE a = 1", "CREATE VIEW v AS SELECT * FROM t WHERE a = 1"]
    {
        each(sql, 0);
    }
}

#[test]
fn a_condition_is_dropped_with_its_word() {
    assert_eq!(
        check(
            &WhereDrop,
            "UPDATE t SET a = (SELECT max(b) FROM u WHERE u.i = t.i) WHERE a > 1 -- why\nRETURNING a"
        ),
        [
            "UPDATE t SET a = (SELECT max(b) FROM u WHERE u.i = t.i) -- why\nRETURNING a",
            "UPDATE t SET a = (SELECT max(b) FROM u) WHERE a > 1 -- why\nRETURNING a",
        ]
    );
    assert_eq!(check(&WhereDrop, MERGE), [MERGE.replace("MATCHED AND u.gone", "MATCHED")]);
    for spared in
        ["INSERT INTO t SELECT sum(a) FILTER (WHERE b = 1) FROM u", "DELETE FROM t WHERE CURRENT OF c"]
    {
        assert!(check(&WhereDrop, spared).is_empty(), "{spared}");
    }
}

#[test]
fn conditions_are_taken_apart() {
    assert_eq!(
        check(&WhereLogic, "DELETE FROM t WHERE a AND (b OR NOT c) AND d BETWEEN 1 AND 2"),
        [
            "DELETE FROM t WHERE a OR (b OR NOT c) AND d BETWEEN 1 AND 2",
            "DELETE FROM t WHERE a AND (b AND NOT c) AND d BETWEEN 1 AND 2",
            "DELETE FROM t WHERE a AND (b OR c) AND d BETWEEN 1 AND 2",
            "DELETE FROM t WHERE a AND (b OR NOT c) OR d BETWEEN 1 AND 2",
            "DELETE FROM t WHERE (b OR NOT c) AND d BETWEEN 1 AND 2",
            "DELETE FROM t WHERE a AND d BETWEEN 1 AND 2",
            "DELETE FROM t WHERE a AND (b OR NOT c)",
            "DELETE FROM t WHERE a AND (NOT c) AND d BETWEEN 1 AND 2",
            "DELETE FROM t WHERE a AND (b) AND d BETWEEN 1 AND 2",
        ]
    );
    assert_eq!(
        check(&WhereLogic, "DELETE FROM t WHERE EXISTS (SELECT FROM u WHERE x IS NOT NULL)"),
        ["DELETE FROM t WHERE NOT EXISTS (SELECT FROM u WHERE x IS NOT NULL)"]
    );
    assert_eq!(
        check(&NullInclude, "DELETE FROM t USING u WHERE t.a = u.a AND t.b NOT IN (1, 2) AND u.c IS NULL"),
        ["DELETE FROM t USING u WHERE t.a = u.a AND (t.b NOT IN (1, 2) OR t.b IS NULL) AND u.c IS NULL"]
    );
}

#[test]
fn half_of_the_rows_of_any_statement() {
    let half = |sql: &str| check(&WherePartial, sql).concat();
    assert_eq!(
        half("UPDATE ONLY s.\"T\" SET a = 1"),
        "UPDATE ONLY s.\"T\" SET a = 1 WHERE (hashtext(\"T\"::text) & 1) = 0"
    );
    assert_eq!(
        half("DELETE FROM t AS x USING u WHERE x.a = u.a OR u.b RETURNING *"),
        "DELETE FROM t AS x USING u WHERE (x.a = u.a OR u.b) AND (hashtext(x::text) & 1) = 0 RETURNING *"
    );
    assert_eq!(
        half("UPDATE t SET a = 1 RETURNING *"),
        "UPDATE t SET a = 1 WHERE (hashtext(t::text) & 1) = 0 RETURNING *"
    );
    assert_eq!(
        half("INSERT INTO t (a) SELECT b FROM u ORDER BY b ON CONFLICT DO NOTHING"),
        "INSERT INTO t (a) SELECT half.* FROM (SELECT b FROM u ORDER BY b) AS half WHERE (hashtext(half::text) & 1) = 0 \
         ON CONFLICT DO NOTHING"
    );
    assert_eq!(
        half("CREATE TABLE c AS SELECT b FROM u WITH DATA"),
        "CREATE TABLE c AS SELECT half.* FROM (SELECT b FROM u) AS half WHERE (hashtext(half::text) & 1) = 0 WITH DATA"
    );
    assert_eq!(
        half("WITH w AS (SELECT 1) INSERT INTO t WITH x AS (SELECT 2) SELECT * FROM w UNION SELECT * FROM x"),
        "WITH w AS (SELECT 1) INSERT INTO t WITH x AS (SELECT 2) SELECT half.* FROM (SELECT * FROM w UNION SELECT * FROM x) \
         AS half WHERE (hashtext(half::text) & 1) = 0"
    );
    assert_eq!(half("INSERT INTO t VALUES (1); INSERT INTO t SELECT 1"), "");
}

#[test]
fn columns_go_with_their_values() {
    assert_eq!(
        check(&AssignOmit, "INSERT INTO t (a, \"B\") VALUES (1, 'x, y'), (2, f(3, 4))"),
        ["INSERT INTO t (\"B\") VALUES ('x, y'), (f(3, 4))", "INSERT INTO t (a) VALUES (1), (2)"]
    );
    assert_eq!(
        check(&AssignOmit, "INSERT INTO t (a, b) SELECT x, y FROM u UNION SELECT 1, 2"),
        [
            "INSERT INTO t (b) SELECT y FROM u UNION SELECT 2",
            "INSERT INTO t (a) SELECT x FROM u UNION SELECT 1"
        ]
    );
    assert_eq!(check(&AssignOmit, MERGE).len(), 4);
    assert_eq!(
        check(
            &AssignOmit,
            "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1, c = 2 WHERE t.d"
        ),
        [
            "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET c = 2 WHERE t.d",
            "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1 WHERE t.d",
        ]
    );
    assert_eq!(
        check(&AssignColumn, "INSERT INTO t (a, b, c) VALUES (1, 2, 3)"),
        ["INSERT INTO t (b, a, c) VALUES (1, 2, 3)", "INSERT INTO t (a, c, b) VALUES (1, 2, 3)"]
    );
    for spared in
        ["INSERT INTO t (a, b) SELECT * FROM u", "INSERT INTO t (a, b) SELECT x, y FROM u ORDER BY 2"]
    {
        assert!(check(&AssignOmit, spared).is_empty(), "{spared}");
    }
    assert_eq!(
        check(&ValuesRowDrop, &format!("INSERT INTO t VALUES {}", ["(1, 2)"; 40].join(", \n"))[..]).len(),
        1
    );
}

#[test]
fn values_become_others_of_their_type() {
    let value = |text: &str| {
        let found = check(&UpdateValue, &format!("UPDATE t SET a = {text}")).concat();
        found.strip_prefix("UPDATE t SET a = ").unwrap_or_default().to_owned()
    };
    assert_eq!(value("9"), "10");
    assert_eq!(value("1.5"), "1.5 + 1");
    assert_eq!(value("TRUE"), "false");
    assert_eq!(value("'it''s'"), "'it''s?'");
    assert_eq!(value("'7'"), "'8'");
    assert_eq!(value("lower(b)"), "(lower(b)) || '?'");
    assert_eq!(value("b::numeric"), "(b::numeric) + 1");
    for spared in ["NULL", "DEFAULT", "'{}'", "'2020-01-01'", "b", "(SELECT 1)", "lower(b) = 'x'"] {
        assert_eq!(value(spared), "", "{spared}");
    }
}

#[test]
fn expressions_change_where_they_can() {
    assert_eq!(
        check(&CoalesceDrop, "UPDATE t SET a = COALESCE(nullif(trim(b), ''), c) || 'x'"),
        ["UPDATE t SET a = (nullif(trim(b), '')) || 'x'"]
    );
    assert_eq!(
        check(
            &CastChange,
            "INSERT INTO t SELECT CAST(a + 1 AS double precision), b::timestamp(3) with time zone, c::text[] FROM u"
        ),
        [
            "INSERT INTO t SELECT CAST(a + 1 AS integer), b::timestamp(3) with time zone, c::text[] FROM u",
            "INSERT INTO t SELECT CAST(a + 1 AS double precision), b::date, c::text[] FROM u",
        ]
    );
    assert_eq!(
        check(&CaseBranch, "UPDATE t SET a = CASE b WHEN 1 THEN 'x' WHEN 2 THEN 'y' END"),
        [
            "UPDATE t SET a = CASE b WHEN 2 THEN 'y' END",
            "UPDATE t SET a = CASE b WHEN 1 THEN 'x' END",
            "UPDATE t SET a = CASE b WHEN 1 THEN 'y' WHEN 2 THEN 'x' END",
        ]
    );
    assert_eq!(
        check(&Arithmetic, "UPDATE t SET a = -b - 1, c = count(*) * 2, d = (SELECT x.* FROM x)"),
        [
            "UPDATE t SET a = -b + 1, c = count(*) * 2, d = (SELECT x.* FROM x)",
            "UPDATE t SET a = -b - 1, c = count(*) / 2, d = (SELECT x.* FROM x)",
        ]
    );
    assert_eq!(
        check(&Between, "DELETE FROM t WHERE lower(x.a)::int BETWEEN 1 AND 2 + 3 AND b"),
        [
            "DELETE FROM t WHERE lower(x.a)::int NOT BETWEEN 1 AND 2 + 3 AND b",
            "DELETE FROM t WHERE (lower(x.a)::int >= 1 AND lower(x.a)::int < 2 + 3) AND b",
            "DELETE FROM t WHERE (lower(x.a)::int > 1 AND lower(x.a)::int <= 2 + 3) AND b",
        ]
    );
    assert_eq!(
        check(&Between, "DELETE FROM t WHERE a NOT BETWEEN 1 AND 2"),
        ["DELETE FROM t WHERE a BETWEEN 1 AND 2"]
    );
    assert_eq!(
        check(&Like, "DELETE FROM t WHERE a NOT ILIKE '%x%'"),
        [
            "DELETE FROM t WHERE a NOT LIKE '%x%'",
            "DELETE FROM t WHERE a ILIKE '%x%'",
            "DELETE FROM t WHERE a NOT ILIKE '%x'",
            "DELETE FROM t WHERE a NOT ILIKE 'x%'",
        ]
    );
    assert_eq!(
        check(&NullFlip, "DELETE FROM t WHERE a IS NOT DISTINCT FROM b OR c ISNULL"),
        [
            "DELETE FROM t WHERE a IS DISTINCT FROM b OR c ISNULL",
            "DELETE FROM t WHERE a IS NOT DISTINCT FROM b OR c NOTNULL"
        ]
    );
}

#[test]
fn joins_and_sets_are_exchanged() {
    assert_eq!(
        check(
            &JoinType,
            "INSERT INTO t SELECT left(a, 1) FROM u NATURAL LEFT OUTER JOIN v INNER JOIN w USING (i) FULL JOIN x ON true"
        ),
        [
            "INSERT INTO t SELECT left(a, 1) FROM u NATURAL JOIN v INNER JOIN w USING (i) FULL JOIN x ON true",
            "INSERT INTO t SELECT left(a, 1) FROM u NATURAL LEFT OUTER JOIN v LEFT JOIN w USING (i) FULL JOIN x ON true",
            "INSERT INTO t SELECT left(a, 1) FROM u NATURAL LEFT OUTER JOIN v INNER JOIN w USING (i) LEFT JOIN x ON true",
        ]
    );
    assert_eq!(
        check(
            &SetOperation,
            "INSERT INTO t SELECT DISTINCT a FROM u WHERE b IN (1) UNION ALL (SELECT count(DISTINCT a) FROM v)"
        ),
        [
            "INSERT INTO t SELECT a FROM u WHERE b IN (1) UNION ALL (SELECT count(DISTINCT a) FROM v)",
            "INSERT INTO t SELECT DISTINCT a FROM u WHERE b IN (1) UNION (SELECT count(DISTINCT a) FROM v)",
            "INSERT INTO t SELECT DISTINCT a FROM u WHERE b NOT IN (1) UNION ALL (SELECT count(DISTINCT a) FROM v)",
            "INSERT INTO t SELECT DISTINCT a FROM u WHERE b IN (1) UNION ALL (SELECT count(a) FROM v)",
        ]
    );
    for spared in ["INSERT INTO t SELECT DISTINCT ON (a) a FROM u", "UPDATE t SET a = position(('x') IN (b))"]
    {
        assert!(check(&SetOperation, spared).is_empty(), "{spared}");
    }
    assert_eq!(
        check(&ConflictAction, "INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a) DO NOTHING RETURNING a"),
        [
            "INSERT INTO t (a, b) VALUES (1, 2) RETURNING a",
            "INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING a",
        ]
    );
}

#[test]
fn conversions_of_one_action_among_several() {
    let sql = "ALTER TABLE s.t ADD c int, ALTER a TYPE timestamptz USING a AT TIME ZONE 'UTC', DROP b";
    assert_eq!(check(&UsingDrop, sql), ["ALTER TABLE s.t ADD c int, ALTER a TYPE timestamptz, DROP b"]);
    assert_eq!(
        check(&UsingExpression, sql),
        [
            "ALTER TABLE s.t ADD c int, ALTER a TYPE timestamptz USING NULL::timestamptz, DROP b",
            "ALTER TABLE s.t ADD c int, ALTER a TYPE timestamptz USING (a AT TIME ZONE 'UTC') + interval '1 day', DROP b",
            "ALTER TABLE s.t ADD c int, ALTER a TYPE timestamptz USING a AT TIME ZONE 'Asia/Tokyo', DROP b",
        ]
    );
}

#[test]
fn sequences_are_not_reset() {
    let check = |sql: &str| check(&SequenceResetDrop, sql).concat();
    assert_eq!(check("ALTER SEQUENCE s RESTART WITH 5"), "");
    assert_eq!(check("ALTER SEQUENCE s INCREMENT 2 RESTART 5"), "ALTER SEQUENCE s INCREMENT 2");
    assert_eq!(
        check("ALTER TABLE t ALTER id SET CACHE 2 SET START 3 RESTART 4"),
        "ALTER TABLE t ALTER id SET CACHE 2 SET START 3"
    );
    assert_eq!(check("ALTER TABLE t ALTER id RESTART, ADD a int"), "ALTER TABLE t ADD a int");
    assert_eq!(check("TRUNCATE t RESTART IDENTITY CASCADE"), "TRUNCATE t CASCADE");
    assert_eq!(check("DO $$ BEGIN PERFORM setval('s', 1); END $$"), "DO $$ BEGIN NULL; END $$");
}

#[test]
fn bounds_of_batches() {
    let block = "DO $$ DECLARE i int := 0; BEGIN WHILE i <= 100 LOOP UPDATE t SET a = 1 WHERE id IN \
                 (SELECT id FROM t LIMIT 10); i := i + 10; EXIT WHEN i > 50; END LOOP; \
                 FOR j IN REVERSE 9..1 BY 2 LOOP DELETE FROM t; END LOOP; END $$";
    assert_eq!(
        check(&BatchBound, block),
        [
            block.replace("<= 100", "< 100"),
            block.replace("+ 10", "+ 11"),
            block.replace("i > 50", "i >= 50"),
            block.replace("9..1 ", "9..(1) + 1 "),
            block.replace("BY 2", "BY 3"),
        ]
    );
    assert_eq!(
        check(&BatchBound, "DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 10)"),
        ["DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 9)"]
    );
    assert!(check(&BatchBound, "INSERT INTO t SELECT 1 FROM u LIMIT 1").is_empty());
}
