//! Flyway (Java).

use std::collections::BTreeMap;

use super::assemble::Recipe;
use super::gather::{Entry, Gather, foreign, pair};
use super::manifest::Traces;
use super::naming::{Number, counted, sql_stem};
use super::sections::lines;
use super::template::Template;
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, ScriptStatement, Step, TransactionMode};
use crate::plugin::PluginMeta;
use crate::sql;

/// `V1_2__name.sql`, `U1_2__name.sql`, `R__name.sql`.
#[derive(Debug, Default)]
pub struct Flyway;

crate::register!(layout Flyway);

impl Layout for Flyway {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "flyway",
            summary: "Flyway: V1_2__name.sql, U1_2__name.sql, R__name.sql",
            docs: include_str!("flyway.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let names: Vec<_> = dir.files().iter().filter_map(|file| parse(sql_stem(file.name())?)).collect();
        if !dir.is_home_of(|file| sql_stem(file.name()).and_then(parse).is_some()) {
            return Detection::no();
        }
        let undoes = |undo: &Name<'_>| {
            let key = version_key(undo.version);
            names.iter().any(|name| name.kind == Kind::Versioned && version_key(name.version) == key)
        };
        // refinery knows none of these; its U is a migration that may come out of order.
        let only_flyway = names.iter().any(|name| match name.kind {
            Kind::Repeatable | Kind::Baseline => true,
            Kind::Undo => undoes(name),
            Kind::Versioned => name.version.contains(['.', '_']),
        });
        let confidence = if only_flyway { Confidence::Shape } else { Confidence::Names };
        let named = Detection::new(
            confidence,
            format!("{} named V1__name.sql or R__name.sql", counted(names.len(), "file")),
        );
        if let Some(config) = dir.any_config(&["flyway.toml", "flyway.conf", "flyway.user.toml"]) {
            return Detection::new(Confidence::Config, format!("{} is there", config.path.display()));
        }
        if let Some(conf) = dir.files().iter().find(|file| file.name().ends_with(".sql.conf")) {
            return Detection::new(Confidence::Config, format!("{} is there", conf.rel));
        }
        Traces { jvm: &["flyway"], node: &["node-flywaydb"], ..Traces::default() }.raise(dir, named)
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let settings = Settings::read(dir);
        let mut entries = Vec::new();
        let mut repeatable = Vec::new();
        for file in dir.files() {
            let stem = sql_stem(file.name()).or_else(|| foreign_stem(file.name()));
            let Some(stem) = stem else {
                if file.name().ends_with(".sql.conf") {
                    gather.ignore(file, "configuration of a migration", true);
                }
                continue;
            };
            let Some(name) = parse(stem) else {
                if is_callback(stem) && sql_stem(file.name()).is_some() {
                    gather.ignore(file, "a callback, which is not run", true);
                }
                continue;
            };
            let direction = match name.kind {
                Kind::Undo => Direction::Down,
                Kind::Baseline => {
                    gather.ignore(file, "a baseline, which is not run: the versioned migrations are", true);
                    continue;
                }
                Kind::Versioned | Kind::Repeatable => Direction::Up,
            };
            let id = match name.kind {
                Kind::Undo => format!("V{}", &stem[1..]),
                _ => stem.to_owned(),
            };
            let list = if name.kind == Kind::Repeatable { &mut repeatable } else { &mut entries };
            let (version, name) = (name.version.to_owned(), name.name.to_owned());
            list.push(Entry { id, version, name, direction, file });
        }
        repeatable.sort_by(|a, b| a.name.cmp(&b.name));
        let (mut pairs, left) = pair(entries, version_key);
        let (last, more) = pair(repeatable, |_| ());
        pairs.extend(last);
        for pair in pairs {
            let vars = settings.vars(pair.up.or(pair.down), options);
            let recipe = Recipe::new(TransactionMode::Wrapped, &vars).template(settings.template());
            let step = |file: Option<&DirFile>| match file {
                Some(file) if sql_stem(file.name()).is_none() => foreign(file),
                Some(file) => settings.transaction(dir, file, recipe.file(Some(file))),
                None => Step::Absent,
            };
            let (up, down) = (step(pair.up), step(pair.down));
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.leftover(more);
        // Every repeatable migration has the empty version.
        gather.report_duplicates(
            |migration| match migration.version.as_str() {
                "" => (Vec::new(), migration.id.clone()),
                version => (version_key(version), String::new()),
            },
            "Flyway refuses to start",
        );
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("V<version>__<name>.sql or R__<name>.sql", &[]))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Versioned,
    Undo,
    Repeatable,
    Baseline,
}

