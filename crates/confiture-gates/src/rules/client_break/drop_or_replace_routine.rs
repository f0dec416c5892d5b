//! `drop-or-replace-routine`.

use super::super::known::{find, type_name};
use super::super::prelude::*;
use confiture_core::catalog::{Detail, Kind};
use confiture_core::sql::{Body, PartKind, Span, Token, TokenKind, Tokens};

/// A function is no longer there for who calls it.
#[derive(Debug, Default)]
pub struct DropOrReplaceRoutine;

confiture_core::register!(rule DropOrReplaceRoutine);

const ROUTINES: &[ObjectKind] =
    &[ObjectKind::Function, ObjectKind::Procedure, ObjectKind::Routine, ObjectKind::Aggregate];

impl Rule for DropOrReplaceRoutine {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "drop-or-replace-routine",
                summary: "a routine that is dropped, renamed or given other arguments breaks who calls it",
                docs: "The previous version of the application calls the routine with the arguments it knows and fails \
                       with SQLSTATE 42883. An overload that has the old arguments and further ones with defaults \
                       makes its calls ambiguous (42725). Create the new routine beside the old one, under another \
                       name or with arguments that must be given, and drop the old one when nobody calls it; or drop \
                       and create it in one transaction, with the new arguments last and with defaults.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE FUNCTION price(a int) RETURNS int LANGUAGE sql AS 'SELECT a * 2';",
                bad: "DROP FUNCTION price(int);\n\
                      CREATE FUNCTION price(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a * b';",
                good: &["DROP FUNCTION price(int);\n\
                         CREATE FUNCTION price(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT a * b';"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            let Some(kind) = outline.object.filter(|kind| ROUTINES.contains(kind)) else { continue };
            match outline.verb {
                Verb::Drop => {
                    for name in &outline.names {
                        let arguments = given(statement, name);
                        if is_new(cx, statement, kind, name, arguments.as_deref())
                            || fires(cx, statement, name)
                            || succeeded(cx, statement, name, arguments.as_deref())
                        {
                            continue;
                        }
                        out.push(broken(statement, name.span, name));
                    }
                }
                Verb::Alter => {
                    let Some(name) = outline.name().filter(|name| !cx.is_new(statement, kind, name)) else {
                        continue;
                    };
                    let moves =
                        |action: &&Action| matches!(action.kind, ActionKind::Rename | ActionKind::SetSchema);
                    let successor = succeeded(cx, statement, name, given(statement, name).as_deref());
                    if let Some(action) = outline.actions().iter().find(moves).filter(|_| !successor) {
                        out.push(broken(statement, action.span, name));
                    }
                }
                Verb::Create => {
                    let (Some(name), Some(new)) = (outline.name(), declared(statement)) else { continue };
                    if let Some(old) = ambiguous(cx, statement, name, &new) {
                        out.push(
                            RuleFinding::new(
                                statement,
                                name.span,
                                format!("calls of {name}({}) become ambiguous", old.join(", ")),
                            )
                            .label("they are refused with SQLSTATE 42725")
                            .help("drop the old one in the same transaction, or leave the further arguments without defaults"),
                        );
                    }
                }
                _ => {}
            }
        }
    }
}

fn broken(statement: &RuleStatement<'_>, span: Span, name: &ObjectName) -> RuleFinding {
    RuleFinding::new(statement, span, format!("calls of {name} by the running application fail"))
        .label("they are refused with SQLSTATE 42883")
        .help("create the new routine beside it, and drop this one when nobody calls it")
}

/// An argument that a call gives: its type, and whether it has a default.
type Argument = (String, bool);

/// The arguments a `CREATE` declares.
fn declared(statement: &RuleStatement<'_>) -> Option<Vec<Argument>> {
    let Body::Definition(definition) = &statement.outline().body else { return None };
    Some(definition.items.iter().filter_map(|item| argument(item.text(statement.sql()))).collect())
}

/// The types in the parentheses behind a name; `None` where there are none.
fn given(statement: &RuleStatement<'_>, name: &ObjectName) -> Option<Vec<String>> {
    let rest = statement.tokens_in(Span::new(name.span.end, statement.sql().len()));
    let mut depth = 0_usize;
    let mut start = rest.first().filter(|open| open.kind == TokenKind::LeftParen)?.span.end;
    let mut types = Vec::new();
    for token in rest {
        match token.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && token.kind == TokenKind::Comma) {
            types.extend(argument(&statement.sql()[start..token.span.start]).map(|(name, _)| name));
            start = token.span.end;
        }
        if depth == 0 {
            break;
        }
    }
    Some(types)
}

