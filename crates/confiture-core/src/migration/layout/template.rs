//! Template values in migration files: `${name}`, `{{ … }}` and psql's `:name`.

use std::collections::BTreeMap;

use crate::sql::{self, TokenKind};

/// Which templates a tool fills in before it sends a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Template {
    /// None: the text is sent as it is.
    None,
    /// Flyway's `${name}`, everywhere in the text, also in strings and comments.
    DollarBrace,
    /// Liquibase's `${name}`, everywhere in the text; names without a value are left as they are.
    KnownDollarBrace,
    /// goose's `${NAME}`, `${NAME:-default}` and `$NAME` between `ENVSUB ON` and `ENVSUB OFF`.
    GooseEnv {
        /// Whether substitution is on where the text starts.
        on: bool,
    },
    /// Go's `{{ … }}`, everywhere in the text.
    Go,
    /// River's `/* TEMPLATE: schema */`, everywhere in the text: the schema with a dot, or nothing.
    River,
    /// psql's `:name`, `:'name'` and `:"name"` outside strings and comments.
    Psql,
    /// psql's, and `:NAME` of given upper-case names everywhere in the text, as Graphile's tools do.
    Placeholders,
}

impl Template {
    /// The template for a part of a file that `before` stands before.
    pub(super) fn after(self, before: &str) -> Self {
        match self {
            Self::GooseEnv { on } => {
                let switches = super::sections::lines(before)
                    .filter_map(|line| super::sections::comment_marker(line.text, "+goose ENVSUB"));
                Self::GooseEnv { on: switches.last().map_or(on, |switch| switch == "ON") }
            }
            other => other,
        }
    }
}

/// A text with its template values filled in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// Starts of the pieces: `(offset in text, offset in the file)`; ends with the end of both.
    pieces: Vec<(usize, usize)>,
    /// Whether any template was filled in.
    pub(super) changed: bool,
}

impl Expanded {
    /// The place in the file of byte `at` of the text.
    pub(super) fn file_offset(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|(text, _)| *text <= at).saturating_sub(1);
        let Some(&(text, file)) = self.pieces.get(index) else { return at };
        let limit = self.pieces.get(index + 1).map_or(usize::MAX, |next| next.1);
        (file + at.saturating_sub(text)).min(limit)
    }

    /// Where the pieces of `start..end` of the text stand: `(offset from start, offset in the file)`.
    pub(super) fn moved(&self, start: usize, end: usize) -> Vec<(usize, usize)> {
        let mut moved = vec![(0, self.file_offset(start))];
        let inside = self.pieces.iter().filter(|(text, _)| start < *text && *text < end);
        moved.extend(inside.map(|(text, file)| (text - start, *file)));
        moved
    }

    /// Adds a later part of the same file.
    pub(super) fn append(&mut self, part: Self) {
        let (before, next) = (self.text.len(), part.pieces.first().map(|(_, file)| *file));
        let joins = self.pieces.last().is_none_or(|(_, end)| Some(*end) == next);
        self.changed |= part.changed || !joins;
        self.text.push_str(&part.text);
        self.pieces.extend(part.pieces.into_iter().map(|(text, file)| (before + text, file)));
    }

    fn copy(&mut self, text: &str, file: usize) {
        if !text.is_empty() {
            self.pieces.push((self.text.len(), file));
            self.text.push_str(text);
        }
    }

    fn fill(&mut self, value: &str, file: usize) {
        self.pieces.push((self.text.len(), file));
        self.text.push_str(value);
        self.changed = true;
    }

    fn end(&mut self, file: usize) {
        self.pieces.push((self.text.len(), file));
    }
}

/// Why a text cannot be filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfilled {
    /// No value is given: names, and where each is first used.
    Missing(Vec<(String, usize)>),
    /// An action that is more than a value, and where.
    Action(String, usize),
}

impl Unfilled {
    /// The reason for the user; `text` is the whole file.
    pub(super) fn reason(&self, text: &str) -> String {
        match self {
            Self::Missing(names) => {
                let flags: Vec<_> = names.iter().map(|(name, _)| format!("--var {name}=VALUE")).collect();
                let list: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
                let line = line_of(text, names.first().map_or(0, |(_, at)| *at));
                let (noun, verb) = if list.len() == 1 { ("value", "has") } else { ("values", "have") };
                format!(
                    "the template {noun} {} (line {line}) {verb} not been given: {}",
                    list.join(", "),
                    flags.join(" ")
                )
            }
            Self::Action(action, at) => format!(
                "the template action {action} at line {} is more than a value, which is all that is filled in",
                line_of(text, *at)
            ),
        }
    }
}

