//! goose (Go).

use std::ops::Range;

use super::assemble::Recipe;
use super::gather::{Entry, Gather, foreign, is_test, pair, refused};
use super::manifest::Traces;
use super::naming::{Number, counted, sql_files, sql_stem};
use super::sections::{files_with_line, has_sql, lines, marked, text_start};
use super::template::Template;
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `N_name.sql` with `-- +goose Up` and `-- +goose Down`.
#[derive(Debug, Default)]
pub struct Goose;

crate::register!(layout Goose);

impl Layout for Goose {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "goose",
            summary: "goose: N_name.sql with `-- +goose Up` and `-- +goose Down`",
            docs: include_str!("goose.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let (count, first) = files_with_line(sql_files(dir), |line| marker(line).is_some());
        if let (Some(first), Some(confidence)) = (first, marked(count, sql_files(dir).count())) {
            let reason = format!("`-- +goose` in {}, first {}", counted(count, "SQL file"), first.name());
            return Detection::new(confidence, reason);
        }
        // Only steps in Go: the module has to say whose they are.
        let go = dir.here().filter(|file| go_version(file).is_some()).count();
        if go == 0 || sql_files(dir).next().is_some() {
            return Detection::no();
        }
        let named = Detection::new(Confidence::Names, format!("{} named N_name.go", counted(go, "file")));
        let found = Traces { go: &["pressly/goose"], ..Traces::default() }.raise(dir, named);
        if found.confidence == Confidence::Manifest { found } else { Detection::no() }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut entries = Vec::new();
        for file in dir.here() {
            let stem =
                sql_stem(file.name()).or_else(|| go_version(file).and(file.name().strip_suffix(".go")));
            let Some(stem) = stem else { continue };
            let Some((version, name)) = version(stem) else {
                gather.unparsable(
                    file,
                    "goose wants a positive integer before the first `_` and stops at this file",
                );
                continue;
            };
            let (id, version, name) = (stem.to_owned(), version.to_owned(), name.to_owned());
            entries.push(Entry { id, version, name, direction: Direction::Up, file });
        }
        let (pairs, left) = pair(entries, Number::new);
        let recipe =
            Recipe::new(TransactionMode::Wrapped, &options.vars).template(Template::GooseEnv { on: false });
        for pair in pairs {
            let Some(file) = pair.up else { continue };
            let (up, down) = match file.name().ends_with(".go") {
                true => (foreign(file), foreign(file)),
                false => steps(&recipe, file),
            };
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.report_duplicates(|migration| Number::new(&migration.version), "goose refuses to start");
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<integer>_<name>.sql", &[]))
    }
}

/// goose reads digits before the first `_`; zero is not a version.
fn version(stem: &str) -> Option<(&str, &str)> {
    let (version, name) = stem.split_once('_')?;
    let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    let number = Number::new(version);
    (digits && number.fits_i64() && number != Number::new("0")).then_some((version, name))
}

/// The version of a step in Go; `None` for tests and other Go files.
fn go_version(file: &DirFile) -> Option<&str> {
    let stem = file.name().strip_suffix(".go").filter(|_| !is_test(file.name()))?;
    Some(version(stem)?.0)
}

/// The command of a `-- +goose …` line, in goose's own spelling: it takes any case.
fn marker(line: &str) -> Option<&str> {
    const COMMANDS: [&str; 5] = ["Up", "Down", "StatementBegin", "StatementEnd", "NO TRANSACTION"];
    let rest = line.strip_prefix("--")?.trim();
    let command = rest.strip_prefix("+goose").filter(|rest| rest.starts_with(char::is_whitespace))?.trim();
    Some(COMMANDS.into_iter().find(|known| known.eq_ignore_ascii_case(command)).unwrap_or(command))
}

fn steps(recipe: &Recipe<'_>, file: &DirFile) -> (Step, Step) {
    let cut = match cut(file.text()) {
        Ok(cut) => cut,
        Err(reason) if file.source().is_ok() => {
            return (refused(file, reason.clone()), refused(file, reason));
        }
        Err(_) => Cut::default(),
    };
    let recipe = recipe.transaction(cut.transaction());
    let up = recipe.parts(file, |_| vec![cut.up.clone()]);
    let down = match &cut.down {
        Some(down) => recipe.parts(file, |_| vec![down.clone()]),
        None => Step::Absent,
    };
    (up, down)
}

/// The sections of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cut {
    up: Range<usize>,
    down: Option<Range<usize>>,
    no_transaction: bool,
}

impl Cut {
    fn transaction(&self) -> TransactionMode {
        if self.no_transaction { TransactionMode::Autocommit } else { TransactionMode::Wrapped }
    }
}

