use proptest::prelude::*;

use super::*;

/// The outline as an indented tree of kinds and texts.
fn check(sql: &str) -> String {
    let outline = outline(sql);
    let mut out = format!("{:?}", outline.verb);
    if let Some(object) = outline.object {
        out += &format!(" {object:?}");
    }
    for name in &outline.names {
        out += &format!(" {name}");
    }
    if let Some(on) = &outline.on {
        out += &format!(" on {on}");
    }
    for (modifier, span) in &outline.modifiers {
        out += &format!(" {modifier:?}={:?}", span.text(sql));
    }
    out.push('\n');
    let mut tree = Tree { sql, out };
    match &outline.body {
        Body::Other => {}
        Body::Table(table) => tree.table(table),
        Body::Actions(actions) => actions.iter().for_each(|action| tree.action(action)),
        Body::Index(index) => tree.index(index),
        Body::Definition(definition) => tree.definition(definition),
        Body::Rows(rows) => tree.rows(rows),
    }
    tree.out
}

struct Tree<'a> {
    sql: &'a str,
    out: String,
}

impl Tree<'_> {
    fn line(&mut self, depth: usize, label: impl std::fmt::Debug, span: Span) {
        self.out += &format!("{}{label:?}: {}\n", "  ".repeat(depth), span.text(self.sql));
    }

    fn values(&mut self, depth: usize, label: &str, values: impl IntoIterator<Item = Span>) {
        for span in values {
            self.out += &format!("{}{label}: {}\n", "  ".repeat(depth), span.text(self.sql));
        }
    }

    fn table(&mut self, table: &Table) {
        if let Some(parent) = &table.partition_of {
            self.values(1, "partition of", [parent.span]);
        }
        for item in &table.items {
            match &item.kind {
                ItemKind::Column(column) => self.column(1, column),
                ItemKind::Constraint(clause) => self.clause(1, clause),
                ItemKind::Like(name) => self.values(1, "like", [name.span]),
                ItemKind::Other => self.values(1, "other", [item.span]),
            }
        }
        for option in &table.options {
            self.line(1, option.kind, option.span);
        }
    }

    fn column(&mut self, depth: usize, column: &Column) {
        self.values(depth, "column", [column.name.span]);
        self.values(depth + 1, "type", column.data_type);
        column.clauses.iter().for_each(|clause| self.clause(depth + 1, clause));
    }

    fn clause(&mut self, depth: usize, clause: &Clause) {
        self.line(depth, clause.kind, clause.span);
        self.values(depth + 1, "name", clause.name.as_ref().map(|name| name.span));
        self.values(depth + 1, "column", clause.columns.iter().copied());
        self.values(depth + 1, "expression", clause.expression);
        if let Some(references) = &clause.references {
            self.values(depth + 1, "references", [references.table.span]);
            self.values(depth + 2, "column", references.columns.iter().copied());
        }
        for attribute in &clause.attributes {
            self.line(depth + 1, attribute.kind, attribute.span);
            self.values(depth + 2, "value", attribute.value);
        }
    }

    fn action(&mut self, action: &Action) {
        self.line(1, action.kind, action.span);
        let names = action.name.iter().chain(&action.new_name);
        self.values(2, "name", names.map(|name| name.span));
        for (modifier, span) in &action.modifiers {
            self.line(2, *modifier, *span);
        }
        self.values(2, "value", action.value);
        self.values(2, "using", action.using);
        action.column.iter().for_each(|column| self.column(2, column));
        action.constraint.iter().for_each(|constraint| self.clause(2, constraint));
    }

    fn index(&mut self, index: &Index) {
        self.values(1, "method", index.method);
        self.values(1, "column", index.columns.iter().copied());
        self.values(1, "include", index.include);
        self.values(1, "nulls", index.nulls);
        self.values(1, "with", index.with);
        self.values(1, "tablespace", index.tablespace);
        self.values(1, "filter", index.filter);
        self.values(1, "predicate", index.predicate);
    }

    fn definition(&mut self, definition: &Definition) {
        self.values(1, "item", definition.items.iter().copied());
        for part in &definition.parts {
            self.line(1, part.kind, part.span);
            self.values(2, "value", part.value.filter(|value| *value != part.span));
        }
        definition.clauses.iter().for_each(|clause| self.clause(1, clause));
    }

    fn rows(&mut self, rows: &Rows) {
        self.values(1, "column", rows.columns.iter().copied());
        self.values(1, "row", rows.rows.iter().copied());
        self.values(1, "query", rows.query);
        self.values(1, "conflict", rows.on_conflict);
        for assignment in &rows.assignments {
            self.values(1, "target", [assignment.target]);
            self.values(2, "value", [assignment.value]);
        }
        self.values(1, "from", rows.from);
        self.values(1, "filter", rows.filter);
        self.values(1, "predicate", rows.predicate);
        self.values(1, "returning", rows.returning);
    }
}

