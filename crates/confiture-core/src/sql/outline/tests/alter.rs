use super::check;

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
