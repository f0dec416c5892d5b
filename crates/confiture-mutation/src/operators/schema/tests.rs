//! Sites whose shape is not that of the examples.

use std::sync::Arc;

use confiture_core::catalog::Catalog;
use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::migration::{
    Direction, Migration, Script, ScriptStatement, Source, StatementKind, Step, TransactionMode,
};
use confiture_core::plugin::{MutationContext, MutationOperator};
use confiture_core::sql::{apply, split};

use super::*;

/// The scripts that an operator makes of one, in order, with the object of each after `--`.
fn check(operator: &dyn MutationOperator, sql: &str) -> Vec<String> {
    on(&Catalog::default(), operator, sql)
}

/// The same with the catalog that the script starts from.
fn on(catalog: &Catalog, operator: &dyn MutationOperator, sql: &str) -> Vec<String> {
    let statements = split(sql).into_iter().map(|piece| ScriptStatement {
        sql: Arc::from(piece.text(sql)),
        span: piece.span.into(),
        kind: StatementKind::Sql,
        moved: Vec::new(),
    });
    let script = Script {
        source: Arc::new(Source { path: "up.sql".into(), text: sql.to_owned() }),
        span: 0..sql.len(),
        statements: statements.collect(),
        transaction: TransactionMode::Wrapped,
    };
    let migration = Migration {
        id: "1".to_owned(),
        version: "1".to_owned(),
        name: String::new(),
        up: Step::Sql(script.clone()),
        down: Step::Absent,
        verify: None,
    };
    let mut mutants = Vec::new();
    let cx = MutationContext::new(&migration, Direction::Up).unwrap().with_catalogs(catalog, catalog);
    operator.mutate(&cx, &mut mutants);
    mutants
        .iter()
        .map(|m| format!("{} -- {}", apply(sql, &m.file_edits(&script).unwrap()).unwrap(), m.object))
        .collect()
}

/// The same without the objects.
fn texts(operator: &dyn MutationOperator, sql: &str) -> Vec<String> {
    let cut = |text: String| text.rsplit_once(" -- ").map_or(String::new(), |(sql, _)| sql.to_owned());
    check(operator, sql).into_iter().map(cut).collect()
}

#[test]
fn keys_change_wherever_they_are_written() {
    let table = "create table \"S\".t (a int constraint k primary key deferrable, b int, \"C\" int)";
    assert_eq!(
        check(&PkColumnAdd, table),
        [
            "create table \"S\".t (a int, constraint k primary key (a, b) deferrable, b int, \"C\" int) -- S.t.k",
            "create table \"S\".t (a int, constraint k primary key (a, \"C\") deferrable, b int, \"C\" int) -- S.t.k",
        ]
    );
    assert_eq!(
        texts(&PkColumnExchange, "create table t (a int, b int, c int, primary key (a, b))"),
        [
            "create table t (a int, b int, c int, primary key (c, b))",
            "create table t (a int, b int, c int, primary key (a, c))",
        ]
    );
    assert_eq!(
        texts(
            &PkColumnAdd,
            "create table t (a int); alter table t add b int, add c int; alter table only t add primary key (a);\
             alter table t drop c"
        ),
        [
            "create table t (a int); alter table t add b int, add c int; alter table only t add primary key (a, b);\
             alter table t drop c",
            "create table t (a int); alter table t add b int, add c int; alter table only t add primary key (a, c);\
             alter table t drop c",
        ]
    );
    assert_eq!(
        texts(&PkColumnAdd, "create table t (a int); alter table t add b int primary key"),
        ["create table t (a int); alter table t add b int, ADD primary key (b, a)"]
    );
    assert_eq!(texts(&PkColumnRemove, "alter table t add primary key (a, b)").len(), 2);
    assert_eq!(
        check(&PkColumnAdd, "create table t (a int default 1, b int)"),
        [
            "create table t (a int default 1 PRIMARY KEY, b int) -- t.a",
            "create table t (a int default 1, b int PRIMARY KEY) -- t.b",
        ]
    );
    for sql in [
        "create table t (a int); alter table t add constraint k primary key using index i",
        "create table t partition of p (a not null) default",
        "create table t (a int primary key)",
        "alter table t add constraint k primary key using index i",
        "alter table t add primary key (a)",
        "create table t (a int4range, b int4range, primary key (a, b without overlaps))",
    ] {
        assert!(check(&PkColumnAdd, sql).is_empty(), "{sql}");
        assert!(check(&PkColumnExchange, sql).is_empty(), "{sql}");
    }
}

