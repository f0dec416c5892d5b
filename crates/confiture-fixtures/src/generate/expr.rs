//! Expressions as the server prints them (`pg_get_constraintdef`, `pg_get_expr`), as a tree.
//!
//! The server prints fully parenthesised, with casts written `::`; that, not SQL in general, is what is
//! read here. What is not understood becomes [`Expr::Opaque`] and is left to the server to judge.

use confiture_core::sql::{Token, TokenKind, lex};

use super::value::{Value, parse_moment};

/// A scalar expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Const(Value),
    /// Place of a column in the table's list.
    Column(usize),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// Whether it is `IS NOT NULL`.
    IsNull(Box<Expr>, bool),
    /// `IS [NOT] TRUE|FALSE`: the wanted truth, and whether it is negated.
    IsTruth(Box<Expr>, bool, bool),
    /// `IS [NOT] DISTINCT FROM`: whether it is negated.
    Distinct(Box<Expr>, Box<Expr>, bool),
    Binary(String, Box<Expr>, Box<Expr>),
    /// `operator ANY (…)`, or `ALL` when set.
    Quantified {
        operator: String,
        left: Box<Expr>,
        right: Box<Expr>,
        all: bool,
    },
    Call(String, Vec<Expr>),
    Cast(Box<Expr>, String),
    Array(Vec<Expr>),
    Case {
        operand: Option<Box<Expr>>,
        arms: Vec<(Expr, Expr)>,
        otherwise: Box<Expr>,
    },
    /// Not understood; the columns it mentions.
    Opaque(Vec<usize>),
}

impl Expr {
    /// Reads `text`; columns are found by name with `column`.
    pub(super) fn read(text: &str, column: &dyn Fn(&str) -> Option<usize>) -> Self {
        let tokens: Vec<Token> = lex(text).into_iter().filter(|token| !token.kind.is_trivia()).collect();
        let mut parser = Parser { text, tokens: &tokens, at: 0, column };
        match parser.expression(0) {
            Some(read) if parser.at == tokens.len() => read,
            _ => {
                let names = tokens.iter().filter(|token| token.kind.is_name());
                let mut mentioned: Vec<usize> =
                    names.filter_map(|token| column(&unquoted(token.text(text)))).collect();
                mentioned.sort_unstable();
                mentioned.dedup();
                Self::Opaque(mentioned)
            }
        }
    }

    /// The columns it mentions, in order, without repetition.
    pub(super) fn columns(&self) -> Vec<usize> {
        let mut found = Vec::new();
        self.walk(&mut |expr| match expr {
            Self::Column(at) => found.push(*at),
            Self::Opaque(columns) => found.extend(columns),
            _ => {}
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Text constants in it: candidates where nothing better is known.
    pub(super) fn constants(&self) -> Vec<Value> {
        let mut found = Vec::new();
        self.walk(&mut |expr| {
            if let Self::Const(value) = expr
                && !value.is_null()
            {
                found.push(value.clone());
            }
        });
        found
    }

    fn walk(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        for part in self.children() {
            part.walk(visit);
        }
    }

    /// Its parts, in order.
    pub(super) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Const(_) | Self::Column(_) | Self::Opaque(_) => Vec::new(),
            Self::And(all) | Self::Or(all) | Self::Call(_, all) | Self::Array(all) => all.iter().collect(),
            Self::Not(one) | Self::IsNull(one, _) | Self::IsTruth(one, ..) | Self::Cast(one, _) => vec![one],
            Self::Distinct(a, b, _) | Self::Binary(_, a, b) | Self::Quantified { left: a, right: b, .. } => {
                vec![a, b]
            }
            Self::Case { operand, arms, otherwise } => {
                let arms = arms.iter().flat_map(|(when, then)| [when, then]);
                operand.iter().map(|operand| &**operand).chain(arms).chain([&**otherwise]).collect()
            }
        }
    }
}

/// A name without its quotes.
pub(super) fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_owned(),
    }
}

