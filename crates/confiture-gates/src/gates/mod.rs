//! The gates, one file each.

mod naming;

pub use naming::Naming;
