//! `confiture snapshot` and `confiture diff`.

use confiture_tests::{block_on, server};

use crate::process::Project;

fn project() -> Project {
    Project::new(&[
        ("m/0001_users.sql", "CREATE TABLE users (id int PRIMARY KEY, name text);"),
        ("m/0001_users.down.sql", "DROP TABLE users;"),
        ("m/0002_view.sql", "CREATE VIEW names AS SELECT name FROM users;"),
        ("m/0002_view.down.sql", "DROP VIEW names;"),
    ])
}

fn edit(project: &Project) {
    project.write("m/0002_view.sql", "CREATE VIEW names AS SELECT name, id FROM users;");
}

#[test]
fn a_snapshot_is_written_on_request_and_compared_from_then_on() {
    let project = project();
    project
        .run(&["snapshot", "m"])
        .exits(1)
        .error(&["there is no snapshot confiture/schema.json", "--accept"]);
    project
        .run(&["snapshot", "m", "--accept"])
        .exits(0)
        .prints(&["wrote confiture/schema.json and confiture/schema.sql"]);
    let sql = std::fs::read_to_string(project.path("confiture/schema.sql")).expect("a file");
    assert!(sql.contains("CREATE VIEW public.names AS\nSELECT name\n   FROM public.users;"), "{sql}");
    project
        .run(&["snapshot", "m"])
        .exits(0)
        .prints(&["confiture/schema.json is what the migrations lead to"]);
    project.run(&["test", "m"]).exits(0).prints(&["0002_view", "data · schema"]);
    edit(&project);
    let ended =
        project.run(&["snapshot", "m"]).exits(1).error(&["another schema than confiture/schema.json"]);
    ended.prints(&[
        "~ definition of view public.names changed",
        "    - SELECT name\n",
        "    + SELECT name,\n",
        "1 difference\n",
    ]);
    let ended = project.run(&["test", "m"]).exits(1);
    ended.prints(&[
        "[schema-differs]",
        "definition of view public.names is not the committed one",
        "confiture snapshot --accept",
    ]);
    let json = project.run(&["snapshot", "m", "--format", "json"]).exits(1).json();
    assert_eq!(
        (&json["status"], &json["differences"][0]["object"]["path"][1]),
        (&"differs".into(), &"names".into())
    );
    let json = project.run(&["snapshot", "m", "--accept", "--format", "json"]).exits(0).json();
    assert_eq!(json["status"], "written");
    project.run(&["test", "m"]).exits(0);
}

#[test]
fn the_place_of_a_snapshot_can_be_chosen() {
    let project = project();
    project.write("confiture.toml", "dir = 'm'\nsnapshot = 'db/schema'\n");
    project.run(&["snapshot", "--accept"]).exits(0);
    assert!(project.path("db/schema/schema.json").is_file());
    project.run(&["snapshot", "--out", "elsewhere"]).exits(1).error(&["elsewhere/schema.json"]);
    edit(&project);
    project.run(&["test"]).exits(1).prints(&["schema-differs"]);
    project.run(&["test", "--skip", "schema"]).exits(0);
}

#[test]
fn a_snapshot_that_cannot_be_used_says_why() {
    let project = project();
    project.write("confiture/schema.json", "{\"format\": \"confiture-schema\", \"format_version\": 9}");
    project.run(&["snapshot", "m"]).exits(2).error(&["confiture/schema.json", "format version 9 is newer"]);
    project.run(&["test", "m"]).exits(2).error(&["format version 9 is newer"]);
    project.run(&["diff", "confiture", "0001"]).exits(2).error(&["format version 9 is newer"]);
    project.write("confiture/schema.json", "<<<<<<< HEAD");
    let corrupt = project.run(&["test", "m"]).exits(2);
    let advice = ["it is not JSON", "restore it from version control", "confiture snapshot --accept"];
    let corrupt = corrupt.error(&advice);
    assert!(!corrupt.stderr.contains("failed on PostgreSQL"), "{}", corrupt.stderr);
    project.run(&["snapshot", "m", "--accept"]).exits(0);
    project.write("m/0003_broken.sql", "CREATE TABLE users (id int);");
    project.run(&["snapshot", "m"]).exits(1).error(&[
        "apply 0003_broken",
        "0003_broken.sql:1",
        "already exists",
    ]);
}

#[test]
fn versions_files_and_databases_are_compared() {
    let project = project();
    project.write("confiture.toml", "dir = 'm'\n");
    project.run(&["snapshot", "--accept"]).exits(0);
    project.run(&["diff", "2", "confiture/schema.json"]).exits(0).prints(&["no difference"]);
    project.run(&["diff", "confiture", "0001"]).exits(1).prints(&["- view public.names was removed\n"]);
    project.run(&["diff", "0001", "confiture"]).exits(1).prints(&["+ view public.names was added\n"]);
    project.run(&["diff", "0001", "0007"]).exits(2).error(&["find version 0007"]);
    project.run(&["diff", "nothing.json", "0001"]).exits(2).error(&["nothing.json"]);
    let server = server();
    let theirs = block_on(server.create_database("theirs")).expect("a database");
    block_on(async {
        let session = theirs.session().await.expect("a session");
        session.execute("CREATE TABLE users (id int PRIMARY KEY, name text)").await.expect("a table");
        session.close().await;
    });
    let url = theirs.endpoint().to_string();
    project
        .run(&["diff", &url, "confiture"])
        .exits(1)
        .prints(&["+ view public.names was added\n    column public.names.name was added\n1 difference\n"]);
    let secret = url.replacen("@", ":s3cret@", 1);
    let ended =
        project.run(&["diff", &secret, "confiture", "--format", "json"]).exits(1).never_says("s3cret");
    assert_eq!(ended.json()["differences"][0]["change"], "added");
    block_on(theirs.close()).expect("dropped");
    project
        .run(&["diff", "postgresql://nobody:s3cret@127.0.0.1:1/none", "confiture"])
        .exits(3)
        .never_says("s3cret");
}
