//! How mutants end.

use confiture_tests::Scenario;

#[test]
fn try_it() {
    let scenario = Scenario::new(&[
        ("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY, name text, age int);"),
        ("0001_users.down.sql", "DROP TABLE users;"),
        (
            "0002_adult.up.sql",
            "ALTER TABLE users ADD adult bool; UPDATE users SET adult = true WHERE age >= 18;",
        ),
        ("0002_adult.down.sql", "ALTER TABLE users DROP adult;"),
    ])
    .with_rows();
    let report = scenario.try_mutate(|_| {}).unwrap();
    for mutant in &report.mutants {
        println!(
            "{} {:?} {:?} {:?}\n{}",
            mutant.id,
            mutant.status,
            mutant.killed_by,
            mutant.reason,
            mutant.suggestion.as_deref().unwrap_or("")
        );
    }
    println!("{:?} {:?}", report.totals, report.score);
}
