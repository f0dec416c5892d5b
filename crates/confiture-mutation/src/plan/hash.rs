//! Hashes of what decides about a mutant.

use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Step};
use confiture_core::plugin::Mutant;
use confiture_fixtures::SchemaSnapshotter;
use sha2::{Digest as _, Sha256};

use crate::options::MutationOptions;

/// A hash of fields, each with its length, so that no two lists of fields look the same.
#[derive(Default)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn field(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        self.field(number.to_le_bytes())
    }

    pub(crate) fn edits(&mut self, mutant: &Mutant) -> &mut Self {
        self.number(mutant.edits.len() as u64);
        for (statement, edit) in &mutant.edits {
            self.number(*statement as u64).number(edit.span.start as u64).number(edit.span.end as u64);
            self.field(&edit.replacement);
        }
        self
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// The first 16 bytes in hexadecimal.
    pub(crate) fn hex(self) -> String {
        self.finish()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A number made of `seed` and `text` that is the same on every machine.
pub(super) fn number_of(seed: u64, text: &str) -> u64 {
    let mut hasher = Hasher::default();
    hasher.number(seed).field(text);
    let hash = hasher.finish();
    hash[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// What all mutants of a run are judged by: this release, the whole chain, the tests, the rows, what is asked.
///
/// Later migrations are part of it, as they may fail on what a mutant left. Paths are not: a checkout may
/// stand anywhere.
pub(crate) fn conditions(loaded: &Loaded, options: &MutationOptions) -> [u8; 32] {
    let mut hasher = Hasher::default();
    hasher.field(env!("CARGO_PKG_VERSION"));
    let end = options.last.map_or(loaded.migrations.len(), |last| last + 1);
    for migration in loaded.migrations.iter().take(end) {
        hasher.field(&migration.id);
        for direction in [Direction::Up, Direction::Down] {
            match migration.step(direction) {
                Step::Sql(script) => {
                    hasher.field(script.source.text.get(script.span.clone()).unwrap_or(&script.source.text));
                    hasher.field(format!("{:?}", script.transaction));
                    // Values of templates stand in the statements only.
                    for statement in script.statements.iter().filter(|s| !s.moved.is_empty()) {
                        hasher.field(statement.sql.as_bytes());
                    }
                }
                Step::Absent => drop(hasher.field("absent")),
                Step::NotRunnable { reason, .. } => drop(hasher.field("not runnable").field(reason)),
            }
        }
    }
    for file in &options.ladder.setup {
        hasher.field("setup").field(file.text());
    }
    for file in &options.ladder.queries {
        hasher.field("query").field(file.text());
    }
    for test in &options.tests {
        hasher.field("test").field(test.name()).field(test.text());
    }
    if let Some(dir) = &options.snapshot
        && let Ok(schema) = std::fs::read(dir.join(SchemaSnapshotter::JSON))
    {
        hasher.field("snapshot").field(schema);
    }
    for check in &options.skipped_checks {
        hasher.field("skip").field(check);
    }
    for (name, value) in &options.settings {
        hasher.field("set").field(name).field(value);
    }
    hasher.field("options").number(options.ladder.rows).number(options.ladder.seed);
    hasher.field([options.matrix, options.select, options.allow_red, options.suggest].map(u8::from));
    hasher.finish()
}
