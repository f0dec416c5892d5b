//! `fk-without-index`.

use super::super::known;
use super::super::prelude::*;
use confiture_core::sql::{Body, Span};

/// The referencing columns of a foreign key have no index.
#[derive(Debug, Default)]
pub struct FkWithoutIndex;

confiture_core::register!(rule FkWithoutIndex);

impl Rule for FkWithoutIndex {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "fk-without-index",
                summary: "the referencing columns of a foreign key have no index",
                docs: "PostgreSQL indexes the referenced columns, not the referencing ones. Each DELETE of a referenced \
                       row, and each UPDATE of its key, reads the whole referencing table then, with the row locked. \
                       Make an index that starts with the columns. Without a database only indexes that the migrations make \
                       are seen.",
            },
            category: RuleCategory::Design,
            severity: Severity::Medium,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "",
                bad: "CREATE TABLE users (id int PRIMARY KEY);\n\
                      CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);",
                good: &["CREATE TABLE users (id int PRIMARY KEY);\n\
                         CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);\n\
                         CREATE INDEX orders_user_idx ON orders (user_id);"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let Some(table) = statement.outline().name() else { continue };
            for (columns, span) in keys(statement) {
                // A table of which the migrations tell nothing may have any index.
                let there = known::table(cx, statement, table).is_some();
                let known =
                    there || cx.past(statement).any(|past| makes(past, table)) || makes(statement, table);
                let kept = there
                    && known::indexes(cx, statement, Some(table)).iter().any(|index| {
                        index.valid && !index.partial && serves(&index.columns, &columns, index.unique)
                    });
                if !known || kept || indexed(cx, statement, table, &columns) {
                    continue;
                }
                let list = columns.join(", ");
                out.push(
                    RuleFinding::new(statement, span, format!("no index starts with {list} of {table}"))
                        .label("each DELETE of a referenced row reads the whole table")
                        .help(format!("CREATE INDEX CONCURRENTLY ON {table} ({list});"))
                        .on(table),
                );
            }
        }
    }
}

/// Whether an index finds the rows with values of some columns: it starts with them, in any order, or allows one row
/// for a part of them.
fn serves(index: &[String], columns: &[String], unique: bool) -> bool {
    let head = index.get(..columns.len()).unwrap_or_default();
    let leads = !head.is_empty() && columns.iter().all(|column| head.contains(column));
    leads || (unique && !index.is_empty() && index.iter().all(|column| columns.contains(column)))
}

fn makes(statement: &RuleStatement<'_>, table: &ObjectName) -> bool {
    statement.does(Verb::Create, ObjectKind::Table)
        && statement.outline().name().is_some_and(|name| RuleContext::same_name(name, table))
}

/// A column as a list of columns writes it, as the catalog knows it.
fn column(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase(),
    }
}

/// Columns and place of the foreign keys a statement adds.
fn keys(statement: &RuleStatement<'_>) -> Vec<(Vec<String>, Span)> {
    let sql = statement.sql();
    let listed =
        |clause: &Clause| -> Vec<String> { clause.columns.iter().map(|s| column(s.text(sql))).collect() };
    lists(statement, |kind| kind == ClauseKind::ForeignKey, listed)
}

/// What constraints of some kinds are about: the columns of a table's, the column of a column's.
fn lists(
    statement: &RuleStatement<'_>,
    wanted: impl Fn(ClauseKind) -> bool,
    listed: impl Fn(&Clause) -> Vec<String>,
) -> Vec<(Vec<String>, Span)> {
    let outline = statement.outline();
    let mut found = Vec::new();
    let columns = match &outline.body {
        Body::Table(table) => table.columns().collect(),
        Body::Actions(actions) => {
            actions.iter().filter_map(|action| action.column.as_ref()).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    for column in columns {
        let clauses = column.clauses.iter().filter(|clause| wanted(clause.kind));
        found.extend(clauses.map(|clause| (vec![column.name.name().to_owned()], clause.span)));
    }
    let constraints: Vec<&Clause> = match &outline.body {
        Body::Table(table) => table.constraints().collect(),
        Body::Actions(actions) => actions.iter().filter_map(|action| action.constraint.as_ref()).collect(),
        _ => Vec::new(),
    };
    let constraints = constraints.into_iter().filter(|clause| wanted(clause.kind));
    found.extend(constraints.map(|clause| (listed(clause), clause.span)));
    found
}

/// Whether an index, or a key, that the migrations make starts with the columns, in any order.
fn indexed(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    table: &ObjectName,
    columns: &[String],
) -> bool {
    let leads = |list: &[String]| {
        let head = list.get(..columns.len()).unwrap_or_default();
        !columns.is_empty()
            && head.len() == columns.len()
            && columns.iter().all(|column| head.contains(column))
    };
    let all = cx
        .past(statement)
        .chain([statement].into_iter().flat_map(|s| cx.statements.get(s.index..)).flatten());
    let mut all = all;
    all.any(|other| {
        let outline = other.outline();
        let sql = other.sql();
        if let Some(index) = outline.index() {
            let on = outline.on.as_ref().is_some_and(|on| RuleContext::same_name(on, table));
            let list: Vec<String> = index.columns.iter().map(|span| column(span.text(sql))).collect();
            let served = index.predicate.is_none_or(|span| only_null_is_left_out(other, span, columns));
            return on && served && leads(&list);
        }
        if !outline.name().is_some_and(|name| RuleContext::same_name(name, table)) {
            return false;
        }
        let listed =
            |clause: &Clause| -> Vec<String> { clause.columns.iter().map(|s| column(s.text(sql))).collect() };
        let key = |kind| matches!(kind, ClauseKind::PrimaryKey | ClauseKind::Unique);
        // A key that is part of them finds one row at most.
        let part = |list: &[String]| !list.is_empty() && list.iter().all(|column| columns.contains(column));
        lists(other, key, listed).iter().any(|(list, _)| leads(list) || part(list))
    })
}

/// Whether the predicate of an index is no more than that one of the columns is not NULL, which whoever looks for
/// a value implies.
fn only_null_is_left_out(statement: &RuleStatement<'_>, predicate: Span, columns: &[String]) -> bool {
    let sql = statement.sql();
    let mut tokens = statement.tokens_in(predicate);
    while let [first, inner @ .., last] = tokens
        && first.text(sql) == "("
        && last.text(sql) == ")"
    {
        tokens = inner;
    }
    match tokens {
        [name, is, not, null] => {
            columns.contains(&column(name.text(sql)))
                && is.is_word(sql, "is")
                && not.is_word(sql, "not")
                && null.is_word(sql, "null")
        }
        _ => false,
    }
}
