//! Mutants of whole chains, judged on a real server.

mod controls;
mod operators;
mod parts;
mod shop;
mod soundness;
mod suggestions;
mod verdicts;