/// The value of a string token.
fn string_value(token: Token, text: &str) -> Option<String> {
    let raw = token.text(text);
    let start = raw.find('\'')?;
    let inner = raw.get(start + 1..raw.len().checked_sub(1)?)?.replace("''", "'");
    match token.kind {
        TokenKind::String => Some(inner),
        TokenKind::EscapeString => {
            let mut plain = String::new();
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                plain.push(match c {
                    '\\' => match chars.next()? {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        other => other,
                    },
                    other => other,
                });
            }
            Some(plain)
        }
        _ => None,
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    column: &'a dyn Fn(&str) -> Option<usize>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(self.text, word))
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.word(word);
        self.at += usize::from(found);
        found
    }

    fn eat_kind(&mut self, kind: TokenKind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == kind);
        self.at += usize::from(found);
        found
    }

    fn operator(&self) -> Option<&str> {
        self.peek().filter(|token| token.kind == TokenKind::Operator).map(|token| token.text(self.text))
    }

    /// Binding strengths: 1 OR, 2 AND, 3 NOT, 4 IS, 5 comparison, 6 other operators, 7 + -, 8 * / %, 9 ^.
    fn expression(&mut self, least: u8) -> Option<Expr> {
        let mut left = self.prefix()?;
        loop {
            if least <= 1 && self.eat("or") {
                left = joined(left, self.expression(2)?, false);
            } else if least <= 2 && self.eat("and") {
                left = joined(left, self.expression(3)?, true);
            } else if least <= 4 && self.eat("is") {
                left = self.is(left)?;
            } else if let Some(operator) = self.operator() {
                let strength = match operator {
                    "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" => 5,
                    "+" | "-" => 7,
                    "*" | "/" | "%" => 8,
                    "^" => 9,
                    _ => 6,
                };
                if strength < least {
                    return Some(left);
                }
                let operator = operator.to_owned();
                self.at += 1;
                left = self.right_side(left, operator, strength)?;
            } else {
                return Some(left);
            }
        }
    }

    fn right_side(&mut self, left: Expr, operator: String, strength: u8) -> Option<Expr> {
        for (word, all) in [("any", false), ("all", true)] {
            if self.eat(word) {
                if !self.eat_kind(TokenKind::LeftParen) {
                    return None;
                }
                let right = Box::new(self.expression(0)?);
                let closed = self.eat_kind(TokenKind::RightParen);
                return closed.then(|| Expr::Quantified { operator, left: Box::new(left), right, all });
            }
        }
        let right = self.expression(strength + 1)?;
        Some(Expr::Binary(operator, Box::new(left), Box::new(right)))
    }

    fn is(&mut self, left: Expr) -> Option<Expr> {
        let left = Box::new(left);
        let negated = self.eat("not");
        if self.eat("null") {
            Some(Expr::IsNull(left, negated))
        } else if self.eat("true") {
            Some(Expr::IsTruth(left, true, negated))
        } else if self.eat("false") {
            Some(Expr::IsTruth(left, false, negated))
        } else if self.eat("distinct") && self.eat("from") {
            Some(Expr::Distinct(left, Box::new(self.expression(5)?), negated))
        } else {
            None
        }
    }

    fn prefix(&mut self) -> Option<Expr> {
        if self.eat("not") {
            return Some(Expr::Not(Box::new(self.expression(4)?)));
        }
        if self.operator() == Some("-") {
            self.at += 1;
            return Some(match self.postfix()? {
                Expr::Const(Value::Int(value)) => Expr::Const(Value::Int(value.checked_neg()?)),
                Expr::Const(Value::Decimal(digits, scale)) => Expr::Const(Value::Decimal(-digits, scale)),
                other => Expr::Binary("-".to_owned(), Box::new(Expr::Const(Value::Int(0))), Box::new(other)),
            });
        }
        self.postfix()
    }

    /// A primary with its casts, subscripts and COLLATE.
    fn postfix(&mut self) -> Option<Expr> {
        let mut expr = self.primary()?;
        loop {
            if self.eat_kind(TokenKind::DoubleColon) {
                expr = cast(expr, self.type_name()?);
            } else if self.eat("collate") {
                self.at += 1;
                if self.eat_kind(TokenKind::Dot) {
                    self.at += 1;
                }
            } else if self.eat_kind(TokenKind::LeftBracket) {
                let index = self.expression(0)?;
                if !self.eat_kind(TokenKind::RightBracket) {
                    return None;
                }
                expr = Expr::Call("[]".to_owned(), vec![expr, index]);
            } else {
                return Some(expr);
            }
        }
    }

    /// `schema.name(modifiers) words[]` after `::`.
    fn type_name(&mut self) -> Option<String> {
        let start = self.peek()?.span.start;
        let first = self.peek()?;
        self.at += 1;
        while self.eat_kind(TokenKind::Dot) {
            self.at += 1;
        }
        let words: &[&str] = match first.text(self.text).to_ascii_lowercase().as_str() {
            "double" => &["precision"],
            "character" | "bit" => &["varying"],
            "timestamp" | "time" | "interval" => &[],
            _ => &[],
        };
        for word in words {
            self.eat(word);
        }
        if self.peek().is_some_and(|token| token.kind == TokenKind::LeftParen) {
            while !self.eat_kind(TokenKind::RightParen) {
                self.peek()?;
                self.at += 1;
            }
        }
        if self.eat("with") || self.eat("without") {
            self.eat("time");
            self.eat("zone");
        }
        while self.eat_kind(TokenKind::LeftBracket) {
            self.eat_kind(TokenKind::RightBracket);
        }
        let end = self.tokens.get(self.at.checked_sub(1)?)?.span.end;
        Some(self.text[start..end].to_ascii_lowercase())
    }

    fn arguments(&mut self, close: TokenKind) -> Option<Vec<Expr>> {
        let mut all = Vec::new();
        if self.eat_kind(close) {
            return Some(all);
        }
        loop {
            all.push(self.expression(0)?);
            if self.eat_kind(close) {
                return Some(all);
            }
            if !self.eat_kind(TokenKind::Comma) {
                return None;
            }
        }
    }

    fn primary(&mut self) -> Option<Expr> {
        let token = self.peek()?;
        let text = token.text(self.text);
        self.at += 1;
        match token.kind {
            TokenKind::LeftParen => {
                let inner = self.expression(0)?;
                self.eat_kind(TokenKind::RightParen).then_some(inner)
            }
            TokenKind::Number => number(text).map(Expr::Const),
            kind if kind.is_string() => {
                string_value(token, self.text).map(|text| Expr::Const(Value::Text(text)))
            }
            TokenKind::Ident if !self.peek().is_some_and(|next| next.kind == TokenKind::Dot) => {
                self.name(&text.to_ascii_lowercase(), text)
            }
            TokenKind::QuotedIdent | TokenKind::Ident => self.qualified(unquoted(text)),
            _ => None,
        }
    }

    /// A function or column written with or without its schema.
    fn qualified(&mut self, mut name: String) -> Option<Expr> {
        while self.eat_kind(TokenKind::Dot) {
            name = unquoted(self.peek()?.text(self.text));
            self.at += 1;
        }
        if self.eat_kind(TokenKind::LeftParen) {
            return Some(Expr::Call(name, self.arguments(TokenKind::RightParen)?));
        }
        (self.column)(&name).map(Expr::Column)
    }

    fn name(&mut self, lower: &str, text: &str) -> Option<Expr> {
        match lower {
            "null" => return Some(Expr::Const(Value::Null)),
            "true" => return Some(Expr::Const(Value::Bool(true))),
            "false" => return Some(Expr::Const(Value::Bool(false))),
            "array" if self.eat_kind(TokenKind::LeftBracket) => {
                return Some(Expr::Array(self.arguments(TokenKind::RightBracket)?));
            }
            "current_timestamp" | "localtimestamp" | "current_date" => {
                return Some(Expr::Call("now".to_owned(), Vec::new()));
            }
            "case" => return self.case(),
            "extract" if self.eat_kind(TokenKind::LeftParen) => {
                let field = self.peek()?.text(self.text).to_ascii_lowercase();
                self.at += 1;
                if !self.eat("from") {
                    return None;
                }
                let from = self.expression(0)?;
                let field = Expr::Const(Value::Text(field));
                return self
                    .eat_kind(TokenKind::RightParen)
                    .then(|| Expr::Call("extract".to_owned(), vec![field, from]));
            }
            _ => {}
        }
        if self.eat_kind(TokenKind::LeftParen) {
            let arguments = self.arguments(TokenKind::RightParen)?;
            return Some(Expr::Call(lower.to_owned(), arguments));
        }
        (self.column)(text).map(Expr::Column)
    }

    fn case(&mut self) -> Option<Expr> {
        let operand = if self.word("when") { None } else { Some(Box::new(self.expression(0)?)) };
        let mut arms = Vec::new();
        while self.eat("when") {
            let when = self.expression(0)?;
            if !self.eat("then") {
                return None;
            }
            arms.push((when, self.expression(0)?));
        }
        let otherwise =
            Box::new(if self.eat("else") { self.expression(0)? } else { Expr::Const(Value::Null) });
        self.eat("end").then_some(Expr::Case { operand, arms, otherwise })
    }
}

