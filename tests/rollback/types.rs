//! What a down can restore wrongly about types, schemas and extensions.

use crate::case::Case;

#[test]
fn rollback_drops_created_enum() {
    let case = Case {
        base: "CREATE TABLE t (id int)",
        up: "CREATE TYPE mood AS ENUM ('good', 'bad'); ALTER TABLE t ADD m mood",
        good: "ALTER TABLE t DROP m; DROP TYPE mood",
        bad: "ALTER TABLE t DROP m",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 type public.mood
        undo: DROP TYPE public.mood;
      high re-up-fails up 2.sql:1:1 42710
    ");
}

#[test]
fn rollback_cannot_remove_enum_value() {
    let case = Case {
        base: "CREATE TYPE mood AS ENUM ('good', 'bad')",
        up: "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'fine' BEFORE 'bad'",
        good: "DROP TYPE mood; CREATE TYPE mood AS ENUM ('good', 'bad')",
        bad: "SELECT 1",
    };
    insta::assert_snapshot!(case.reported(), @"
    down! re-up+
      medium rollback-leaves-enum-value down 2.down.sql:1:1 type public.mood
        labels: good, bad -> good, fine, bad
    ");
}

#[test]
fn rollback_restores_enum_order() {
    let case = Case {
        base: "CREATE TYPE mood AS ENUM ('good', 'bad')",
        up: "DROP TYPE mood",
        good: "CREATE TYPE mood AS ENUM ('good', 'bad')",
        bad: "CREATE TYPE mood AS ENUM ('bad', 'good')",
    };
    insta::assert_snapshot!(case.reported(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 type public.mood
        labels: good, bad -> bad, good
    ");
}

#[test]
fn rollback_restores_enum_label() {
    let case = Case {
        base: "CREATE TYPE mood AS ENUM ('good', 'bad')",
        up: "ALTER TYPE mood RENAME VALUE 'bad' TO 'poor'",
        good: "ALTER TYPE mood RENAME VALUE 'poor' TO 'bad'",
        bad: "ALTER TYPE mood RENAME VALUE 'poor' TO 'Bad'",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-changes-object down 2.down.sql:1:1 type public.mood
        labels: good, bad -> good, Bad
        undo: ALTER TYPE public.mood RENAME VALUE 'Bad' TO 'bad';
      high re-up-fails up 2.sql:1:1 22023
    ");
}

#[test]
fn rollback_restores_domain_default() {
    let case = Case {
        base: "CREATE DOMAIN age AS int DEFAULT 18 NOT NULL",
        up: "ALTER DOMAIN age DROP DEFAULT; ALTER DOMAIN age DROP NOT NULL",
        good: "ALTER DOMAIN age SET DEFAULT 18; ALTER DOMAIN age SET NOT NULL",
        bad: "ALTER DOMAIN age SET DEFAULT 21",
    };
    insta::assert_snapshot!(case.told(), @r#"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 domain public.age
        default: 18 -> 21
        properties: ["default","not null"]
        undo: ALTER DOMAIN public.age SET DEFAULT 18; ALTER DOMAIN public.age SET NOT NULL;
    "#);
}

#[test]
fn rollback_restores_domain_constraint() {
    let case = Case {
        base: "CREATE DOMAIN age AS int CONSTRAINT adult CHECK (VALUE >= 18)",
        up: "ALTER DOMAIN age DROP CONSTRAINT adult",
        good: "ALTER DOMAIN age ADD CONSTRAINT adult CHECK (VALUE >= 18)",
        bad: "ALTER DOMAIN age ADD CONSTRAINT adult CHECK (VALUE > 18)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 constraint adult on public.age
        definition: CHECK ((VALUE >= 18)) -> CHECK ((VALUE > 18))
        undo: ALTER DOMAIN public.age DROP CONSTRAINT adult; ALTER DOMAIN public.age ADD CONSTRAINT adult CHECK ((VALUE >= 18));
    ");
}

#[test]
fn rollback_restores_composite_attribute() {
    let case = Case {
        base: "CREATE TYPE pair AS (a int, b int)",
        up: "ALTER TYPE pair DROP ATTRIBUTE b",
        good: "ALTER TYPE pair ADD ATTRIBUTE b int",
        bad: "ALTER TYPE pair ADD ATTRIBUTE c text",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-loses-object down 2.down.sql:1:1 attribute public.pair.b
        undo: ALTER TYPE public.pair ADD ATTRIBUTE b integer;
      high rollback-leaves-object down 2.down.sql:1:1 attribute public.pair.c
        undo: ALTER TYPE public.pair DROP ATTRIBUTE c;
      high re-up-fails up 2.sql:1:1 42703
    ");
}

#[test]
fn rollback_drops_created_range_type() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "CREATE TYPE span AS RANGE (subtype = float8); CREATE TYPE reach AS RANGE (subtype = float8)",
        good: "DROP TYPE reach; DROP TYPE span",
        bad: "DROP TYPE reach",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 type public.span
        undo: DROP TYPE public.span;
      high re-up-fails up 2.sql:1:1 42710
    ");
}

#[test]
fn rollback_drops_created_schema() {
    let case = Case {
        base: "CREATE TABLE t (a int)",
        up: "CREATE SCHEMA audit; CREATE TABLE audit.t (id int)",
        good: "DROP TABLE audit.t; DROP SCHEMA audit",
        bad: "DROP TABLE audit.t",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 schema audit
        undo: DROP SCHEMA audit;
      high re-up-fails up 2.sql:1:1 42P06
    ");
}

#[test]
fn rollback_drops_created_extension() {
    let case = Case {
        base: "CREATE TABLE t (a text)",
        up: "CREATE EXTENSION citext; ALTER TABLE t ALTER a TYPE citext",
        good: "ALTER TABLE t ALTER a TYPE text; DROP EXTENSION citext",
        bad: "ALTER TABLE t ALTER a TYPE text",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 extension citext
        undo: DROP EXTENSION citext;
      high re-up-fails up 2.sql:1:1 42710
    ");
}
