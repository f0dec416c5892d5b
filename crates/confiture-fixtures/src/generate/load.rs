//! Puts built rows into their table: all at once by COPY, or one by one where the server refuses some.

use std::collections::BTreeMap;

use confiture_core::db::{DbFailure, Session};
use confiture_core::sql::quote_literal;

use super::Refusal;
use super::plan::Plan;
use super::value::Value;

/// Rows refused one after the other, from the first one, before the rest is not tried.
const HOPELESS: usize = 60;
/// Longest time for rows that are tried one by one: some triggers take half a second for each.
const PATIENCE_SECONDS: u64 = 10;

/// Rows of one table in COPY's text format.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) text: String,
    pub(super) count: u64,
    scratch: String,
}

impl Rows {
    pub(super) fn push(&mut self, places: &[usize], values: &[Value]) {
        for (at, place) in places.iter().enumerate() {
            if at > 0 {
                self.text.push('\t');
            }
            values[*place].write_copy(&mut self.text, &mut self.scratch);
        }
        self.text.push('\n');
        self.count += 1;
    }
}

/// Whether the server is expected to take all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Candidates {
    /// COPY takes all or none of them.
    Good,
    /// Some will be refused: each is tried by itself.
    Doubtful,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) kept: u64,
    pub(super) refused: Vec<Refusal>,
    /// Whether the rows are in the table exactly as they were built.
    pub(super) as_built: bool,
}

/// Makes more rows, up to a piece; adds none at the end.
pub(super) type Make<'a> = dyn FnMut(&mut Rows) + Send + 'a;

/// Loads the rows that `make` gives, or as many of them as make `wanted`; the session is in a transaction with a savepoint `confiture_rows`, and stays so.
///
/// # Errors
/// Only when the connection is lost or the server refuses even to look at the rows.
pub(super) async fn load(
    session: &Session,
    plan: &Plan,
    rows: &mut Rows,
    wanted: u64,
    candidates: Candidates,
    make: &mut Make<'_>,
) -> Result<Loaded, DbFailure> {
    let copied = match candidates {
        Candidates::Good => match copy(session, plan, rows, make).await {
            Ok(()) => settle(session, plan).await.map(|()| true),
            Err(failure) => Err(failure),
        },
        Candidates::Doubtful => {
            while more(rows, make) {}
            Ok(false)
        }
    };
    match copied {
        Ok(true) => Ok(Loaded { kept: rows.count, refused: Vec::new(), as_built: !plan.altered }),
        Err(failure) if failure.is_connection_lost() || failure.is_timeout() => Err(failure),
        refused => {
            tracing::debug!(table = %plan.id, ?refused, "rows are tried one by one");
            session.execute("ROLLBACK TO SAVEPOINT confiture_rows").await?;
            let outcome = one_by_one(session, plan, rows, wanted).await;
            match outcome {
                Ok(loaded) => {
                    session.execute("RELEASE SAVEPOINT confiture_rows; SAVEPOINT confiture_rows").await?;
                    Ok(loaded)
                }
                Err(failure) if failure.is_connection_lost() || failure.is_timeout() => Err(failure),
                Err(failure) => {
                    session.execute("ROLLBACK TO SAVEPOINT confiture_rows").await?;
                    Ok(Loaded { refused: vec![Refusal::of(&failure, rows.count)], ..Loaded::default() })
                }
            }
        }
    }
}

/// Whether `make` still gives rows.
fn more(rows: &mut Rows, make: &mut Make<'_>) -> bool {
    let before = rows.count;
    make(rows);
    rows.count > before
}

/// Copies the rows that `make` gives into the table, all or none.
pub(super) async fn copy(
    session: &Session,
    plan: &Plan,
    rows: &mut Rows,
    make: &mut Make<'_>,
) -> Result<(), DbFailure> {
    let columns = plan.column_list();
    if columns.is_empty() {
        while more(rows, make) {}
        let sql =
            format!("INSERT INTO {} SELECT FROM pg_catalog.generate_series(1, {})", plan.sql(), rows.count);
        session.execute(&sql).await?;
    } else {
        let sql = format!("COPY {} ({columns}) FROM STDIN", plan.sql());
        let mut next = || {
            let start = rows.text.len();
            more(rows, make).then(|| rows.text.as_bytes()[start..].to_vec())
        };
        session.copy_in_pieces(&sql, &mut next).await?;
    }
    Ok(())
}

