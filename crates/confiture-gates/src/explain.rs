//! One page per finding code that is no rule.

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

page!("rewrite-measured", "a table is written anew that no rule expected");
page!("scan-measured", "a table is read under a lock that no rule expected");
page!("unclassified", "SQL runs that cannot be read");
page!("approval-expired", "an approval is past its last day");
page!("approval-incomplete", "an approval lacks its reason, owner or end");
page!("approval-unknown", "an approval names what is not there");
page!("approval-unused", "an approval approves nothing");
page!("changelog-missing", "the changelog does not mention a migration");
page!("critical-mutant-survives", "no test notices a critical mutant");
page!("mutation-score-low", "the mutation score is below the least");
page!("owner-missing", "nobody answers for a migration");
page!("rollback-missing", "a migration has no rollback and no reason");
page!("snapshot-missing", "there is no committed snapshot to compare with");
page!("version-not-tried", "a PostgreSQL major was not tried");
page!("live-history-missing", "which migrations are applied cannot be read");
page!("live-idle-in-transaction", "a session sits idle in a transaction");
page!("live-invalid-index", "an INVALID index is on a table");
page!("live-large-table", "a table of a pending migration is large");
page!("live-migration-unfinished", "a migration failed halfway in production");
page!("live-not-visible", "other sessions cannot be seen");
page!("live-old-transaction", "a transaction is old");
page!("live-out-of-order", "a pending migration is older than one that is applied");
page!("live-published", "a table is published");
page!("live-replication-lag", "a standby is behind");
page!("live-rls-hides-rows", "policies hide rows from the role that migrates");
page!("live-sequence-low", "a sequence runs out of numbers");
page!("live-slot-inactive", "nobody reads a replication slot");
page!("live-unknown-migration", "production has a migration that is not here");
page!("live-vacuum-running", "a vacuum is at a table");
page!("query-breaks-on-rows", "a query works before the migration and fails after it, on rows");
page!("query-finds-nothing", "a query finds rows before the migration and none after it");
page!("query-loses-index", "no index serves a query any more");
