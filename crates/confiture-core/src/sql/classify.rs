//! What a statement needs and touches, from its tokens alone: safe to ask before anything is run.

use super::cursor::Cursor;
use super::head::{Head, Modifier, ObjectKind, Verb};
use super::lex::{TokenKind, significant};

/// What is known of one statement before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Classification {
    /// What it does.
    pub verb: Verb,
    /// To which kind of object; `None` when it names none.
    pub object: Option<ObjectKind>,
    /// Whether it runs inside a transaction block.
    pub transaction: TransactionSafety,
    /// What it does to the transaction itself.
    pub control: Option<TransactionControl>,
    /// How long its effect on the session lasts.
    pub session: SessionEffect,
    /// What a database of its own does not confine.
    pub reach: Reach,
    /// It inserts, updates, deletes, truncates or copies rows. What functions it calls do is not known.
    pub modifies_data: bool,
    /// `ALTER TYPE … ADD VALUE`: the value may not be used before the transaction commits, unless the type
    /// is as new (manual, "ALTER TYPE").
    pub adds_enum_value: bool,
}

/// Whether a statement runs inside a transaction block, on PostgreSQL 14 to 18.
///
/// A script sent as one message is a block too, as far as [`Refused`](Self::Refused) goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionSafety {
    /// It does, and rolling back undoes it.
    Allowed,
    /// The server refuses it there ("cannot run inside a transaction block", SQLSTATE 25001).
    Refused,
    /// It depends on what the text does not tell: whether a procedure commits, a table is partitioned, a
    /// subscription has a slot.
    Depends,
    /// The server refuses it anywhere else (SQLSTATE 25P01).
    Required,
}

/// A statement that opens, ends or divides the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionControl {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`.
    Commit,
    /// `ROLLBACK`, `ABORT`.
    Rollback,
    /// `SAVEPOINT`.
    Savepoint,
    /// `RELEASE SAVEPOINT`.
    Release,
    /// `ROLLBACK TO SAVEPOINT`.
    RollbackTo,
    /// `PREPARE TRANSACTION`.
    Prepare,
}

/// How long what a statement does to its session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionEffect {
    /// It does nothing to it.
    None,
    /// Until the transaction ends: `SET LOCAL`, `SET CONSTRAINTS`, `LOCK`, a cursor.
    Transaction,
    /// Until the session ends or undoes it: `SET`, `LISTEN`, `PREPARE`, a temporary table, ….
    Session,
}

/// Where a statement's effects can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// In its database only.
    Database,
    /// In every database of the server: roles, databases, tablespaces, settings, subscriptions.
    Cluster,
}