#[test]
fn a_unique_index_is_a_unique_key() {
    let sql =
        "create table t (a text, b text, c text); create unique index i on t (lower(a), b) where c is null";
    assert_eq!(
        texts(&UniqueColumnRemove, sql),
        [
            "create table t (a text, b text, c text); create unique index i on t (b) where c is null",
            "create table t (a text, b text, c text); create unique index i on t (lower(a)) where c is null",
        ]
    );
    assert_eq!(texts(&UniqueColumnExchange, sql).len(), 4);
    assert!(texts(&UniqueColumnAdd, sql).contains(
        &"create table t (a text, b text, c text); create unique index i on t (lower(a), b, c) where c is null".to_owned()
    ));
    assert!(check(&UniqueColumnRemove, "create index i on t (a, b)").is_empty());
    assert_eq!(
        texts(&UniqueNulls, "create unique index i on t (a) include (b) nulls not distinct where a > 0"),
        ["create unique index i on t (a) include (b) where a > 0"]
    );
    assert_eq!(
        texts(&UniqueNulls, "create unique index i on t (a) include (b) where a > 0"),
        ["create unique index i on t (a) include (b) NULLS NOT DISTINCT where a > 0"]
    );
    assert_eq!(
        texts(&UniqueNulls, "create table t (a int not null, b int, unique nulls distinct (a, b))"),
        ["create table t (a int not null, b int, unique NULLS NOT DISTINCT (a, b))"]
    );
    assert!(check(&UniqueNulls, "create table t (a int primary key, unique (a))").is_empty());
}

#[test]
fn unique_columns_are_those_of_the_published_operator() {
    // Two columns that are not unique by themselves, and two that the key lacks.
    assert_eq!(
        texts(&UniqueColumnAdd, "create table t (a int primary key, b int unique, c int)"),
        [
            "create table t (a int primary key UNIQUE, b int unique, c int)",
            "create table t (a int primary key, b int unique, c int UNIQUE)",
            "create table t (a int primary key, b int, unique (b, a), c int)",
            "create table t (a int primary key, b int, unique (b, c), c int)",
        ]
    );
}

#[test]
fn not_null_is_dropped_and_added_at_columns_domains_and_in_actions() {
    assert_eq!(
        check(&NotNullDrop, "alter table t alter a set not null, alter b set default 1"),
        ["alter table t alter b set default 1 -- t.a"]
    );
    assert_eq!(check(&NotNullDrop, "alter table t alter a set not null;"), ["; -- t.a"]);
    assert_eq!(check(&NotNullDrop, "create domain d as int not null"), ["create domain d as int -- d"]);
    assert_eq!(
        check(&NotNullDrop, "create table t (a int, constraint n not null a)"),
        ["create table t (a int) -- t.n"]
    );
    assert_eq!(
        check(&NotNullAdd, "create table t (a int null default 1, b text collate \"C\", c int not null)"),
        [
            "create table t (a int NOT NULL default 1, b text collate \"C\", c int not null) -- t.a",
            "create table t (a int null default 1, b text collate \"C\" NOT NULL, c int not null) -- t.b",
        ]
    );
    assert_eq!(texts(&NotNullAdd, "alter table t alter a drop not null, add b int").len(), 2);
    assert!(check(&NotNullAdd, "create table t as select 1 as a").is_empty());
    assert!(check(&NotNullAdd, "alter type t add attribute a int").is_empty());
}

#[test]
fn what_is_dropped_takes_its_validation_along() {
    let sql = "alter table s.t add constraint c check (a > 0) not valid, add b int;\n\
               alter table t validate constraint other, validate constraint c";
    assert_eq!(
        check(&CheckDrop, sql),
        ["alter table s.t add b int;\nalter table t validate constraint other -- s.t.c"]
    );
    assert_eq!(
        texts(
            &FkDrop,
            "alter table t add constraint f foreign key (a) references u not valid, validate constraint f"
        ),
        [""]
    );
    assert_eq!(
        texts(&ExcludeDrop, "create table t (a int, exclude (a with =), b int)"),
        ["create table t (a int, b int)"]
    );
    assert!(check(&UniqueDrop, "alter table t add constraint u unique using index i").is_empty());
}