/// The line of byte `at`, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}

/// Fills in the templates of `text`, which stands at byte `base` of its file.
pub(super) fn expand(
    text: &str,
    base: usize,
    template: Template,
    vars: &BTreeMap<String, String>,
) -> Result<Expanded, Unfilled> {
    let mut filler = Filler { vars, base, out: Expanded::default(), missing: Vec::new() };
    match template {
        Template::None => filler.out.copy(text, base),
        Template::DollarBrace => filler.dollar_brace(text, true),
        Template::KnownDollarBrace => filler.dollar_brace(text, false),
        Template::GooseEnv { on } => filler.goose_env(text, on),
        Template::Go => filler.go(text)?,
        Template::River => filler.river(text),
        Template::Psql => filler.psql(text, false),
        Template::Placeholders => filler.psql(text, true),
    }
    filler.out.end(base + text.len());
    if filler.missing.is_empty() { Ok(filler.out) } else { Err(Unfilled::Missing(filler.missing)) }
}

struct Filler<'a> {
    vars: &'a BTreeMap<String, String>,
    base: usize,
    out: Expanded,
    missing: Vec<(String, usize)>,
}

impl Filler<'_> {
    /// Puts the value of `name` in the place of the template at `at`, or notes that there is none.
    fn value(&mut self, name: &str, at: usize, form: impl Fn(&str) -> String) {
        match self.vars.get(name) {
            Some(value) => {
                let value = form(value);
                self.out.fill(&value, self.base + at);
            }
            None if self.missing.iter().any(|(known, _)| known == name) => {}
            None => self.missing.push((name.to_owned(), self.base + at)),
        }
    }

    fn dollar_brace(&mut self, text: &str, all: bool) {
        let mut done = 0;
        while let Some(at) = text[done..].find("${").map(|at| done + at) {
            let Some(len) = text[at..].find('}') else { break };
            let (name, end) = (&text[at + 2..at + len], at + len + 1);
            if all || self.vars.contains_key(name) {
                self.out.copy(&text[done..at], self.base + done);
                self.value(name, at, str::to_owned);
            } else {
                self.out.copy(&text[done..end], self.base + done);
            }
            done = end;
        }
        self.out.copy(&text[done..], self.base + done);
    }

    fn goose_env(&mut self, text: &str, mut on: bool) {
        let mut done = 0;
        for line in super::sections::lines(text) {
            if let Some(switch) = super::sections::comment_marker(line.text, "+goose ENVSUB") {
                on = switch == "ON";
                continue;
            }
            if !on {
                continue;
            }
            let mut from = line.start;
            while let Some(at) = text[from..line.end].find('$').map(|at| from + at) {
                let Some((name, default, len)) = env_name(&text[at..line.end]) else {
                    from = at + 1;
                    continue;
                };
                self.out.copy(&text[done..at], self.base + done);
                match (self.vars.contains_key(name), default) {
                    (false, Some(default)) => self.out.fill(default, self.base + at),
                    _ => self.value(name, at, str::to_owned),
                }
                done = at + len;
                from = done;
            }
        }
        self.out.copy(&text[done..], self.base + done);
    }

    fn go(&mut self, text: &str) -> Result<(), Unfilled> {
        let mut done = 0;
        while let Some(at) = text[done..].find("{{").map(|at| done + at) {
            let Some(len) = text[at..].find("}}") else { break };
            self.out.copy(&text[done..at], self.base + done);
            let action = text[at + 2..at + len].trim_start_matches('-').trim_end_matches('-').trim();
            match go_action(action) {
                Some(GoAction::Nothing) => self.out.fill("", self.base + at),
                Some(GoAction::Value(name)) => self.value(name, at, str::to_owned),
                Some(GoAction::Identifier(name)) => self.value(name, at, quoted_identifier),
                None => return Err(Unfilled::Action(format!("{{{{ {action} }}}}"), self.base + at)),
            }
            done = at + len + 2;
        }
        self.out.copy(&text[done..], self.base + done);
        Ok(())
    }

    fn river(&mut self, text: &str) {
        const TEMPLATE: &str = "/* TEMPLATE: schema */";
        let schema = self.vars.get("schema").map(|schema| format!("{}.", schema.trim_end_matches('.')));
        let mut done = 0;
        while let Some(at) = text[done..].find(TEMPLATE).map(|at| done + at) {
            self.out.copy(&text[done..at], self.base + done);
            self.out.fill(schema.as_deref().unwrap_or_default(), self.base + at);
            done = at + TEMPLATE.len();
        }
        self.out.copy(&text[done..], self.base + done);
    }

    fn psql(&mut self, text: &str, everywhere: bool) {
        let tokens = sql::lex(text);
        let mut set: BTreeMap<String, String> = BTreeMap::new();
        let mut brackets = 0usize;
        let mut done = 0;
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            index += 1;
            let at = token.span.start;
            match token.kind {
                TokenKind::LeftBracket => brackets += 1,
                TokenKind::RightBracket => brackets = brackets.saturating_sub(1),
                TokenKind::Meta => {
                    if let Some((name, value)) = psql_set(token.text(text)) {
                        set.insert(name, value);
                    }
                }
                TokenKind::Colon => {
                    let Some((name, taken)) = sql::psql_variable(text, &tokens[index - 1..]) else {
                        continue;
                    };
                    let known = self.vars.contains_key(name) || set.contains_key(name);
                    // Without a value psql leaves the text alone; in `a[1:n]` that is what is meant.
                    if !known && brackets > 0 {
                        continue;
                    }
                    let Some(last) = tokens.get(index + taken - 2) else { continue };
                    let form = match text.as_bytes().get(at + 1) {
                        Some(b'\'') => quoted_literal,
                        Some(b'"') => quoted_identifier,
                        _ => str::to_owned,
                    };
                    self.out.copy(&text[done..at], self.base + done);
                    match set.get(name) {
                        Some(value) if !self.vars.contains_key(name) => {
                            self.out.fill(&form(value), self.base + at);
                        }
                        _ => self.value(name, at, form),
                    }
                    done = last.span.end;
                    index += taken - 1;
                }
                kind if everywhere
                    && (kind.is_string()
                        || matches!(kind, TokenKind::QuotedIdent | TokenKind::Unterminated(_))) =>
                {
                    done = self.placeholders(text, done, token.span.start, token.span.end);
                }
                _ => {}
            }
        }
        self.out.copy(&text[done..], self.base + done);
    }

    /// Fills in `:NAME` of given names in `from..to`; what stands between `done` and the last of them has
    /// been copied when it returns where the rest starts.
    fn placeholders(&mut self, text: &str, mut done: usize, mut from: usize, to: usize) -> usize {
        while let Some(at) = text[from..to].find(':').map(|at| from + at) {
            from = at + 1;
            let rest = &text[from..to];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let name = &rest[..end];
            if name.starts_with(|c: char| c.is_ascii_uppercase()) && self.vars.contains_key(name) {
                self.out.copy(&text[done..at], self.base + done);
                self.value(name, at, str::to_owned);
                done = from + end;
                from = done;
            }
        }
        done
    }
}

