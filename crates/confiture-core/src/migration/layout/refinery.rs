//! refinery (Rust).

use super::assemble::Recipe;
use super::gather::{Entry, Gather, foreign, pair};
use super::manifest::Traces;
use super::naming::{Number, counted, leading_digits};
use super::{Confidence, Detection, Dir, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, TransactionMode};
use crate::plugin::PluginMeta;

/// `V1__name.sql`.
#[derive(Debug, Default)]
pub struct Refinery;

crate::register!(layout Refinery);

impl Layout for Refinery {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "refinery",
            summary: "refinery: V1__name.sql",
            docs: include_str!("refinery.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let fitting = dir.files().iter().filter(|file| parse(file.name()).is_some()).count();
        if !dir.is_home_of(|file| parse(file.name()).is_some()) {
            return Detection::no();
        }
        let named =
            Detection::new(Confidence::Names, format!("{} named V1__name.sql", counted(fitting, "file")));
        if let Some(config) = dir.config("refinery.toml") {
            return Detection::new(Confidence::Config, format!("{} is there", config.path.display()));
        }
        Traces { crates: &["refinery", "refinery-core"], ..Traces::default() }.raise(dir, named)
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut entries = Vec::new();
        for file in dir.files() {
            let Some(name) = parse(file.name()) else {
                if super::flyway::parse(file.name().trim_end_matches(".sql")).is_some() {
                    gather.unparsable(file, "refinery wants V<integer>__<name>.sql");
                }
                continue;
            };
            if !Number::new(name.version).fits_i64() {
                gather.unparsable(file, "refinery wants an integer");
                continue;
            }
            entries.push(Entry {
                id: name.id.to_owned(),
                version: name.version.to_owned(),
                name: name.name.to_owned(),
                direction: Direction::Up,
                file,
            });
        }
        let (pairs, left) = pair(entries, Number::new);
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for pair in pairs {
            let up = match pair.up {
                Some(file) if file.name().ends_with(".rs") => foreign(file),
                file => recipe.file(file),
            };
            let down = recipe.file(None);
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.report_duplicates(|migration| Number::new(&migration.version), "refinery refuses to start");
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("V<integer>__<name>.sql", &[]))
    }
}

struct Name<'a> {
    id: &'a str,
    version: &'a str,
    name: &'a str,
}

/// The parts of `V1__name.sql`, `U1__name.sql` (which may be applied out of order) and their `.rs` twins.
fn parse(file: &str) -> Option<Name<'_>> {
    let id = file.strip_suffix(".sql").or_else(|| file.strip_suffix(".rs"))?;
    let (version, rest) = leading_digits(id.strip_prefix(['V', 'U'])?)?;
    let name = rest.strip_prefix("__")?;
    let word = |c: char| c.is_alphanumeric() || c == '_';
    name.starts_with(word).then_some(Name { id, version, name })
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS refinery_schema_history(\n             version INT4 PRIMARY KEY,\n             \
             name VARCHAR(255),\n             applied_on VARCHAR(255),\n             checksum VARCHAR(255))"
                .to_owned(),
        ],
        insert: "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
                 VALUES ($VERSION, $NAME, now()::text, '')"
            .to_owned(),
        delete: "DELETE FROM refinery_schema_history WHERE version = $VERSION".to_owned(),
        select: "SELECT version::text FROM refinery_schema_history ORDER BY version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::project;

    #[test]
    fn cargo_toml_tells_refinery_from_flyway() {
        insta::assert_snapshot!(project(&[
            ("migrations/V10__b.sql", "select 2"),
            ("migrations/V9__a.sql", "select 1"),
            ("migrations/V11__c.rs", ""),
            ("Cargo.toml", "[dependencies]\nrefinery = \"0.8\"\n"),
        ])
        .read("migrations"), @r"
        refinery: 3 files named V1__name.sql; Cargo.toml depends on refinery
        V9__a (9, a)
          up wrapped [1:1 select 1]
          down absent
        V10__b (10, b)
          up wrapped [1:1 select 2]
          down absent
        V11__c (11, c)
          up not run: the step is written in Rust, which is not run: what it does is missing from the database that later migrations are tested on
          down absent
        ");
    }

    #[test]
    fn versions_of_flyway_are_not_refinerys() {
        insta::assert_snapshot!(project(&[("m/V1__a.sql", "select 1"), ("m/V1.5__b.sql", "select 2"), ("m/V01__c.sql", "")])
            .layout("refinery")
            .read("m"), @r"
        refinery: --layout refinery; 2 files named V1__name.sql
        V01__c (01, c)
          up wrapped []
          down absent
        V1__a (1, a)
          up wrapped [1:1 select 1]
          down absent
        ? m/V1.5__b.sql: its version cannot be read: refinery wants V<integer>__<name>.sql
        unparsable-version: the version of m/V1.5__b.sql cannot be read: refinery wants V<integer>__<name>.sql
        duplicate-version: version 1 is used by m/V01__c.sql and by m/V1__a.sql
        ");
    }
}
