//! The Test Anything Protocol, versions 12 to 14, as pgTAP writes it.

/// How one TAP test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapStatus {
    /// `ok`.
    Passed,
    /// `not ok`.
    Failed,
    /// `ok … # SKIP`: it was not run.
    Skipped,
    /// `… # TODO`: it may fail.
    Todo,
}

/// One `ok` or `not ok` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapTest {
    /// Its number as written, or the one that is due.
    pub number: usize,
    /// How it ended.
    pub status: TapStatus,
    /// What follows the number, without a leading `- ` and without its directive.
    pub description: String,
    /// The reason of SKIP or TODO.
    pub reason: String,
    /// What failed in its subtest, then the comment lines that follow it, without `#`.
    pub diagnostics: Vec<String>,
    /// Its line in the output, from 0.
    pub line: usize,
}

/// A parsed stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tap {
    /// How many tests were planned: the `N` of `1..N`.
    pub planned: Option<usize>,
    /// Why all were skipped: the reason of `1..0 # SKIP`.
    pub skip_all: Option<String>,
    /// The tests at the outermost level, in order. A subtest is summed up by its parent.
    pub tests: Vec<TapTest>,
    /// What follows `Bail out!`.
    pub bailed: Option<String>,
}

impl Tap {
    /// What is wrong with the stream as a whole: it bailed out, has no plan, or ran another number of tests.
    pub fn problem(&self) -> Option<String> {
        if let Some(reason) = &self.bailed {
            return Some(format!("bailed out: {reason}").trim_end_matches([':', ' ']).to_owned());
        }
        let (planned, ran) = (self.planned, self.tests.len());
        match planned {
            None => {
                Some(format!("{ran} tests ran, but there is no plan: call plan() or no_plan() and finish()"))
            }
            Some(planned) if planned != ran => Some(format!("{planned} tests were planned, {ran} ran")),
            Some(_) => None,
        }
    }

    /// Why nothing ran.
    pub fn skip_reason(&self) -> String {
        let reasons = self.tests.iter().map(|test| test.reason.as_str()).find(|reason| !reason.is_empty());
        let reason = self.skip_all.as_deref().or(reasons).unwrap_or_default();
        if reason.is_empty() { "no test ran".to_owned() } else { format!("no test ran: {reason}") }
    }
}

/// Reads what a test program wrote.
///
/// Lines that are no TAP are left out, as the protocol asks. `not ok … # TODO` is no failure, `ok … # SKIP` is
/// no pass.
///
/// # Example
/// ```
/// use confiture_fixtures::sqltest::{TapStatus, parse_tap};
///
/// let tap = parse_tap("1..2\nok 1 - table users\nnot ok 2 - column email\n# Failed test 2");
/// assert_eq!(tap.tests[1].status, TapStatus::Failed);
/// assert_eq!(tap.tests[1].diagnostics, ["Failed test 2"]);
/// ```
pub fn parse_tap(text: &str) -> Tap {
    let mut tap = Tap::default();
    // What failed in the subtest that the next outermost line sums up.
    let mut inner: Vec<String> = Vec::new();
    for (line, text) in text.lines().enumerate() {
        if let Some(rest) = text.strip_prefix("Bail out!") {
            tap.bailed = Some(rest.trim().to_owned());
        } else if text.starts_with("    ") {
            let text = text.trim_start();
            let said = text.starts_with("not ok ") || (text.starts_with('#') && !inner.is_empty());
            inner.extend(said.then(|| text.trim_start_matches('#').trim().to_owned()));
        } else if text.starts_with("# Subtest") {
            inner.clear();
        } else if let Some(comment) = text.strip_prefix('#') {
            if let Some(test) = tap.tests.last_mut() {
                test.diagnostics.push(comment.trim().to_owned());
            }
        } else if let Some(rest) = text.strip_prefix("1..") {
            let (count, directive) = directive(rest);
            if let Ok(count) = count.trim().parse() {
                tap.planned = Some(count);
                if count == 0 {
                    tap.skip_all = Some(directive.map(|(_, reason)| reason).unwrap_or_default());
                }
            }
        } else if let Some(mut test) = test_line(text, tap.tests.len() + 1, line) {
            test.diagnostics = std::mem::take(&mut inner);
            tap.tests.push(test);
        }
    }
    tap
}

