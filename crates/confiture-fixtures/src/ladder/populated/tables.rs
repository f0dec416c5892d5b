//! Tables as the server stores them.

use std::collections::BTreeMap;

use confiture_core::catalog::{Kind, ObjectId};
use confiture_core::db::{DbFailure, Row, Session, TextRows};
use confiture_core::sql::{Quoted, quote_literal};

use super::rows::Table;

/// A table as the server stores it: what changes when its rows may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ladder) struct Stored {
    pub(in crate::ladder) id: ObjectId,
    /// Files of its partitions or its own, and its columns.
    pub(in crate::ladder) signature: String,
    /// Rows written by the current transaction; 1 where the server does not count them.
    pub(in crate::ladder) writes: u64,
    /// Its rows are those of its partitions.
    pub(in crate::ladder) partitioned: bool,
    /// Its rows belong to the table it is a partition of.
    pub(in crate::ladder) partition: bool,
}

/// The tables of a database by OID; a partitioned table stands for its partitions.
pub(in crate::ladder) async fn stored(session: &Session) -> Result<BTreeMap<u32, Stored>, DbFailure> {
    const QUERY: &str = "\
        SELECT c.oid::text, n.nspname::text, c.relname::text, \
          concat_ws('/', CASE WHEN c.relkind = 'p' THEN (SELECT string_agg(l.relfilenode::text, ',' ORDER BY l.relfilenode) \
              FROM pg_catalog.pg_partition_tree(c.oid) p JOIN pg_catalog.pg_class l ON l.oid = p.relid) \
            ELSE c.relfilenode::text END, \
            (SELECT sum(a.attnum::int8 * pg_catalog.hashtext(a.attname || ' ' || a.atttypid || ' ' || a.atttypmod)) \
              FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)), \
          (CASE WHEN NOT current_setting('track_counts')::bool THEN 1 \
            WHEN c.relkind = 'p' THEN (SELECT sum(pg_catalog.pg_stat_get_xact_tuples_inserted(p.relid) \
              + pg_catalog.pg_stat_get_xact_tuples_updated(p.relid) + pg_catalog.pg_stat_get_xact_tuples_deleted(p.relid)) \
              FROM pg_catalog.pg_partition_tree(c.oid) p) \
            ELSE pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) \
              + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) END)::text, \
          (c.relkind = 'p')::text, c.relispartition::text \
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') \
          AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
    let answer = texts(&session.query_prepared(QUERY, &[]).await?);
    let entries = answer.iter().filter_map(|row| {
        let [Some(oid), Some(schema), Some(name), signature, writes, partitioned, partition] = row.as_slice()
        else {
            return None;
        };
        let flag = |value: &Option<String>| value.as_deref() == Some("true");
        let stored = Stored {
            id: ObjectId::new(Kind::Table, [schema, name]),
            signature: signature.clone().unwrap_or_default(),
            writes: writes.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default(),
            partitioned: flag(partitioned),
            partition: flag(partition),
        };
        Some((oid.parse().ok()?, stored))
    });
    Ok(entries.collect())
}

/// The values of rows whose columns are all of type `text`.
fn texts(rows: &[Row]) -> Vec<Vec<Option<String>>> {
    rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
}

/// The rows of a query of texts about the relations in the setting `confiture.rows_of`.
///
/// Prepared and without parameters: to plan such a query costs ten times its run, and one with parameters
/// would be planned anew five times.
pub(super) async fn about(
    session: &Session,
    oids: impl Iterator<Item = u32>,
    query: &str,
) -> Result<Vec<Vec<Option<String>>>, DbFailure> {
    let oids: Vec<String> = oids.map(|oid| oid.to_string()).collect();
    let set = format!("SET confiture.rows_of = '{{{}}}'", oids.join(","));
    // Sent together: the second does not wait for the answer to the first.
    let (_, rows) = tokio::try_join!(session.execute(&set), session.query_prepared(query, &[]))?;
    Ok(texts(&rows))
}

/// The time now, as the session writes points in time.
pub(in crate::ladder) async fn now(session: &Session) -> Result<String, DbFailure> {
    let answer = session.query_simple("SELECT pg_catalog.date_trunc('second', localtimestamp)::text").await?;
    Ok(answer.rows.into_iter().flatten().flatten().next().unwrap_or_default())
}

