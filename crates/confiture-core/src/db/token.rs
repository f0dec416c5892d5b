//! Names nobody else has.

use std::hash::{BuildHasher as _, Hasher as _};

/// Sixteen hexadecimal digits that differ on every call, in every process.
pub(crate) fn unique() -> String {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}
