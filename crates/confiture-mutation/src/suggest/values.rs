//! Values that a column may get: what the statement compares with and its neighbours, and what types are known for.

use std::collections::BTreeSet;

use confiture_core::catalog::Catalog;
use confiture_core::sql::{TokenKind, Tokens};

/// Most values of a column that are tried.
const MOST: usize = 14;

/// The constants a statement writes, those in the bodies of blocks too: with the neighbours of whole numbers, and
/// texts that match its patterns.
pub(super) fn constants(sql: &str) -> Vec<String> {
    let mut constants = Vec::new();
    for token in Tokens::new(sql) {
        let text = token.text(sql);
        match token.kind {
            TokenKind::Number => {
                constants.push(text.to_owned());
                if let Ok(number) = text.parse::<i64>() {
                    constants
                        .extend([number.saturating_sub(1), number.saturating_add(1)].map(|n| n.to_string()));
                }
            }
            kind if kind.is_string() => match text.split_once('\'') {
                Some((prefix, rest)) if prefix.len() <= 2 => {
                    let mut value = rest.trim_end_matches('\'').replace("''", "'");
                    if prefix.eq_ignore_ascii_case("e") {
                        value = value.replace("\\n", "\n").replace("\\t", "\t");
                    }
                    constants.extend(texts(&value));
                }
                // The body of a block or a function.
                _ => constants.extend(self::constants(text.trim_matches('$').trim_matches(is_tag_letter))),
            },
            _ => {}
        }
    }
    constants
}

fn is_tag_letter(c: char) -> bool {
    c == '$' || c == '_' || c.is_alphanumeric()
}

/// A constant, and what it stands for where it is a pattern.
fn texts(value: &str) -> Vec<String> {
    let mut texts = Vec::new();
    if value.contains('%') {
        let matching = value.replace('%', "x");
        texts.extend([matching.to_uppercase(), matching]);
    }
    if let Some(matching) = matching(value) {
        texts.extend([format!("x{matching}y"), format!("x{matching}"), matching]);
    }
    texts.push(value.to_owned());
    texts
}

/// The values a column of `data_type` may be given.
pub(super) fn of_type(catalog: &Catalog, data_type: &str, constants: &BTreeSet<String>) -> Vec<String> {
    let base = data_type.split('(').next().unwrap_or_default();
    let mut values: Vec<String> = Vec::new();
    let mut add = |value: &str| {
        if !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    };
    if let Some(element) = data_type.strip_suffix("[]") {
        let quoted = |value: &String| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let own = of_type(catalog, element, constants);
        ["{}".to_owned(), format!("{{{}}}", own.iter().take(2).map(quoted).collect::<Vec<_>>().join(","))]
            .iter()
            .chain(&own.iter().take(3).map(|one| format!("{{{}}}", quoted(one))).collect::<Vec<_>>())
            .for_each(|value| add(value));
        return values;
    }
    let fitting = constants.iter().filter(|value| fits(base, value)).take(MOST);
    match base {
        "json" | "jsonb" => documents(constants).iter().for_each(|value| add(value)),
        _ => fitting.for_each(|value| add(value)),
    }
    let label = |id: &confiture_core::catalog::ObjectId| id.sql_name() == data_type || id.name() == data_type;
    if let Some((_, found)) = catalog.enums().find(|(id, _)| label(id)) {
        return found.labels.clone();
    }
    let usual: &[&str] = match base {
        "boolean" => &["true", "false"],
        "smallint" | "integer" | "bigint" => &["0", "1", "-1", "2"],
        "numeric" | "real" | "double precision" => &["0", "1.5", "-1", "1000.25"],
        "date" | "timestamp without time zone" | "timestamp with time zone" => {
            &["2000-01-01", "2030-06-15", "1999-12-31"]
        }
        "interval" => &["1 day", "-1 hour"],
        "bytea" => &["\\x", "\\x00ff"],
        "text" | "character varying" | "public.citext" | "citext" | "character" => {
            // A letter with its accent apart, too: normal forms of Unicode.
            &["", "x", " X y ", "e\u{301}", "a b c d e f g h i j k l m n o p q r s t"]
        }
        _ => &[],
    };
    usual.iter().for_each(|value| add(value));
    values
}

/// JSON in which the names a statement asks for are there.
fn documents(constants: &BTreeSet<String>) -> Vec<String> {
    let is_name = |text: &&String| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
    };
    let names: Vec<&String> =
        constants.iter().filter(is_name).filter(|n| n.parse::<f64>().is_err()).collect();
    let object = |value: &str| {
        let pairs: Vec<String> = names.iter().map(|name| format!("\"{name}\": {value}")).collect();
        format!("{{{}}}", pairs.join(", "))
    };
    let mut documents: Vec<String> = Vec::new();
    if !names.is_empty() {
        let inner = object("\"x\"");
        documents.extend(["\"x\"", "1.5", "true", "null", "[\"x\", \"y\"]", &inner].map(object));
        documents.push(format!("[{inner}]"));
    }
    documents.extend(["{}", "[]", "[\"x\", \"y\"]", "\"x\"", "1", "null"].map(str::to_owned));
    documents.truncate(MOST);
    documents
}

/// Whether a column of a type may take a constant: what surely cannot is not worth asking the server.
fn fits(base: &str, value: &str) -> bool {
    let number = value.parse::<f64>().is_ok();
    match base.split(' ').next().unwrap_or_default() {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double" => number,
        "boolean" => matches!(value, "true" | "false"),
        "date" | "timestamp" | "time" | "uuid" | "interval" => {
            !number && value.starts_with(|c: char| c.is_ascii_hexdigit())
        }
        _ => true,
    }
}

