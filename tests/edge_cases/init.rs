//! `confiture init`: what it writes works, and what is there stays.

use crate::process::Project;

fn text(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn files_it_writes_are_used_by_the_next_test() {
    let project = Project::good();
    project
        .run(&["init", "m"])
        .exits(0)
        .prints(&["wrote confiture.toml", "wrote confiture/tests/example.sql"]);
    // Without a directory: confiture.toml says which.
    project.run(&["test"]).exits(0).prints(&["1 migration, 1 passed", "PASS  example"]);
    assert!(!project.path(".github").exists() && !project.path(".gitlab").exists());
}

#[test]
fn nothing_is_overwritten() {
    let project = Project::good();
    project.write("confiture.toml", "dir = 'm'\n");
    let ended = project.run(&["init", "--ci", "github"]).exits(0);
    ended.prints(&["kept  confiture.toml", "wrote .github/workflows/migration-deployment-gates.yml"]);
    assert_eq!(text(&project, "confiture.toml"), "dir = 'm'\n");
    let workflow = text(&project, ".github/workflows/migration-deployment-gates.yml");
    assert!(workflow.contains("MIGRATIONS: \"m\"") && !workflow.contains("@DIR@"));
    let again = project.run(&["init", "--ci", "github"]).exits(0);
    again.never_says("wrote");
    project
        .run(&["init", "--ci", "gitlab"])
        .exits(0)
        .prints(&["wrote .gitlab/migration-deployment-gates.yml"]);
}

#[test]
fn directory_that_is_not_there_is_a_usage_error() {
    let project = Project::good();
    project.run(&["init"]).exits(2).error(&["no directory migrations"]);
    assert!(!project.path("confiture.toml").exists());
}
