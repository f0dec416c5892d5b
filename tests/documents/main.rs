//! What the documents say is what happens: their shell and SQL blocks run, the examples give what they
//! promise.

mod blocks;
mod examples;
mod workflows;
