//! Mutants of whole chains, judged on a real server.

mod verdicts;
