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
