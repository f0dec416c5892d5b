//! Patterns: texts that match a regular expression or LIKE, and whether a text does.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex_automata::meta::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::rng::Rng;

/// Repetitions without an upper bound are repeated so many times more than they have to be, at most.
const FEW: u32 = 4;

/// A pattern, read and compiled.
struct Pattern {
    hir: Hir,
    regex: Option<Regex>,
}

/// Patterns by text and whether case counts; `None` for those that cannot be read here.
type Patterns = HashMap<(String, bool), Option<Rc<Pattern>>>;

thread_local! {
    /// Compiling a pattern costs a thousand times more than matching a text.
    static READ: RefCell<Patterns> = RefCell::default();
}

fn read(pattern: &str, ignore_case: bool) -> Option<Rc<Pattern>> {
    READ.with_borrow_mut(|read| {
        let key = (pattern.to_owned(), ignore_case);
        let compile = || {
            let hir = parse(pattern, ignore_case)?;
            let regex = Regex::builder().build_from_hir(&hir).ok();
            Some(Rc::new(Pattern { hir, regex }))
        };
        read.entry(key).or_insert_with(compile).clone()
    })
}

/// Whether `text` matches; `None` for a pattern PostgreSQL reads differently or only PostgreSQL knows.
pub(super) fn matches(pattern: &str, text: &str, ignore_case: bool) -> Option<bool> {
    Some(read(pattern, ignore_case)?.regex.as_ref()?.is_match(text))
}

/// A text that matches.
pub(super) fn sample(pattern: &str, ignore_case: bool, rng: &mut Rng) -> Option<String> {
    let read = read(pattern, ignore_case)?;
    let mut text = String::new();
    write(&read.hir, rng, &mut text)?;
    Some(text)
}

/// The regular expression that means the same as a LIKE pattern.
pub(super) fn from_like(like: &str) -> String {
    let mut pattern = String::from("^");
    let mut chars = like.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => pattern.push_str("[\\s\\S]*"),
            '_' => pattern.push_str("[\\s\\S]"),
            '\\' => pattern.push_str(&regex_syntax::escape(&chars.next().unwrap_or('\\').to_string())),
            other => pattern.push_str(&regex_syntax::escape(&other.to_string())),
        }
    }
    pattern.push('$');
    pattern
}

fn parse(pattern: &str, ignore_case: bool) -> Option<Hir> {
    // \m \M \y \Y and lookaheads are PostgreSQL's own (manual, chapter "POSIX Regular Expressions").
    if ["\\m", "\\M", "\\y", "\\Y", "\\A", "\\Z", "\\b", "\\B", "***", "(?"]
        .iter()
        .any(|own| pattern.contains(own))
    {
        return None;
    }
    regex_syntax::ParserBuilder::new()
        .case_insensitive(ignore_case)
        .dot_matches_new_line(true)
        .build()
        .parse(pattern)
        .ok()
}

fn write(hir: &Hir, rng: &mut Rng, out: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => out.push(pick(class, rng)?),
        HirKind::Class(Class::Bytes(_)) => return None,
        HirKind::Repetition(repeated) => {
            let most = repeated.max.unwrap_or(repeated.min + FEW).min(repeated.min + 8);
            // Eight more than needed, so that a unique column finds enough different ones.
            let count = rng.between(i64::from(repeated.min), i64::from(most));
            for _ in 0..count {
                write(&repeated.sub, rng, out)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, rng, out)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, rng, out)?;
            }
        }
        HirKind::Alternation(parts) => {
            let chosen = rng.below(parts.len() as u64) as usize;
            write(&parts[chosen], rng, out)?;
        }
    }
    Some(())
}

/// A character of the class, a printable ASCII one where there is one.
fn pick(class: &regex_syntax::hir::ClassUnicode, rng: &mut Rng) -> Option<char> {
    let holds = |c: char| class.iter().any(|range| (range.start()..=range.end()).contains(&c));
    let plain: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').filter(|c| holds(*c)).collect();
    if !plain.is_empty() {
        return plain.get(rng.below(plain.len() as u64) as usize).copied();
    }
    if let Some(c) = (' '..='~').find(|c| holds(*c)) {
        return Some(c);
    }
    class.iter().map(regex_syntax::hir::ClassUnicodeRange::start).find(|c| *c != '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_match_their_pattern() {
        let mut rng = Rng::new(3);
        for pattern in ["^[A-Z]{3}$", "^\\+?[0-9]{4,14}$", "^.+@.+\\..+$", "^(a|b)-[^x]+$", "^[a-z0-9_]{3,}$"]
        {
            for _ in 0..20 {
                let text = sample(pattern, false, &mut rng).unwrap();
                assert_eq!(matches(pattern, &text, false), Some(true), "{pattern} {text}");
            }
        }
        assert_eq!(matches(&from_like("a_c%"), "abc\nd", false), Some(true));
        assert_eq!(matches(&from_like("a\\_c"), "abc", false), Some(false));
        assert_eq!(matches("\\mword", "word", false), None);
    }
}
