//! A mutation operator: a new table is not put under audit.

use confiture_core::Severity;
use confiture_core::migration::Direction;
use confiture_core::plugin::{Channels, Mutant, MutationCategory, MutationContext, MutationOperator};
use confiture_core::plugin::{OperatorMeta, PluginMeta, Site};

#[derive(Debug, Default)]
struct AuditSkip;
confiture_core::register!(operator AuditSkip);

impl MutationOperator for AuditSkip {
    fn meta(&self) -> &'static OperatorMeta {
        const SUMMARY: &str = "leaves the call of audit.watch out";
        &OperatorMeta {
            plugin: PluginMeta {
                id: "acme/audit-skip",
                summary: SUMMARY,
                docs: "Nobody sees who changed a row.",
            },
            category: MutationCategory::Security,
            severity: Severity::High,
            channels: Channels::STATE,
            direction: Some(Direction::Up),
            since: 1,
            example: None,
        }
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        let watches = |site: &&Site<'_>| {
            let name = site.tokens().get(1..4).unwrap_or_default();
            name.iter().map(|token| token.text(site.sql())).eq(["audit", ".", "watch"])
        };
        out.extend(cx.sites.iter().filter(watches).map(Site::left_out));
    }
}

#[cfg(test)]
mod tests {
    use confiture_core::migration::layout::{self, LoadOptions};
    use confiture_core::plugin::Registry;
    use confiture_core::sql::apply;

    use super::*;

    #[test]
    fn the_call_is_left_out_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let sql = "CREATE TABLE t (id int); SELECT audit.watch('t'); SELECT watch('t');";
        std::fs::write(dir.path().join("0001_t.sql"), sql).expect("a file");
        let registry = Registry::linked().expect("no id twice");
        let loaded =
            layout::load(&registry, dir.path(), Some("plain"), &LoadOptions::default()).expect("it loads").2;
        let cx = MutationContext::new(&loaded.migrations[0], Direction::Up).expect("a script");
        let mut mutants = Vec::new();
        AuditSkip.mutate(&cx, &mut mutants);
        let texts = mutants.iter().map(|mutant| apply(sql, &mutant.file_edits(cx.script).expect("edits")));
        assert_eq!(
            texts.collect::<Vec<_>>(),
            [Ok("CREATE TABLE t (id int); ; SELECT watch('t');".to_owned())]
        );
    }
}
