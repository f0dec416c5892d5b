//! The probes, one file each.

mod locks;

pub use locks::Locks;