#[test]
fn foreign_keys_change_their_pairs() {
    let tables = "create table p (x int, y int, z int, primary key (x, y), unique (x, y, z), unique (x));";
    let sql = format!(
        "{tables} create table c (a int, b int, d int, foreign key (a, b) references p on delete cascade)"
    );
    let made = |key: &str| {
        format!("{tables} create table c (a int, b int, d int, foreign key {key} on delete cascade)")
    };
    assert_eq!(texts(&FkPairRemove, &sql), [made("(b) references p (y)"), made("(a) references p (x)")]);
    assert_eq!(texts(&FkPairAdd, &sql), [made("(a, b, d) references p (x, y, z)")]);
    // a → b leaves b → x alone, as a → d leaves both: what shares a column with the new pair is gone.
    assert_eq!(
        texts(&FkPairExchange, &sql),
        [
            made("(b) references p (x)"),
            made("(d, b) references p (x, y)"),
            made("(a) references p (y)"),
            made("(a, b) references p (z, y)"),
            made("(a, d) references p (x, y)"),
            made("(a, b) references p (x, z)"),
        ]
    );
    assert_eq!(
        texts(
            &FkPairExchange,
            "create table t (id int primary key, up int constraint f references t match full not null)"
        ),
        [
            "create table t (id int primary key, up int not null, constraint f FOREIGN KEY (id) references t (id) match full)",
            "create table t (id int primary key, up int constraint f references t (up) match full not null)",
        ]
    );
    assert!(check(&FkPairExchange, "alter table c add foreign key (a) references p").is_empty());
    assert!(
        check(&FkPairRemove, "alter table c add foreign key (a, period b) references p (x, period y)")
            .is_empty()
    );
}

#[test]
fn foreign_keys_change_what_they_do() {
    let key = |rest: &str| format!("alter table t add foreign key (a, b) references u (c, d){rest}");
    assert_eq!(
        texts(&FkOnDelete, &key(" match full on update cascade not valid")),
        [key(" match full on update cascade ON DELETE CASCADE not valid")]
    );
    assert_eq!(texts(&FkOnDelete, &key(" on delete cascade")), [key(""), key(" ON DELETE SET NULL")]);
    assert_eq!(
        texts(&FkOnDelete, &key(" on delete set null (a) deferrable")),
        [key(" ON DELETE CASCADE deferrable"), key(" deferrable")]
    );
    assert_eq!(texts(&FkOnUpdate, &key(" on update no action")), [key(" ON UPDATE CASCADE")]);
    assert_eq!(texts(&FkMatch, &key(" on delete cascade")), [key(" MATCH FULL on delete cascade")]);
    assert_eq!(texts(&FkMatch, &key(" match simple")), [key(" MATCH FULL")]);
    assert_eq!(texts(&FkDeferrable, &key(" not valid")), [key(" not valid DEFERRABLE INITIALLY DEFERRED")]);
    assert_eq!(
        texts(&FkDeferrable, &key(" not deferrable initially immediate")),
        [key(" DEFERRABLE INITIALLY DEFERRED")]
    );
    assert_eq!(texts(&FkDeferrable, &key(" initially deferred")), [key("")]);
    assert_eq!(
        texts(&FkDeferrable, &key(" deferrable initially deferred")),
        [key(""), key(" deferrable initially IMMEDIATE")]
    );
    assert_eq!(
        check(&FkDeferrable, "alter table t alter constraint f deferrable, alter constraint g not enforced"),
        ["alter table t alter constraint g not enforced -- t.f"]
    );
}

