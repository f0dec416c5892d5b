//! Rollbacks on a real server: what a down can forget, take too much of, or restore wrongly.
//!
//! Every scenario comes with its negative twin: the correct down passes, the same down with one defect
//! is reported, and the statement that confiture proposes repairs it.

mod access;
mod case;
mod chain;
mod column;
mod constraint;
mod extra;
mod failure;
mod grade;
mod index;
mod re_up;
mod routine;
mod table;
mod transaction;
mod types;
mod view;
