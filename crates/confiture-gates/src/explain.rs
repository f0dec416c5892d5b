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

page!("unclassified", "SQL runs that cannot be read");