#[test]
fn types_change_with_their_modifiers_and_nothing_else() {
    let narrow = |data_type: &str| texts(&TypeNarrow, &format!("create table t (a {data_type} not null)"));
    let wide = |data_type: &str| texts(&TypeWiden, &format!("create table t (a {data_type} not null)"));
    let zone = |data_type: &str| texts(&TypeTimezone, &format!("create table t (a {data_type} not null)"));
    let made = |data_type: &str| vec![format!("create table t (a {data_type} not null)")];
    assert_eq!(narrow("text[]"), made("varchar(50)[]"));
    assert_eq!(narrow("CHARACTER VARYING ( 255 )"), made("varchar(50)"));
    assert_eq!(narrow("varchar(50)"), made("varchar(25)"));
    assert_eq!(narrow("numeric(10, 2)"), made("numeric(10)"));
    assert_eq!(narrow("double precision"), made("real"));
    assert_eq!(wide("character(3) array"), made("text array"));
    assert_eq!(wide("decimal(10)"), made("numeric"));
    assert_eq!(zone("timestamp(3) with time zone"), made("timestamp(3)"));
    assert_eq!(zone("timestamp without time zone"), made("timestamp with time zone"));
    assert_eq!(zone("timestamptz(3)[]"), made("timestamp(3)[]"));
    assert_eq!(zone("timestamp"), made("timestamptz"));
    assert!(narrow("varchar(1)").is_empty() && narrow("numeric(5, 0)").is_empty());
    for other in ["\"text\"", "s.text", "texts", "boolean", "public.bigint"] {
        assert!(narrow(other).is_empty() && wide(other).is_empty() && zone(other).is_empty(), "{other}");
    }
    assert_eq!(
        check(&TypeNarrow, "alter table t alter a set data type bigint using a::bigint, add b text"),
        [
            "alter table t alter a set data type int using a::bigint, add b text -- t.a",
            "alter table t alter a set data type bigint using a::bigint, add b varchar(50) -- t.b",
        ]
    );
    assert_eq!(
        check(&TypeNarrow, "create domain d as text check (true)"),
        ["create domain d as varchar(50) check (true) -- d"]
    );
}

#[test]
fn attributes_of_composite_types_have_types_too() {
    assert_eq!(
        check(&TypeNarrow, "create type s.p as (x bigint, \"Y\" text collate \"C\")"),
        [
            "create type s.p as (x int, \"Y\" text collate \"C\") -- s.p.x",
            "create type s.p as (x bigint, \"Y\" varchar(50) collate \"C\") -- s.p.Y",
        ]
    );
    assert!(check(&TypeNarrow, "create type r as range (subtype = bigint)").is_empty());
    assert!(check(&TypeNarrow, "create type e as enum ('text')").is_empty());
}

#[test]
fn defaults_become_other_constants_that_the_column_takes() {
    let changed = |column: &str| {
        let sql = format!("create type mood as enum ('sad', 'ok'); create table t (a {column})");
        let cut = |text: &String| Some(text.split_once("(a ")?.1.strip_suffix(')')?.to_owned());
        texts(&DefaultChange, &sql).iter().filter_map(cut).collect::<Vec<_>>()
    };
    assert_eq!(changed("int default 0"), ["int default 1"]);
    assert_eq!(changed("numeric default (-0.5)"), ["numeric default (-0)"]);
    assert_eq!(changed("mood default 'sad'::mood"), ["mood default 'ok'::mood"]);
    assert_eq!(changed("varchar(9) default 'x' not null"), ["varchar(9) default '' not null"]);
    assert_eq!(changed("jsonb default '{}'"), ["jsonb default '[]'"]);
    assert_eq!(
        changed("text default 'new' check (a in ('new', 'paid'))"),
        ["text default 'paid' check (a in ('new', 'paid'))"]
    );
    for spared in
        ["int default 1 + 2", "date default '2026-01-01'", "text[] default '{}'", "text default f('x')"]
    {
        assert!(changed(spared).is_empty(), "{spared}");
    }
    assert_eq!(
        texts(&DefaultChange, "alter table t alter a set default true"),
        ["alter table t alter a set default false"]
    );
    assert_eq!(
        texts(&DefaultDrop, "alter table t alter a set default null, alter b drop default"),
        ["alter table t alter b drop default"]
    );
}

#[test]
fn columns_come_go_and_change_places() {
    assert_eq!(
        check(
            &ColumnSkip,
            "create table t (a int, b text, c int check (a > 0), unique (b)) partition by range (c)"
        ),
        [""; 0]
    );
    assert_eq!(
        check(&ColumnSkip, "create table t (t int, b text -- why\n)"),
        ["create table t (b text -- why\n) -- t.t", "create table t (t int -- why\n) -- t.b"]
    );
    assert_eq!(texts(&ColumnSkip, "alter table t add if not exists a int;"), [";"]);
    assert_eq!(
        texts(&ColumnExtra, "create table t (a int, extra int, primary key (a))"),
        ["create table t (a int, extra int, extra_column text, primary key (a))"]
    );
    assert!(check(&ColumnExtra, "create table t partition of p (a not null) default").is_empty());
    assert_eq!(
        check(&ColumnReorder, "create table t (a int, b TEXT, c text not null, d int /* last */)"),
        ["create table t (a int, c text not null, b TEXT, d int /* last */) -- t"]
    );
    assert_eq!(
        texts(&ColumnReorder, "alter table t add column a int, add b text"),
        ["alter table t add b text, add column a int"]
    );
    assert_eq!(
        texts(
            &ColumnDropWrong,
            "create table t (id int primary key, a int, \"B\" int, c int); alter table t drop a, drop column if exists c"
        ),
        [
            "create table t (id int primary key, a int, \"B\" int, c int); alter table t drop \"B\", drop column if exists c",
            "create table t (id int primary key, a int, \"B\" int, c int); alter table t drop a, drop column if exists \"B\"",
        ]
    );
    assert!(check(&ColumnDropWrong, "alter table t drop a").is_empty());
}