/// Checks what is deferred and keeps the rows.
async fn settle(session: &Session, plan: &Plan) -> Result<(), DbFailure> {
    let settle = if plan.deferrable { "SET CONSTRAINTS ALL IMMEDIATE; " } else { "" };
    session
        .execute(&format!("{settle}RELEASE SAVEPOINT confiture_rows; SAVEPOINT confiture_rows"))
        .await
        .map(drop)
}

/// Tries every row by itself, on the server, and says what it said of those it refused.
async fn one_by_one(session: &Session, plan: &Plan, rows: &Rows, wanted: u64) -> Result<Loaded, DbFailure> {
    let places = plan.provided();
    let fields: Vec<String> = (0..places.len()).map(|at| format!("c{at} text")).collect();
    session
        .execute(&format!(
            "CREATE TEMPORARY TABLE confiture_candidates \
             (row_number int GENERATED ALWAYS AS IDENTITY, {})",
            fields.join(", ")
        ))
        .await?;
    let names: Vec<String> = (0..places.len()).map(|at| format!("c{at}")).collect();
    let sql = format!("COPY pg_temp.confiture_candidates ({}) FROM STDIN", names.join(", "));
    session.copy_in(&sql, rows.text.as_bytes()).await?;
    session
        .execute(
            "CREATE TEMPORARY TABLE confiture_refused \
             (row_number int, code text, constraint_name text, message text)",
        )
        .await?;
    let casts: Vec<String> = places
        .iter()
        .enumerate()
        .map(|(at, place)| format!("candidate.c{at}::{}", plan.columns[*place].data_type))
        .collect();
    let settle = if plan.deferrable { "SET CONSTRAINTS ALL IMMEDIATE;" } else { "" };
    let body = format!(
        "DECLARE candidate record; patience timestamptz := clock_timestamp() + interval '{PATIENCE_SECONDS} s';
           inserted bigint; refused int := 0; accepted int := 0;
           code text; constraint_name text; message text;
         BEGIN
           FOR candidate IN SELECT * FROM pg_temp.confiture_candidates ORDER BY row_number LOOP
             BEGIN
               INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values});
               GET DIAGNOSTICS inserted = ROW_COUNT;
               {settle}
               IF inserted = 0 THEN
                 RAISE EXCEPTION 'a trigger or rule dropped the row without a word';
               END IF;
               accepted := accepted + 1;
             EXCEPTION WHEN OTHERS THEN
               GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, constraint_name = CONSTRAINT_NAME,
                 message = MESSAGE_TEXT;
               INSERT INTO pg_temp.confiture_refused
                 VALUES (candidate.row_number, code, constraint_name, message);
               refused := refused + 1;
             END;
             EXIT WHEN accepted = {wanted} OR accepted = 0 AND refused >= {HOPELESS}
               OR clock_timestamp() > patience;
           END LOOP;
           INSERT INTO pg_temp.confiture_refused (row_number) VALUES (accepted);
         END",
        table = plan.sql(),
        columns = plan.column_list(),
        values = casts.join(", "),
    );
    session.execute(&format!("DO {}", quote_literal(&body))).await?;
    let found = session
        .query_simple(
            "SELECT row_number, code, constraint_name, message FROM pg_temp.confiture_refused \
             ORDER BY code IS NULL, row_number",
        )
        .await?;
    let mut refused: BTreeMap<(String, String), Refusal> = BTreeMap::new();
    let mut kept = 0;
    for row in found.rows {
        let [number, code, constraint, message] = <[Option<String>; 4]>::try_from(row).unwrap_or_default();
        let Some(code) = code else {
            kept = number.and_then(|text| text.parse().ok()).unwrap_or(0);
            break;
        };
        let constraint = constraint.filter(|name| !name.is_empty());
        let key = (code.clone(), constraint.clone().unwrap_or_default());
        let message = message.unwrap_or_default();
        let new = Refusal { constraint, sqlstate: Some(code), message, rows: 0 };
        refused.entry(key).or_insert(new).rows += 1;
    }
    session.execute("DROP TABLE pg_temp.confiture_candidates, pg_temp.confiture_refused").await?;
    let mut refused: Vec<Refusal> = refused.into_values().collect();
    refused.sort_by_key(|refusal| std::cmp::Reverse(refusal.rows));
    Ok(Loaded { kept, refused, as_built: false })
}
