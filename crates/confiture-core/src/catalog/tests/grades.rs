//! What is graded apart, and what follows from what.

use super::fixture::{database, run, server};
use crate::catalog::{Catalog, Change, Grade, Kind, ObjectId};

/// Runs `setup`, then `change`, and shows the differences: grade, line, undo; consequences indented.
async fn check(setup: &str, change: &str) -> String {
    let server = server().await;
    let (scratch, session) = database(&server).await;
    run(&session, setup).await;
    let before = Catalog::read(&session).await.expect("a catalog");
    run(&session, change).await;
    let after = Catalog::read(&session).await.expect("a catalog");
    session.close().await;
    scratch.close().await.expect("dropped");
    let mut out = String::new();
    for d in before.diff(&after) {
        out += &format!("{:?}: {}\n", d.grade, d.after_rollback());
        for consequence in &d.consequences {
            out += &format!("  {}\n", consequence.after_rollback());
        }
        for line in d.undo.iter().flat_map(|undo| undo.lines()) {
            out += &format!("> {line}\n");
        }
    }
    out
}

#[tokio::test]
async fn an_added_enum_label_is_left_and_cannot_be_undone() {
    let out = check("CREATE TYPE e AS ENUM ('a', 'b')", "ALTER TYPE e ADD VALUE 'c' BEFORE 'b'").await;
    insta::assert_snapshot!(out, @"EnumValueLeft: labels of type public.e is a, c, b, was a, b");
}