/// `[IN] [name] type [DEFAULT …]`; `None` for what a call does not give.
fn argument(text: &str) -> Option<Argument> {
    let all: Vec<Token> = Tokens::new(text).filter(|token| !token.kind.is_trivia()).collect();
    let is = |token: &Token, words: &[&str]| words.iter().any(|word| token.is_word(text, word));
    let default =
        all.iter().position(|token| is(token, &["default"]) || matches!(token.text(text), "=" | ":="));
    let mut tokens = all.get(..default.unwrap_or(all.len()))?;
    if is(tokens.first()?, &["out"]) {
        return None;
    }
    if is(tokens.first()?, &["in", "inout", "variadic"]) {
        tokens = tokens.get(1..)?;
    }
    // A word that is followed by another is the argument's name, unless both make one type.
    let pair = |first: &Token, second: &Token| {
        is(first, &["double", "character", "char", "bit", "time", "timestamp", "interval", "national"])
            && is(
                second,
                &["precision", "varying", "with", "without", "character", "char", "year", "month", "day"],
            )
    };
    if let [first, second, ..] = tokens
        && first.kind.is_name()
        && second.kind.is_name()
        && !pair(first, second)
    {
        tokens = tokens.get(1..)?;
    }
    let (first, last) = (tokens.first()?, tokens.last()?);
    let name = type_name(&text[first.span.start..last.span.end]);
    // The length of a type is no part of a signature.
    let name = match (name.find('('), name.find(')')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &name[..open], &name[close + 1..]),
        _ => name,
    };
    Some((name, default.is_some()))
}

/// Whether whoever calls it with `old` arguments may call `new` instead.
fn takes(new: &[Argument], old: &[String]) -> bool {
    new.len() >= old.len()
        && new.iter().zip(old).all(|((new, _), old)| new == old)
        && new[old.len()..].iter().all(|(_, default)| *default)
}

fn creates(statement: &RuleStatement<'_>, name: &ObjectName) -> bool {
    let outline = statement.outline();
    outline.verb == Verb::Create
        && outline.object.is_some_and(|kind| ROUTINES.contains(&kind))
        && outline.name().is_some_and(|other| RuleContext::same_name(other, name))
}

/// Whether the migration made it itself, with these arguments.
fn is_new(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    kind: ObjectKind,
    name: &ObjectName,
    arguments: Option<&[String]>,
) -> bool {
    let made = cx.before_it(statement).iter().filter(|past| creates(past, name)).any(|past| {
        let own = declared(past).unwrap_or_default();
        past.outline().modifier(Modifier::OrReplace).is_none()
            && arguments.is_none_or(|arguments| own.iter().map(|(name, _)| name).eq(arguments))
    });
    made || (arguments.is_none() && cx.is_new(statement, kind, name))
}

/// Whether it is a trigger's: nobody calls it.
fn fires(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, name: &ObjectName) -> bool {
    let made = cx.past(statement).find(|past| creates(past, name));
    let returns = made.and_then(|past| match &past.outline().body {
        Body::Definition(definition) => {
            let value = definition.part(PartKind::Returns)?.value?;
            Some(value.text(past.sql()).to_ascii_lowercase())
        }
        _ => None,
    });
    let trigger = |result: &str| matches!(result.trim(), "trigger" | "event_trigger");
    let known = || {
        let catalog = cx.before?;
        match &catalog.get(find(catalog, Kind::Function, name)?)?.detail {
            Detail::Routine(routine) => routine.result.clone(),
            _ => None,
        }
    };
    returns.or_else(known).is_some_and(|result| trigger(&result))
}

/// Whether the same transaction has another one for the same calls.
fn succeeded(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
    arguments: Option<&[String]>,
) -> bool {
    let together = |other: &&RuleStatement<'_>| RuleContext::together(statement, other);
    cx.statements.iter().filter(together).filter(|other| creates(other, name)).any(|other| {
        let new = declared(other).unwrap_or_default();
        // What is created before a drop is another one.
        let differs = arguments.is_some_and(|old| !new.iter().map(|(name, _)| name).eq(old));
        (other.index > statement.index || differs) && arguments.is_none_or(|old| takes(&new, old))
    })
}

/// The arguments of an older routine that is still there and whose calls the new one could take as well.
fn ambiguous(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
    new: &[Argument],
) -> Option<Vec<String>> {
    let mut old: Vec<Vec<String>> = Vec::new();
    if let Some(catalog) = cx.before {
        let same = catalog.routines().filter(|(id, _)| {
            id.name() == name.name() && name.schema().is_none_or(|schema| id.schema() == Some(schema))
        });
        let types = |text: &str| text.split(',').filter_map(argument).map(|(name, _)| name).collect();
        old.extend(same.map(|(id, _)| types(id.part(2))));
    }
    for past in super::super::known::steps(cx, statement) {
        if creates(past, name) {
            old.extend(declared(past).map(|list| list.into_iter().map(|(name, _)| name).collect::<Vec<_>>()));
        }
    }
    // Dropped before, or right after.
    let drops = |drop: &&RuleStatement<'_>| drop.outline().verb == Verb::Drop;
    for drop in cx.past(statement).chain(cx.after_it(statement)).filter(drops) {
        for dropped in drop.outline().names.iter().filter(|dropped| RuleContext::same_name(dropped, name)) {
            match given(drop, dropped) {
                Some(types) => old.retain(|old| *old != types),
                None => old.clear(),
            }
        }
    }
    old.into_iter().find(|old| old.len() < new.len() && takes(new, old))
}