#[test]
fn names_are_folded_and_qualified() {
    insta::assert_snapshot!(
        [
            "CREATE TABLE IF NOT EXISTS Shop.\"Item\" (a int)",
            "drop table if exists a, only b.c cascade",
            "drop function f(int, text), s.g(variadic int[]) restrict",
            "drop trigger t on s.u",
            "alter table only a rename to b",
            "create or replace rule r as on insert to s.t where (true) do nothing",
            "create trigger g before update of a, b or insert on s.t for each row execute function f()",
            "create index concurrently on only t (a)",
            "create schema authorization u",
            "create operator s.=== (procedure = f)",
            "create user mapping for u server s",
            "comment on constraint c on domain d is ''",
            "comment on column a.b.c is null",
            "grant select, insert (a) on table a, b to c",
            "grant usage on all sequences in schema s to c",
            "truncate table only a, b * restart identity",
            "update only s.t as x set a = 1",
            "with x as (select 1) insert into s.t select * from x",
            "refresh materialized view concurrently m",
            "reindex (verbose) table concurrently t",
        ]
        .map(check)
        .concat(),
        @r#"
    Create Table shop."Item" IfNotExists="IF NOT EXISTS"
      column: a
        type: int
    Drop Table a b.c IfExists="if exists" Cascade="cascade"
    Drop Function f s.g Restrict="restrict"
    Drop Trigger t on s.u
    Alter Table a Only="only"
      Rename: rename to b
        name: b
    Create Rule r on s.t OrReplace="or replace"
    Create Trigger g on s.t
      Timing: before
      Event: update of a, b
      Event: insert
      ForEach: for each row
        value: each row
      Execute: execute function f()
        value: f()
    Create Index on t Concurrently="concurrently"
      column: a
    Create Schema u
    Create Operator s."==="
    Create UserMapping on s
    Comment Constraint c on d
    Comment Column a.b.c
    Grant Table a b
    Grant Schema s
    Truncate Table a b Only="only"
    Update Table s.t Only="only"
      target: a
        value: 1
    Insert Table s.t
      query: select * from x
    Refresh MaterializedView m Concurrently="concurrently"
    Reindex Table t Concurrently="concurrently"
    "#
    );
}

