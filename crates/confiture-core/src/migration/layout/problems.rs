//! Pages for what the layouts report of a directory.

use crate::plugin::Explanation;

crate::register!(explanation Explanation {
    code: "duplicate-version",
    title: "two migrations have the same version",
    page: include_str!("problems/duplicate_version.md"),
});

crate::register!(explanation Explanation {
    code: "unparsable-version",
    title: "a file's version cannot be read by its tool",
    page: include_str!("problems/unparsable_version.md"),
});

crate::register!(explanation Explanation {
    code: "stale-journal",
    title: "the journal or plan and the files disagree",
    page: include_str!("problems/stale_journal.md"),
});