/// A text that a regular expression (manual 18, 9.7.3) finds something in; `None` for what is none. A guess: what
/// comes of it is tried.
fn matching(pattern: &str) -> Option<String> {
    if !pattern.contains(['\\', '[', '(', '^', '$', '+', '*']) {
        return None;
    }
    let mut reader = Reader { rest: pattern.chars().collect::<Vec<_>>().into_iter().rev().collect() };
    let found = reader.alternatives();
    (!found.is_empty() && found != pattern).then_some(found)
}

struct Reader {
    /// The characters still to be read, the next one last.
    rest: Vec<char>,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.last().copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest.pop();
        }
        found
    }

    /// The first of several, up to the end of the group.
    fn alternatives(&mut self) -> String {
        let mut first = None;
        let mut text = String::new();
        while let Some(next) = self.peek() {
            match next {
                ')' => break,
                '|' => {
                    self.rest.pop();
                    first.get_or_insert(std::mem::take(&mut text));
                }
                _ => {
                    let one = self.atom();
                    text.push_str(&one.repeat(self.times()));
                }
            }
        }
        first.unwrap_or(text)
    }

    fn atom(&mut self) -> String {
        match self.rest.pop() {
            Some('(') => {
                if self.take('?') {
                    self.rest.pop();
                }
                let inner = self.alternatives();
                self.take(')');
                inner
            }
            Some('[') => self.class().to_string(),
            Some('\\') => match self.rest.pop() {
                Some('d') => "1".to_owned(),
                Some('w' | 'S' | 'D') => "x".to_owned(),
                Some('s' | 'W') => " ".to_owned(),
                Some('n') => "\n".to_owned(),
                Some('t') => "\t".to_owned(),
                Some('m' | 'M' | 'y' | 'A' | 'Z') | None => String::new(),
                Some(other) => other.to_string(),
            },
            Some('.') => "x".to_owned(),
            Some('^' | '$') | None => String::new(),
            Some(other) => other.to_string(),
        }
    }

    /// A character of `[…]`, whose opening bracket has been read.
    fn class(&mut self) -> char {
        let negated = self.take('^');
        let mut members = String::new();
        while let Some(next) = self.rest.pop() {
            match next {
                ']' if !members.is_empty() => break,
                '[' if self.take(':') => {
                    let mut name = String::new();
                    while let Some(letter) = self.rest.pop().filter(|c| *c != ':') {
                        name.push(letter);
                    }
                    self.take(']');
                    members.push(match name.as_str() {
                        "space" | "blank" => ' ',
                        "digit" | "xdigit" => '1',
                        "upper" => 'X',
                        "punct" => '.',
                        _ => 'x',
                    });
                }
                '\\' => members.push(match self.rest.pop() {
                    Some('d') => '1',
                    Some('n') => '\n',
                    Some('s') => ' ',
                    Some('w') | None => 'x',
                    Some(other) => other,
                }),
                other => members.push(other),
            }
        }
        match negated {
            true => ['x', '1', ' ', '.'].into_iter().find(|c| !members.contains(*c)).unwrap_or('q'),
            false => members.chars().next().unwrap_or('x'),
        }
    }

    /// How often the quantifier that may follow wants it.
    fn times(&mut self) -> usize {
        let times = match self.peek() {
            Some('*' | '+' | '?') => {
                self.rest.pop();
                1
            }
            Some('{') => {
                self.rest.pop();
                let mut digits = String::new();
                while let Some(letter) = self.rest.pop().filter(|c| *c != '}') {
                    digits.push(letter);
                }
                let least = digits.split(',').next().and_then(|least| least.trim().parse().ok());
                least.unwrap_or(1).clamp(1, 64)
            }
            _ => return 1,
        };
        self.take('?');
        times
    }
}

#[cfg(test)]
mod tests {
    use super::{constants, documents, matching};

    #[test]
    fn a_text_is_found_for_a_pattern() {
        for (pattern, text) in [
            (r" (\d+-\d+-\d+)\)$", Some(" 1-1-1)")),
            (r"^[^\n]+\n", Some("x\n")),
            ("[[:space:]]+", Some(" ")),
            ("^(abc|def){2}[a-f0-9]{3}?$", Some("abcabcaaa")),
            ("plain", None),
            ("$1", Some("1")),
        ] {
            assert_eq!(matching(pattern).as_deref(), text, "{pattern}");
        }
    }

    #[test]
    fn constants_are_read_where_they_stand() {
        let sql = "UPDATE t SET a = 'it''s', b = E'x\\ny' WHERE c > 5 AND d LIKE 'gh:%'";
        assert_eq!(constants(sql), ["it's", "x\ny", "5", "4", "6", "GH:X", "gh:x", "gh:%"]);
        assert_eq!(constants("DO $do$ BEGIN UPDATE t SET a = 'in'; END $do$"), ["in"]);
        assert_eq!(constants("SELECT now()"), Vec::<String>::new());
    }

    #[test]
    fn documents_hold_the_names_that_are_asked_for() {
        let names = ["client_id".to_owned(), "5".to_owned()].into_iter().collect();
        let documents = documents(&names);
        assert!(documents.contains(&"{\"client_id\": \"x\"}".to_owned()), "{documents:?}");
        assert!(!documents.iter().any(|document| document.contains("\"5\"")), "{documents:?}");
    }
}
