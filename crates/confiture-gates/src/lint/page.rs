//! The page of a rule.

use std::collections::BTreeMap;

use confiture_core::plugin::{Registry, RuleCategory, RuleMeta};

/// What `confiture explain` prints of a rule, in Markdown: what it is about, its proof and its example.
pub fn page(meta: &RuleMeta) -> String {
    let mut text = format!(
        "# {}\n\n{} · {} · {}",
        meta.plugin.id,
        meta.plugin.summary,
        meta.category.as_str(),
        meta.severity.as_str()
    );
    match (meta.since, meta.until) {
        (None, None) => {}
        (Some(since), None) => text.push_str(&format!(" · since PostgreSQL {since}")),
        (None, Some(until)) => text.push_str(&format!(" · up to PostgreSQL {until}")),
        (Some(since), Some(until)) => text.push_str(&format!(" · PostgreSQL {since} to {until}")),
    }
    text.push_str(&format!("\n\n{}\n", meta.plugin.docs.trim()));
    let claim = &meta.claim;
    let mut facts = Vec::new();
    facts.extend(claim.locks.iter().map(|(relation, mode)| format!("{mode} on `{relation}`")));
    facts.extend(claim.rewrites.iter().map(|relation| format!("`{relation}` is written anew")));
    facts.extend(claim.scans.iter().map(|relation| format!("`{relation}` is read from end to end")));
    facts.extend(claim.sqlstate.map(|code| format!("it fails with SQLSTATE {code}")));
    if !facts.is_empty() {
        text.push_str("\n## Measured\n\n");
        facts.iter().for_each(|fact| text.push_str(&format!("- {fact}\n")));
    }
    let code = |sql: &str| format!("\n```sql\n{}\n```\n", sql.trim());
    text.push_str("\n## Reported\n");
    text.push_str(&code(meta.example.bad));
    text.push_str("\n## Instead\n");
    for (at, good) in meta.example.good.iter().enumerate() {
        if at > 0 {
            text.push_str("\nIn a migration of its own:\n");
        }
        text.push_str(&code(good));
    }
    text
}

/// The documents of all rules by file name: a page each, and `README.md` with a table of each category.
///
/// # Example
/// ```
/// use confiture_core::plugin::Registry;
///
/// let pages = confiture_gates::pages(&Registry::linked()?);
/// assert!(pages["README.md"].contains("| [truncate](truncate.md) |"));
/// assert!(pages["truncate.md"].starts_with("# truncate"));
/// # Ok::<(), confiture_core::plugin::PluginError>(())
/// ```
pub fn pages(registry: &Registry) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut tables: BTreeMap<RuleCategory, String> = BTreeMap::new();
    for meta in registry.rules().map(|rule| rule.meta()) {
        let id = meta.plugin.id;
        let table = tables.entry(meta.category).or_default();
        table.push_str(&format!(
            "| [{id}]({id}.md) | {} | {} |\n",
            meta.severity.as_str(),
            meta.plugin.summary
        ));
        pages.insert(format!("{id}.md"), page(meta));
    }
    let mut text = String::from(
        "# Rules\n\nGenerated from the rules themselves: `confiture explain RULE` prints the same page. What stands \
         under *Measured* was measured on PostgreSQL 15 to 18.\n",
    );
    for (category, table) in tables {
        let title = match category {
            RuleCategory::Lock => "Locks: others wait",
            RuleCategory::Fails => "Failures: it fails, or silently does something else",
            RuleCategory::DataLoss => "Data loss: rows or values are gone",
            RuleCategory::ClientBreak => {
                "Broken clients: the application of the version before stops working"
            }
            RuleCategory::Design => "Design: nothing breaks, but it should not be built like this",
        };
        text.push_str(&format!("\n## {title}\n\n| rule | severity | |\n|---|---|---|\n{table}"));
    }
    pages.insert("README.md".to_owned(), text);
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `CONFITURE_WRITE_DOCS=1 cargo test -p confiture-gates pages` writes them anew.
    #[test]
    fn checked_in_pages_are_current() {
        let dir = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules"));
        let pages = pages(&Registry::linked().unwrap());
        if std::env::var_os("CONFITURE_WRITE_DOCS").is_some() {
            std::fs::remove_dir_all(dir).ok();
            std::fs::create_dir_all(dir).unwrap();
            pages.iter().for_each(|(name, text)| std::fs::write(dir.join(name), text).unwrap());
        }
        let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let kept = files.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap()));
        let kept: BTreeMap<String, String> = kept.collect();
        let stale: Vec<&String> =
            pages.keys().chain(kept.keys()).filter(|n| kept.get(*n) != pages.get(*n)).collect();
        assert!(
            stale.is_empty(),
            "run CONFITURE_WRITE_DOCS=1 cargo test -p confiture-gates pages: {stale:?}"
        );
    }
}
