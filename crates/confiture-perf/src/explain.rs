//! One page per finding code.

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

page!("profile-fails", "a migration fails while it is profiled");
page!("profile-rewrite", "a table is written anew under ACCESS EXCLUSIVE");
page!("profile-scan", "a table is read from end to end under ACCESS EXCLUSIVE");
page!("profile-no-lock-timeout", "ACCESS EXCLUSIVE is waited for without an end");
page!("profile-stall", "others wait for a statement longer than the limit");
page!("profile-hold-predicted", "a lock would be held too long with the rows of production");
page!("profile-prediction-refused", "how long a lock will be held is not predicted");
page!("timing-slower", "a script takes longer than at the base");
page!("trend-change", "a figure of the history has another level");
page!("baseline-locks", "a statement takes other locks than its baseline says");
page!("baseline-rewrites", "a statement writes other relations anew than its baseline says");
page!("baseline-scans", "a statement scans other tables than its baseline says");
page!("baseline-created", "a statement creates other relations than its baseline says");
page!("baseline-counters", "a counter left the tolerance of its baseline");
page!("baseline-incomparable", "a baseline was measured on something else");
