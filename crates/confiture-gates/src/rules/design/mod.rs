//! Nothing breaks, but it should not be built like this.

mod fk_without_index;

pub use fk_without_index::FkWithoutIndex;
