//! `batch-merge`.

use confiture_core::migration::TransactionMode;
use confiture_core::sql::{Body, Span, Token, TokenKind, Tokens, Verb};

use super::super::prelude::*;

/// Does in one statement, or one transaction, what was to be done in batches.
#[derive(Debug, Default)]
pub struct BatchMerge;

confiture_core::register!(operator BatchMerge);

impl MutationOperator for BatchMerge {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "batch-merge",
                summary: "does in one go what was done in batches",
                docs: "Every row is locked until the last one is done, and dead rows pile up. A `DO` block that \
                       loops over a limited statement becomes that statement without its `LIMIT`, or loses the \
                       `COMMIT` between batches; where every statement commits by itself, neighbours for \
                       different ranges of rows become one, and so do repetitions of a limited one. Equivalent \
                       where one transaction held all batches anyway; row locks, transaction ids and statement \
                       triggers tell.",
            },
            category: MutationCategory::Locking,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::LOCK).and(Channels::ABORT).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, active bool);",
                up: "DO $$ BEGIN LOOP\n  \
                     UPDATE users SET active = true\n  \
                     WHERE id IN (SELECT id FROM users WHERE active IS NULL LIMIT 2);\n  \
                     EXIT WHEN NOT FOUND;\n  COMMIT;\nEND LOOP; END $$;",
                down: "",
                mutant: "UPDATE users SET active = true\n  \
                         WHERE id IN (SELECT id FROM users WHERE active IS NULL);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\nINSERT INTO users SELECT generate_series(1, 5);\n\
                     -- confiture: migrate to 0002\n-- confiture: assert\n\
                     SELECT count(DISTINCT xmin::text) = 3 FROM users;",
                ),
                spared: "UPDATE users SET active = true WHERE id < 10; DO $$ BEGIN PERFORM 1; END $$;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        // In one transaction statements of their own are no batches.
        let apart = cx.script.transaction == TransactionMode::Autocommit
            && !cx.sites.iter().any(|site| site.outline().verb == Verb::Begin);
        let mut at = 0;
        while let Some(site) = cx.sites.get(at) {
            let rest = cx.sites.get(at + 1..).unwrap_or_default();
            let run = rest.iter().take_while(|next| apart && one_job(site, next)).count();
            if run > 0 {
                out.extend(merged(site, rest.get(..run).unwrap_or_default()));
            } else if site.outline().verb == Verb::Do {
                out.extend(looped(site));
            }
            at += run + 1;
        }
    }
}

/// Whether two statements do the same to two ranges of rows, or to as many rows as they are allowed.
fn one_job(first: &Site<'_>, next: &Site<'_>) -> bool {
    let changes = matches!(first.outline().verb, Verb::Update | Verb::Delete);
    let ranges = first.sql() == next.sql() || (has_range(first) && has_range(next));
    let rest = apart_from_condition(first).filter(|_| changes && ranges);
    rest.is_some_and(|words| apart_from_condition(next) == Some(words))
}

fn has_range(site: &Site<'_>) -> bool {
    let tokens = condition(site).map(|condition| site.tokens_in(condition)).unwrap_or_default();
    let text = |token: &Token| token.text(site.sql());
    tokens.iter().any(|token| {
        ["<", "<=", ">", ">=", "%"].contains(&text(token)) || token.is_word(site.sql(), "between")
    })
}

/// The tokens of a statement with a condition, but for those of the condition.
fn apart_from_condition<'s>(site: &'s Site<'_>) -> Option<Vec<&'s str>> {
    let condition = condition(site)?;
    let outside = site.tokens().iter().filter(|token| !condition.contains(token.span));
    Some(outside.map(|token| token.text(site.sql())).collect())
}

fn condition(site: &Site<'_>) -> Option<Span> {
    match &site.outline().body {
        Body::Rows(rows) => rows.predicate,
        _ => None,
    }
}

/// `first` for the rows of the others too: their conditions alternatives, or its limit gone.
fn merged(first: &Site<'_>, others: &[Site<'_>]) -> Option<Mutant> {
    let same = others.iter().all(|other| other.sql() == first.sql());
    let edit = if same {
        Edit::remove_clause(first.sql(), limit(first.sql(), first.tokens())?)
    } else {
        let mut conditions: Vec<&str> = Vec::new();
        for site in std::iter::once(first).chain(others) {
            conditions.push(condition(site)?.text(site.sql()));
        }
        Edit::replace(condition(first)?, format!("({})", conditions.join(") OR (")))
    };
    let mutant = first.mutant([edit], format!("{} batches become one", others.len() + 1));
    Some(others.iter().fold(mutant, |mutant, other| mutant.with(other, [Edit::remove(other.span())])))
}

