//! The built-in checks of `confiture test`, one file each.

mod atomic;
pub(crate) mod blame;
mod data;
mod down;
mod explain;
mod order;
pub(crate) mod queries;
mod re_up;
mod schema;
mod up;
pub(crate) mod up_data;
