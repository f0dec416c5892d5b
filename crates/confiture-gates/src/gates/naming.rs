//! `naming`: file names follow the layout, versions are unique.

use async_trait::async_trait;
use confiture_core::plugin::{Gate, GateContext, PluginMeta, Verdict};
use confiture_core::{Diagnostic, Severity};

/// Whether the files are named as their tool expects.
#[derive(Debug, Default)]
pub struct Naming;

confiture_core::register!(gate Naming);

#[async_trait]
impl Gate for Naming {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "naming",
            summary: "file names follow the layout, versions are unique",
            docs: include_str!("naming.md"),
        };
        &META
    }

    async fn check(&self, cx: &GateContext<'_>) -> Verdict {
        if cx.loaded.migrations.is_empty() {
            return Verdict::skipped("there are no migrations");
        }
        let mut findings = cx.loaded.problems.clone();
        let unknown = cx.loaded.ignored.iter().filter(|file| !file.understood);
        findings.extend(unknown.map(|file| {
            let message = format!("{} is not part of the layout: {}", file.path.display(), file.reason);
            Diagnostic::new("not-understood", Severity::Low, message)
        }));
        Verdict::of(findings)
    }
}

#[cfg(test)]
mod tests {
    use confiture_core::migration::layout;
    use confiture_core::plugin::{Outcome, Registry};

    use super::*;

    async fn outcome(files: &[&str]) -> Outcome {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(dir.path().join(file), "select 1;").unwrap();
        }
        let registry = Registry::linked().unwrap();
        let (_, _, loaded) = layout::load(&registry, dir.path(), None, &Default::default()).unwrap();
        Naming.check(&GateContext::new(&loaded, &[])).await.outcome
    }

    #[tokio::test]
    async fn unique_versions_pass_and_duplicate_ones_fail() {
        assert_eq!(outcome(&["0001_a.sql", "0002_b.sql"]).await, Outcome::Passed);
        assert_eq!(outcome(&["0001_a.sql", "0001_b.sql"]).await, Outcome::Failed);
    }
}
