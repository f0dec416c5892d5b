//! The built-in checks of `confiture test`, one file each.

mod atomic;
mod blame;
mod down;
mod explain;
mod order;
mod re_up;
mod schema;
mod up;
