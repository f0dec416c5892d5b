//! The SQL in a statement that makes or changes rows: which pieces, and the clauses of every query in them.

mod clause;
mod piece;
mod tokens;

pub(super) use clause::{Clause, ClauseKind, Query};
pub(super) use piece::{Piece, Place, block_tokens, pieces};
pub(super) use tokens::{
    between_ands, closing, edges, groups, is_operand, items, operand_before, span_of, terms,
};