/// A file name in parts.
#[derive(Debug)]
pub(super) struct Name<'a> {
    kind: Kind,
    version: &'a str,
    name: &'a str,
}

/// The parts of `V1_2__name`, `U1__name`, `R__name`, `B1__name`.
pub(super) fn parse(stem: &str) -> Option<Name<'_>> {
    let (version, name) = stem.get(1..)?.split_once("__")?;
    let kind = match stem.as_bytes().first()? {
        b'V' => Kind::Versioned,
        b'U' => Kind::Undo,
        b'R' => Kind::Repeatable,
        b'B' => Kind::Baseline,
        _ => return None,
    };
    let is_version = !version.is_empty()
        && version
            .split(['.', '_'])
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let fits = if kind == Kind::Repeatable { version.is_empty() } else { is_version };
    fits.then_some(Name { kind, version, name })
}

/// The stem of a step in Java, Kotlin, a shell or Python.
fn foreign_stem(name: &str) -> Option<&str> {
    [".java", ".kt", ".sh", ".py", ".ps1"].iter().find_map(|extension| name.strip_suffix(extension))
}

fn is_callback(stem: &str) -> bool {
    let event = stem.split("__").next().unwrap_or(stem);
    ["before", "after", "create"].iter().any(|start| event.starts_with(start))
}

/// Parts compare as numbers; zeros at the end do not count (`1.0` is `1`).
fn version_key(version: &str) -> Vec<Number> {
    let mut parts: Vec<_> = version.split(['.', '_']).map(Number::new).collect();
    while parts.len() > 1 && parts.last() == Some(&Number::new("0")) {
        parts.pop();
    }
    parts
}

/// What flyway.conf or flyway.toml says.
#[derive(Debug, Default)]
struct Settings {
    placeholders: BTreeMap<String, String>,
    mixed: bool,
    no_placeholders: bool,
    no_transaction: bool,
}

impl Settings {
    fn read(dir: &Dir) -> Self {
        let mut settings = Self::default();
        if let Some(conf) = dir.config("flyway.conf") {
            for (key, value) in properties(&conf.text) {
                settings.set(key.strip_prefix("flyway.").unwrap_or(key), value);
            }
        }
        let toml =
            dir.config("flyway.toml").and_then(|found| toml::from_str::<toml::Table>(&found.text).ok());
        if let Some(flyway) =
            toml.as_ref().and_then(|table| table.get("flyway")).and_then(toml::Value::as_table)
        {
            for (key, value) in flyway {
                match value.as_table() {
                    Some(table) if key == "placeholders" => {
                        for (name, value) in table {
                            settings.set(&format!("placeholders.{name}"), &scalar(value));
                        }
                    }
                    _ => settings.set(key, &scalar(value)),
                }
            }
        }
        settings
    }

