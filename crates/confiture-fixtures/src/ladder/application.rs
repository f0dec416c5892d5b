//! The application of before: its queries on rows, before and after the next migration.

use std::collections::BTreeSet;

use confiture_core::Location;
use confiture_core::db::{DbFailure, ScratchDb, ServerKind, Session};
use confiture_core::migration::{Direction, Migration, Script, ScriptStatement, Step};
use confiture_core::sql::{Quoted, TokenKind, Tokens, Verb, classify};

use super::parameters::{Known, values};
use super::trial::doing;
use super::{Ground, Ladder, dropped, open, reaches_out};
use crate::error::FixtureError;
use crate::mention::Roles;
use crate::runner::{ScriptTraits, run_in_transaction, run_script};

/// A statement of a query file and how it fares around a migration.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where it stands.
    pub location: Location,
    /// The role that asks; `None` for the user of the session.
    pub role: Option<String>,
    /// Before the migration.
    pub before: Answer,
    /// After it, with the same parameters.
    pub after: Answer,
}

/// What a statement came to.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It was not asked: an earlier one of its session failed, the role is not there.
    None,
    /// The server refuses to prepare or to run it.
    Failed(DbFailure),
    /// It can be prepared; with the parameters that were found it cannot be run.
    Prepared(DbFailure),
    /// It was run.
    Rows {
        /// Rows it gave or wrote.
        count: u64,
        /// Tables, as `schema.name`, of which its plan reads every row although it would rather not
        /// (`enable_seqscan` is off): no index serves it.
        read_whole: BTreeSet<String>,
        /// Those that it searches by an index.
        searched: BTreeSet<String>,
    },
}

/// A statement with its parameters.
struct Question<'a> {
    script: &'a Script,
    statement: &'a ScriptStatement,
    /// Values as SQL; worked out before the migration.
    values: Option<Vec<String>>,
}

impl Ladder<'_> {
    /// Asks every query before and after the next migration, on a clone of the tables with rows, where there are
    /// some, as the user of the session and as each of [`LadderOptions::roles`](super::LadderOptions::roles).
    /// What they write is rolled back. `Err` says why nothing was asked.
    ///
    /// # Errors
    /// When rows cannot be made, or the server is lost or refuses what the ladder itself asks for.
    pub async fn ask(&mut self) -> Result<Result<Vec<Asked>, String>, FixtureError> {
        let Some(migration) = self.next() else { return Ok(Err("there is nothing to run".to_owned())) };
        let Step::Sql(up) = &migration.up else { return Ok(Err("there is nothing to run".to_owned())) };
        if self.queries.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let alone = Roles::of(migration) == Roles::Leave;
        let safe = ScriptTraits::of(up).transaction_safe;
        if self.server.kind() == ServerKind::Given && reaches_out(migration) || !alone && !safe {
            return Ok(Err("it may change what all databases of the server share".to_owned()));
        }
        let ground = self.prepare().await?;
        let clone = match (ground, &mut self.populated) {
            (Ground::Rows, Some(populated)) => {
                populated.suspend().await;
                let clone = self.server.clone_database(populated.database(), "asked").await;
                populated.resume().await?;
                clone?
            }
            _ => self.clone_here("asked").await?,
        };
        let asked = self.ask_on(&clone, migration, up, alone).await;
        dropped(clone).await;
        asked
    }

    async fn ask_on(
        &self,
        clone: &ScratchDb,
        migration: &Migration,
        up: &Script,
        commits: bool,
    ) -> Result<Result<Vec<Asked>, String>, FixtureError> {
        let session = open(clone, &self.options).await?;
        let roles: Vec<Option<&str>> =
            std::iter::once(None).chain(self.options.roles.iter().map(|role| Some(role.as_str()))).collect();
        let mut sessions: Vec<Vec<Question<'_>>> = Vec::new();
        for watched in &self.queries {
            let script = watched.script();
            let questions = script.statements.iter();
            sessions.push(questions.map(|statement| Question { script, statement, values: None }).collect());
        }
        let known = Known::read(&session, self.observed.catalog()).await.map_err(doing("read columns"))?;
        begin(&session).await?;
        let mut before = Vec::new();
        for role in &roles {
            for questions in &mut sessions {
                before.push(all(&session, *role, questions, Some(&known)).await?);
            }
        }
        if commits {
            session.execute("ROLLBACK").await.map_err(doing("roll back a transaction"))?;
            // The script sets what it likes in a session of its own.
            let other = open(clone, &self.options).await?;
            let run = run_script(&other, up, Direction::Up).await;
            other.close().await;
            if run.failure.is_some() {
                session.close().await;
                return Ok(Err(format!("{} fails on these rows", migration.id)));
            }
            begin(&session).await?;
        } else {
            let run = run_in_transaction(&session, up, Direction::Up).await;
            if run.failure.is_some() {
                session.close().await;
                return Ok(Err(format!("{} fails on these rows", migration.id)));
            }
        }
        let mut asked = Vec::new();
        let mut before = before.into_iter();
        for role in &roles {
            for questions in &mut sessions {
                let mut after = all(&session, *role, questions, None).await?;
                if !commits {
                    // Before its commit a new index may not be usable (pg_index.indcheckxmin).
                    for answer in &mut after {
                        if let Answer::Rows { read_whole, .. } = answer {
                            read_whole.clear();
                        }
                    }
                }
                let pairs = before.next().unwrap_or_default().into_iter().zip(after);
                for (question, (before, after)) in questions.iter().zip(pairs) {
                    let location = question.script.locate(question.statement.span.clone());
                    asked.push(Asked { location, role: role.map(str::to_owned), before, after });
                }
            }
        }
        session.close().await;
        Ok(Ok(asked))
    }
}

