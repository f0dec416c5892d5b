//! `blocked-by-dependent-view`.

use std::collections::BTreeSet;

use super::super::prelude::*;
use confiture_core::catalog::{Detail, Kind};
use confiture_core::sql::{Span, Token, TokenKind, Tokens};

/// A view uses what is dropped or changed, so PostgreSQL refuses.
#[derive(Debug, Default)]
pub struct BlockedByDependentView;

confiture_core::register!(rule BlockedByDependentView);

impl Rule for BlockedByDependentView {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "blocked-by-dependent-view",
                summary: "a view uses what is dropped or what changes its type",
                docs: "PostgreSQL refuses to drop a table, view or column that a view uses (SQLSTATE 2BP01), and to \
                       change the type of such a column (0A000), even to a wider one. Drop the view before and create \
                       it again after, in the same transaction; its privileges and comments have to be given again. \
                       Without a database only views of the migrations are seen.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { sqlstate: Some("2BP01"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);",
                bad: "CREATE VIEW people AS SELECT id FROM users;\n\
                      CREATE VIEW first_people AS SELECT id FROM people WHERE id < 10;\nDROP VIEW people;",
                good: &["CREATE VIEW people AS SELECT id FROM users;\n\
                         CREATE VIEW first_people AS SELECT id FROM people WHERE id < 10;\n\
                         DROP VIEW first_people;\nDROP VIEW people;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        let mut views = Views::default();
        for statement in cx.statements {
            let outline = statement.outline();
            let relation = matches!(
                outline.object,
                Some(ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView)
            );
            match outline.verb {
                Verb::Drop if relation && outline.modifier(Modifier::Cascade).is_none() => {
                    let views = views.at(cx, statement);
                    for name in &outline.names {
                        let other = |view: &&View| !outline.names.iter().any(|name| view.is(name));
                        let uses = |view: &&View| view.uses(name.name(), None);
                        if let Some(view) = views.iter().filter(other).find(uses) {
                            out.push(blocked(statement, name.span, view, &name.to_string(), "2BP01"));
                        }
                    }
                }
                Verb::Alter if relation => {
                    let Some(table) = outline.name() else { continue };
                    let old = cx.original(statement, ObjectKind::Table, table);
                    for action in outline.actions() {
                        let sqlstate = match action.kind {
                            ActionKind::DropColumn if action.modifier(Modifier::Cascade).is_none() => "2BP01",
                            ActionKind::AlterType => "0A000",
                            _ => continue,
                        };
                        let Some(column) = &action.name else { continue };
                        let named = |view: &&View| {
                            view.uses(table.name(), Some(column.name()))
                                || old.as_ref().is_some_and(|old| view.uses(old.name(), Some(column.name())))
                        };
                        if let Some(view) = views.at(cx, statement).iter().find(named) {
                            let what = format!("{table}.{column}");
                            out.push(blocked(statement, action.span, view, &what, sqlstate).on(table));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

fn blocked(
    statement: &RuleStatement<'_>,
    span: Span,
    view: &View,
    what: &str,
    sqlstate: &str,
) -> RuleFinding {
    let finding = RuleFinding::new(statement, span, format!("the view {} uses {what}", view.name()))
        .label(format!("refused with SQLSTATE {sqlstate}"))
        .help(format!("DROP VIEW {} before and create it again after, in the same transaction", view.name()))
        .evidence("sqlstate", sqlstate)
        .evidence("view", view.name());
    if view.printed { finding.seen_in_catalog() } else { finding }
}

/// A view that is there, and what its query names.
struct View {
    parts: Vec<String>,
    names: BTreeSet<String>,
    /// Whether it takes all columns; the catalog spells `*` out.
    star: bool,
    /// As the catalog prints it.
    printed: bool,
}

impl View {
    fn new(parts: Vec<String>, query: &str, printed: bool) -> Self {
        let tokens: Vec<Token> = Tokens::new(query).filter(|token| !token.kind.is_trivia()).collect();
        // `x AS y` calls a column y; it uses none of that name.
        let alias = |at: usize| at > 0 && tokens[at - 1].is_word(query, "as");
        let named = tokens.iter().enumerate().filter(|(at, token)| token.kind.is_name() && !alias(*at));
        let names = named.filter_map(|(_, token)| ObjectName::read(query, token.span));
        let names = names.map(|name| name.name().to_owned()).collect();
        let all = |pair: &[Token]| {
            pair[1].text(query) == "*"
                && (pair[0].is_word(query, "select")
                    || matches!(pair[0].kind, TokenKind::Dot | TokenKind::Comma))
        };
        let star = !printed && tokens.windows(2).any(all);
        Self { parts, names, star, printed }
    }

    fn name(&self) -> String {
        confiture_core::sql::Quoted::qualified(self.parts.iter().map(String::as_str)).to_string()
    }

    fn is(&self, name: &ObjectName) -> bool {
        let own = ObjectName { parts: self.parts.clone(), span: name.span };
        RuleContext::same_name(&own, name)
    }

    /// Whether its query names the relation, and the column or all columns.
    fn uses(&self, relation: &str, column: Option<&str>) -> bool {
        self.names.contains(relation) && column.is_none_or(|column| self.star || self.names.contains(column))
    }
}

/// The views there are, as far as is known, while one statement of a migration after the other runs.
#[derive(Default)]
struct Views {
    views: Vec<View>,
    /// Statements of the migration that have run; `None` before the first question.
    ran: Option<usize>,
}

impl Views {
    /// Those there are when `statement` runs, which comes after all that were asked about.
    fn at<'a>(&mut self, cx: &RuleContext<'a>, statement: &RuleStatement<'a>) -> &[View] {
        let ran = match self.ran {
            Some(ran) => ran,
            None => {
                self.start(cx);
                0
            }
        };
        for past in cx.before_it(statement).get(ran..).unwrap_or_default() {
            self.run(past);
        }
        self.ran = Some(statement.index);
        &self.views
    }

    fn start(&mut self, cx: &RuleContext<'_>) {
        let Some(catalog) = cx.before else {
            return cx.history.iter().flatten().for_each(|past| self.run(past));
        };
        for (id, object) in catalog.of_kind(Kind::View).chain(catalog.of_kind(Kind::MaterializedView)) {
            let query = match &object.detail {
                Detail::View(view) => &view.definition,
                Detail::MaterializedView(view) => &view.definition,
                _ => continue,
            };
            self.views.push(View::new(id.path().map(str::to_owned).collect(), query, true));
        }
    }

    fn run(&mut self, past: &RuleStatement<'_>) {
        let outline = past.outline();
        let view = matches!(outline.object, Some(ObjectKind::View | ObjectKind::MaterializedView));
        match outline.verb {
            Verb::Create if view => {
                let Some(name) = outline.name() else { return };
                self.views.retain(|known| !known.is(name));
                let body = Span::new(name.span.end, past.sql().len());
                self.views.push(View::new(name.parts.clone(), body.text(past.sql()), false));
            }
            Verb::Drop => {
                let cascade = outline.modifier(Modifier::Cascade).is_some();
                for name in &outline.names {
                    let gone = |known: &View| known.is(name) || cascade && known.uses(name.name(), None);
                    self.views.retain(|known| !gone(known));
                }
            }
            Verb::Alter if view => {
                let Some(name) = outline.name() else { return };
                for action in outline.actions().iter().filter(|action| action.kind == ActionKind::Rename) {
                    let renamed = self.views.iter_mut().find(|known| known.is(name));
                    if let (Some(view), Some(new)) = (renamed, &action.name) {
                        view.parts.splice(view.parts.len().saturating_sub(1).., [new.name().to_owned()]);
                    }
                }
            }
            _ => {}
        }
    }
}
