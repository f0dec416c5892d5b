//! `confiture explain`: the page of a finding code, mutation operator, check, layout or format.

use anyhow::bail;
use confiture_core::plugin::{PluginKind, Registry};
use confiture_mutation::operators;

use super::print;
use crate::exit::ExitStatus;
use crate::settings::near;

/// Prints one page, or the list of all codes.
pub(super) fn run(registry: &Registry, code: Option<&str>) -> anyhow::Result<ExitStatus> {
    let Some(code) = code else {
        let mut text = String::from("Finding codes:\n");
        let widest = registry.explanations().map(|page| page.code.len()).max().unwrap_or(0);
        for page in registry.explanations() {
            text.push_str(&format!("  {:widest$}  {}\n", page.code, page.title));
        }
        text.push_str("\nconfiture explain CODE prints cause, consequence and fix; it takes the ids of\nrules, mutation operators, checks, layouts and formats too (confiture plugins).\n");
        return print(&text);
    };
    if let Some(page) = registry.explanation(code) {
        return print(page.page);
    }
    if let Some(rule) = registry.rule(code) {
        return print(&confiture_gates::page(rule.meta()));
    }
    let plugins = registry.list();
    let mut text = String::new();
    for (kind, meta, _) in plugins.iter().filter(|(_, meta, _)| meta.id == code) {
        let operator = registry.operators().find(|operator| operator.meta().plugin.id == code);
        if let (PluginKind::Operator, Some(operator)) = (kind, operator) {
            text.push_str(&operators::page(operator));
            continue;
        }
        text.push_str(&format!(
            "# {} ({})\n\n{}\n\n{}\n",
            meta.id,
            kind.as_str(),
            meta.summary,
            meta.docs.trim_end()
        ));
    }
    if text.is_empty() {
        let mut known: Vec<&str> = registry.explanations().map(|page| page.code).collect();
        known.extend(plugins.iter().map(|(_, meta, _)| meta.id));
        match near(code, &known) {
            Some(name) => bail!("nothing is called {code}; did you mean {name}?"),
            None => bail!(
                "nothing is called {code}; `confiture explain` lists the codes of findings, `confiture plugins` rules, \
                 operators, checks, layouts and formats"
            ),
        }
    }
    print(&text)
}
