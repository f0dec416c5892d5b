//! `naming`: file names follow the layout, versions are unique and new ones come last.

use super::prelude::*;

/// The gate `naming`.
#[derive(Debug, Default)]
pub struct Naming;

confiture_core::register!(gate Naming);

#[async_trait]
impl Gate for Naming {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "naming",
            summary: "file names follow the layout, versions are unique and new ones come last",
            docs: "Fails when a file does not follow the layout, a version cannot be read or is taken, a new migration sorts before a released \
                   one (`--changed-since`), or an identifier is longer than PostgreSQL keeps. Judged from files alone.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        10
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        if cx.loaded.migrations.is_empty() {
            return GateVerdict::not_run("there are no migrations");
        }
        let of_directory = |finding: &Finding| {
            finding.code == "not-understood"
                || finding.code == "identifier-too-long"
                || cx.loaded.problems.iter().any(|problem| problem.code == finding.code)
        };
        GateVerdict::of(about(cx, |finding| {
            finding.check.as_deref() == Some("order") || of_directory(finding)
        }))
    }
}

#[cfg(test)]
mod tests {
    use confiture_core::plugin::Registry;
    use confiture_fixtures::TestSource;

    use super::*;

    async fn outcome(files: &[&str]) -> Outcome {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(dir.path().join(file), "select 1;").unwrap();
        }
        let registry = Registry::linked().unwrap();
        let source = TestSource::load(&registry, dir.path(), None, &Default::default()).unwrap();
        let report = crate::lint(&registry, &source, &crate::LintOptions::default());
        Naming.check(&GateContext::new(&source.loaded, &report)).await.outcome
    }

    #[tokio::test]
    async fn unique_versions_pass_and_duplicate_ones_fail() {
        assert_eq!(outcome(&["0001_a.sql", "0002_b.sql"]).await, Outcome::Passed);
        assert_eq!(outcome(&["0001_a.sql", "0001_b.sql"]).await, Outcome::Failed);
    }
}
