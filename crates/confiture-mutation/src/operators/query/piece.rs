//! The pieces of SQL in one statement.

use confiture_core::plugin::{Mutant, Site};
use confiture_core::sql::{
    ActionKind, Body, Edit, ObjectKind, ObjectName, Outline, PartKind, Span, TableOptionKind, Token,
    TokenKind, Tokens, Verb, classify, outline,
};

/// SQL that makes or changes rows. Its spans count from the start of the site's text.
#[derive(Debug)]
pub(in super::super) struct Piece<'a> {
    pub(in super::super) site: &'a Site<'a>,
    pub(in super::super) place: Place,
    pub(in super::super) tokens: Vec<Token>,
    /// What a person would call what it changes.
    object: String,
    outline: Option<Outline>,
}

/// Where a piece stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Place {
    /// It is the whole statement.
    Statement,
    /// It is the query of `CREATE TABLE … AS` or `CREATE MATERIALIZED VIEW`, or one that a loop runs through.
    Query,
    /// It is what follows the `USING` of a column's new type.
    Conversion,
    /// It is one statement of a `DO` block.
    Block,
}

/// The table that a statement changes.
#[derive(Debug, Clone)]
pub(in super::super) struct Target {
    pub(in super::super) name: ObjectName,
    /// Its name and alias, as they are written, with `ONLY`.
    pub(in super::super) written: Span,
    /// What its columns are qualified with, as it is written.
    pub(in super::super) alias: Span,
}

impl<'a> Piece<'a> {
    pub(in super::super) fn sql(&self) -> &'a str {
        self.site.sql()
    }

    /// From its first to its last token.
    pub(in super::super) fn span(&self) -> Span {
        super::span_of(&self.tokens)
    }

    /// What it does; `None` for what is no statement.
    pub(in super::super) fn verb(&self) -> Option<Verb> {
        self.outline.as_ref().map(|outline| outline.verb)
    }

    /// A mutant about what it changes.
    pub(in super::super) fn mutant(
        &self,
        edits: impl IntoIterator<Item = Edit>,
        description: impl Into<String>,
    ) -> Mutant {
        self.site.mutant(edits, description).on(self.object.clone())
    }

    /// The mutant without it, where it is a statement.
    pub(in super::super) fn left_out(&self) -> Option<Mutant> {
        match self.place {
            Place::Statement => Some(self.site.left_out()),
            // A block may not be empty.
            Place::Block => Some(
                self.mutant([Edit::replace(self.span(), "NULL")], "a statement of the block is left out"),
            ),
            Place::Query | Place::Conversion => None,
        }
    }

    /// The tokens in `span`.
    pub(in super::super) fn tokens_in(&self, span: Span) -> &[Token] {
        let start = self.tokens.partition_point(|token| token.span.start < span.start);
        let end = self.tokens.partition_point(|token| token.span.end <= span.end);
        self.tokens.get(start..end).unwrap_or_default()
    }

    /// The table that an `INSERT`, `UPDATE`, `DELETE` or `MERGE` changes.
    pub(in super::super) fn target(&self) -> Option<Target> {
        let outline = self.outline.as_ref()?;
        if !matches!(outline.verb, Verb::Insert | Verb::Update | Verb::Delete | Verb::Merge) {
            return None;
        }
        let mut name = outline.name()?.clone();
        name.span = name.span.shifted(self.span().start);
        let sql = self.sql();
        let at = self.tokens.partition_point(|token| token.span.end < name.span.end);
        let only = self.tokens.get(..at)?.iter().rev().find(|token| !name.span.contains(token.span));
        let start = only.filter(|token| token.is_word(sql, "only")).map_or(name.span.start, |o| o.span.start);
        let mut rest = self.tokens.get(at + 1..)?.iter().copied().peekable();
        rest.next_if(|token| token.text(sql) == "*");
        let named = rest.next_if(|token| token.is_word(sql, "as")).is_some();
        const CLAUSES: &[&str] = &[
            "set",
            "where",
            "using",
            "from",
            "returning",
            "values",
            "select",
            "with",
            "default",
            "overriding",
            "table",
        ];
        let alias = rest.next().filter(|token| {
            token.kind.is_name()
                && (outline.verb != Verb::Insert || named)
                && !CLAUSES.iter().any(|word| token.is_word(sql, word))
        });
        let last = self.tokens[at].span;
        // A qualified name qualifies columns as well as its last part does.
        let alias = alias.map_or(last, |token| token.span);
        Some(Target { written: Span::new(start, alias.end), name, alias })
    }
}