    fn set(&mut self, key: &str, value: &str) {
        match key {
            "mixed" => self.mixed = value == "true",
            "placeholderReplacement" => self.no_placeholders = value == "false",
            "executeInTransaction" => self.no_transaction = value == "false",
            _ => {
                if let Some(name) = key.strip_prefix("placeholders.") {
                    self.placeholders.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }

    fn template(&self) -> Template {
        if self.no_placeholders { Template::None } else { Template::DollarBrace }
    }

    /// Flyway's own placeholders, the configured ones, the user's; later ones win.
    fn vars(&self, file: Option<&DirFile>, options: &LoadOptions) -> BTreeMap<String, String> {
        let mut vars: BTreeMap<_, _> = [
            ("flyway:defaultSchema", "public"),
            ("flyway:table", "flyway_schema_history"),
            ("flyway:filename", file.map_or("", DirFile::name)),
            ("flyway:environment", "default"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        vars.extend(self.placeholders.clone());
        vars.extend(options.vars.clone());
        vars
    }

    /// Decides whether the script runs in a transaction, as Flyway does: by its `.conf` file, else by what
    /// its statements need.
    fn transaction(&self, dir: &Dir, file: &DirFile, step: Step) -> Step {
        let Step::Sql(mut script) = step else { return step };
        let conf = dir.file(&format!("{}.conf", file.rel));
        let set = conf.and_then(|conf| {
            let found = properties(conf.text()).find(|(key, _)| *key == "executeInTransaction");
            found.map(|(_, value)| value != "false")
        });
        let refusing: Vec<_> =
            script.statements.iter().filter(|statement| refuses_transaction(statement)).collect();
        let wrapped = set.unwrap_or(!self.no_transaction && refusing.is_empty());
        let mixes = !refusing.is_empty() && refusing.len() < script.statements.len();
        if mixes && set.is_none() && !self.mixed {
            let line = refusing.first().map_or(1, |statement| script.locate(statement.span.clone()).line);
            return Step::NotRunnable {
                file: file.path.clone(),
                reason: format!(
                    "Flyway refuses it: the statement at line {line} cannot run in a transaction and others can; \
                     give it a file of its own, or set mixed=true"
                ),
            };
        }
        script.transaction = if wrapped { TransactionMode::Wrapped } else { TransactionMode::Autocommit };
        Step::Sql(script)
    }
}

/// Whether Flyway takes a statement for one that cannot run in a transaction (its `PostgreSQLParser`; on
/// PostgreSQL 12 and later `ALTER TYPE … ADD VALUE` is not one).
fn refuses_transaction(statement: &ScriptStatement) -> bool {
    let sql = statement.sql.as_ref();
    let words: Vec<String> = sql::Tokens::new(sql)
        .filter(|token| !token.kind.is_trivia())
        .take(4)
        .map(|token| token.text(sql).to_ascii_uppercase())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["CREATE" | "DROP", "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..]
            | ["ALTER", "SYSTEM", ..]
            | ["CREATE" | "DROP", "INDEX", "CONCURRENTLY", ..]
            | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"]
            | ["REINDEX", "SCHEMA" | "DATABASE" | "SYSTEM", ..]
            | ["REINDEX", "VERBOSE", "SCHEMA" | "DATABASE" | "SYSTEM", ..]
            | ["VACUUM", ..]
            | ["DISCARD", "ALL", ..]
    )
}

/// `key=value` lines of a Java properties file.
fn properties(text: &str) -> impl Iterator<Item = (&str, &str)> {
    lines(text).filter_map(|line| {
        let line = line.text.trim();
        let (key, value) = line.split_once(['=', ':'])?;
        (!line.starts_with(['#', '!'])).then(|| (key.trim(), value.trim()))
    })
}

fn scalar(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS \"flyway_schema_history\" (\n    \"installed_rank\" INT NOT NULL,\n    \
             \"version\" VARCHAR(50),\n    \"description\" VARCHAR(200) NOT NULL,\n    \"type\" VARCHAR(20) NOT NULL,\n    \
             \"script\" VARCHAR(1000) NOT NULL,\n    \"checksum\" INTEGER,\n    \"installed_by\" VARCHAR(100) NOT NULL,\n    \
             \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(),\n    \"execution_time\" INTEGER NOT NULL,\n    \
             \"success\" BOOLEAN NOT NULL,\n    CONSTRAINT \"flyway_schema_history_pk\" PRIMARY KEY (\"installed_rank\")\n)"
                .to_owned(),
            "CREATE INDEX IF NOT EXISTS \"flyway_schema_history_s_idx\" ON \"flyway_schema_history\" (\"success\")".to_owned(),
        ],
        insert: "INSERT INTO \"flyway_schema_history\" (installed_rank, version, description, type, script, installed_by, \
                 execution_time, success) SELECT coalesce(max(installed_rank), 0) + 1, nullif($VERSION, ''), $NAME, 'SQL', \
                 $FILE, current_user, 0, true FROM \"flyway_schema_history\""
            .to_owned(),
        delete: "DELETE FROM \"flyway_schema_history\" WHERE script = $FILE".to_owned(),
        select: "SELECT coalesce(version, description) FROM \"flyway_schema_history\" ORDER BY installed_rank".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{project, read};

    #[test]
    fn versions_compare_as_numbers_and_repeatables_come_last() {
        insta::assert_snapshot!(read(&[
            ("R__views.sql", "select 'r'"),
            ("V1_10__c.sql", "select 3"),
            ("V1.9__b.sql", "select 2"),
            ("V1__a.sql", "select 1"),
            ("U1.9__undo_b.sql", "select -2"),
            ("afterMigrate.sql", "select 0"),
            ("sub/V2__d.sql", "select 4"),
            ("V3__e.java", ""),
        ]), @r"
        flyway: 6 files named V1__name.sql or R__name.sql
        V1__a (1, a)
          up wrapped [1:1 select 1]
          down absent
        V1.9__b (1.9, b)
          up wrapped [1:1 select 2]
          down wrapped [1:1 select -2]
        V1_10__c (1_10, c)
          up wrapped [1:1 select 3]
          down absent
        V2__d (2, d)
          up wrapped [1:1 select 4]
          down absent
        V3__e (3, e)
          up not run: the step is written in Java, which is not run: what it does is missing from the database that later migrations are tested on
          down absent
        R__views (, views)
          up wrapped [1:1 select 'r']
          down absent
        - migrations/afterMigrate.sql: a callback, which is not run
        ");
    }

    #[test]
    fn transactions_follow_the_statements_and_the_conf_file() {
        insta::assert_snapshot!(read(&[
            ("V1__a.sql", "create index concurrently i on t (x);"),
            ("V2__b.sql", "set lock_timeout = 1; create index concurrently j on t (x);"),
            ("V3__c.sql", "select 1;"),
            ("V3__c.sql.conf", "executeInTransaction=false\n"),
        ]), @r"
        flyway: V3__c.sql.conf is there
        V1__a (1, a)
          up autocommit [1:1 create index concurrently i on t (x)]
          down absent
        V2__b (2, b)
          up not run: Flyway refuses it: the statement at line 1 cannot run in a transaction and others can; give it a file of its own, or set mixed=true
          down absent
        V3__c (3, c)
          up autocommit [1:1 select 1]
          down absent
        - migrations/V3__c.sql.conf: configuration of a migration
        ");
    }

    #[test]
    fn placeholders_come_from_the_configuration_and_the_user() {
        insta::assert_snapshot!(project(&[
            ("sql/V1__a.sql", "create table ${flyway:defaultSchema}.${prefix}_a (id int); -- ${who}"),
            ("sql/V2__b.sql", "select 1;\nselect '${nobody}'"),
            ("flyway.conf", "flyway.placeholders.prefix=app\n"),
        ])
        .var("who", "me")
        .read("sql"), @r"
        flyway: flyway.conf is there
        V1__a (1, a)
          up wrapped [1:1 create table public.app_a (id int)]
          down absent
        V2__b (2, b)
          up not run: the template value nobody (line 2) has not been given: --var nobody=VALUE
          down absent
        ");
    }

    #[test]
    fn equal_versions_are_duplicates_however_they_are_written() {
        insta::assert_snapshot!(read(&[("V1__a.sql", "select 1"), ("V1.0__b.sql", "select 2"), ("R__c.sql", ""), ("R__d.sql", ""), ("sub/V1__a.sql", "")]), @r"
        flyway: 5 files named V1__name.sql or R__name.sql
        V1.0__b (1.0, b)
          up wrapped [1:1 select 2]
          down absent
        V1__a (1, a)
          up wrapped [1:1 select 1]
          down absent
        R__c (, c)
          up wrapped []
          down absent
        R__d (, d)
          up wrapped []
          down absent
        ? migrations/sub/V1__a.sql: is a second file for V1__a
        duplicate-version: migrations/sub/V1__a.sql is a second file for V1__a
        duplicate-version: version 1 is used by migrations/V1.0__b.sql and by migrations/V1__a.sql
        ");
    }
}