#[tokio::test]
async fn a_lost_enum_label_is_real() {
    let change = "DROP TYPE e; CREATE TYPE e AS ENUM ('a')";
    let out = check("CREATE TYPE e AS ENUM ('a', 'b')", change).await;
    insta::assert_snapshot!(out, @r"
    Real: labels of type public.e is a, was a, b
    > ALTER TYPE public.e ADD VALUE 'b' AFTER 'a'
    ");
}

#[tokio::test]
async fn generated_names_are_graded_and_chosen_ones_are_not() {
    let out = check(
        "CREATE TABLE t (a integer UNIQUE, b serial); CREATE INDEX mine ON t (a, b)",
        "DROP TABLE t; CREATE SEQUENCE t_b_seq1; CREATE TABLE t (a integer CONSTRAINT t_a_key1 UNIQUE, \
         b integer NOT NULL DEFAULT nextval('t_b_seq1')); ALTER SEQUENCE t_b_seq1 AS integer OWNED BY t.b; \
         CREATE INDEX yours ON t (a, b)",
    )
    .await;
    insta::assert_snapshot!(out, @r"
    GeneratedName: name of sequence public.t_b_seq is t_b_seq1, was t_b_seq
      default of column public.t.b is nextval('public.t_b_seq1'::regclass), was nextval('public.t_b_seq'::regclass)
    > ALTER SEQUENCE public.t_b_seq1 RENAME TO t_b_seq
    GeneratedName: name of constraint t_a_key on public.t is t_a_key1, was t_a_key
      name of index public.t_a_key is t_a_key1, was t_a_key
    > ALTER TABLE public.t RENAME CONSTRAINT t_a_key1 TO t_a_key
    Real: name of index public.mine is yours, was mine
    > ALTER INDEX public.yours RENAME TO mine
    ");
}

#[tokio::test]
async fn white_space_bodies_and_comments_are_graded() {
    let out = check(
        "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS 'begin  return 1; end'; \
         CREATE FUNCTION g() RETURNS integer LANGUAGE plpgsql AS 'begin return 1; end'",
        "CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS 'begin return 1;  end'; \
         CREATE OR REPLACE FUNCTION g() RETURNS integer LANGUAGE plpgsql AS 'begin return 2; end'; \
         COMMENT ON FUNCTION g() IS 'x'",
    )
    .await;
    insta::assert_snapshot!(out, @r"
    Whitespace: body of function public.f() is begin return 1;  end, was begin  return 1; end
    > CREATE OR REPLACE FUNCTION public.f()
    >  RETURNS integer
    >  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100
    > AS $$begin  return 1; end$$
    BodyOrComment: body of function public.g() is begin return 2; end, was begin return 1; end
    > CREATE OR REPLACE FUNCTION public.g()
    >  RETURNS integer
    >  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100
    > AS $$begin return 1; end$$
    BodyOrComment: comment of function public.g() is x, was none
    > COMMENT ON FUNCTION public.g() IS NULL
    ");
}

#[tokio::test]
async fn extensions_and_roles_are_graded() {
    let out = check(
        "CREATE EXTENSION hstore VERSION '1.4'",
        "ALTER EXTENSION hstore UPDATE TO '1.5'; CREATE EXTENSION citext; CREATE ROLE graded",
    )
    .await;
    insta::assert_snapshot!(out, @r"
    ClusterWide: role graded survives
    > DROP ROLE graded
    ExtensionLeft: extension citext survives
    > DROP EXTENSION citext
    ExtensionVersion: version of extension hstore is 1.5, was 1.4
    > ALTER EXTENSION hstore UPDATE TO '1.4'
    ");
}

#[tokio::test]
async fn what_follows_from_one_cause_is_not_listed_apart() {
    let out = check(
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (a integer PRIMARY KEY, b text, c integer \
         REFERENCES p, CHECK (b <> ''), UNIQUE (b, a)); CREATE INDEX ON t (lower(b)); COMMENT ON COLUMN t.b IS 'x'",
        "ALTER TABLE t DROP b; DROP TABLE p CASCADE; CREATE TABLE n (id serial PRIMARY KEY, t integer REFERENCES t)",
    )
    .await;
    insta::assert_snapshot!(out, @r"
    Real: table public.n survives
      sequence public.n_id_seq survives
      column public.n.id survives
      column public.n.t survives
      constraint n_pkey on public.n survives
      constraint n_t_fkey on public.n survives
      index public.n_pkey survives
    > DROP TABLE public.n
    Real: table public.p is lost
      column public.p.id is lost
      constraint p_pkey on public.p is lost
      constraint t_c_fkey on public.t is lost
      index public.p_pkey is lost
    > CREATE TABLE public.p (
    >     id integer NOT NULL
    > );
    > ALTER TABLE public.p ADD CONSTRAINT p_pkey PRIMARY KEY (id);
    > ALTER TABLE public.t ADD CONSTRAINT t_c_fkey FOREIGN KEY (c) REFERENCES public.p(id)
    Real: column public.t.b is lost
      constraint t_b_a_key on public.t is lost
      constraint t_b_check on public.t is lost
      index public.t_b_a_key is lost
      index public.t_lower_idx is lost
    > ALTER TABLE public.t ADD COLUMN b text;
    > ALTER TABLE public.t ADD CONSTRAINT t_b_a_key UNIQUE (b, a);
    > ALTER TABLE public.t ADD CONSTRAINT t_b_check CHECK ((b <> ''::text));
    > CREATE INDEX t_lower_idx ON public.t USING btree (lower(b));
    > COMMENT ON COLUMN public.t.b IS 'x'
    ");
}

#[tokio::test]
async fn an_untouched_public_schema_shows_nothing() {
    for server in super::fixture::servers().await {
        let (scratch, session) = database(&server).await;
        let catalog = Catalog::read(&session).await.expect("a catalog");
        let json = serde_json::to_value(&catalog).expect("JSON");
        let public = serde_json::json!({"kind": "schema", "path": ["public"], "is": "schema"});
        assert_eq!(json[0], public);
        assert_eq!(catalog.len(), 2, "public and plpgsql: {json}");
        run(&session, "DROP SCHEMA public; CREATE SCHEMA public").await;
        let made = Catalog::read(&session).await.expect("a catalog");
        let differences = catalog.diff(&made);
        assert!(
            differences.iter().all(|d| d.object.kind() == Kind::Privilege && d.change == Change::Added),
            "{differences:?}"
        );
        assert!(!differences.is_empty() && differences[0].grade == Grade::Real);
        session.close().await;
        scratch.close().await.expect("dropped");
    }
}

#[tokio::test]
async fn a_diff_of_a_catalog_with_itself_is_empty() {
    let server = server().await;
    let (scratch, session) = database(&server).await;
    run(&session, include_str!("everything.sql")).await;
    let one = Catalog::read(&session).await.expect("a catalog");
    let two = Catalog::read(&session).await.expect("a catalog");
    assert_eq!(one.diff(&two), []);
    let nothing = Catalog::default();
    for d in nothing.diff(&one).iter().flat_map(|d| std::iter::once(d).chain(&d.consequences)) {
        assert_eq!(d.change, Change::Added, "{d}");
    }
    let table = ObjectId::new(Kind::Table, ["app", "users"]);
    let names: Vec<&str> = one.columns_of(&table).iter().take(3).map(|(id, _)| id.name()).collect();
    assert_eq!(names, ["id", "name", "Email"]);
    assert_eq!(one.privileges_on(&table).count(), 2);
    run(&session, "DROP SUBSCRIPTION sub").await;
    session.close().await;
    scratch.close().await.expect("dropped");
}