#[test]
fn checks_change_token_by_token() {
    let table = |check: &str| format!("create table t (a int, b int, check ({check}))");
    let five = ["=", "<", "<=", ">", ">="].map(|other| table(&format!("a {other} b")));
    assert_eq!(texts(&CheckRelop, &table("a != b")), five);
    assert!(check(&CheckRelop, &table("a @> b and a -> b is null")).is_empty());
    assert_eq!(check(&CheckRelop, "alter domain d add constraint c check (value > 0)").len(), 5);
    assert_eq!(
        texts(&CheckLogic, &table("not (a between 1 and 2 and b is not null) or a not in (1)")),
        [
            table("not (a between 1 and 2 OR b is not null) or a not in (1)"),
            table("not (a between 1 and 2 and b is not null) AND a not in (1)"),
            table("(a between 1 and 2 and b is not null) or a not in (1)"),
        ]
    );
    assert_eq!(
        texts(&CheckInRemove, &table("a = any (array[1, f(2, 3)]) or b in (4)")),
        [table("a = any (array[f(2, 3)]) or b in (4)"), table("a = any (array[1]) or b in (4)")]
    );
}

#[test]
fn an_index_is_skipped_by_its_name() {
    assert_eq!(check(&IndexSkip, "create index concurrently if not exists i on t (a)"), [" -- i"]);
    assert_eq!(check(&IndexSkip, "create unique index on t (a)"), [" -- t"]);
}

#[tokio::test]
async fn the_catalog_tells_what_the_script_does_not() {
    let env = std::env::vars_os().collect::<Env>();
    let server = Server::open(&ServerOptions { env, ..ServerOptions::default() }).await.unwrap();
    let database = server.create_database("known").await.unwrap();
    let session = database.session().await.unwrap();
    let sql = "CREATE SCHEMA s; CREATE TYPE mood AS ENUM ('sad', 'ok');
               CREATE TABLE s.p (x int PRIMARY KEY, \"Y\" int UNIQUE);
               CREATE TABLE c (x int, y int NOT NULL, feels mood);
               CREATE UNIQUE INDEX ON s.p (x, \"Y\"); CREATE UNIQUE INDEX ON s.p (x) WHERE x > 0;";
    session.execute(sql).await.unwrap();
    let catalog = Catalog::read(&session).await.unwrap();
    session.close().await;
    database.close().await.unwrap();
    server.close().await;

    let key = |pairs: &str| format!("alter table public.c add foreign key {pairs} -- public.c(x)");
    assert_eq!(
        on(&catalog, &FkPairExchange, "alter table public.c add foreign key (x) references s.p"),
        [key("(y) references s.p (x)"), key("(feels) references s.p (x)"), key("(x) references s.p (\"Y\")"),]
    );
    assert_eq!(
        on(&catalog, &FkPairAdd, "alter table public.c add foreign key (x) references s.p"),
        [key("(x, y) references s.p (x, \"Y\")"), key("(x, feels) references s.p (x, \"Y\")")]
    );
    assert_eq!(
        on(&catalog, &ColumnDropWrong, "alter table c drop feels"),
        ["alter table c drop y -- c.feels"]
    );
    assert_eq!(
        on(&catalog, &PkColumnAdd, "alter table c rename to d; alter table d add primary key (x, feels)"),
        ["alter table c rename to d; alter table d add primary key (x, feels, y) -- d(x, feels)"]
    );
    assert_eq!(
        on(&catalog, &DefaultChange, "alter table c alter feels set default 'ok'"),
        ["alter table c alter feels set default 'sad' -- c.feels"]
    );
    assert!(on(&catalog, &UniqueNulls, "alter table c add unique (y)").is_empty());
    assert_eq!(on(&catalog, &UniqueNulls, "alter table c add unique (x)").len(), 1);
    assert!(on(&catalog, &PkColumnAdd, "drop table c; alter table c add primary key (x)").is_empty());
}
