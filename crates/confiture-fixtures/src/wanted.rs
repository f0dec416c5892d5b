//! Which migrations a test is about: what `TestDbBuilder` and `Verification` share.

use std::path::{Path, PathBuf};

use confiture_core::migration::layout::LoadOptions;

/// A directory of migrations, how to read it, and what to run before.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) dir: PathBuf,
    pub(crate) layout: Option<String>,
    pub(crate) setup: Vec<PathBuf>,
    pub(crate) load: LoadOptions,
}

impl Wanted {
    pub(crate) fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), layout: None, setup: Vec::new(), load: LoadOptions::default() }
    }
}

/// The methods that fill the field `wanted` of a builder.
macro_rules! wanted_methods {
    () => {
        /// The tool whose layout the directory has; recognised without it.
        #[must_use]
        pub fn layout(mut self, name: impl Into<String>) -> Self {
            self.wanted.layout = Some(name.into());
            self
        }

        /// Adds a file of SQL that is run before the first migration.
        #[must_use]
        pub fn setup(mut self, file: impl Into<PathBuf>) -> Self {
            self.wanted.setup.push(file.into());
            self
        }

        /// Gives a template of the migrations a value.
        #[must_use]
        pub fn var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.wanted.load.vars.insert(name.into(), value.into());
            self
        }
    };
}

pub(crate) use wanted_methods;
