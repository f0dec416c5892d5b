//! The chains that are broken.

use std::path::Path;

use confiture_core::migration::layout::{self, LoadOptions};
use confiture_core::plugin::Registry;
use confiture_fixtures::TestSource;

/// What a chain looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    pub(crate) tables: usize,
    pub(crate) migrations: usize,
    /// How many of the tables are made one by one, each by the migration after one that changes another; the
    /// first migration makes the others.
    pub(crate) one_by_one: usize,
}

fn table(n: usize) -> String {
    let parent = if n > 0 { format!(" REFERENCES t{:04} (id)", n - 1) } else { String::new() };
    format!(
        "CREATE TABLE t{n:04} (id bigint PRIMARY KEY, parent bigint{parent}, name varchar(80) NOT NULL, \
         price numeric(10,2) DEFAULT 0 CHECK (price >= 0), created_at timestamptz NOT NULL DEFAULT now(), \
         UNIQUE (name, price));\nCREATE INDEX t{n:04}_parent_idx ON t{n:04} (parent);\n"
    )
}

impl Chain {
    /// Writes it as golang-migrate would have it.
    fn write(self, dir: &Path) {
        let write = |n: usize, up: String, down: String| {
            std::fs::write(dir.join(format!("{n:04}_step.up.sql")), up).expect("a file");
            std::fs::write(dir.join(format!("{n:04}_step.down.sql")), down).expect("a file");
        };
        let drop = |n: usize| format!("DROP TABLE t{n:04};\n");
        let first = self.tables - self.one_by_one;
        write(1, (0..first).map(table).collect(), (0..first).rev().map(drop).collect());
        let mut made = first;
        for n in 2..=self.migrations {
            if n % 2 == 0 && made < self.tables {
                write(n, table(made), drop(made));
                made += 1;
                continue;
            }
            let name = format!("t{:04}", n * 7 % made);
            let up = format!(
                "ALTER TABLE {name} ADD COLUMN c{n} int NOT NULL DEFAULT 7 CHECK (c{n} > 0);\n\
                 CREATE INDEX {name}_c{n}_idx ON {name} (c{n}) WHERE c{n} > 1;\n\
                 COMMENT ON COLUMN {name}.c{n} IS 'step {n}';\n"
            );
            write(n, up, format!("ALTER TABLE {name} DROP COLUMN c{n};\n"));
        }
    }

    pub(crate) fn load(self, registry: &Registry) -> TestSource {
        let dir = tempfile::tempdir().expect("a directory");
        self.write(dir.path());
        let loaded = layout::load(registry, dir.path(), Some("golang-migrate"), &LoadOptions::default());
        let (layout, detection, loaded) = loaded.expect("a directory that loads");
        TestSource { dir: String::new(), layout: layout.to_owned(), detection, loaded }
    }
}
