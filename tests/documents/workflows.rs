//! Workflows call what there is: their lines that run confiture are run with `--help`, their formats and gates exist,
//! and nothing in them hides a failure.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use confiture_tests::root;
use serde_json::Value;

/// The workflows of this repository, those that `confiture init` writes, and those of the guide.
fn workflows() -> Vec<(PathBuf, String)> {
    let dirs = [".github/workflows", "crates/confiture-cli/src/commands/init"];
    let entries = dirs.map(|dir| std::fs::read_dir(root().join(dir)).expect("a directory"));
    let mut files: Vec<PathBuf> =
        entries.into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yml"));
    files.push(root().join("docs/ci.md"));
    files.sort();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("a file");
        (file, text)
    };
    files.into_iter().map(read).collect()
}

/// The shell lines that start confiture, with what they continue on.
fn lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let starts = |line: &str| {
        // Text of the guide is not indented.
        let line = line.strip_prefix(' ')?.trim();
        let line = line.strip_prefix("- ").unwrap_or(line);
        let line = line.strip_prefix("run: ").unwrap_or(line);
        line.starts_with("confiture ").then(|| line.to_owned())
    };
    joined.lines().filter_map(starts).collect()
}

fn confiture(args: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_confiture-under-test")).args(args).output().expect("it runs");
    String::from_utf8(ran.stdout).expect("text")
}

/// Ids of the plugins of one kind.
fn plugins(kind: &str) -> BTreeSet<String> {
    let listed: Value = serde_json::from_str(&confiture(&["plugins", "--format", "json"])).expect("JSON");
    let all = listed.as_array().or_else(|| listed["plugins"].as_array()).expect("plugins").iter();
    let of_kind = all.filter(|plugin| plugin["kind"] == kind);
    of_kind.map(|plugin| plugin["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn lines_that_run_confiture_use_flags_and_formats_that_exist() {
    let formats = plugins("reporter");
    assert!(formats.contains("sarif"), "{formats:?}");
    let dir = tempfile::tempdir().expect("a directory");
    let mut seen = 0;
    for (file, text) in workflows() {
        for line in lines(&text) {
            seen += 1;
            let script = format!("confiture() {{ \"$PROGRAM\" \"$@\" --help; }}\n{line}");
            let ran = Command::new("bash")
                .args(["-euo", "pipefail", "-c", &script])
                .current_dir(dir.path())
                .env("PROGRAM", env!("CARGO_BIN_EXE_confiture-under-test"))
                .env("GITHUB_STEP_SUMMARY", dir.path().join("summary.md"))
                .envs(
                    ["MIGRATIONS", "BASE", "GATE", "CONFITURE_PG", "GITHUB_BASE_REF"]
                        .map(|name| (name, "17")),
                )
                .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
                .output()
                .expect("bash");
            let said = String::from_utf8_lossy(&ran.stderr);
            assert!(ran.status.success(), "{}: {line}\n{said}", file.display());
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2).filter(|pair| ["--format", "--report"].contains(&pair[0])) {
                let format = pair[1].split('=').next().unwrap_or_default();
                assert!(formats.contains(format), "{}: {line}: no format {format}", file.display());
            }
        }
    }
    assert!(seen >= 6, "only {seen} lines");
}

#[test]
fn line_with_a_flag_that_does_not_exist_would_be_noticed() {
    let ran = Command::new(env!("CARGO_BIN_EXE_confiture-under-test"))
        .args(["gate", "m", "--nonsense", "--help"])
        .output()
        .expect("it runs");
    assert_eq!(ran.status.code(), Some(2));
    let text = "  run: |\n    confiture gate m \\\n      --nonsense\n";
    assert_eq!(lines(text), ["confiture gate m        --nonsense"]);
}

#[test]
fn every_gate_has_a_check_and_no_failure_is_hidden() {
    let gates = plugins("gate");
    assert!(gates.len() >= 9, "{gates:?}");
    for (file, text) in workflows() {
        let place = file.display();
        for hides in ["exit 0", "|| true", "continue-on-error", "allow_failure"] {
            assert!(!text.contains(hides), "{place}: {hides}");
        }
        for uses in
            text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        {
            let commit = uses.split(['@', ' ']).nth(1).unwrap_or_default();
            let pinned = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(pinned || uses.starts_with("./"), "{place}: {uses} is not pinned by a hash");
        }
        if text.contains("confiture report reports/gates.json --gate") {
            for gate in &gates {
                let item = format!("- {gate}");
                assert!(text.lines().any(|line| line.trim() == item), "{place} has no check for {gate}");
            }
        }
    }
}
