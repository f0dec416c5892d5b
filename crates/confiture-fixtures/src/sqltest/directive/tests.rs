use std::path::Path;

use super::super::test::{Action, TestKind, UserTest};

fn parsed(text: &str) -> UserTest {
    UserTest::parse("t", Path::new("t.sql"), text.to_owned())
}

/// `line:column label; help` of every problem.
fn problems(text: &str) -> Vec<String> {
    let test = parsed(text);
    let line = |finding: &confiture_core::Diagnostic| {
        let at = finding.location.as_ref().map(|at| format!("{}:{}", at.line, at.column)).unwrap_or_default();
        let label = finding.label.as_deref().unwrap_or(finding.code);
        format!("{at} {label}; {}", finding.help.as_deref().unwrap_or_default())
    };
    test.problems().iter().map(line).collect()
}

/// The actions of a file that can be used, one word each.
fn actions(text: &str) -> String {
    let test = parsed(text);
    assert_eq!(problems(text), Vec::<String>::new(), "{text}");
    let word = |action: &Action| match action {
        Action::Migrate { version, measured, caught, .. } => {
            let caught = caught.as_ref().map_or(String::new(), |state| format!("?{state}"));
            format!("up:{version}{}{caught}", if *measured { "!" } else { "" })
        }
        Action::Rollback { version, caught, .. } => {
            let caught = caught.as_ref().map_or(String::new(), |state| format!("?{state}"));
            format!("down:{version}{caught}")
        }
        Action::AtMost { mode, table, .. } => format!("<={mode}@{table}"),
        Action::Statement { expected, .. } => {
            let expected: Vec<String> = expected.iter().map(|(e, _)| format!("{e:?}")).collect();
            format!("sql[{}]", expected.join(","))
        }
    };
    test.actions.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_example_of_the_manual_is_read() {
    let text = "\
-- confiture: migrate to 0006
INSERT INTO users(name) VALUES ('Ada Lovelace');
-- confiture: migrate to 0007
-- confiture: assert
SELECT first = 'Ada' AND last = 'Lovelace' FROM users;
-- confiture: catch 23505
INSERT INTO users(id) SELECT id FROM users;
-- confiture: uses-index users_email_idx
SELECT * FROM users WHERE email = 'x';
-- confiture: at-most SHARE UPDATE EXCLUSIVE on users     (the lock the last migration step may take)
";
    assert_eq!(
        actions(text),
        "up:0006 sql[] up:0007! sql[Assert] sql[Catch(\"23505\")] sql[UsesIndex(\"users_email_idx\")] \
         <=SHARE UPDATE EXCLUSIVE@users"
    );
}

#[test]
fn directives_are_comments_of_their_own_line_in_any_spelling_of_the_name() {
    let assertion = "sql[Assert]";
    for line in
        ["-- confiture: assert", "--confiture:assert", "  -- Confiture : assert", "---- CONFITURE: assert"]
    {
        assert_eq!(actions(&format!("{line}\nSELECT true;")), assertion, "{line}");
    }
    let both = "-- confiture: uses-index i\n-- a remark\n-- confiture: assert\nSELECT true;";
    assert_eq!(actions(both), "sql[UsesIndex(\"i\"),Assert]");
    assert_eq!(
        actions("SELECT '-- confiture: nonsense';\n-- confiture: assert\nSELECT true"),
        "sql[] sql[Assert]"
    );
    let copy = "COPY t FROM stdin;\n-- confiture: nonsense\n\\.\n-- confiture: assert\nSELECT true;";
    assert_eq!(actions(copy), "sql[] sql[Assert]");
}

#[test]
fn what_is_no_directive_is_refused_with_what_was_meant() {
    let one = |text: &str| problems(&format!("{text}\nSELECT 1;\n-- confiture: assert\nSELECT true;"));
    assert_eq!(
        one("-- confiture: asert"),
        ["1:1 unknown directive \"asert\"; did you mean  -- confiture: assert ?"]
    );
    assert_eq!(
        one("-- confiture: at-most SHARE UPDATES on t"),
        [
            "1:1 SHARE UPDATES is no lock mode; there are: ACCESS SHARE, ROW SHARE, ROW EXCLUSIVE, SHARE UPDATE EXCLUSIVE, \
         SHARE, SHARE ROW EXCLUSIVE, EXCLUSIVE, ACCESS EXCLUSIVE"
        ]
    );
    assert_eq!(
        one("-- confiture: catch 2350"),
        [
            "1:1 2350 is neither a SQLSTATE nor the name of one; write five characters, such as 23505, or a name, such as \
         unique_violation"
        ]
    );
    assert_eq!(
        one("-- confiture: migrate 7"),
        ["1:1 migrate is not written like this; write  -- confiture: migrate to VERSION"]
    );
    assert_eq!(one("-- confiture assert"), ["1:1 the colon is missing; write  -- confiture: assert"]);
    assert_eq!(
        one("/* confiture: assert */"),
        ["1:1 a directive is a line comment; write it as  -- confiture: DIRECTIVE"]
    );
    assert_eq!(
        one("-- confiture:"),
        ["1:1 a directive is missing after confiture:; write one, or remove the line"]
    );
    assert_eq!(one("-- confiture makes jam of it"), Vec::<String>::new());
    assert_eq!(
        one("SELECT 1; -- confiture: assert"),
        ["1:11 a directive stands on a line of its own; put it above the statement"]
    );
    assert_eq!(
        one("SELECT\n-- confiture: assert\n1;"),
        ["2:1 a directive stands above a statement, not in it; move it up"]
    );
    assert_eq!(
        one("\\i other.sql"),
        [
            "1:1 \\i is a command of psql, not of the server; write it in SQL; put what several tests need into --setup"
        ]
    );
}

#[test]
fn a_failure_is_announced_of_a_step_too() {
    assert_eq!(
        actions(
            "-- confiture: migrate to 1\nSELECT 1;\n-- confiture: catch 2BP01\n-- confiture: migrate to 2\n\
             -- confiture: catch raise_exception\n-- confiture: rollback to 0\n"
        ),
        "up:1 sql[] up:2?2BP01 down:0?raise_exception"
    );
    // A step that fails is an assertion, and holds no locks.
    assert_eq!(actions("-- confiture: catch 2BP01\n-- confiture: migrate to 2\n"), "up:2?2BP01");
    assert_eq!(
        problems("-- confiture: catch 2BP01\n-- confiture: migrate to 2\n-- confiture: at-most SHARE on t\n"),
        [
            "3:1 there is no migration step before it whose locks it could mean; put  -- confiture: migrate to VERSION  \
             above it"
        ]
    );
    assert_eq!(
        problems("-- confiture: assert\n-- confiture: migrate to 2\n-- confiture: assert\nSELECT true;"),
        ["1:1 no statement follows before the next migration; write the statement between them"]
    );
}

#[test]
fn directives_have_a_place() {
    assert_eq!(
        problems("SELECT 1;\n-- confiture: assert\n"),
        ["2:1 no statement follows assert; write the statement below it"]
    );
    assert_eq!(
        problems("SELECT 1;\n-- confiture: migrate to 2\n-- confiture: assert\nSELECT true;"),
        [
            "2:1 the statements above it stand at no version; begin the file with  -- confiture: migrate to VERSION"
        ]
    );
    assert_eq!(
        problems("-- confiture: at-most SHARE on t\n-- confiture: assert\nSELECT true;"),
        [
            "1:1 there is no migration step before it whose locks it could mean; put  -- confiture: migrate to VERSION  above it"
        ]
    );
    assert_eq!(
        problems(
            "-- confiture: migrate to 1\nBEGIN;\n-- confiture: migrate to 2\n-- confiture: assert\nSELECT true;"
        ),
        [
            "3:1 the test has a transaction open; write COMMIT or ROLLBACK above it: migrations run in a session of their \
          own, which would wait for this one"
        ]
    );
    assert_eq!(
        problems("-- confiture: catch 23505\n-- confiture: assert\nSELECT true;"),
        [
            "2:1 a statement that fails has neither rows nor a plan; write the statement twice, each with its own directive"
        ]
    );
}

#[test]
fn a_test_that_cannot_fail_is_none() {
    let nothing =
        "test-asserts-nothing; put  -- confiture: assert  above a query that returns true when all is well";
    for text in ["", "-- a remark\n", "SELECT true;", "-- confiture: migrate to 3\nINSERT INTO t VALUES (1);"]
    {
        assert_eq!(problems(text), [format!("1:1 {nothing}")], "{text}");
    }
}

#[test]
fn pgtap_files_are_known_by_their_calls() {
    let tap = "\\unset ECHO\n\\set QUIET 1\n\\pset format unaligned\nBEGIN;\nSELECT plan(1);\nSELECT pass();\n\
               SELECT * FROM finish();\nROLLBACK;\n";
    assert_eq!((parsed(tap).kind(), problems(tap)), (TestKind::PgTap, Vec::new()));
    let include = problems(&format!("\\i helpers.sql\n{tap}"));
    assert!(include.len() == 1 && include[0].contains("\\i is a command of psql"), "{include:?}");
    let plan = "-- confiture: assert\nSELECT count(*) = 0 FROM plan;";
    assert_eq!(parsed(plan).kind(), TestKind::Directives, "a table called plan is no call");
    let asserted = "-- confiture: assert\nSELECT plan(1) = 'x';";
    assert_eq!(parsed(asserted).kind(), TestKind::Directives);
}
