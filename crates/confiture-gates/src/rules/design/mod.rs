//! Nothing breaks, but it should not be built like this.

mod fk_without_index;
mod irreversible;

pub use fk_without_index::FkWithoutIndex;
pub use irreversible::Irreversible;
