//! One page per finding code: `confiture explain CODE`.

use confiture_core::plugin::Explanation;
use confiture_core::register;

macro_rules! page {
    ($code:literal, $title:literal) => {
        register!(explanation Explanation {
            code: $code,
            title: $title,
            page: include_str!(concat!("explain/", $code, ".md")),
        });
    };
}

page!("backfill-incomplete", "a new column is filled only in part");
page!("column-order", "down restores the columns in another order");
page!("data-dropped", "the migration drops data and has no down script");
page!("down-fails", "the server refuses a statement of the rollback");
page!("down-fails-with-rows", "the server refuses a statement of the rollback when tables have rows");
page!("extension-version", "down leaves another version of an extension");
page!("failed-up-leaves-object", "an up that failed leaves something behind");
page!("generated-name", "down restores an object under another generated name");
page!("invalid-index-left", "up leaves an index that no query uses");
page!("nondeterministic", "the SQL gives another result each time it runs");
page!("not-understood", "a file of the directory is not understood");
page!("out-of-order", "a new migration sorts before one that is already released");
page!("partial-apply", "an interrupted up can be neither kept nor repeated");
page!("query-breaks", "a query that worked before the migration fails after it");
page!("query-never-works", "a query file works at no state of the chain");
page!("re-up-differs", "up after down gives another catalog");
page!("re-up-fails", "up after down fails");
page!("rollback-changes-body", "down does not restore a function body or a comment");
page!("rollback-changes-object", "down does not restore a property");
page!("rollback-empty", "down is empty though up changed the schema");
page!("rollback-leaves-enum-value", "down leaves an enum value behind");
page!("rollback-leaves-object", "down leaves an object behind");
page!("rollback-leaves-role", "down leaves a role or another change all databases share");
page!("rollback-leaves-rows", "down leaves rows that the up put in");
page!("rollback-loses-data", "up and down together lose rows or values");
page!("rollback-loses-object", "down does not bring an object back");
page!("rows-lost", "up loses rows of a table that it does not name");
page!("schema-differs", "the migrations lead to another schema than the committed one");
page!("seed-fails", "a file of your own rows is refused");
page!("sequence-behind", "a sequence gives values its column holds already");
page!("tap-fails", "a pgTAP test fails");
page!("test-assertion-fails", "an assertion does not hold");
page!("test-asserts-nothing", "a test has nothing that could fail");
page!("test-command-fails", "a test command fails");
page!("test-directive", "a test cannot be run as it is written");
page!("test-error-expected", "a statement succeeds or fails otherwise than announced");
page!("test-index-not-used", "a query does not use the index it is expected to");
page!("test-lock-too-strong", "a migration takes a stronger lock than allowed");
page!("test-migration-fails", "a migration fails on the rows of a test");
page!("test-statement-fails", "a statement of a test is refused");
page!("up-fails", "the server refuses a statement of the migration");
page!("up-fails-with-rows", "the server refuses a statement of the migration when tables have rows");
page!("values-changed", "up changes values that it does not name");
page!("values-narrowed", "a change of type loses part of the values");
page!("verify-fails", "the verify script of a migration fails");
page!("white-space", "down restores a definition with other white space");