/// Cuts a file as goose's parser does, with its refusals. `NO TRANSACTION` counts wherever it stands, for
/// both directions.
fn cut(text: &str) -> Result<Cut, String> {
    let mut cut = Cut::default();
    let mut up = None;
    let mut block = None;
    for line in lines(text) {
        let Some(command) = marker(line.text) else { continue };
        match command {
            "Up" if up.is_some() => {
                return Err(format!("goose refuses it: a second `-- +goose Up` at line {}", line.number));
            }
            "Up" => {
                if has_sql(&text[text_start(text)..line.start]) {
                    return Err("goose refuses it: SQL before `-- +goose Up`".to_owned());
                }
                up = Some(line.end);
            }
            "Down" if up.is_none() || cut.down.is_some() => {
                return Err(format!(
                    "goose refuses it: `-- +goose Down` at line {} must follow one `-- +goose Up`",
                    line.number
                ));
            }
            "Down" => {
                cut.up = up.unwrap_or(line.start)..line.start;
                cut.down = Some(line.end..text.len());
            }
            "StatementBegin" => block = Some(line.number),
            "StatementEnd" => block = None,
            "NO TRANSACTION" => cut.no_transaction = true,
            _ => {}
        }
    }
    let Some(up) = up else {
        return Err("goose refuses it: it has no `-- +goose Up` line".to_owned());
    };
    if let Some(line) = block {
        return Err(format!("goose refuses it: `-- +goose StatementBegin` at line {line} is not ended"));
    }
    if cut.down.is_none() {
        cut.up = up..text.len();
    }
    Ok(cut)
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS goose_db_version (\n\tid integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,\n\t\
             version_id bigint NOT NULL,\n\tis_applied boolean NOT NULL,\n\ttstamp timestamp NOT NULL DEFAULT now()\n)"
                .to_owned(),
            "INSERT INTO goose_db_version (version_id, is_applied) SELECT 0, true \
             WHERE NOT EXISTS (SELECT FROM goose_db_version)"
                .to_owned(),
        ],
        insert: "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($VERSION, true)".to_owned(),
        delete: "DELETE FROM goose_db_version WHERE version_id = $VERSION".to_owned(),
        select: "SELECT version_id::text FROM goose_db_version WHERE version_id > 0 ORDER BY id".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{project, read};

    #[test]
    fn sections_and_statement_blocks_are_read() {
        insta::assert_snapshot!(read(&[(
            "00001_a.sql",
            "-- +goose Up\n-- +goose StatementBegin\ncreate function f() returns int as $$ select 1; $$ language sql;\n\
             -- +goose StatementEnd\nselect 1;\n-- +goose Down\ndrop function f;\n",
        )]), @r"
        goose: `-- +goose` in 1 SQL file, first 00001_a.sql
        00001_a (00001, a)
          up wrapped [3:1 create function f() returns int as $$ select 1; $$ language sql | 5:1 select 1]
          down wrapped [7:1 drop function f]
        ");
    }

    #[test]
    fn no_transaction_holds_for_both_directions() {
        insta::assert_snapshot!(read(&[
            ("1_a.sql", "-- +goose no transaction\n-- +goose up\nselect 1;\n-- +goose Down\nselect 2;"),
            ("2_b.sql", "-- +goose Up\nselect 3;"),
        ]), @r"
        goose: `-- +goose` in 2 SQL files, first 1_a.sql
        1_a (1, a)
          up autocommit [3:1 select 1]
          down autocommit [5:1 select 2]
        2_b (2, b)
          up wrapped [2:1 select 3]
          down absent
        ");
    }

    #[test]
    fn steps_in_go_are_shown_and_tests_are_not_steps() {
        insta::assert_snapshot!(read(&[
            ("1_a.sql", "-- +goose Up\nselect 1;\n-- +goose Down\n"),
            ("2_b.go", "package migrations"),
            ("2_b_test.go", "package migrations"),
            ("embed.go", "package migrations"),
        ]), @r"
        goose: `-- +goose` in 1 SQL file, first 1_a.sql
        1_a (1, a)
          up wrapped [2:1 select 1]
          down wrapped []
        2_b (2, b)
          up not run: the step is written in Go, which is not run: what it does is missing from the database that later migrations are tested on
          down not run: the step is written in Go, which is not run: what it does is missing from the database that later migrations are tested on
        - migrations/2_b_test.go: source code (Go)
        - migrations/embed.go: source code (Go)
        ");
    }

    #[test]
    fn environment_values_are_filled_in_where_switched_on() {
        insta::assert_snapshot!(project(&[(
            "m/1_a.sql",
            "-- +goose Up\n-- +goose ENVSUB ON\ncreate role ${ROLE};\nselect '${MISSING:-x}', $$ $1 $$;\n-- +goose ENVSUB OFF\nselect '$ROLE';\n-- +goose ENVSUB ON\n-- +goose Down\ndrop role ${ROLE};",
        )])
        .var("ROLE", "app")
        .read("m"), @r"
        goose: `-- +goose` in 1 SQL file, first 1_a.sql
        1_a (1, a)
          up wrapped [3:1 create role app | 4:1 select 'x', $$ $1 $$ | 6:1 select '$ROLE']
          down wrapped [9:1 drop role app]
        ");
    }

    #[test]
    fn files_goose_refuses_say_why() {
        insta::assert_snapshot!(read(&[
            ("1_a.sql", "-- +goose Up\nselect 1;"),
            ("2_b.sql", "-- +goose Up\nselect 1;\n-- +goose Up\n"),
            ("3_c.sql", "-- +goose Up\n-- +goose StatementBegin\nselect 1;"),
            ("4_d.sql", "select 1;"),
            ("x_e.sql", "-- +goose Up\n"),
        ]), @r"
        goose: `-- +goose` in 4 SQL files, first 1_a.sql
        1_a (1, a)
          up wrapped [2:1 select 1]
          down absent
        2_b (2, b)
          up not run: goose refuses it: a second `-- +goose Up` at line 3
          down not run: goose refuses it: a second `-- +goose Up` at line 3
        3_c (3, c)
          up not run: goose refuses it: `-- +goose StatementBegin` at line 2 is not ended
          down not run: goose refuses it: `-- +goose StatementBegin` at line 2 is not ended
        4_d (4, d)
          up not run: goose refuses it: it has no `-- +goose Up` line
          down not run: goose refuses it: it has no `-- +goose Up` line
        ? migrations/x_e.sql: its version cannot be read: goose wants a positive integer before the first `_` and stops at this file
        unparsable-version: the version of migrations/x_e.sql cannot be read: goose wants a positive integer before the first `_` and stops at this file
        ");
    }
}