/// The values of a column cast back to the type it had, with the key of each row, as far as they fit;
/// `None` where the server has no such cast. A savepoint guards the transaction, if there is one.
pub(in crate::ladder) async fn cast_back(
    session: &Session,
    in_transaction: bool,
    table: &Table,
    column: &str,
    data_type: &str,
) -> Result<Option<TextRows>, DbFailure> {
    let quoted = Quoted::ident(column);
    let query = |value: &str| {
        format!(
            "SELECT {}, {} FROM {} t",
            table.key_cells_sql(),
            table.rows.cell_sql(value, data_type),
            table.stored.id.sql_name()
        )
    };
    let whole =
        guarded(session, in_transaction, "", &query(&format!("t.{quoted}::{data_type}::text"))).await?;
    if !matches!(&whole, Err(code) if code.starts_with("22")) {
        return Ok(whole.ok());
    }
    // A value that does not fit says nothing of the others. The function goes with the savepoint.
    let function = format!(
        "CREATE FUNCTION pg_temp.confiture_cast(anyelement) RETURNS text LANGUAGE plpgsql AS {}; ",
        quote_literal(&format!(
            "BEGIN RETURN $1::{data_type}::text; EXCEPTION WHEN data_exception THEN RETURN NULL; END"
        ))
    );
    let value = format!("pg_temp.confiture_cast(t.{quoted})");
    let fitting = format!("{} WHERE {value} IS NOT NULL", query(&value));
    Ok(guarded(session, in_transaction, &function, &fitting).await?.ok())
}

/// The answer to a query, or the SQLSTATE of its failure, which leaves the transaction usable.
async fn guarded(
    session: &Session,
    in_transaction: bool,
    before: &str,
    query: &str,
) -> Result<Result<TextRows, String>, DbFailure> {
    let (begin, end) = match in_transaction {
        true => (
            "SAVEPOINT confiture_cast",
            "ROLLBACK TO SAVEPOINT confiture_cast; RELEASE SAVEPOINT confiture_cast",
        ),
        false => ("BEGIN", "ROLLBACK"),
    };
    session.execute(begin).await?;
    let prepared = if before.is_empty() { Ok(()) } else { session.execute(before).await.map(drop) };
    let answer = match prepared {
        Ok(()) => session.query_simple(query).await,
        Err(failure) => Err(failure),
    };
    session.execute(end).await?;
    match answer {
        Ok(rows) => Ok(Ok(rows)),
        Err(DbFailure { sqlstate: Some(code), .. }) => Ok(Err(code)),
        Err(failure) => Err(failure),
    }
}

/// Sequences of columns of these tables that give next what the column holds already.
pub(in crate::ladder) async fn sequences_behind(
    session: &Session,
    oids: impl Iterator<Item = u32>,
) -> Result<Vec<(u32, confiture_core::plugin::SequenceBehind)>, DbFailure> {
    const OWNED: &str = "\
        SELECT c.oid::text, n.nspname::text, c.relname::text, a.attname::text, sn.nspname::text, \
          s.relname::text, q.seqincrement::text \
        FROM pg_catalog.pg_depend d \
        JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' \
        JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace \
        JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid AND NOT q.seqcycle \
        JOIN pg_catalog.pg_class c ON c.oid = d.refobjid \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid \
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.typname IN ('int2', 'int4', 'int8') \
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
          AND d.refobjid = ANY (current_setting('confiture.rows_of')::oid[]) \
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') \
          AND (a.attidentity <> '' OR a.atthasdef)";
    let mut oids = oids.peekable();
    if oids.peek().is_none() {
        return Ok(Vec::new());
    }
    let owned = about(session, oids, OWNED).await?;
    let mut found = Vec::new();
    let mut selects = Vec::new();
    for row in &owned {
        let [Some(oid), Some(schema), Some(table), Some(column), Some(in_schema), Some(name), Some(step)] =
            row.as_slice()
        else {
            continue;
        };
        let id = ObjectId::new(Kind::Table, [schema, table]);
        let sequence = Quoted::qualified([in_schema.as_str(), name]).to_string();
        let extreme = if step.starts_with('-') { "min" } else { "max" };
        selects.push(format!(
            "SELECT {}, s.last_value::numeric + CASE WHEN s.is_called THEN {step} ELSE 0 END, \
             (SELECT {extreme}({}) FROM {}) FROM {sequence} s",
            selects.len(),
            Quoted::ident(column),
            id.sql_name()
        ));
        let behind = confiture_core::plugin::SequenceBehind {
            table: id,
            column: column.clone(),
            sequence: quote_literal(&sequence),
            next: 0,
            reached: 0,
        };
        found.push((oid.parse().unwrap_or_default(), step.starts_with('-'), behind));
    }
    if selects.is_empty() {
        return Ok(Vec::new());
    }
    let values = session.query_simple(&selects.join(" UNION ALL ")).await?;
    let mut out = Vec::new();
    for row in &values.rows {
        let [Some(at), Some(next), Some(reached)] = row.as_slice() else { continue };
        let (Ok(at), Ok(next), Ok(reached)) = (at.parse::<usize>(), next.parse(), reached.parse()) else {
            continue;
        };
        if let Some((oid, descending, behind)) = found.get(at) {
            let mut behind = behind.clone();
            (behind.next, behind.reached) = (next, reached);
            let taken = if *descending { next >= reached } else { next <= reached };
            if taken {
                out.push((*oid, behind));
            }
        }
    }
    Ok(out)
}