async fn begin(session: &Session) -> Result<(), FixtureError> {
    session.execute("BEGIN").await.map_err(doing("begin a transaction"))?;
    session.execute("SET LOCAL enable_seqscan = off").await.map_err(doing("set a parameter"))?;
    Ok(())
}

/// Asks the statements of one session; with `known`, their parameters are worked out.
async fn all(
    session: &Session,
    role: Option<&str>,
    questions: &mut [Question<'_>],
    known: Option<&Known>,
) -> Result<Vec<Answer>, FixtureError> {
    let mut answers = vec![Answer::None; questions.len()];
    if let Some(role) = role {
        let there = session.query("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", &[&role]).await;
        if there.map_err(doing("look for a role"))?.is_empty() {
            return Ok(answers);
        }
    }
    session.execute("SAVEPOINT confiture_asked").await.map_err(doing("set a savepoint"))?;
    let mut wrote = false;
    let mut last = None;
    for (at, question) in questions.iter_mut().enumerate() {
        if let (Some(known), true) = (known, has_parameters(&question.statement.sql)) {
            session.execute("SET LOCAL ROLE NONE").await.map_err(doing("set a role"))?;
            question.values = values(session, known, &question.statement.sql).await;
        }
        if let Some(role) = role {
            let set = format!("SET LOCAL ROLE {}", Quoted::ident(role));
            session.execute(&set).await.map_err(doing("set a role"))?;
        }
        answers[at] = one(session, question).await;
        wrote |= classify(&question.statement.sql).modifies_data;
        if matches!(answers[at], Answer::Failed(_) | Answer::Prepared(_)) || !session.is_usable() {
            break;
        }
        last = Some(at);
    }
    // As the commit would.
    if let (true, Some(at)) = (wrote && session.is_usable(), last)
        && let Err(failure) = session.execute("SET CONSTRAINTS ALL IMMEDIATE").await
    {
        answers[at] = Answer::Failed(failure);
    }
    let ended = session.execute("ROLLBACK TO SAVEPOINT confiture_asked").await;
    ended.map_err(doing("roll back to a savepoint"))?;
    // Prepared statements do not roll back.
    let named = session
        .query_simple("SELECT FROM pg_catalog.pg_prepared_statements WHERE name = 'confiture_asked'")
        .await;
    if !named.map_err(doing("list statements"))?.rows.is_empty() {
        session.execute("DEALLOCATE confiture_asked").await.map_err(doing("forget a statement"))?;
    }
    Ok(answers)
}

fn has_parameters(sql: &str) -> bool {
    Tokens::new(sql).any(|token| token.kind == TokenKind::Param)
}

async fn one(session: &Session, question: &Question<'_>) -> Answer {
    let sql = &question.statement.sql;
    let class = classify(sql);
    let planned =
        matches!(class.verb, Verb::Select | Verb::Insert | Verb::Update | Verb::Delete | Verb::Merge);
    let run = match has_parameters(sql) {
        false => sql.to_string(),
        true => {
            if let Err(failure) = session.execute(&format!("PREPARE confiture_asked AS {sql}")).await {
                return Answer::Failed(failure);
            }
            match &question.values {
                Some(values) => format!("EXECUTE confiture_asked({})", values.join(", ")),
                None => return Answer::None,
            }
        }
    };
    let refused = |failure: DbFailure| match has_parameters(sql) {
        true => Answer::Prepared(failure),
        false => Answer::Failed(failure),
    };
    let (mut read_whole, mut searched) = (BTreeSet::new(), BTreeSet::new());
    if planned {
        match session.query_simple(&format!("EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) {run}")).await {
            Ok(rows) => {
                let text = rows.rows.into_iter().flatten().flatten().collect::<Vec<_>>().join("\n");
                let plan = serde_json::from_str(&text).unwrap_or_default();
                scans(&plan, &mut read_whole, &mut searched);
            }
            Err(failure) => return refused(failure),
        }
    }
    let done = match session.execute(&run).await {
        Ok(done) => done,
        Err(failure) => return refused(failure),
    };
    if question.values.is_some()
        && let Err(failure) = session.execute("DEALLOCATE confiture_asked").await
    {
        return refused(failure);
    }
    Answer::Rows { count: done.rows, read_whole, searched }
}

/// The tables a plan reads from end to end, and those it searches.
fn scans(plan: &serde_json::Value, whole: &mut BTreeSet<String>, searched: &mut BTreeSet<String>) {
    match plan {
        serde_json::Value::Array(parts) => parts.iter().for_each(|part| scans(part, whole, searched)),
        serde_json::Value::Object(node) => {
            let text = |key: &str| node.get(key).and_then(serde_json::Value::as_str);
            if let (Some(kind), Some(schema), Some(name)) =
                (text("Node Type"), text("Schema"), text("Relation Name"))
            {
                let table = format!("{schema}.{name}");
                // A bitmap of a whole index has no condition either.
                let by_index = node.contains_key("Index Cond") || node.contains_key("Recheck Cond");
                if ["Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"].contains(&kind) {
                    if by_index {
                        searched.insert(table)
                    } else {
                        whole.insert(table)
                    };
                }
            }
            node.values().for_each(|value| scans(value, whole, searched));
        }
        _ => {}
    }
}
