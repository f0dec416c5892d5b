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

page!("column-order", "down restores the columns in another order");
page!("down-fails", "the server refuses a statement of the rollback");
page!("extension-version", "down leaves another version of an extension");
page!("failed-up-leaves-object", "an up that failed leaves something behind");
page!("generated-name", "down restores an object under another generated name");
page!("invalid-index-left", "up leaves an index that no query uses");
page!("nondeterministic", "the SQL gives another result each time it runs");
page!("not-understood", "a file of the directory is not understood");
page!("out-of-order", "a new migration sorts before one that is already released");
page!("partial-apply", "an interrupted up can be neither kept nor repeated");
page!("re-up-differs", "up after down gives another catalog");
page!("re-up-fails", "up after down fails");
page!("rollback-changes-body", "down does not restore a function body or a comment");
page!("rollback-changes-object", "down does not restore a property");
page!("rollback-empty", "down is empty though up changed the schema");
page!("rollback-leaves-enum-value", "down leaves an enum value behind");
page!("rollback-leaves-object", "down leaves an object behind");
page!("rollback-leaves-role", "down leaves a role or another change all databases share");
page!("rollback-loses-object", "down does not bring an object back");
page!("schema-differs", "the migrations lead to another schema than the committed one");
page!("up-fails", "the server refuses a statement of the migration");
page!("white-space", "down restores a definition with other white space");