/// A `DO` block that loops: its limited statement in one go, and its loop in one transaction.
fn looped(site: &Site<'_>) -> Vec<Mutant> {
    let string = site.tokens().iter().find(|token| token.kind == TokenKind::DollarString);
    let Some((start, body)) = string.and_then(|token| inside(site.sql(), token)) else {
        return Vec::new();
    };
    let tokens: Vec<Token> = Tokens::new(body).filter(|token| !token.kind.is_trivia()).collect();
    let Some(opens) = tokens.iter().position(|token| token.is_word(body, "loop")) else {
        return Vec::new();
    };
    let parts: Vec<&[Token]> = tokens[opens..].split(|token| token.kind == TokenKind::Semicolon).collect();
    let variables = variables(body, &tokens[..opens]);
    let limited = parts.iter().find_map(|part| unlimited(body, part, &variables));
    let whole = limited
        .map(|text| site.mutant([Edit::replace(site.span(), text)], "the batches become one statement"));
    let commits = parts.iter().filter(|part| part.len() == 1 && part[0].is_word(body, "commit"));
    let null = commits.map(|part| Edit::replace(part[0].span.shifted(start), "NULL")).collect::<Vec<_>>();
    let kept = (!null.is_empty()).then(|| site.mutant(null, "the batches are one transaction"));
    whole.into_iter().chain(kept).map(|mutant| mutant.on("do")).collect()
}

/// What stands between the dollar quotes, and where it starts in the statement.
fn inside<'s>(sql: &'s str, string: &Token) -> Option<(usize, &'s str)> {
    let text = string.text(sql);
    let tag = text.get(1..)?.find('$')? + 2;
    Some((string.span.start + tag, text.get(tag..text.len().checked_sub(tag)?)?))
}

/// The variables of a block that are declared before its loop, and the one of the loop.
fn variables<'s>(body: &'s str, before: &[Token]) -> Vec<&'s str> {
    let is = |at: usize, word: &str| before.get(at).is_some_and(|token| token.is_word(body, word));
    let end = (0..before.len()).find(|at| is(*at, "begin")).unwrap_or(before.len());
    let starts = |at: &usize| match at.checked_sub(1) {
        Some(previous) if *at < end => {
            is(previous, "declare") || before[previous].kind == TokenKind::Semicolon
        }
        Some(previous) => is(previous, "for"),
        None => false,
    };
    (0..before.len()).filter(starts).map(|at| before[at].text(body)).collect()
}

/// A statement of a block without its limit, when it changes rows, has one, and needs no variable otherwise.
fn unlimited(body: &str, part: &[Token], variables: &[&str]) -> Option<String> {
    const VERBS: &[&str] = &["update", "delete", "insert", "with"];
    // What stands before a statement of PL/pgSQL.
    const BEFORE: &[&str] = &["loop", "begin", "then", "else"];
    let is = |token: &Token, words: &[&str]| words.iter().any(|word| token.is_word(body, word));
    let starts = |at: &usize| {
        is(&part[*at], VERBS) && at.checked_sub(1).is_none_or(|previous| is(&part[previous], BEFORE))
    };
    let statement = part.get((0..part.len()).find(starts)?..)?;
    let (first, last) = (statement.first()?, statement.last()?);
    let limit = limit(body, statement)?;
    let mut kept = statement.iter().filter(|token| !limit.contains(token.span));
    if kept.any(|token| is(token, variables)) {
        return None;
    }
    // What is returned into a variable is not for SQL alone.
    let returns = statement.iter().position(|token| is(token, &["returning"])).unwrap_or(statement.len());
    if statement[returns..].iter().any(|token| is(token, &["into"])) {
        return None;
    }
    let span = first.span.to(last.span);
    let text = span.text(body);
    let at = Span::new(limit.start - span.start, limit.end - span.start);
    confiture_core::sql::apply(text, &[Edit::remove_clause(text, at)]).ok()
}

/// The first `LIMIT …` or `FETCH FIRST … ONLY` among tokens.
fn limit(sql: &str, tokens: &[Token]) -> Option<Span> {
    let start =
        tokens.iter().position(|token| ["limit", "fetch"].iter().any(|word| token.is_word(sql, word)))?;
    let rest = tokens.get(start..)?;
    let mut depth = 0_usize;
    let ends = |token: &&Token| {
        let over = depth == 0
            && (token.kind == TokenKind::RightParen
                || ["for", "offset", "returning"].iter().any(|word| token.is_word(sql, word)));
        match token.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        !over
    };
    let last = rest.iter().take_while(ends).last()?;
    Some(rest.first()?.span.to(last.span))
}