#[test]
fn a_table_is_taken_apart_into_items_and_clauses() {
    insta::assert_snapshot!(check(
        "create table t (
            id bigint generated by default as identity (start 5) primary key,
            a character varying(10)[] collate \"C\" not null default 'x'::character varying,
            b timestamp with time zone default case when true then null else now() end null,
            c numeric(10, 2) constraint pos check (c > 0) no inherit unique deferrable initially deferred,
            d int references s.u (id, x) match full on delete set null (d) on update cascade not valid,
            e int generated always as (c * 2) stored,
            \"check\" int,
            exclude text,
            constraint pk primary key (id, a) include (b) with (fillfactor = 70) using index tablespace ts,
            unique nulls not distinct (a, lower(b)),
            foreign key (a, b) references u on delete no action not enforced,
            exclude using gist (r with &&, id with =) where (a > 0),
            not null a no inherit,
            like v including all
        ) inherits (p) partition by range (a, b) using heap with (fillfactor = 70) on commit drop tablespace x"
    ), @r#"
    Create Table t
      column: id
        type: bigint
        Identity: generated by default as identity (start 5)
          expression: start 5
        PrimaryKey: primary key
      column: a
        type: character varying(10)[]
        Collate: collate "C"
          expression: "C"
        NotNull: not null
        Default: default 'x'::character varying
          expression: 'x'::character varying
      column: b
        type: timestamp with time zone
        Default: default case when true then null else now() end
          expression: case when true then null else now() end
        Null: null
      column: c
        type: numeric(10, 2)
        Check: constraint pos check (c > 0) no inherit
          name: pos
          expression: c > 0
          NoInherit: no inherit
        Unique: unique deferrable initially deferred
          Deferrable: deferrable
          Initially: initially deferred
            value: deferred
      column: d
        type: int
        ForeignKey: references s.u (id, x) match full on delete set null (d) on update cascade not valid
          references: s.u
            column: id
            column: x
          Match: match full
            value: full
          OnDelete: on delete set null (d)
            value: set null (d)
          OnUpdate: on update cascade
            value: cascade
          NotValid: not valid
      column: e
        type: int
        Generated: generated always as (c * 2) stored
          expression: c * 2
          Stored: stored
      column: "check"
        type: int
      column: exclude
        type: text
      PrimaryKey: constraint pk primary key (id, a) include (b) with (fillfactor = 70) using index tablespace ts
        name: pk
        column: id
        column: a
        Include: include (b)
          value: b
        With: with (fillfactor = 70)
          value: fillfactor = 70
        IndexTablespace: using index tablespace ts
          value: ts
      Unique: unique nulls not distinct (a, lower(b))
        column: a
        column: lower(b)
        NullsNotDistinct: nulls not distinct
      ForeignKey: foreign key (a, b) references u on delete no action not enforced
        column: a
        column: b
        references: u
        OnDelete: on delete no action
          value: no action
        NotEnforced: not enforced
      Exclude: exclude using gist (r with &&, id with =) where (a > 0)
        column: r with &&
        column: id with =
        Method: using gist
          value: gist
        Where: where (a > 0)
          value: a > 0
      NotNull: not null a no inherit
        column: a
        NoInherit: no inherit
      like: v
      Inherits: inherits (p)
      PartitionBy: partition by range (a, b)
      Using: using heap
      With: with (fillfactor = 70)
      OnCommit: on commit drop
      Tablespace: tablespace x
    "#);
}

#[test]
fn partitions_and_copies_have_no_types() {
    insta::assert_snapshot!(
        [
            "create table p partition of s.t (a not null, b with options default 1) for values from (1) to (2) with (x = 1)",
            "create table p partition of t default partition by hash (a)",
            "create table p partition of t for values with (modulus 4, remainder 0)",
            "create table c (a, b) as select 1, 2 with no data",
            "create foreign table f (a int options (x 'y') not null) server s options (t 'u')",
        ]
        .map(check)
        .concat(),
        @r"
    Create Table p
      partition of: s.t
      column: a
        NotNull: not null
      column: b
        Default: default 1
          expression: 1
      Bound: for values from (1) to (2)
      With: with (x = 1)
    Create Table p
      partition of: t
      Bound: default
      PartitionBy: partition by hash (a)
    Create Table p
      partition of: t
      Bound: for values with (modulus 4, remainder 0)
    Create Table c
      column: a
      column: b
      As: as select 1, 2 with no data
    Create ForeignTable f
      column: a
        type: int
        Other: options (x 'y')
        NotNull: not null
      Server: server s
      Options: options (t 'u')
    "
    );
}

