//! Numbered SQL files without a tool, and confiture's own convention.

use super::assemble::Recipe;
use super::gather::{Entry, Gather, pair};
use super::naming::{Number, counted, is_numbered, leading_digits, sql_files, sql_stem};
use super::sections::{comment_marker, lines};
use super::template::Template;
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, TransactionMode};
use crate::plugin::PluginMeta;

/// `NNN_name.sql` with `NNN_name.down.sql` or `NNN_name_rollback.sql`.
#[derive(Debug, Default)]
pub struct Plain;

crate::register!(layout Plain);

impl Layout for Plain {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "plain",
            summary: "numbered SQL files: 001_name.sql, 001_name.down.sql or 001_name_rollback.sql",
            docs: include_str!("plain.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let marked = sql_files(dir)
            .find(|file| lines(file.text()).any(|line| comment_marker(line.text, "confiture:").is_some()));
        let numbered = entries(dir).len();
        if let Some(file) = marked.filter(|_| numbered > 0) {
            return Detection::new(Confidence::Markers, format!("`-- confiture:` in {}", file.name()));
        }
        let sql = sql_files(dir).count();
        let rollback = sql_files(dir).find(|file| {
            sql_stem(file.name()).is_some_and(|stem| is_numbered(stem) && stem.ends_with("_rollback"))
        });
        if let Some(file) = rollback {
            return Detection::new(Confidence::Shape, format!("rollbacks named like {}", file.name()));
        }
        let split = |name: &str| dir.inside(name).any(|file| sql_stem(file.name()).is_some_and(is_numbered));
        if sql == 0 && split("up") && split("down") {
            return Detection::new(Confidence::Shape, "numbered SQL files in up/ and down/");
        }
        if numbered > 0 && numbered * 2 >= sql {
            return Detection::new(Confidence::Names, counted(numbered, "numbered SQL file"));
        }
        Detection::no()
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let (pairs, left) = pair(entries(dir), version_key);
        let recipe = Recipe { psql: true, ..Recipe::new(TransactionMode::Wrapped, &options.vars) }
            .template(Template::Placeholders);
        for pair in pairs {
            let up = recipe.transaction(mode(pair.up)).file(pair.up);
            let down = recipe.transaction(mode(pair.down)).file(pair.down);
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather
            .report_duplicates(|migration| version_key(&migration.version), "their order is left to chance");
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("NNN_name.sql", &["up", "down"]))
    }
}

fn entries(dir: &Dir) -> Vec<Entry<'_>> {
    let here = sql_files(dir).map(|file| (file, None));
    let up = dir.inside("up").map(|file| (file, Some(Direction::Up)));
    let down = dir.inside("down").map(|file| (file, Some(Direction::Down)));
    let mut found: Vec<_> = here.filter_map(|(file, place)| entry(file, place)).collect();
    if found.is_empty() {
        found = up.chain(down).filter_map(|(file, place)| entry(file, place)).collect();
    }
    found
}

fn entry(file: &DirFile, place: Option<Direction>) -> Option<Entry<'_>> {
    let stem = sql_stem(file.name())?;
    let (stem, direction) = direction(stem);
    let (version, name) = version_and_name(stem)?;
    Some(Entry {
        id: stem.to_owned(),
        version: version.to_owned(),
        name: name.to_owned(),
        direction: place.unwrap_or(direction),
        file,
    })
}

fn direction(stem: &str) -> (&str, Direction) {
    for (suffix, direction) in [
        (".up", Direction::Up),
        (".down", Direction::Down),
        ("_rollback", Direction::Down),
        (".rollback", Direction::Down),
        ("-rollback", Direction::Down),
    ] {
        if let Some(rest) = stem.strip_suffix(suffix) {
            return (rest, direction);
        }
    }
    (stem, Direction::Up)
}

