//! `confiture generate`: rows as a script, statistics without values.

use crate::process::Project;

fn shop() -> Project {
    Project::new(&[
        ("m/0001_shop.sql", "CREATE TABLE customer (id serial PRIMARY KEY, email text UNIQUE NOT NULL);"),
        ("m/0002_order.sql", "CREATE TABLE purchase (customer int NOT NULL REFERENCES customer, total int);"),
    ])
}

#[test]
fn rows_are_printed_parents_first_and_the_same_again() {
    let once = shop().run(&["generate", "data", "m", "--rows", "7", "--seed", "3"]).exits(0);
    let text = &once.stdout;
    let places = ["COPY public.customer (id, email)", "COPY public.purchase (customer, total)", "setval"];
    let found: Vec<Option<usize>> = places.iter().map(|part| text.find(part)).collect();
    assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{text}");
    let again = shop().run(&["generate", "data", "m", "--rows", "7", "--seed", "3"]).exits(0);
    assert_eq!(*text, again.stdout);
}

#[test]
fn version_table_and_style_are_chosen() {
    let early = shop().run(&["generate", "data", "m", "--at", "1", "--rows", "2", "--inserts"]).exits(0);
    assert_eq!(early.stdout.matches("INSERT INTO public.customer").count(), 2, "{}", early.stdout);
    assert!(!early.stdout.contains("purchase"), "{}", early.stdout);
    let with_parents = shop().run(&["generate", "data", "m", "--table", "purch*", "--rows", "2"]).exits(0);
    assert!(with_parents.stdout.contains("COPY public.customer"), "{}", with_parents.stdout);
    shop()
        .run(&["generate", "data", "m", "--table", "nothing"])
        .exits(2)
        .error(&["nothing", "matches no table"]);
    shop().run(&["generate", "data", "m", "--keep"]).exits(2).error(&["--keep needs a --server"]);
}

#[test]
fn a_table_that_stays_empty_fails_with_the_constraint() {
    let project = Project::new(&[(
        "m/0001_t.sql",
        "CREATE TABLE t (n int NOT NULL, CONSTRAINT never CHECK (n > 5 AND n < 3)); CREATE TABLE u (n int);",
    )]);
    let ended = project.run(&["generate", "data", "m", "--rows", "5"]).exits(1);
    for part in ["table public.t: 0 of 5 rows", "satisfies never", "1 of 2 tables filled"] {
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
}

#[test]
fn seeds_run_at_their_version_and_rows_fill_up_around_them() {
    let project = shop();
    project.write("seeds/0001_admin.sql", "INSERT INTO customer (email) VALUES ('admin@example.org');");
    project.write("seeds/last.sql", "INSERT INTO purchase SELECT id, 42 FROM customer;");
    let ended = project.run(&["generate", "data", "m", "--rows", "4", "--seeds", "seeds"]).exits(0);
    let text = &ended.stdout;
    assert!(text.contains("1\tadmin@example.org\n2\t") && text.contains("\n1\t42\n"), "{text}");
    project.write("seeds/0002_bad.sql", "INSERT INTO nowhere VALUES (1);");
    let bad = project.run(&["generate", "data", "m", "--seeds", "seeds"]).exits(2);
    bad.error(&["run seed file seeds/0002_bad.sql:1", "nowhere"]);
    project.write("seeds/0002_bad.sql", "SELECT 1;");
    project.write("seeds/0077_late.sql", "SELECT 1;");
    let unknown = project.run(&["generate", "data", "m", "--seeds", "seeds"]).exits(2);
    unknown.error(&[
        "use seed file seeds/0077_late.sql: no migration has version 0077, the directory holds 0001 to 0002",
    ]);
}

#[test]
fn migrations_are_tested_with_rows_of_the_projects_own() {
    let project = shop();
    project.write("m/0003_no.sql", "ALTER TABLE customer ADD CHECK (email <> 'root@example.org');");
    project.run(&["test", "m", "--seeds", "seeds"]).exits(2).error(&["seeds is not a directory", "--seeds"]);
    project.write("seeds/readme.md", "");
    project.run(&["test", "m", "--seeds", "seeds"]).exits(2).error(&["seeds holds no .sql file"]);
    project.write("seeds/0001_root.sql", "INSERT INTO customer (email) VALUES ('root@example.org');");
    project.run(&["test", "m"]).exits(0);
    project.write("confiture.toml", "seeds = \"seeds\"");
    let told = project.run(&["test", "m"]).exits(1);
    assert!(told.stdout.contains("error[up-fails-with-rows]"), "{}", told.stdout);
}
