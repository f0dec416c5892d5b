//! What a user reads about an operator: its page, and the document of all pages.

use confiture_core::migration::Direction;
use confiture_core::plugin::{
    Killer, MutationCategory, MutationExample, MutationOperator, OperatorMeta, Registry,
};

/// The page of one operator, as Markdown: what it does, when nobody can tell, and an example with the mutant as
/// a diff and what notices it.
///
/// # Example
/// ```
/// use confiture_mutation::operators::{page, schema::PkDrop};
///
/// let page = page(&PkDrop);
/// assert!(page.starts_with("# pk-drop\n\nDrops a primary key."));
/// assert!(page.contains("\n-CREATE TABLE users (id int PRIMARY KEY, name text);\n"));
/// ```
pub fn page(operator: &dyn MutationOperator) -> String {
    let meta = operator.meta();
    let mut page = format!("# {}\n\n", meta.plugin.id);
    push_text(&mut page, &sentence(meta.plugin.summary));
    let scripts = match meta.direction {
        Some(Direction::Up) => "the forward script",
        Some(Direction::Down) => "the rollback",
        None => "both scripts",
    };
    let channels: Vec<&str> = meta.channels.names().collect();
    let facts = [
        ("Category", meta.category.as_str().to_owned()),
        ("Severity", meta.severity.as_str().to_owned()),
        ("Changes", scripts.to_owned()),
        ("May differ in", channels.join(", ")),
        ("Operator set", format!("since version {}", meta.since)),
    ];
    for (name, value) in facts {
        page.push_str(&format!("- {name}: {value}\n"));
    }
    page.push('\n');
    push_text(&mut page, meta.plugin.docs.trim());
    if let Some(example) = &meta.example {
        push_example(&mut page, meta, example);
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// The document of every operator of `registry`: a table by category, then the pages by id, with an anchor each.
///
/// # Example
/// ```
/// use confiture_core::plugin::Registry;
/// use confiture_mutation::operators::document;
///
/// let text = document(&Registry::linked()?);
/// assert!(text.contains("| [pk-drop](#pk-drop) | critical | drops a primary key |"));
/// # Ok::<(), confiture_core::plugin::PluginError>(())
/// ```
pub fn document(registry: &Registry) -> String {
    const CATEGORIES: [MutationCategory; 6] = [
        MutationCategory::Schema,
        MutationCategory::Data,
        MutationCategory::Rollback,
        MutationCategory::Performance,
        MutationCategory::Locking,
        MutationCategory::Security,
    ];
    let count = registry.operators().count();
    let mut text = format!(
        "# Mutation operators\n\n\
         {count} ways to break a migration on purpose. `confiture explain ID` prints the same pages. What \"may \
         differ in\" names is what\ncan tell a mutant from the original, and where both have to agree before a \
         mutant is called equivalent.\n"
    );
    for category in CATEGORIES {
        let mut of_category = registry.operators().filter(|o| o.meta().category == category).peekable();
        if of_category.peek().is_none() {
            continue;
        }
        text.push_str(&format!("\n| {} | Severity | What it does |\n|---|---|---|\n", category.as_str()));
        for meta in of_category.map(MutationOperator::meta) {
            let (id, severity, summary) = (meta.plugin.id, meta.severity.as_str(), meta.plugin.summary);
            let summary = summary.replace('|', "\\|");
            text.push_str(&format!("| [{id}](#{}) | {severity} | {summary} |\n", anchor(id)));
        }
    }
    for operator in registry.operators() {
        text.push_str(&format!("\n#{}", page(operator)));
    }
    text
}

/// The anchor that GitHub gives to a heading that is an id.
fn anchor(id: &str) -> String {
    id.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

fn push_example(page: &mut String, meta: &OperatorMeta, example: &MutationExample) {
    let (original, other) = match meta.direction.unwrap_or(Direction::Up) {
        Direction::Up => (example.up, None),
        Direction::Down => (example.down, Some(example.up)),
    };
    for (title, script) in [("Before the migration", Some(example.before)), ("The migration", other)] {
        if let Some(script) = script.filter(|script| !script.trim().is_empty()) {
            push_block(page, title, "text", script);
        }
    }
    push_block(page, "The mutant", "diff", &diff(original, example.mutant));
    match example.killer {
        Killer::Check(id) => push_text(page, &format!("The check `{id}` notices.")),
        Killer::Test(test) => push_block(page, "A test that notices", "text", test),
    }
}

fn push_block(page: &mut String, title: &str, language: &str, block: &str) {
    page.push_str(&format!("{title}:\n\n```{language}\n{}\n```\n\n", block.trim_end()));
}

/// The lines of both scripts, those they share at the start and at the end once.
fn diff(original: &str, mutant: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (original.lines().collect(), mutant.lines().collect());
    let common = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let head = common(&mut old.iter().zip(&new));
    let tail = common(&mut old[head..].iter().rev().zip(new[head..].iter().rev()));
    let mut lines: Vec<String> = old[..head].iter().map(|line| format!(" {line}")).collect();
    lines.extend(old[head..old.len() - tail].iter().map(|line| format!("-{line}")));
    lines.extend(new[head..new.len() - tail].iter().map(|line| format!("+{line}")));
    lines.extend(old[old.len() - tail..].iter().map(|line| format!(" {line}")));
    lines.join("\n")
}

/// A summary as a sentence.
fn sentence(summary: &str) -> String {
    let mut letters = summary.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// A paragraph; a long line is broken at spaces.
fn push_text(page: &mut String, text: &str) {
    const WIDTH: usize = 110;
    for paragraph in text.split("\n\n") {
        let mut width = 0;
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if width > 0 {
                let breaks = width + 1 + length > WIDTH;
                page.push(if breaks { '\n' } else { ' ' });
                width = if breaks { 0 } else { width + 1 };
            }
            page.push_str(word);
            width += length;
        }
        page.push_str("\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `CONFITURE_WRITE_DOCS=1 cargo test -p confiture-mutation pages` writes it anew.
    #[test]
    fn checked_in_pages_are_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operators.md");
        let pages = document(&Registry::linked().unwrap());
        if std::env::var_os("CONFITURE_WRITE_DOCS").is_some() {
            std::fs::write(path, &pages).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == pages, "run CONFITURE_WRITE_DOCS=1 cargo test -p confiture-mutation pages");
    }

    #[test]
    fn every_page_says_what_an_operator_does_and_what_notices() {
        for operator in Registry::linked().unwrap().operators() {
            let page = page(operator);
            let id = operator.meta().plugin.id;
            assert!(page.starts_with(&format!("# {id}\n\n")), "{page}");
            assert!(page.contains("\n-") && page.contains("notices"), "{page}");
            assert!(page.matches("```").count().is_multiple_of(2), "{page}");
        }
    }

    #[test]
    fn a_diff_shows_shared_lines_once() {
        assert_eq!(diff("a\nb\nc", "a\nx\ny\nc"), " a\n-b\n+x\n+y\n c");
        assert_eq!(diff("a\na", "a"), " a\n-a");
        assert_eq!(diff("a", "b"), "-a\n+b");
    }
}
