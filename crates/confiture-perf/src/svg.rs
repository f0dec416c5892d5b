//! Pictures of a profile as SVG: no scripts, no outside references, titles for who cannot see them.
//!
//! Each function returns a whole document of 800 pixels width.

mod canvas;
mod charts;
mod timeline;

pub use charts::{scaling, strip_plot, trend};
pub use timeline::{LockSpan, lock_timeline};