#[test]
fn alter_table_is_a_list_of_actions() {
    insta::assert_snapshot!(check(
        "alter table if exists t
            add column if not exists a numeric(1, 2) default (1, 2) not null,
            add b int,
            drop column if exists c cascade,
            drop d,
            alter column e type varchar(5) collate \"C\" using e::text,
            alter f set data type int,
            alter g set default 'a, b' || f(1, 2),
            alter h drop default,
            alter i set not null,
            alter i drop not null,
            add constraint ck check (a > 0) not valid,
            add unique using index ix deferrable,
            validate constraint ck,
            drop constraint if exists ck restrict,
            alter column j add generated always as identity,
            alter column j set generated always set start with 2,
            alter column j drop identity if exists,
            alter column j set (n_distinct = 5),
            alter column j set statistics 100,
            set (fillfactor = 70),
            owner to u,
            enable row level security,
            disable trigger all,
            replica identity using index ix"
    ), @r#"
    Alter Table t IfExists="if exists"
      AddColumn: add column if not exists a numeric(1, 2) default (1, 2) not null
        name: a
        IfNotExists: if not exists
        column: a
          type: numeric(1, 2)
          Default: default (1, 2)
            expression: (1, 2)
          NotNull: not null
      AddColumn: add b int
        name: b
        column: b
          type: int
      DropColumn: drop column if exists c cascade
        name: c
        IfExists: if exists
        Cascade: cascade
      DropColumn: drop d
        name: d
      AlterType: alter column e type varchar(5) collate "C" using e::text
        name: e
        value: varchar(5)
        using: using e::text
      AlterType: alter f set data type int
        name: f
        value: int
      SetDefault: alter g set default 'a, b' || f(1, 2)
        name: g
        value: 'a, b' || f(1, 2)
      DropDefault: alter h drop default
        name: h
      SetNotNull: alter i set not null
        name: i
      DropNotNull: alter i drop not null
        name: i
      AddConstraint: add constraint ck check (a > 0) not valid
        name: ck
        Check: constraint ck check (a > 0) not valid
          name: ck
          expression: a > 0
          NotValid: not valid
      AddConstraint: add unique using index ix deferrable
        Unique: unique using index ix deferrable
          UsingIndex: using index ix
            value: ix
          Deferrable: deferrable
      ValidateConstraint: validate constraint ck
        name: ck
      DropConstraint: drop constraint if exists ck restrict
        name: ck
        IfExists: if exists
        Restrict: restrict
      AddIdentity: alter column j add generated always as identity
        name: j
        value: always as identity
      AlterIdentity: alter column j set generated always set start with 2
        name: j
        value: set generated always set start with 2
      DropIdentity: alter column j drop identity if exists
        name: j
        IfExists: if exists
      SetColumnOptions: alter column j set (n_distinct = 5)
        name: j
        value: (n_distinct = 5)
      SetStatistics: alter column j set statistics 100
        name: j
        value: 100
      SetOptions: set (fillfactor = 70)
        value: (fillfactor = 70)
      OwnerTo: owner to u
        name: u
      EnableRowSecurity: enable row level security
      DisableTrigger: disable trigger all
        name: all
      ReplicaIdentity: replica identity using index ix
        value: using index ix
    "#);
}

#[test]
fn other_alters_have_actions_too() {
    insta::assert_snapshot!(
        [
            "alter table t rename column a to b",
            "alter table t rename a to b",
            "alter table t rename constraint a to b",
            "alter table t attach partition s.p for values in (1)",
            "alter table t detach partition p concurrently",
            "alter index i set (fillfactor = 70)",
            "alter type e add value if not exists 'x' before 'y'",
            "alter type e rename value 'x' to 'y'",
            "alter type c add attribute a int cascade, drop attribute b",
            "alter domain d add constraint c check (value > 0) not valid",
            "alter domain d set default 1",
            "alter view v alter column a set default 1",
            "alter function f(int, text) owner to u",
            "alter table t set schema s",
        ]
        .map(check)
        .concat(),
        @r"
    Alter Table t
      RenameColumn: rename column a to b
        name: a
        name: b
    Alter Table t
      RenameColumn: rename a to b
        name: a
        name: b
    Alter Table t
      RenameConstraint: rename constraint a to b
        name: a
        name: b
    Alter Table t
      AttachPartition: attach partition s.p for values in (1)
        name: s.p
        value: for values in (1)
    Alter Table t
      DetachPartition: detach partition p concurrently
        name: p
        Concurrently: concurrently
    Alter Index i
      SetOptions: set (fillfactor = 70)
        value: (fillfactor = 70)
    Alter Type e
      AddValue: add value if not exists 'x' before 'y'
        IfNotExists: if not exists
        value: 'x'
    Alter Type e
      RenameValue: rename value 'x' to 'y'
        value: 'x'
    Alter Type c
      AddColumn: add attribute a int cascade
        name: a
        Cascade: cascade
        column: a
          type: int
      DropColumn: drop attribute b
        name: b
    Alter Domain d
      AddConstraint: add constraint c check (value > 0) not valid
        name: c
        Check: constraint c check (value > 0) not valid
          name: c
          expression: value > 0
          NotValid: not valid
    Alter Domain d
      SetDefault: set default 1
        value: 1
    Alter View v
      SetDefault: alter column a set default 1
        name: a
        value: 1
    Alter Function f
      OwnerTo: owner to u
        name: u
    Alter Table t
      SetSchema: set schema s
        name: s
    "
    );
}

#[test]
fn an_index_is_taken_apart() {
    insta::assert_snapshot!(check(
        "create unique index concurrently if not exists i on only s.t using gin
            (a, lower(b) collate \"C\" text_ops (x = 1) desc nulls last, (c || 'x'))
            include (d) nulls not distinct with (fillfactor = 70) tablespace ts where a > 0 and b in (1, 2)"
    ), @r#"
    Create Index i on s.t Unique="unique" Concurrently="concurrently" IfNotExists="if not exists"
      method: gin
      column: a
      column: lower(b) collate "C" text_ops (x = 1) desc nulls last
      column: (c || 'x')
      include: include (d)
      nulls: nulls not distinct
      with: with (fillfactor = 70)
      tablespace: tablespace ts
      filter: where a > 0 and b in (1, 2)
      predicate: a > 0 and b in (1, 2)
    "#);
}

#[test]
fn other_objects_are_taken_apart() {
    insta::assert_snapshot!(
        [
            "create domain d as numeric(1, 2) default 1 not null constraint c check (value > 0)",
            "create type e as enum ('a', 'b, c')",
            "create type c as (a int, b text collate \"C\")",
            "create or replace view v (a, b) with (security_invoker) as with data as (select 1) select * from data with local check option",
            "create materialized view m as select 1 with no data",
            "create constraint trigger g after insert or update of a, b on t deferrable for each row when (new.a > 0) execute function f(1)",
            "create policy p on t as restrictive for update to u, v using (a > 0) with check (true)",
            "create sequence s as int increment by 2 no maxvalue start 1 cache 5 owned by none",
            "create function f(a int, b text default 'x') returns table (x int) language sql immutable strict security definer cost 5 set search_path to a, b as $$ select 1 $$",
            "create procedure p() begin atomic select 1; end",
            "create function f() returns int immutable return 1",
            "create function f() returns int as 'lib', 'sym' language c",
        ]
        .map(check)
        .concat(),
        @r#"
    Create Domain d
      DataType: numeric(1, 2)
      Default: default 1
        expression: 1
      NotNull: not null
      Check: constraint c check (value > 0)
        name: c
        expression: value > 0
    Create Type e
      item: 'a'
      item: 'b, c'
    Create Type c
      item: a int
      item: b text collate "C"
    Create View v OrReplace="or replace"
      item: a
      item: b
      Options: with (security_invoker)
        value: security_invoker
      Query: with data as (select 1) select * from data
      CheckOption: with local check option
    Create MaterializedView m
      Query: select 1
      WithData: with no data
    Create Trigger g on t
      Timing: after
      Event: insert
      Event: update of a, b
      ForEach: for each row
        value: each row
      When: when (new.a > 0)
        value: new.a > 0
      Execute: execute function f(1)
        value: f(1)
    Create Policy p on t
      Permissive: as restrictive
        value: restrictive
      Command: for update
        value: update
      Roles: to u, v
        value: u, v
      Using: using (a > 0)
        value: a > 0
      WithCheck: with check (true)
        value: true
    Create Sequence s
      SequenceOption: as int
        value: int
      SequenceOption: increment by 2
        value: by 2
      SequenceOption: no maxvalue
      SequenceOption: start 1
        value: 1
      SequenceOption: cache 5
        value: 5
      SequenceOption: owned by none
        value: none
    Create Function f
      item: a int
      item: b text default 'x'
      Returns: returns table (x int)
        value: table (x int)
      Language: language sql
        value: sql
      Volatility: immutable
      NullInput: strict
      Security: security definer
        value: definer
      Cost: cost 5
        value: 5
      Set: set search_path to a, b
        value: search_path to a, b
      Body: as $$ select 1 $$
        value: $$ select 1 $$
    Create Procedure p
      Body: begin atomic select 1; end
    Create Function f
      Returns: returns int
        value: int
      Volatility: immutable
      Body: return 1
    Create Function f
      Returns: returns int
        value: int
      Body: as 'lib', 'sym'
        value: 'lib'
      Language: language c
        value: c
    "#
    );
}

#[test]
fn changes_of_rows_are_taken_apart() {
    insta::assert_snapshot!(
        [
            "insert into t as x (a, b) overriding user value values (1, 'a, b'), (2, default) on conflict (a) do update set b = 1 where t.a > 0 returning *",
            "insert into t (select 1, 2) returning a",
            "insert into t default values",
            "update t set a = 1, (b, c) = (select 2, 3), d[1] = d[1] + 1 from u where t.a is distinct from u.a and b returning a",
            "delete from t as x using u where x.a = u.a",
            "update t set a = 1",
        ]
        .map(check)
        .concat(),
        @r"
    Insert Table t
      column: a
      column: b
      row: (1, 'a, b')
      row: (2, default)
      conflict: on conflict (a) do update set b = 1 where t.a > 0
      returning: returning *
    Insert Table t
      query: (select 1, 2)
      returning: returning a
    Insert Table t
    Update Table t
      target: a
        value: 1
      target: (b, c)
        value: (select 2, 3)
      target: d[1]
        value: d[1] + 1
      from: from u
      filter: where t.a is distinct from u.a and b
      predicate: t.a is distinct from u.a and b
      returning: returning a
    Delete Table t
      from: using u
      filter: where x.a = u.a
      predicate: x.a = u.a
    Update Table t
      target: a
        value: 1
    "
    );
}

#[test]
fn what_is_cut_short_has_an_outline() {
    insta::assert_snapshot!(
        ["create table", "create table t (a int, b", "create table t (", "alter table t add", "create index i on t (", "insert into t values (1"]
            .map(check)
            .concat(),
        @r"
    Create Table
    Create Table t
      column: a
        type: int
      column: b
    Create Table t
    Alter Table t
      AddColumn: add
    Create Index i on t
    Insert Table t
      row: (1
    "
    );
}

/// Every span of an outline, found in what it prints for debugging.
fn spans(outline: &Outline) -> Vec<Span> {
    let text = format!("{outline:?}");
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok());
    text.split("Span { start: ")
        .skip(1)
        .filter_map(|rest| Some(Span::new(number(rest)?, number(rest.split("end: ").nth(1)?)?)))
        .collect()
}

proptest! {
    #[test]
    fn spans_hold_whole_tokens(sql in crate::sql::soup::script()) {
        let tokens = significant(&sql);
        for span in spans(&outline(&sql)) {
            // Conditions and queries may be empty where the text is cut short.
            prop_assert!(span.start <= span.end && span.end <= sql.len());
            prop_assert!(span.is_empty() || tokens.iter().any(|token| token.span.start == span.start
                || inner_of(&tokens, span)), "{:?} {:?}", span, span.text(&sql));
        }
    }
}

/// Whether `span` is what stands between two parentheses.
fn inner_of(tokens: &[crate::sql::Token], span: Span) -> bool {
    tokens.iter().any(|token| token.kind == TokenKind::LeftParen && token.span.end == span.start)
}