fn test_line(text: &str, due: usize, line: usize) -> Option<TapTest> {
    let (ok, rest) = match text.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, text.strip_prefix("ok")?),
    };
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let rest = rest.trim_start();
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = rest[..digits].parse().unwrap_or(due);
    let (description, directive) = directive(rest[digits..].trim_start());
    let description = description.trim();
    let description = description.strip_prefix('-').unwrap_or(description).trim().to_owned();
    let (status, reason) = match directive {
        Some((Word::Skip, reason)) if ok => (TapStatus::Skipped, reason),
        Some((Word::Todo, reason)) => (TapStatus::Todo, reason),
        _ => (if ok { TapStatus::Passed } else { TapStatus::Failed }, String::new()),
    };
    Some(TapTest { number, status, description, reason, diagnostics: Vec::new(), line })
}

#[derive(Clone, Copy)]
enum Word {
    Skip,
    Todo,
}

/// What stands before a directive, and the directive with its reason. An escaped `\#` begins none.
fn directive(text: &str) -> (&str, Option<(Word, String)>) {
    for (at, _) in text.match_indices('#') {
        if text[..at].ends_with('\\') {
            continue;
        }
        let after = text[at + 1..].trim_start();
        let length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (name, reason) = after.split_at(length);
        let word = match name.to_ascii_lowercase().as_str() {
            // `SKIPPED` is written too.
            name if name.starts_with("skip") => Word::Skip,
            "todo" => Word::Todo,
            _ => continue,
        };
        let reason = reason.trim_start_matches(':').trim();
        return (&text[..at], Some((word, reason.to_owned())));
    }
    (text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(text: &str) -> Vec<(usize, TapStatus, String)> {
        parse_tap(text).tests.into_iter().map(|t| (t.number, t.status, t.description)).collect()
    }

    #[test]
    fn lines_are_read_with_their_directives() {
        let text = "TAP version 13\n1..5\nok 1 - a\nnot ok 2 - b # TODO not yet\nok 3 # SKIP no locale\n\
                    ok - c \\# d\nnot ok\n    not ok 1 - of a subtest\nsome output\n# Failed test 5\n# at line 3\n";
        let named = |number, status, text: &str| (number, status, text.to_owned());
        assert_eq!(
            statuses(text),
            [
                named(1, TapStatus::Passed, "a"),
                named(2, TapStatus::Todo, "b"),
                named(3, TapStatus::Skipped, ""),
                named(4, TapStatus::Passed, "c \\# d"),
                named(5, TapStatus::Failed, ""),
            ]
        );
        let tap = parse_tap(text);
        assert_eq!(tap.problem(), None);
        assert_eq!(tap.tests[2].reason, "no locale");
        assert_eq!(tap.tests[4].diagnostics, ["Failed test 5", "at line 3"]);
    }

    #[test]
    fn a_failed_subtest_says_what_failed_in_it() {
        let text = "# Subtest: tests.one()\n    ok 1 - fine\n    not ok 2 - sum\n    # Failed test 2: \"sum\"\n    1..2\n\
                    not ok 1 - tests.one\n# Failed test 1\n# Subtest: tests.two()\n    ok 1 - two\n    1..1\n\
                    ok 2 - tests.two\n1..2\n";
        let tap = parse_tap(text);
        assert_eq!(tap.problem(), None);
        assert_eq!(tap.tests[0].diagnostics, ["not ok 2 - sum", "Failed test 2: \"sum\"", "Failed test 1"]);
        assert_eq!(tap.tests[1].diagnostics, Vec::<String>::new());
    }

    #[test]
    fn a_plan_has_to_be_there_and_to_be_kept() {
        let problem = |text| parse_tap(text).problem().unwrap_or_default();
        assert_eq!(problem("1..2\nok 1\n"), "2 tests were planned, 1 ran");
        assert_eq!(
            problem("ok 1\n"),
            "1 tests ran, but there is no plan: call plan() or no_plan() and finish()"
        );
        assert_eq!(problem("1..1\nok 1\nBail out! no disk\n"), "bailed out: no disk");
        assert_eq!(problem("ok 1\nok 2\n1..2\n"), "", "a plan may stand at the end");
    }

    #[test]
    fn what_is_skipped_as_a_whole_ran_nothing() {
        let tap = parse_tap("1..0 # SKIP no extension here\n");
        assert_eq!((tap.problem(), tap.skip_reason()), (None, "no test ran: no extension here".to_owned()));
        assert_eq!(parse_tap("okay\nnotok 1\n").tests, []);
    }
}
