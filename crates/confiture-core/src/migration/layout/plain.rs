//! Numbered SQL files without a tool, and confiture's own convention.

use super::assemble::Recipe;
use super::gather::{Entry, Gather, pair};
use super::naming::{Number, is_numbered, leading_digits, sql_files, sql_stem};
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
            return Detection::new(Confidence::Names, format!("{numbered} numbered SQL files"));
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
    loop {
        let Some(separator) = rest.chars().next().filter(|c| matches!(c, '.' | '-' | '_')) else { break };
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
