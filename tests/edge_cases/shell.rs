//! Commands that need no server.

use crate::process::Project;

#[test]
fn manual_page_names_every_command() {
    let ended = Project::new(&[]).run(&["man"]).exits(0).prints(&[".TH confiture 1", "CONFITURE_SERVER"]);
    for command in ["test", "generate", "doctor", "server", "plugins", "explain", "completions", "man"] {
        assert!(ended.stdout.contains(command), "{command}");
    }
    assert!(ended.stdout.lines().all(|line| !line.contains("under\\-test")), "the name users know");
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        Project::new(&[]).run(&["completions", shell]).exits(0).prints(&["confiture", "doctor", "layout"]);
    }
    Project::new(&[]).run(&["completions", "csh"]).exits(2).error(&["csh", "bash"]);
}

#[test]
fn bash_accepts_its_completions() {
    let project = Project::new(&[]);
    let script = project.run(&["completions", "bash"]).exits(0).stdout;
    project.write("completions.bash", script);
    let checked = std::process::Command::new("bash").arg("-n").arg(project.path("completions.bash")).output();
    match checked {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(error) => println!("no bash here: {error}"),
    }
}

#[test]
fn every_finding_code_has_its_page() {
    let project = Project::new(&[]);
    let list = project.run(&["explain"]).exits(0).stdout;
    let codes: Vec<&str> =
        list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(codes.contains(&"unreadable-file") && codes.contains(&"rollback-leaves-object"), "{codes:?}");
    for code in codes {
        project.run(&["explain", code]).exits(0).prints(&["# "]);
    }
    project
        .run(&["explain", "rollback-leave-object"])
        .exits(2)
        .error(&["did you mean rollback-leaves-object?"]);
}

#[test]
fn a_mutation_operator_is_explained_with_its_example() {
    let project = Project::new(&[]);
    let page = project.run(&["explain", "pk-drop"]).exits(0).stdout;
    for text in [
        "# pk-drop\n",
        "- Severity: critical\n",
        "-CREATE TABLE users (id int PRIMARY KEY, name text);\n",
        "+CREATE TABLE users (id int, name text);\n",
        "A test that notices:",
    ] {
        assert!(page.contains(text), "{text} is missing:\n{page}");
    }
    assert!(project.run(&["explain", "down-empty"]).exits(0).stdout.contains("The check `down` notices."));
    project.run(&["explain", "pk-drp"]).exits(2).error(&["did you mean pk-drop?"]);
}

#[test]
fn plugins_are_listed_as_json() {
    let ended = Project::new(&[]).run(&["plugins", "--format", "json"]).exits(0);
    let plugins = ended.json();
    let ids: Vec<&str> =
        plugins.as_array().expect("a list").iter().filter_map(|p| p["id"].as_str()).collect();
    for id in ["plain", "down", "junit"] {
        assert!(ids.contains(&id), "{ids:?}");
    }
}

#[test]
fn doctor_finds_a_server_and_does_not_use_database_url() {
    let project = Project::new(&[]);
    let mut command = project.command(["doctor"]);
    command.env("DATABASE_URL", "postgresql://ada:hunter2@127.0.0.1:1/app");
    let ended = project.start(command).end().exits(0).never_says("hunter2");
    ended.prints(&["ok           PostgreSQL", "DATABASE_URL is set; confiture never uses it"]);
}

#[test]
fn doctor_without_a_server_says_what_is_wrong() {
    let ended = Project::new(&[]).run(&["doctor", "--pg-bin", "/nonexistent"]).exits(3);
    ended.prints(&["problem", "/nonexistent"]);
}

#[test]
fn random_schema_is_the_same_for_the_same_seed() {
    let project = Project::new(&[]);
    let schema = |seed: &str| project.run(&["generate", "schema", "--seed", seed]).exits(0).stdout;
    assert!(schema("7").contains("CREATE TABLE"));
    assert_eq!(schema("7"), schema("7"));
    assert_ne!(schema("7"), schema("8"));
}

#[test]
fn random_chain_passes_in_every_layout() {
    for layout in ["plain", "golang-migrate", "sqlx", "goose", "dbmate"] {
        let project = Project::new(&[]);
        let generate =
            ["generate", "migrations", "--seed", "3", "--count", "9", "--out", "m", "--layout", layout];
        project.run(&generate).exits(0).prints(&["files in m"]);
        project.run(&["test", "m", "--layout", layout]).exits(0).prints(&["9 migrations"]);
        project.run(&generate).exits(2).error(&["m is not empty"]);
    }
    let project = Project::new(&[]);
    let slip = ["generate", "migrations", "--out", "m", "--layout", "goos"];
    project.run(&slip).exits(2).error(&["did you mean goose?"]);
}
