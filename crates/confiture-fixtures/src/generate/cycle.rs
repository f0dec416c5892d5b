//! Tables that refer to each other: filled together where they must, mended afterwards where they may.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::catalog::ObjectId;
use confiture_core::db::{DbFailure, Session};
use confiture_core::sql::Quoted;

use super::eval;
use super::expr::Expr;
use super::load::Rows;
use super::plan::{ForeignKey, Plan};
use super::value::Value;

/// Parents before children. Tables that cannot be filled one before the other stand together.
pub(super) fn order(plans: &BTreeMap<ObjectId, Plan>) -> Vec<Vec<&ObjectId>> {
    let mut left: BTreeSet<&ObjectId> = plans.keys().collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let waits = |id: &ObjectId, strict: bool| {
            let references = plans[id].references.iter();
            let open = references.filter(|reference| {
                reference.parent != *id
                    && left.contains(&reference.parent)
                    && (!strict || required(&plans[id], reference))
            });
            open.count()
        };
        let Some(next) = left.iter().copied().min_by_key(|id| (waits(id, true), waits(id, false), *id))
        else {
            break;
        };
        let group = if waits(next, true) == 0 { vec![next] } else { ring(plans, &left) };
        for id in &group {
            left.remove(id);
        }
        ordered.push(group);
    }
    ordered
}

/// Whether rows must have a parent.
fn required(plan: &Plan, reference: &ForeignKey) -> bool {
    reference.columns.iter().all(|at| plan.columns[*at].not_null)
}

/// Tables that all require each other, and no other that is left.
fn ring<'a>(plans: &'a BTreeMap<ObjectId, Plan>, left: &BTreeSet<&'a ObjectId>) -> Vec<&'a ObjectId> {
    let reach = |from: &'a ObjectId| {
        let mut found = BTreeSet::new();
        let mut open = vec![from];
        while let Some(id) = open.pop() {
            for reference in plans[id].references.iter().filter(|reference| required(&plans[id], reference)) {
                if left.contains(&reference.parent) && found.insert(&reference.parent) {
                    open.push(&reference.parent);
                }
            }
        }
        found
    };
    let all: BTreeMap<&ObjectId, BTreeSet<&ObjectId>> = left.iter().map(|id| (*id, reach(id))).collect();
    // What everything it needs needs as well; the smallest such set closes on itself.
    let closed = all.iter().filter(|(id, found)| found.contains(*id)).min_by_key(|(_, found)| found.len());
    match closed {
        Some((_, found)) => found.iter().copied().collect(),
        None => left.iter().copied().take(1).collect(),
    }
}

/// The values the named columns of the first `count` rows will have; `None` where they depend on others.
pub(super) fn promise(plan: &Plan, names: &[String], count: u64) -> Option<Vec<Vec<Value>>> {
    let mut places = Vec::new();
    for name in names {
        let at = plan.columns.iter().position(|column| column.name == *name)?;
        let foreign = plan.references.iter().any(|reference| reference.columns.contains(&at));
        if foreign || plan.columns[at].generated {
            return None;
        }
        places.push(at);
    }
    Some((0..count).map(|number| places.iter().map(|at| promised(plan, *at, number)).collect()).collect())
}

/// The value of one column that others rely on.
pub(super) fn promised(plan: &Plan, at: usize, number: u64) -> Value {
    match &plan.columns[at].sequence {
        Some((_, start)) => Value::Int(start + number.cast_signed()),
        None => {
            // Nothing may change it later to satisfy what is demanded of it alone.
            let mut values = vec![Value::Null; plan.columns.len()];
            let mut holds = |value: &Value| {
                values[at] = value.clone();
                let alone = plan.checks.iter().filter(|check| check.expr.columns().iter().all(|c| *c == at));
                alone.into_iter().all(|check| eval::holds(&check.expr, &values) != Ok(false))
            };
            let mut candidates = (0..20).map(|attempt| plan.numbered(at, number + attempt * 1_000_003));
            candidates.find(|value| holds(value)).unwrap_or_else(|| plan.numbered(at, number))
        }
    }
}

