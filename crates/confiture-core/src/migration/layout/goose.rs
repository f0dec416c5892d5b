//! goose (Go).

use std::ops::Range;

use super::assemble::Recipe;
use super::gather::{Entry, Gather, foreign, is_test, pair, refused};
use super::manifest::Traces;
use super::naming::{Number, sql_files, sql_stem};
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
            let reason = format!("`-- +goose` in {count} SQL files, first {}", first.name());
            return Detection::new(confidence, reason);
        }
        // Only steps in Go: the module has to say whose they are.
        let go = dir.here().filter(|file| go_version(file).is_some()).count();
        if go == 0 || sql_files(dir).next().is_some() {
            return Detection::no();
        }
        let named = Detection::new(Confidence::Names, format!("{go} files named N_name.go"));
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
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars).template(Template::GooseEnv);
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

/// The command of a `-- +goose …` line.
fn marker(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("--")?.trim();
    rest.strip_prefix("+goose").filter(|rest| rest.starts_with(char::is_whitespace)).map(str::trim)
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
