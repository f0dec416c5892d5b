//! The page of a rule.

use confiture_core::plugin::RuleMeta;

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