/// Tells what a statement needs and touches.
///
/// Never fails: what PostgreSQL would not understand is [`Verb::Unknown`], allowed in a transaction.
///
/// # Example
/// ```
/// use confiture_core::sql::{classify, TransactionSafety};
///
/// let index = classify("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)");
/// assert_eq!(index.transaction, TransactionSafety::Refused);
/// ```
pub fn classify(sql: &str) -> Classification {
    let tokens = significant(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    let head = Head::read(&mut cursor);
    if head.verb == Verb::Explain {
        return explained(cursor);
    }
    let control = control(&head, cursor);
    Classification {
        verb: head.verb,
        object: head.object,
        transaction: transaction(&head, control, cursor),
        control,
        session: session(&head, cursor),
        reach: reach(&head),
        modifies_data: head.modifying_cte
            || match head.verb {
                Verb::Insert | Verb::Update | Verb::Delete | Verb::Merge | Verb::Truncate => true,
                Verb::Copy => copies_in(cursor),
                _ => false,
            },
        adds_enum_value: (head.verb, head.object) == (Verb::Alter, Some(ObjectKind::Type))
            && cursor.seek("add")
            && cursor.nth_is(1, "value"),
    }
}

/// `EXPLAIN` does nothing, `EXPLAIN ANALYZE` what its statement does.
fn explained(mut cursor: Cursor<'_>) -> Classification {
    let mut analyze = cursor.at_kind(TokenKind::LeftParen) && option(cursor, "analyze") == Some(true);
    cursor.parens();
    while cursor.at_any(&["analyze", "analyse", "verbose"]) {
        analyze |= !cursor.at_word("verbose");
        cursor.bump();
    }
    let inner = cursor.rest().map(|span| classify(span.text(cursor.sql))).filter(|_| analyze);
    Classification {
        verb: Verb::Explain,
        object: None,
        transaction: TransactionSafety::Allowed,
        control: None,
        session: SessionEffect::None,
        reach: Reach::Database,
        modifies_data: inner.is_some_and(|inner| inner.modifies_data),
        adds_enum_value: false,
    }
}

fn control(head: &Head, mut cursor: Cursor<'_>) -> Option<TransactionControl> {
    Some(match head.verb {
        Verb::Begin => TransactionControl::Begin,
        Verb::Commit => TransactionControl::Commit,
        Verb::Rollback => {
            cursor.eat_any(&["work", "transaction"]);
            if cursor.at_word("to") { TransactionControl::RollbackTo } else { TransactionControl::Rollback }
        }
        Verb::Savepoint => TransactionControl::Savepoint,
        Verb::Release => TransactionControl::Release,
        Verb::PrepareTransaction => TransactionControl::Prepare,
        _ => return None,
    })
}

/// Refusals and requirements were seen on a server of version 15 (SQLSTATE 25001, 25P01), but for those of
/// `ALTER SUBSCRIPTION`, which needs a publisher to get that far, and for `CLUSTER (…)` and
/// `REINDEX DATABASE` without name, which 15 does not parse. Those, and what 14 and 16 to 18 do, follow the
/// manual's notes on each command.
fn transaction(
    head: &Head,
    control: Option<TransactionControl>,
    mut cursor: Cursor<'_>,
) -> TransactionSafety {
    use ObjectKind::{Database, Index, Schema, Subscription, System, Table, Tablespace};
    use TransactionSafety::{Allowed, Depends, Refused, Required};

    match (head.verb, head.object) {
        (Verb::Create | Verb::Drop, Some(Index)) if head.has(Modifier::Concurrently) => Refused,
        (Verb::Create | Verb::Drop, Some(Database | Tablespace)) => Refused,
        (Verb::Alter, Some(System)) => Refused,
        (Verb::Alter, Some(Database)) if seek_words(cursor, &["set", "tablespace"]) => Refused,
        (Verb::Alter, Some(Table)) if cursor.seek("detach") => {
            if cursor.seek("concurrently") {
                Refused
            } else {
                Allowed
            }
        }
        (Verb::Reindex, object) => match object {
            _ if head.has(Modifier::Concurrently) => Refused,
            _ if option(head_options(cursor), "concurrently") == Some(true) => Refused,
            Some(Database | Schema | System) => Refused,
            // Refused for partitioned tables and indexes (since 14, the first to reindex them).
            _ => Depends,
        },
        (Verb::Vacuum | Verb::CommitPrepared | Verb::RollbackPrepared, _) => Refused,
        (Verb::Cluster, None) => Refused,
        // Refused for partitioned tables (since 15, the first to cluster them).
        (Verb::Cluster, Some(_)) => Depends,
        (Verb::Discard, _) if cursor.at_word("all") => Refused,
        (Verb::Create, Some(Subscription)) => {
            let without_slot =
                ["connect", "create_slot"].iter().any(|name| option(cursor, name) == Some(false));
            if without_slot { Allowed } else { Refused }
        }
        (Verb::Alter, Some(Subscription)) => alter_subscription(cursor),
        // Refused while the subscription has a slot.
        (Verb::Drop, Some(Subscription)) => Depends,
        (Verb::Call, _) => Depends,
        (Verb::Do, _) if may_commit(cursor) => Depends,
        (Verb::Lock, _) => Required,
        (Verb::Declare, _) if !seek_words(cursor, &["with", "hold"]) => Required,
        _ => match control {
            Some(
                TransactionControl::Savepoint | TransactionControl::Release | TransactionControl::RollbackTo,
            ) => Required,
            _ => Allowed,
        },
    }
}

fn alter_subscription(mut cursor: Cursor<'_>) -> TransactionSafety {
    cursor.name();
    if cursor.at_word("refresh") {
        return TransactionSafety::Refused;
    }
    let options = cursor;
    let publications = cursor.eat_any(&["set", "add", "drop"]) && cursor.at_word("publication");
    if publications {
        return match option(options, "refresh") {
            Some(false) => TransactionSafety::Allowed,
            _ => TransactionSafety::Refused,
        };
    }
    // Since 17 and 18 some of what can be set is a property of the slot.
    let slot = ["failover", "two_phase"].iter().any(|name| option(options, name).is_some());
    if slot { TransactionSafety::Depends } else { TransactionSafety::Allowed }
}

fn session(head: &Head, mut cursor: Cursor<'_>) -> SessionEffect {
    match head.verb {
        Verb::Set if cursor.at_any(&["local", "constraints"]) => SessionEffect::Transaction,
        Verb::Set if cursor.at_word("transaction") => SessionEffect::Transaction,
        Verb::Lock => SessionEffect::Transaction,
        Verb::Declare if !seek_words(cursor, &["with", "hold"]) => SessionEffect::Transaction,
        Verb::Set | Verb::Reset | Verb::Discard | Verb::Load | Verb::Declare => SessionEffect::Session,
        Verb::Listen | Verb::Unlisten | Verb::Prepare | Verb::Deallocate => SessionEffect::Session,
        Verb::Create if head.has(Modifier::Temporary) => SessionEffect::Session,
        Verb::Select if cursor.seek("into") && cursor.nth(1).is_some() => {
            cursor.bump();
            cursor.eat_any(&["local", "global"]);
            if cursor.at_any(&["temp", "temporary"]) { SessionEffect::Session } else { SessionEffect::None }
        }
        _ => SessionEffect::None,
    }
}

fn reach(head: &Head) -> Reach {
    use ObjectKind::{Database, Owned, Parameter, Role, Subscription, System, Tablespace};

    match (head.verb, head.object) {
        (Verb::ReassignOwned, _) | (Verb::Drop, Some(Owned)) => Reach::Cluster,
        (Verb::CommitPrepared | Verb::RollbackPrepared | Verb::PrepareTransaction, _) => Reach::Cluster,
        (Verb::Reindex, _) => Reach::Database,
        (_, Some(Database | Parameter | Role | Subscription | System | Tablespace)) => Reach::Cluster,
        _ => Reach::Database,
    }
}

/// Whether words follow one another somewhere outside parentheses.
fn seek_words(mut cursor: Cursor<'_>, words: &[&str]) -> bool {
    cursor.skip_until(|at| at.at_words(words));
    !cursor.is_done()
}

/// The cursor at the start of the statement, behind its first word.
fn head_options(cursor: Cursor<'_>) -> Cursor<'_> {
    let mut start = cursor.rewound();
    start.bump();
    start
}

/// The value of a boolean option in the next parenthesised list: `(a, b false, c = 0)`.
///
/// Without value it is true. Any other value but `false`, `off` and `0` counts as true.
fn option(mut cursor: Cursor<'_>, name: &str) -> Option<bool> {
    cursor.skip_until(|at| at.at_kind(TokenKind::LeftParen));
    let span = cursor.parens()?;
    let mut list = cursor.rewound().within(span);
    list.bump();
    while !list.is_done() {
        if list.eat(name) {
            if list.peek().is_some_and(|token| token.text(list.sql) == "=") {
                list.bump();
            }
            let value = list.peek().map_or("", |token| token.text(list.sql)).trim_matches('\'');
            return Some(!["false", "off", "0"].iter().any(|off| value.eq_ignore_ascii_case(off)));
        }
        list.skip_until(|at| at.at_kind(TokenKind::Comma));
        list.bump();
    }
    None
}

/// Whether a `COPY` changes rows: those it copies in, or those of the statement whose result it copies out.
fn copies_in(mut cursor: Cursor<'_>) -> bool {
    if cursor.eat_kind(TokenKind::LeftParen) {
        return cursor.rest().is_some_and(|query| classify(query.text(cursor.sql)).modifies_data);
    }
    cursor.skip_until(|at| at.at_any(&["from", "to"]));
    cursor.at_word("from")
}

/// Whether the body of a `DO` holds a word that could end the transaction.
///
/// Comments and strings count: a body may be executed from a string.
fn may_commit(mut cursor: Cursor<'_>) -> bool {
    while let Some(token) = cursor.bump() {
        if token.kind.is_string() && may_commit_text(token.text(cursor.sql)) {
            return true;
        }
    }
    false
}

fn may_commit_text(body: &str) -> bool {
    body.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| ["commit", "rollback", "call"].iter().any(|end| word.eq_ignore_ascii_case(end)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything but the defaults, in one line.
    fn check(sql: &str) -> String {
        let found = classify(sql);
        let mut out = format!("{:?}", found.verb);
        if let Some(object) = found.object {
            out += &format!(" {object:?}");
        }
        if found.transaction != TransactionSafety::Allowed {
            out += &format!(" {:?}", found.transaction);
        }
        if let Some(control) = found.control {
            out += &format!(" control={control:?}");
        }
        if found.session != SessionEffect::None {
            out += &format!(" session={:?}", found.session);
        }
        if found.reach != Reach::Database {
            out += &format!(" reach={:?}", found.reach);
        }
        if found.modifies_data {
            out += " data";
        }
        if found.adds_enum_value {
            out += " enum";
        }
        out
    }

    fn check_all(statements: &[&str]) -> String {
        statements.iter().map(|sql| format!("{sql} => {}\n", check(sql))).collect()
    }

    #[test]
    fn what_the_server_refuses_in_a_block_is_told_from_what_it_does_not() {
        insta::assert_snapshot!(check_all(&[
            "create index concurrently i on t (a)",
            "create unique index concurrently if not exists i on t (a)",
            "create index i on t (a)",
            "create index \"concurrently\" on t (a)",
            "drop index concurrently if exists i",
            "drop index i",
            "reindex index i",
            "reindex table concurrently t",
            "reindex (verbose, concurrently) table t",
            "reindex (concurrently off) table t",
            "reindex schema s",
            "reindex database",
            "reindex system d",
            "vacuum",
            "vacuum (analyze) t",
            "analyze t",
            "create database d",
            "drop database if exists d",
            "alter database d set tablespace s",
            "alter database d set work_mem = '1MB'",
            "create tablespace s location '/tmp'",
            "drop tablespace s",
            "alter system set work_mem = '1MB'",
            "cluster",
            "cluster verbose",
            "cluster (verbose)",
            "cluster t using i",
            "alter table t detach partition p concurrently",
            "alter table t detach partition p finalize",
            "alter table t detach partition p",
            "commit prepared 'x'",
            "rollback prepared 'x'",
            "discard all",
            "discard plans",
            "refresh materialized view concurrently m",
            "create subscription s connection '' publication p",
            "create subscription s connection '' publication p with (connect = false)",
            "alter subscription s refresh publication",
            "alter subscription s set publication p",
            "alter subscription s set publication p with (refresh = false)",
            "alter subscription s set (failover)",
            "alter subscription s disable",
            "drop subscription s",
            "alter type t add value if not exists 'x' before 'y'",
            "alter type t add attribute value int",
        ]), @r#"
        create index concurrently i on t (a) => Create Index Refused
        create unique index concurrently if not exists i on t (a) => Create Index Refused
        create index i on t (a) => Create Index
        create index "concurrently" on t (a) => Create Index
        drop index concurrently if exists i => Drop Index Refused
        drop index i => Drop Index
        reindex index i => Reindex Index Depends
        reindex table concurrently t => Reindex Table Refused
        reindex (verbose, concurrently) table t => Reindex Table Refused
        reindex (concurrently off) table t => Reindex Table Depends
        reindex schema s => Reindex Schema Refused
        reindex database => Reindex Database Refused
        reindex system d => Reindex System Refused
        vacuum => Vacuum Refused
        vacuum (analyze) t => Vacuum Table Refused
        analyze t => Analyze Table
        create database d => Create Database Refused reach=Cluster
        drop database if exists d => Drop Database Refused reach=Cluster
        alter database d set tablespace s => Alter Database Refused reach=Cluster
        alter database d set work_mem = '1MB' => Alter Database reach=Cluster
        create tablespace s location '/tmp' => Create Tablespace Refused reach=Cluster
        drop tablespace s => Drop Tablespace Refused reach=Cluster
        alter system set work_mem = '1MB' => Alter System Refused reach=Cluster
        cluster => Cluster Refused
        cluster verbose => Cluster Refused
        cluster (verbose) => Cluster Refused
        cluster t using i => Cluster Table Depends
        alter table t detach partition p concurrently => Alter Table Refused
        alter table t detach partition p finalize => Alter Table
        alter table t detach partition p => Alter Table
        commit prepared 'x' => CommitPrepared Refused reach=Cluster
        rollback prepared 'x' => RollbackPrepared Refused reach=Cluster
        discard all => Discard Refused session=Session
        discard plans => Discard session=Session
        refresh materialized view concurrently m => Refresh MaterializedView
        create subscription s connection '' publication p => Create Subscription Refused reach=Cluster
        create subscription s connection '' publication p with (connect = false) => Create Subscription reach=Cluster
        alter subscription s refresh publication => Alter Subscription Refused reach=Cluster
        alter subscription s set publication p => Alter Subscription Refused reach=Cluster
        alter subscription s set publication p with (refresh = false) => Alter Subscription reach=Cluster
        alter subscription s set (failover) => Alter Subscription Depends reach=Cluster
        alter subscription s disable => Alter Subscription reach=Cluster
        drop subscription s => Drop Subscription Depends reach=Cluster
        alter type t add value if not exists 'x' before 'y' => Alter Type enum
        alter type t add attribute value int => Alter Type
        "#);
    }

    #[test]
    fn procedures_and_blocks_may_commit() {
        insta::assert_snapshot!(check_all(&[
            "call p()",
            "do $$ begin delete from t; commit; end $$",
            "do language plpgsql 'begin execute ''CALL p()''; end'",
            "do $$ begin delete from committed; end $$",
        ]), @r"
        call p() => Call Depends
        do $$ begin delete from t; commit; end $$ => Do Depends
        do language plpgsql 'begin execute ''CALL p()''; end' => Do Depends
        do $$ begin delete from committed; end $$ => Do
        ");
    }

    #[test]
    fn transaction_control_is_told_apart() {
        insta::assert_snapshot!(check_all(&[
            "begin isolation level serializable",
            "start transaction",
            "commit",
            "end",
            "rollback",
            "abort",
            "rollback work to savepoint a",
            "rollback to a",
            "savepoint a",
            "release a",
            "prepare transaction 'x'",
            "prepare x as select 1",
            "lock table t in share mode",
            "declare c cursor for select 1",
            "declare c cursor with hold for select 1",
        ]), @r"
        begin isolation level serializable => Begin control=Begin
        start transaction => Begin control=Begin
        commit => Commit control=Commit
        end => Commit control=Commit
        rollback => Rollback control=Rollback
        abort => Rollback control=Rollback
        rollback work to savepoint a => Rollback Required control=RollbackTo
        rollback to a => Rollback Required control=RollbackTo
        savepoint a => Savepoint Required control=Savepoint
        release a => Release Required control=Release
        prepare transaction 'x' => PrepareTransaction control=Prepare reach=Cluster
        prepare x as select 1 => Prepare session=Session
        lock table t in share mode => Lock Table Required session=Transaction
        declare c cursor for select 1 => Declare Required session=Transaction
        declare c cursor with hold for select 1 => Declare session=Session
        ");
    }

    #[test]
    fn what_stays_in_the_session_or_leaves_the_database_is_told() {
        insta::assert_snapshot!(check_all(&[
            "set lock_timeout = '1s'",
            "set local lock_timeout = '1s'",
            "set constraints all immediate",
            "set transaction read only",
            "set session characteristics as transaction read only",
            "reset all",
            "listen x",
            "create temp table t (a int)",
            "create temporary view v as select 1",
            "select 1 into temp t",
            "create role r",
            "alter user u set work_mem = 1",
            "create user mapping for u server s",
            "drop group g",
            "comment on role r is ''",
            "comment on table t is ''",
            "grant a to b",
            "grant select on t to b",
            "grant all on database d to b",
            "grant select on all tables in schema s to b",
            "revoke usage on schema s from b",
            "reassign owned by a to b",
            "drop owned by a",
        ]), @r"
        set lock_timeout = '1s' => Set session=Session
        set local lock_timeout = '1s' => Set session=Transaction
        set constraints all immediate => Set session=Transaction
        set transaction read only => Set session=Transaction
        set session characteristics as transaction read only => Set session=Session
        reset all => Reset session=Session
        listen x => Listen session=Session
        create temp table t (a int) => Create Table session=Session
        create temporary view v as select 1 => Create View session=Session
        select 1 into temp t => Select session=Session
        create role r => Create Role reach=Cluster
        alter user u set work_mem = 1 => Alter Role reach=Cluster
        create user mapping for u server s => Create UserMapping
        drop group g => Drop Role reach=Cluster
        comment on role r is '' => Comment Role reach=Cluster
        comment on table t is '' => Comment Table
        grant a to b => Grant Role reach=Cluster
        grant select on t to b => Grant Table
        grant all on database d to b => Grant Database reach=Cluster
        grant select on all tables in schema s to b => Grant Schema
        revoke usage on schema s from b => Revoke Schema
        reassign owned by a to b => ReassignOwned reach=Cluster
        drop owned by a => Drop Owned reach=Cluster
        ");
    }

    #[test]
    fn statements_that_change_rows_are_told_from_those_that_do_not() {
        insta::assert_snapshot!(check_all(&[
            "insert into t values (1)",
            "update only t set a = 1",
            "delete from t",
            "merge into t using u on true when matched then delete",
            "truncate t",
            "copy t (a) from stdin",
            "copy t to stdout",
            "copy (delete from t returning *) to stdout",
            "with a as (select 1) update t set a = 1",
            "with recursive a (x) as not materialized (select 1), b as (delete from t returning *) select 1",
            "with a as (select 1), update as (select 2) select * from update",
            "with a as (select 1) (select * from a)",
            "((select 1))",
            "values (1)",
            "table t",
            "explain delete from t",
            "explain analyze verbose delete from t",
            "explain (analyze, buffers off) delete from t",
            "explain (analyze false) delete from t",
        ]), @r"
        insert into t values (1) => Insert Table data
        update only t set a = 1 => Update Table data
        delete from t => Delete Table data
        merge into t using u on true when matched then delete => Merge Table data
        truncate t => Truncate Table data
        copy t (a) from stdin => Copy Table data
        copy t to stdout => Copy Table
        copy (delete from t returning *) to stdout => Copy data
        with a as (select 1) update t set a = 1 => Update Table data
        with recursive a (x) as not materialized (select 1), b as (delete from t returning *) select 1 => Select data
        with a as (select 1), update as (select 2) select * from update => Select
        with a as (select 1) (select * from a) => Select
        ((select 1)) => Select
        values (1) => Values
        table t => Table
        explain delete from t => Explain
        explain analyze verbose delete from t => Explain data
        explain (analyze, buffers off) delete from t => Explain data
        explain (analyze false) delete from t => Explain
        ");
    }

    #[test]
    fn what_is_no_sql_is_unknown() {
        insta::assert_snapshot!(check_all(&["", "-- nothing", "foo", "\\c db", "create", "create foo", "with"]), @r"
         => Unknown
        -- nothing => Unknown
        foo => Unknown
        \c db => Meta
        create => Create
        create foo => Create
        with => Unknown
        ");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(sql in crate::sql::soup::script()) {
            classify(&sql);
        }
    }
}