/// Every piece of a statement, in order.
pub(in super::super) fn pieces<'a>(site: &'a Site<'a>) -> Vec<Piece<'a>> {
    let whole = site.outline();
    let of = |place, span, object| Piece {
        site,
        place,
        tokens: site.tokens_in(span).to_vec(),
        object,
        outline: None,
    };
    match (whole.verb, &whole.body) {
        (Verb::Insert | Verb::Update | Verb::Delete | Verb::Merge | Verb::Truncate, _) => {
            vec![statement(site)]
        }
        (Verb::Select, _) if classify(site.sql()).modifies_data || selects_into(site) => {
            vec![statement(site)]
        }
        (Verb::Create, Body::Table(table)) => {
            let query = table.option(TableOptionKind::As).map(|query| &site.tokens_in(query.span)[1..]);
            query.map(|tokens| of(Place::Query, super::span_of(tokens), site.object())).into_iter().collect()
        }
        (Verb::Create, Body::Definition(definition))
            if whole.object == Some(ObjectKind::MaterializedView) =>
        {
            let query = definition.part(PartKind::Query);
            query.map(|query| of(Place::Query, query.span, site.object())).into_iter().collect()
        }
        (Verb::Alter, Body::Actions(actions)) => actions
            .iter()
            .filter(|action| action.kind == ActionKind::AlterType)
            .filter_map(|action| {
                let column = action.name.as_ref().map_or("", ObjectName::name);
                Some(of(Place::Conversion, action.using?, format!("{}.{column}", site.object())))
            })
            .collect(),
        (Verb::Do, _) => block(site),
        _ => Vec::new(),
    }
}

fn statement<'a>(site: &'a Site<'a>) -> Piece<'a> {
    Piece {
        site,
        place: Place::Statement,
        tokens: site.tokens().to_vec(),
        object: site.object(),
        outline: Some(outline(super::span_of(site.tokens()).text(site.sql()))),
    }
}

fn selects_into(site: &Site<'_>) -> bool {
    let mut depth = 0_i32;
    site.tokens().iter().any(|token| {
        depth += i32::from(token.kind == TokenKind::LeftParen);
        depth -= i32::from(token.kind == TokenKind::RightParen);
        depth == 0 && token.is_word(site.sql(), "into")
    })
}

/// The tokens of the body of a `DO` block in PL/pgSQL that stands in dollar quotes.
pub(in super::super) fn block_tokens(site: &Site<'_>) -> Vec<Token> {
    let sql = site.sql();
    let tokens = site.tokens();
    let other = tokens.windows(2).any(|pair| {
        pair[0].is_word(sql, "language")
            && !pair[1].text(sql).trim_matches('\'').eq_ignore_ascii_case("plpgsql")
    });
    let body = tokens.iter().find(|token| token.kind == TokenKind::DollarString);
    let Some(body) = body.filter(|_| site.outline().verb == Verb::Do && !other) else {
        return Vec::new();
    };
    let text = body.text(sql);
    let tag = text.get(1..).and_then(|rest| rest.find('$')).map_or(1, |at| at + 2);
    let inside = Span::new(body.span.start + tag, body.span.end - tag);
    Tokens::new(inside.text(sql))
        .filter(|token| !token.kind.is_trivia())
        .map(|token| Token { span: token.span.shifted(inside.start), ..token })
        .collect()
}

/// The statements of a `DO` block that change rows, and the queries its loops run through.
fn block<'a>(site: &'a Site<'a>) -> Vec<Piece<'a>> {
    const OPENERS: &[&str] = &["begin", "then", "else", "loop"];
    const VERBS: &[&str] = &["insert", "update", "delete", "merge", "with", "truncate"];
    let sql = site.sql();
    let any = |token: Token, words: &[&str]| words.iter().any(|word| token.is_word(sql, word));
    let tokens = block_tokens(site);
    let mut pieces = Vec::new();
    for part in tokens.split(|token| token.kind == TokenKind::Semicolon) {
        let loops =
            part.windows(2).position(|pair| pair[0].is_word(sql, "in") && any(pair[1], &["select", "with"]));
        let runs = part.iter().position(|token| token.is_word(sql, "loop"));
        if let (Some(from), Some(to)) = (loops, runs)
            && part.iter().any(|token| token.is_word(sql, "for"))
            && from + 1 < to
        {
            let tokens = part[from + 1..to].to_vec();
            pieces.push(Piece { site, place: Place::Query, tokens, object: "do".to_owned(), outline: None });
        }
        let start = part.iter().enumerate().position(|(at, token)| {
            any(*token, VERBS) && at.checked_sub(1).is_none_or(|before| any(part[before], OPENERS))
        });
        let Some(tokens) = start.map(|at| part[at..].to_vec()) else {
            continue;
        };
        let outline = outline(super::span_of(&tokens).text(sql));
        let object = outline.name().map_or_else(|| "do".to_owned(), |name| name.parts.join("."));
        pieces.push(Piece { site, place: Place::Block, tokens, object, outline: Some(outline) });
    }
    pieces
}
