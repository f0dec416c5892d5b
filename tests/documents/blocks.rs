//! Every `sh` block of the README and the guide, every `sql` block of the guide, and the README's sample.

use std::path::{Path, PathBuf};
use std::process::Command;

use confiture_tests::{block_on, root, server};

/// A fenced block: its file, the line it starts at, its language, its text.
struct Block {
    file: PathBuf,
    line: usize,
    language: String,
    text: String,
}

impl Block {
    fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }
}

fn documents() -> Vec<PathBuf> {
    let guide = ["docs", "docs/fixtures"].map(|dir| std::fs::read_dir(root().join(dir)).expect("a guide"));
    let mut files: Vec<PathBuf> =
        guide.into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.push(root().join("README.md"));
    files.sort();
    files
}

fn blocks(language: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for file in documents() {
        let text = std::fs::read_to_string(&file).expect("a document");
        let mut open: Option<Block> = None;
        for (index, line) in text.lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(language)) => {
                    let (file, language) = (file.clone(), language.to_owned());
                    open = Some(Block { file, line: index + 2, language, text: String::new() });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => block.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", file.display());
    }
    blocks.retain(|block| block.language == language);
    blocks
}

#[test]
fn shell_blocks_run() {
    let bin = tempfile::tempdir().expect("a directory");
    let program = Path::new(env!("CARGO_BIN_EXE_confiture-under-test"));
    std::os::unix::fs::symlink(program, bin.path().join("confiture")).expect("a link");
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap_or_default());
    let blocks = blocks("sh");
    assert!(blocks.len() >= 8, "only {} blocks", blocks.len());
    for block in blocks {
        let ran = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &block.text])
            .current_dir(root())
            .env("PATH", &path)
            .output()
            .expect("bash");
        assert!(
            ran.status.success(),
            "{} ends with {}\n{}\n{}",
            block.place(),
            ran.status,
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}

/// Without what differs from machine to machine: durations and the server's version.
fn masked(output: &str) -> String {
    let mut after_name = false;
    let words = output.split_inclusive([' ', '\n']).map(|word| {
        let bare = word.trim_end();
        let seconds = bare.strip_suffix('s').is_some_and(|number| number.parse::<f64>().is_ok());
        let masked = seconds || std::mem::replace(&mut after_name, bare == "PostgreSQL");
        if masked { format!("*{}", &word[bare.len()..]) } else { word.to_owned() }
    });
    words.collect()
}

#[test]
fn sample_of_the_readme_is_what_the_program_prints() {
    let sample = blocks("console").into_iter().find(|block| block.file == root().join("README.md"));
    let sample = sample.expect("a sample");
    let dir = tempfile::tempdir().expect("a directory");
    let migrations = dir.path().join("migrations");
    std::fs::create_dir(&migrations).expect("a directory");
    for (name, text) in [
        ("0001_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n"),
        ("0001_users.down.sql", "DROP TABLE users;\n"),
        (
            "0002_user_status.sql",
            "CREATE TYPE user_status AS ENUM ('new', 'active');\n\
             ALTER TABLE users ADD COLUMN status user_status NOT NULL DEFAULT 'new';\n",
        ),
        ("0002_user_status.down.sql", "ALTER TABLE users DROP COLUMN status;\n"),
    ] {
        std::fs::write(migrations.join(name), text).expect("a file");
    }
    let ran = Command::new(env!("CARGO_BIN_EXE_confiture-under-test"))
        .args(["test", "migrations"])
        .current_dir(dir.path())
        .env_remove("CONFITURE_SERVER")
        .output()
        .expect("the program");
    let printed = format!("$ confiture test migrations\n{}", String::from_utf8_lossy(&ran.stdout));
    assert_eq!(masked(&printed), masked(&sample.text), "{}", sample.place());
    assert_eq!(ran.status.code(), Some(1));
}

#[test]
fn sql_blocks_run_on_an_empty_database() {
    let server = server();
    let blocks = blocks("sql");
    assert!(!blocks.is_empty());
    for block in blocks {
        block_on(async {
            let database = server.create_database("document").await.expect("a database");
            let session = database.session().await.expect("a session");
            for statement in confiture_core::sql::split(&block.text) {
                let sql = statement.text(&block.text);
                if let Err(failure) = session.execute(sql).await {
                    panic!("{}: {failure}\n{sql}", block.place());
                }
            }
            session.close().await;
            database.close().await.expect("dropped");
        });
    }
}
