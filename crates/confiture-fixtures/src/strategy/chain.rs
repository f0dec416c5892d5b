//! `Chain`: a random chain of migrations, each with its true way back.

use std::path::PathBuf;

use super::choices::{Choices, Steps, seeded};
use super::model::SchemaModel;
#[cfg(doc)]
use super::step::RowEffect;
use super::step::{self, ChainStep};

/// How many numbers decide one step; more are never read.
const NUMBERS: usize = 48;

/// How the files of a chain are laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainLayout {
    /// `0001_name.sql` and `0001_name.down.sql`.
    #[default]
    Plain,
    /// `000001_name.up.sql` and `000001_name.down.sql`.
    GolangMigrate,
    /// `20240101000001_name.up.sql` and `….down.sql`.
    Sqlx,
    /// One file with `-- +goose Up` and `-- +goose Down`.
    Goose,
    /// One file with `-- migrate:up` and `-- migrate:down`.
    Dbmate,
}

impl ChainLayout {
    /// Every layout with the name that the command line gives it.
    pub const ALL: [(&'static str, Self); 5] = [
        ("plain", Self::Plain),
        ("golang-migrate", Self::GolangMigrate),
        ("sqlx", Self::Sqlx),
        ("goose", Self::Goose),
        ("dbmate", Self::Dbmate),
    ];
}

/// A random chain of migrations that PostgreSQL accepts, each with the statements that undo it exactly.
///
/// Prints as SQL, with a comment above each step and each way back.
///
/// # Example
/// ```
/// use confiture_fixtures::strategy::{Chain, ChainLayout};
///
/// let chain = Chain::seeded(7, 12);
/// assert_eq!(chain.steps().len(), 12);
/// assert_eq!(chain.to_string(), Chain::seeded(7, 12).to_string());
/// let files = chain.files(ChainLayout::Plain);
/// assert!(files[0].0.to_str().unwrap().starts_with("0001_"));
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Chain {
    steps: Vec<ChainStep>,
}

impl SchemaModel {
    /// The schema of `items` things (tables with their keys, types, views, …) that stands for `seed`. The
    /// same on every machine.
    pub fn seeded(seed: u64, items: usize) -> Self {
        Self::from_numbers(&seeded(seed, items, NUMBERS))
    }

    /// The schema that lists of numbers stand for, each of them one thing. Smaller numbers and fewer
    /// lists give a simpler one, and any numbers a valid one.
    pub fn from_numbers(numbers: &[Vec<u32>]) -> Self {
        let mut model = Self::default();
        for item in numbers {
            step::step(&mut model, false, &mut Choices::new(item));
        }
        model
    }
}

impl Chain {
    /// The chain of `steps` steps that stands for `seed`. The same on every machine.
    pub fn seeded(seed: u64, steps: usize) -> Self {
        Self::from_numbers(&seeded(seed, steps, NUMBERS))
    }

    /// The chain that lists of numbers stand for, each of them one step. Smaller numbers and fewer lists
    /// give a simpler one, and any numbers a valid one.
    pub fn from_numbers(numbers: &[Vec<u32>]) -> Self {
        Self::of(Steps::Any, numbers)
    }

    /// The chain of `steps` steps that stands for `seed`, all of which keep rows ([`RowEffect::Kept`]).
    ///
    /// # Example
    /// ```
    /// use confiture_fixtures::strategy::{Chain, RowEffect};
    ///
    /// let chain = Chain::data_safe(7, 12);
    /// assert!(chain.steps().iter().all(|step| step.rows == RowEffect::Kept));
    /// ```
    pub fn data_safe(seed: u64, steps: usize) -> Self {
        Self::data_safe_from_numbers(&seeded(seed, steps, NUMBERS))
    }

    /// As [`from_numbers`](Self::from_numbers), of steps that keep rows only.
    pub fn data_safe_from_numbers(numbers: &[Vec<u32>]) -> Self {
        Self::of(Steps::DataSafe, numbers)
    }

    fn of(steps: Steps, numbers: &[Vec<u32>]) -> Self {
        let mut model = SchemaModel::default();
        let made =
            numbers.iter().map(|item| step::step(&mut model, true, &mut Choices::new(item).of_steps(steps)));
        Self { steps: made.collect() }
    }

    /// Its steps, in order.
    pub fn steps(&self) -> &[ChainStep] {
        &self.steps
    }

    /// The schema at its end.
    pub fn schema(&self) -> SchemaModel {
        self.steps.last().map(|step| step.after.clone()).unwrap_or_default()
    }

    /// Files of the chain: name and text. A step without a way back has no file, or no section, for it.
    pub fn files(&self, layout: ChainLayout) -> Vec<(PathBuf, String)> {
        let mut files = Vec::new();
        for (number, step) in (1..).zip(&self.steps) {
            let (up, down) = (script(&step.up), step.down.as_deref().map(script));
            let name = &step.name;
            let (version, up_name, down_name) = match layout {
                ChainLayout::Plain => (format!("{number:04}"), ".sql", ".down.sql"),
                ChainLayout::GolangMigrate => (format!("{number:06}"), ".up.sql", ".down.sql"),
                ChainLayout::Sqlx => (format!("{}", 20_240_101_000_000_u64 + number), ".up.sql", ".down.sql"),
                ChainLayout::Goose => {
                    let text = goose(step);
                    files.push((format!("{number:05}_{name}.sql").into(), text));
                    continue;
                }
                ChainLayout::Dbmate => {
                    let version = 20_240_101_000_000_u64 + number;
                    let down = down.map(|down| format!("\n-- migrate:down\n{down}")).unwrap_or_default();
                    let text = format!("-- migrate:up\n{up}{down}");
                    files.push((format!("{version}_{name}.sql").into(), text));
                    continue;
                }
            };
            files.push((format!("{version}_{name}{up_name}").into(), up));
            files.extend(down.map(|down| (format!("{version}_{name}{down_name}").into(), down)));
        }
        files
    }
}

fn script(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};\n")).collect()
}

/// goose splits at line ends with a semicolon, unless it is told where a statement begins and ends.
fn goose(step: &ChainStep) -> String {
    let marked = |statements: &[String]| -> String {
        let marked = statements.iter();
        marked.map(|sql| format!("-- +goose StatementBegin\n{sql};\n-- +goose StatementEnd\n")).collect()
    };
    let down = step.down.as_deref().map(|down| format!("\n-- +goose Down\n{}", marked(down)));
    format!("-- +goose Up\n{}{}", marked(&step.up), down.unwrap_or_default())
}

impl std::fmt::Display for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, step) in (1..).zip(&self.steps) {
            write!(f, "-- {number:04} {}\n{}", step.name, script(&step.up))?;
            match &step.down {
                Some(down) => write!(f, "-- {number:04} {}, down\n{}", step.name, script(down))?,
                None => writeln!(f, "-- {number:04} {}: there is no way back", step.name)?,
            }
        }
        Ok(())
    }
}

/// As it prints: what a property test shows of a failure.
impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n{self}")
    }
}

#[cfg(test)]
impl Chain {
    /// Makes the way back of a step do nothing.
    pub(super) fn break_down(&mut self, step: usize) {
        self.steps[step].down = Some(vec!["SELECT 1".to_owned()]);
    }
}
