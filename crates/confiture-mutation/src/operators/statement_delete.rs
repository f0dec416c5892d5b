//! `statement-delete`: leaves one statement out.

use confiture_core::plugin::{Mutant, MutationContext, MutationOperator, PluginMeta};
use confiture_core::sql::{Edit, Span};

/// Leaves one statement of the script out.
///
/// # Example
/// ```
/// use confiture_core::migration::{Direction, layout};
/// use confiture_core::plugin::{MutationContext, MutationOperator as _, Registry};
/// use confiture_mutation::StatementDelete;
///
/// let dir = tempfile::tempdir()?;
/// std::fs::write(dir.path().join("0001_a.sql"), "CREATE TABLE a (); CREATE TABLE b ();")?;
/// let (_, _, loaded) = layout::load(&Registry::linked()?, dir.path(), None, &Default::default())?;
/// let cx = MutationContext::new(&loaded.migrations[0], Direction::Up).ok_or("no script")?;
/// let mut mutants = Vec::new();
/// StatementDelete.mutate(&cx, &mut mutants);
/// let text = confiture_core::sql::apply(&cx.script.source.text, &mutants[1].edits)?;
/// assert_eq!((mutants.len(), text.as_str()), (2, "CREATE TABLE a (); ;"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct StatementDelete;

confiture_core::register!(operator StatementDelete);

impl MutationOperator for StatementDelete {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "statement-delete",
            summary: "leaves one statement out",
            docs: include_str!("statement_delete.md"),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for (statement, part) in cx.script.statements.iter().enumerate() {
            out.push(Mutant {
                statement,
                edits: vec![Edit::remove(Span::from(part.span.clone()))],
                description: format!("statement {} is left out", statement + 1),
            });
        }
    }
}
