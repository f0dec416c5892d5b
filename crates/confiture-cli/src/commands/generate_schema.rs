//! `confiture generate schema` and `generate migrations`: random SQL that PostgreSQL accepts.

use std::path::Path;

use anyhow::{Context as _, bail};
use confiture_fixtures::strategy::{Chain, ChainLayout, SchemaModel};

use super::print;
use crate::args::RandomArgs;
use crate::exit::ExitStatus;
use crate::settings::suggestion;

/// Prints or writes the SQL of a schema.
pub(super) fn schema(size: RandomArgs, out: Option<&Path>) -> anyhow::Result<ExitStatus> {
    let sql = SchemaModel::seeded(size.seed, size.count).sql();
    let Some(file) = out else { return print(&sql) };
    write(file, &sql)?;
    Ok(ExitStatus::Passed)
}

/// Prints a chain, or writes its files.
pub(super) fn migrations(size: RandomArgs, out: Option<&Path>, layout: &str) -> anyhow::Result<ExitStatus> {
    let chain = Chain::seeded(size.seed, size.count);
    let Some(dir) = out else { return print(&chain.to_string()) };
    let Some((_, layout)) = ChainLayout::ALL.into_iter().find(|(name, _)| *name == layout) else {
        let known = ChainLayout::ALL.map(|(name, _)| name);
        bail!("chains are not written in the layout {layout}{}", suggestion(layout, &known));
    };
    let context = || format!("failed to write to {}", dir.display());
    std::fs::create_dir_all(dir).with_context(context)?;
    if std::fs::read_dir(dir).with_context(context)?.next().is_some() {
        bail!("{} is not empty: name a directory that is, or that does not exist", dir.display());
    }
    let files = chain.files(layout);
    for (name, text) in &files {
        write(&dir.join(name), text)?;
    }
    print(&format!("{} files in {}\n", files.len(), dir.display()))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("failed to write {}", file.display()))
}
