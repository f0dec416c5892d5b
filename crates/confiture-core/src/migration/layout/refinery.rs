//! refinery (Rust).

use super::assemble::Recipe;
use super::gather::{Entry, Gather, foreign, pair};
use super::manifest::Traces;
use super::naming::{Number, leading_digits};
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
        if fitting == 0 {
            return Detection::no();
        }
        let named = Detection::new(Confidence::Names, format!("{fitting} files named V1__name.sql"));
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