/// `2023-01-20.0` and `initial` of `2023-01-20.0-initial`; `0007` and `users` of `0007_users`.
///
/// Groups of digits joined by `.` or `-` belong to the version, as do `date_time` of eight and six digits.
pub(super) fn version_and_name(stem: &str) -> Option<(&str, &str)> {
    let (first, mut rest) = leading_digits(stem)?;
    let mut end = first.len();
    let mut group = first;
    while let Some(separator) = rest.chars().next().filter(|c| matches!(c, '.' | '-' | '_')) {
        let Some((digits, after)) = leading_digits(&rest[1..]) else { break };
        let whole = after.is_empty() || after.starts_with(['.', '-', '_']);
        let joined = separator != '_' || (group.len() == 8 && digits.len() == 6);
        if !whole || !joined {
            break;
        }
        end += 1 + digits.len();
        group = digits;
        rest = after;
    }
    let name = rest.trim_start_matches(['_', '-', '.', ' ']);
    (rest.is_empty() || name.len() < rest.len()).then_some((&stem[..end], name))
}

/// A version as its numbers.
pub(super) fn version_key(version: &str) -> Vec<Number> {
    version.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).map(Number::new).collect()
}

/// Autocommit when the file says `-- confiture: no-transaction`.
pub(super) fn mode(file: Option<&DirFile>) -> TransactionMode {
    let text = file.map_or("", DirFile::text);
    match lines(text).any(|line| comment_marker(line.text, "confiture:") == Some("no-transaction")) {
        true => TransactionMode::Autocommit,
        false => TransactionMode::Wrapped,
    }
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS tb_confiture (version text PRIMARY KEY, name text NOT NULL, \
             applied_at timestamptz NOT NULL DEFAULT now())"
                .to_owned(),
        ],
        insert: "INSERT INTO tb_confiture (version, name) VALUES ($VERSION, $NAME)".to_owned(),
        delete: "DELETE FROM tb_confiture WHERE version = $VERSION".to_owned(),
        select: "SELECT version FROM tb_confiture ORDER BY version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{project, read};

    #[test]
    fn files_pair_by_name_and_sort_by_number() {
        insta::assert_snapshot!(read(&[
            ("10_b.sql", "create table b (id int);"),
            ("9_a.up.sql", "create table a (id int);\ncomment on table a is ';';"),
            ("9_a.down.sql", "drop table a;"),
            ("10_b_rollback.sql", "drop table b"),
            ("9.verify.sql", "select true"),
            ("README.md", ""),
        ]), @r"
        plain: rollbacks named like 10_b_rollback.sql
        9_a (9, a) verified
          up wrapped [1:1 create table a (id int) | 2:1 comment on table a is ';']
          down wrapped [1:1 drop table a]
        10_b (10, b)
          up wrapped [1:1 create table b (id int)]
          down wrapped [1:1 drop table b]
        - migrations/README.md: documentation
        ");
    }

    #[test]
    fn the_marker_takes_a_file_out_of_its_transaction() {
        insta::assert_snapshot!(read(&[
            ("1_a.sql", "-- confiture: no-transaction\ncreate index concurrently i on t (x);"),
            ("1_a.down.sql", "drop index i;"),
        ]), @r"
        plain: `-- confiture:` in 1_a.sql
        1_a (1, a)
          up autocommit [2:1 create index concurrently i on t (x)]
          down wrapped [1:1 drop index i]
        ");
    }

    #[test]
    fn up_and_down_directories_are_one_layout() {
        insta::assert_snapshot!(read(&[("up/001_a.sql", "select 1"), ("down/001_a.sql", "select 2")]), @r"
        plain: numbered SQL files in up/ and down/
        001_a (001, a)
          up wrapped [1:1 select 1]
          down wrapped [1:1 select 2]
        ");
    }

    #[test]
    fn dates_with_a_counter_are_versions() {
        insta::assert_snapshot!(read(&[
            ("2023-01-20.10-b.sql", "select 2"),
            ("2023-01-20.9-a.sql", "select 1"),
            ("20230121_120000_c.sql", "select 3"),
        ]), @r"
        plain: 3 numbered SQL files
        2023-01-20.9-a (2023-01-20.9, a)
          up wrapped [1:1 select 1]
          down absent
        2023-01-20.10-b (2023-01-20.10, b)
          up wrapped [1:1 select 2]
          down absent
        20230121_120000_c (20230121_120000, c)
          up wrapped [1:1 select 3]
          down absent
        ");
    }

    #[test]
    fn duplicates_and_unknown_files_are_named() {
        insta::assert_snapshot!(read(&[
            ("1_a.sql", "select 1"),
            ("01_b.sql", "select 2"),
            ("2_c.sql", "select 3"),
            ("3_d.down.sql", "select 4"),
            ("helper.sql", "select 5"),
        ]), @r"
        plain: 4 numbered SQL files; sqlx fits as well: --layout NAME settles it
        01_b (01, b)
          up wrapped [1:1 select 2]
          down absent
        1_a (1, a)
          up wrapped [1:1 select 1]
          down absent
        2_c (2, c)
          up wrapped [1:1 select 3]
          down absent
        ? migrations/3_d.down.sql: rolls back 3_d, which no file applies
        ? migrations/helper.sql: its name is not NNN_name.sql
        duplicate-version: version 1 is used by migrations/01_b.sql and by migrations/1_a.sql
        ");
    }

    #[test]
    fn placeholders_take_values_and_name_the_missing() {
        insta::assert_snapshot!(project(&[
            ("m/1_a.sql", "create table :S.a (t text[]);\nselect t[1:2], 'x'::text, :'who' from :S.a"),
            ("m/2_b.sql", "select 1;\nselect :other"),
        ])
        .var("S", "app")
        .var("who", "me")
        .read("m"), @r"
        plain: 2 numbered SQL files; sqlx fits as well: --layout NAME settles it
        1_a (1, a)
          up wrapped [1:1 create table app.a (t text[]) | 2:1 select t[1:2], 'x'::text, 'me' from app.a]
          down absent
        2_b (2, b)
          up not run: the template value other (line 2) has not been given: --var other=VALUE
          down absent
        ");
    }

    #[test]
    fn psql_commands_that_change_nothing_are_passed_over() {
        insta::assert_snapshot!(read(&[
            ("1_a.sql", "\\set ON_ERROR_STOP on\n\\echo hello\nselect 1;"),
            ("2_b.sql", "select 1;\n\\i other.sql\n"),
        ]), @r"
        plain: 2 numbered SQL files; sqlx fits as well: --layout NAME settles it
        1_a (1, a)
          up wrapped [3:1 select 1]
          down absent
        2_b (2, b)
          up not run: psql meta command \i at line 2
          down absent
        ");
    }

    #[test]
    fn copy_data_is_kept_with_its_statement() {
        insta::assert_snapshot!(read(&[("1_a.sql", "copy t from stdin;\n1\ta\n2\tb\n\\.\nselect 1;")]), @r#"
        plain: 1 numbered SQL file; sqlx fits as well: --layout NAME settles it
        1_a (1, a)
          up wrapped [1:1 copy t from stdin <- "1\ta\n2\tb\n" | 5:1 select 1]
          down absent
        "#);
    }

    #[test]
    fn byte_order_marks_and_crlf_are_tolerated() {
        insta::assert_snapshot!(read(&[("1_a.sql", "\u{FEFF}select 1;\r\nselect 2;\r\n")]), @r"
        plain: 1 numbered SQL file; sqlx fits as well: --layout NAME settles it
        1_a (1, a)
          up wrapped [1:2 select 1 | 2:1 select 2]
          down absent
        ");
    }

    #[test]
    fn a_file_that_is_not_utf8_is_not_run() {
        insta::assert_snapshot!({
            let project = project(&[("m/1_a.sql", "select 1")]);
            project.write("m/2_b.sql", b"select 1;\nselect '\xE9';");
            project.read("m")
        }, @r"
        plain: 2 numbered SQL files; sqlx fits as well: --layout NAME settles it
        1_a (1, a)
          up wrapped [1:1 select 1]
          down absent
        2_b (2, b)
          up not run: it is not UTF-8: byte 0xE9 at offset 18, line 2; save it as UTF-8
          down absent
        unreadable-file: m/2_b.sql: it is not UTF-8: byte 0xE9 at offset 18, line 2; save it as UTF-8
        ");
    }
}