/// `NAME`, its default and the length of `$NAME`, `${NAME}` or `${NAME:-default}`.
fn env_name(text: &str) -> Option<(&str, Option<&str>, usize)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(inner) = text.strip_prefix("${") {
        let close = inner.find('}')?;
        let body = &inner[..close];
        let end = body.find(|c| !is_name(c)).unwrap_or(body.len());
        let default = body[end..].strip_prefix(":-").or_else(|| body[end..].strip_prefix('-'));
        return (end > 0 && (end == body.len() || default.is_some())).then_some((
            &body[..end],
            default,
            close + 3,
        ));
    }
    let rest = text.strip_prefix('$')?;
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let name = &rest[..end];
    // `$1` is a parameter and `$tag$` opens a string.
    let plain =
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !rest[end..].starts_with('$');
    plain.then_some((name, None, end + 1))
}

enum GoAction<'a> {
    Nothing,
    Value(&'a str),
    Identifier(&'a str),
}

fn go_action(action: &str) -> Option<GoAction<'_>> {
    if action.is_empty() || (action.starts_with("/*") && action.ends_with("*/")) {
        return Some(GoAction::Nothing);
    }
    let words: Vec<&str> = action.split_whitespace().collect();
    match words.as_slice() {
        [field] => Some(GoAction::Value(go_field(field)?)),
        ["index", object, key] if object.starts_with('.') => Some(GoAction::Value(go_string(key)?)),
        ["template", name] | ["template", name, "."] => Some(GoAction::Value(go_string(name)?)),
        ["env", key] => Some(GoAction::Value(go_string(key)?)),
        ["identifier", field] => Some(GoAction::Identifier(go_field(field)?)),
        _ => None,
    }
}