fn joined(left: Expr, right: Expr, and: bool) -> Expr {
    match (left, and) {
        (Expr::And(mut all), true) => {
            all.push(right);
            Expr::And(all)
        }
        (Expr::Or(mut all), false) => {
            all.push(right);
            Expr::Or(all)
        }
        (left, true) => Expr::And(vec![left, right]),
        (left, false) => Expr::Or(vec![left, right]),
    }
}

/// An integer or decimal constant; `None` for exponents and what does not fit.
pub(super) fn number(text: &str) -> Option<Value> {
    if let Ok(value) = text.parse::<i64>() {
        return Some(Value::Int(value));
    }
    let (whole, part) = text.split_once('.')?;
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    Some(Value::Decimal(digits, u32::try_from(part.len()).ok()?))
}

/// Constants take the type they are cast to at once.
fn cast(expr: Expr, to: String) -> Expr {
    let Expr::Const(value) = &expr else { return Expr::Cast(Box::new(expr), to) };
    let read = match (value, base_name(&to)) {
        (Value::Null, _) => Some(Value::Null),
        (Value::Text(text), "smallint" | "integer" | "bigint" | "numeric") => {
            number(text.trim_start_matches('-')).and_then(|value| match (text.starts_with('-'), value) {
                (false, value) => Some(value),
                (true, Value::Int(value)) => Some(Value::Int(-value)),
                (true, Value::Decimal(digits, scale)) => Some(Value::Decimal(-digits, scale)),
                _ => None,
            })
        }
        (Value::Text(text), "date") => {
            parse_moment(text).map(|(at, _)| Value::Date(at.div_euclid(super::value::DAY)))
        }
        (Value::Text(text), "timestamp") if to.contains("with time zone") => {
            parse_moment(text).map(|(at, _)| Value::Timestamptz(at))
        }
        (Value::Text(text), "timestamp") => parse_moment(text).map(|(at, _)| Value::Timestamp(at)),
        (Value::Text(text), "boolean") => Some(Value::Bool(matches!(text.as_str(), "t" | "true"))),
        (Value::Text(text), "uuid") => u128::from_str_radix(&text.replace('-', ""), 16).ok().map(Value::Uuid),
        (Value::Text(_), "text" | "character" | "name" | "citext" | "bpchar") => Some(value.clone()),
        (Value::Text(text), "double" | "real") => text.parse().ok().map(Value::Float),
        (
            Value::Int(_) | Value::Decimal(..),
            "smallint" | "integer" | "bigint" | "numeric" | "double" | "real",
        ) => Some(value.clone()),
        (Value::Text(text), _) => Some(Value::Literal(text.clone())),
        _ => None,
    };
    // Arrays written as one text constant: '{a,b}'::text[].
    if to.ends_with("[]")
        && let Value::Text(text) = value
    {
        let inner = text.trim_start_matches('{').trim_end_matches('}');
        if text.contains(['"', '\\']) || inner.contains('{') {
            return Expr::Cast(Box::new(expr), to);
        }
        let items = inner.split(',').filter(|item| !item.is_empty());
        let element = to.trim_end_matches("[]");
        return Expr::Array(
            items.map(|item| cast(Expr::Const(Value::Text(item.to_owned())), element.to_owned())).collect(),
        );
    }
    read.map_or_else(|| Expr::Cast(Box::new(expr.clone()), to), Expr::Const)
}

