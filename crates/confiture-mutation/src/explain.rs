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

page!("mutants-not-judged", "the server failed on mutants again and again");
page!("mutants-red-tests", "tests or checks fail on the migrations as they are");
page!("mutants-unnoticed", "no test notices a mistake in a migration");
page!("mutation-score-low", "the tests notice fewer mutants than the project asks for");
page!("suppression-unknown", "an ignored rule or mutation operator does not exist");
page!("suppression-unused", "what is ignored does not exist");
page!("suppression-without-reason", "something is ignored without a reason");
