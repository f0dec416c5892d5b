//! Operators that make the schema come out otherwise.

mod pk_drop;

pub use pk_drop::PkDrop;