/// First word of a type name, without its schema.
pub(super) fn base_name(name: &str) -> &str {
    let end = name.find(['(', ' ', '[']).unwrap_or(name.len());
    let name = &name[..end];
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Expr {
        Expr::read(text, &|name| ["a", "b", "c"].iter().position(|known| *known == name))
    }

    #[test]
    fn what_the_server_prints_is_read() {
        for text in [
            "((a >= 0) AND (b < (10)::numeric))",
            "(a = ANY (ARRAY['x'::text, 'y'::text]))",
            "((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]))",
            "((a IS NULL) <> (b IS NULL))",
            "(char_length((a)::text) <= 255)",
            "(((a IS NOT NULL))::integer + ((b IS NOT NULL))::integer = 1)",
            "CASE WHEN (a > 1) THEN (b IS NULL) ELSE true END",
            "((c ->> 'k'::text) IS NOT NULL)",
            "(EXTRACT(year FROM a) > (2000)::numeric)",
            "(a > '2020-01-01 00:00:00+00'::timestamp with time zone)",
            "(NOT (a IS DISTINCT FROM b))",
            "((a COLLATE \"C\") ~ '^[a-z]+$'::text)",
            "((a)::double precision > (0)::double precision)",
        ] {
            let read = read(text);
            assert!(!matches!(read, Expr::Opaque(_)), "{text}: {read:?}");
        }
    }

    #[test]
    fn what_is_not_understood_names_its_columns() {
        assert_eq!(read("a ??? (SELECT b"), Expr::Opaque(vec![0, 1]));
    }
}