/// Inserts the rows of several tables in one statement: foreign keys are checked at its end.
///
/// # Errors
/// What the server refused; the session is in a transaction with a savepoint `confiture_rows`.
pub(super) async fn insert_together(session: &Session, parts: &[(&Plan, Rows)]) -> Result<(), DbFailure> {
    let mut steps = Vec::new();
    for (at, (plan, rows)) in parts.iter().enumerate() {
        let places = plan.provided();
        let fields: Vec<String> = (0..places.len()).map(|field| format!("c{field} text")).collect();
        let name = format!("pg_temp.confiture_ring_{at}");
        session
            .execute(&format!("CREATE TEMPORARY TABLE confiture_ring_{at} ({})", fields.join(", ")))
            .await?;
        session.copy_in(&format!("COPY {name} FROM STDIN"), rows.text.as_bytes()).await?;
        let casts: Vec<String> = places
            .iter()
            .enumerate()
            .map(|(field, place)| format!("c{field}::{}", plan.columns[*place].data_type))
            .collect();
        steps.push(format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {name}",
            plan.sql(),
            plan.column_list(),
            casts.join(", ")
        ));
    }
    let Some(last) = steps.pop() else { return Ok(()) };
    let with: Vec<String> =
        steps.into_iter().enumerate().map(|(at, step)| format!("step_{at} AS ({step})")).collect();
    let with = if with.is_empty() { String::new() } else { format!("WITH {} ", with.join(", ")) };
    session.execute(&format!("{with}{last}")).await?;
    let drop: Vec<String> = (0..parts.len()).map(|at| format!("pg_temp.confiture_ring_{at}")).collect();
    let sql = format!(
        "SET CONSTRAINTS ALL IMMEDIATE; DROP TABLE {}; \
         RELEASE SAVEPOINT confiture_rows; SAVEPOINT confiture_rows",
        drop.join(", ")
    );
    session.execute(&sql).await.map(|_| ())
}

/// Gives rows whose parents came later a parent, where the foreign key stands alone.
///
/// # Errors
/// When the connection is lost; a refusal leaves the NULLs as they are.
pub(super) async fn mend(session: &Session, plan: &Plan, reference: &ForeignKey) -> Result<(), DbFailure> {
    let [column] = reference.columns[..] else { return Ok(()) };
    let shared = plan.references.iter().filter(|other| other.columns.contains(&column)).count() > 1;
    let in_key = plan.keys.iter().any(|key| key.parts.iter().any(|part| part.columns().contains(&column)));
    let in_check = plan.checks.iter().any(|check| check.expr.columns().contains(&column));
    // A predicate of a unique index may begin to apply.
    let in_predicate =
        plan.keys.iter().flat_map(|key| &key.predicate).any(|expr: &Expr| expr.columns().contains(&column));
    if shared || in_key || in_check || in_predicate || !plan.partitions.is_empty() {
        return Ok(());
    }
    let child = Quoted::ident(&plan.columns[column].name);
    let key = Quoted::ident(reference.parent_columns.first().map_or("", String::as_str));
    let sql = format!(
        "WITH parents AS (SELECT {key} AS key, pg_catalog.row_number() OVER (ORDER BY {key}) AS place, \
           pg_catalog.count(*) OVER () AS total FROM ONLY {parent} WHERE {key} IS NOT NULL), \
         children AS (SELECT ctid AS id, pg_catalog.row_number() OVER (ORDER BY ctid) AS place FROM ONLY {table}) \
         UPDATE ONLY {table} AS t SET {child} = parents.key FROM children, parents \
         WHERE t.ctid = children.id AND t.{child} IS NULL AND children.place % 8 <> 0 \
           AND parents.place = children.place * 7 % parents.total + 1",
        key = key.as_str(),
        child = child.as_str(),
        parent = reference.parent.sql_name(),
        table = plan.sql(),
    );
    match session.execute(&sql).await {
        Ok(_) => {
            let settle = if plan.deferrable { "SET CONSTRAINTS ALL IMMEDIATE; " } else { "" };
            let sql = format!("{settle}RELEASE SAVEPOINT confiture_rows; SAVEPOINT confiture_rows");
            session.execute(&sql).await.map(|_| ())
        }
        Err(failure) if failure.is_connection_lost() || failure.is_timeout() => Err(failure),
        Err(failure) => {
            tracing::debug!(table = %plan.id, %failure, "left without parents");
            session.execute("ROLLBACK TO SAVEPOINT confiture_rows").await.map(|_| ())
        }
    }
}