/// `X` of `.X`, `.Options.X`.
fn go_field(field: &str) -> Option<&str> {
    let name = field.strip_prefix('.')?.rsplit('.').next()?;
    (!name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(name)
}

fn go_string(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '`'))?;
    text.strip_prefix(quote)?.strip_suffix(quote)
}

/// Name and value of `\set name value…`.
fn psql_set(meta: &str) -> Option<(String, String)> {
    let rest = meta.strip_prefix("\\set")?;
    let mut words = rest.split_whitespace();
    let name = words.next()?.to_owned();
    let value: String = words.map(|word| word.trim_matches('\'')).collect();
    rest.starts_with(char::is_whitespace).then_some((name, value))
}

fn quoted_literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn quoted_identifier(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: Template, text: &str, vars: &[(&str, &str)]) -> Result<String, String> {
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        expand(text, 0, template, &vars).map(|done| done.text).map_err(|why| why.reason(text))
    }

    #[test]
    fn psql_variables_are_filled_in_outside_strings_only() {
        let vars = [("owner", "o'neil"), ("t", "My Table")];
        let filled = fill(Template::Psql, "select :'owner', ':owner' from :\"t\" -- :t", &vars);
        assert_eq!(filled.as_deref(), Ok("select 'o''neil', ':owner' from \"My Table\" -- :t"));
    }

    #[test]
    fn casts_slices_and_assignments_are_not_psql_variables() {
        for sql in ["select a::text", "select a[1:2], a[1:n]", "select f(a := 1)", "select '12:MI:SS'"] {
            assert_eq!(fill(Template::Placeholders, sql, &[]).as_deref(), Ok(sql));
        }
    }

    #[test]
    fn graphile_placeholders_are_filled_in_everywhere() {
        let sql = "create function :S.f() as $$ select * from :S.t, :SUFFIX $$";
        assert_eq!(
            fill(Template::Placeholders, sql, &[("S", "app")]).as_deref(),
            Ok("create function app.f() as $$ select * from app.t, :SUFFIX $$")
        );
    }

    #[test]
    fn psql_set_defines_variables() {
        assert_eq!(
            fill(Template::Psql, "\\set who 'me'\nselect :'who'", &[]).as_deref(),
            Ok("\\set who 'me'\nselect 'me'")
        );
    }

    #[test]
    fn missing_values_are_named_with_their_flag() {
        let reason = fill(Template::Psql, "select 1;\nselect :who, :who, :what", &[]).unwrap_err();
        assert_eq!(
            reason,
            "the template values who, what (line 2) have not been given: --var who=VALUE --var what=VALUE"
        );
    }

    #[test]
    fn go_actions_take_values_and_refuse_conditions() {
        let sql = r#"create table {{ index .Options "Namespace" }}.a; {{- /* note */ -}} drop {{identifier .Options.T}} {{ .T }}"#;
        assert_eq!(
            fill(Template::Go, sql, &[("Namespace", "auth"), ("T", "x y")]).as_deref(),
            Ok("create table auth.a;  drop \"x y\" x y")
        );
        let reason = fill(Template::Go, "\n{{ if eq .Dialect \"x\" }}", &[]).unwrap_err();
        assert!(reason.contains("line 2"), "{reason}");
    }

    #[test]
    fn goose_substitutes_between_its_switches() {
        let sql = "select '$A';\n-- +goose ENVSUB ON\nselect '$A', '${B:-b}', $tag$ $1 $tag$;\n-- +goose ENVSUB OFF\nselect '${A}';";
        let filled = fill(Template::GooseEnv { on: false }, sql, &[("A", "1")]);
        let expected = sql.replacen("'$A', '${B:-b}'", "'1', 'b'", 1);
        assert_eq!(filled, Ok(expected));
    }

    #[test]
    fn places_map_back_through_filled_in_values() {
        let vars = [("a".to_owned(), "long value".to_owned())].into();
        let text = "x ${a} y ${a} z";
        let Ok(done) = expand(text, 100, Template::DollarBrace, &vars) else { panic!("filled in") };
        assert_eq!(done.text, "x long value y long value z");
        let at = done.text.find('y').unwrap();
        assert_eq!(done.file_offset(at), 100 + text.find('y').unwrap());
        let at = done.text.find('z').unwrap();
        assert_eq!(done.file_offset(at), 100 + text.find('z').unwrap());
        assert_eq!(done.file_offset(done.text.len()), 100 + text.len());
    }
}
