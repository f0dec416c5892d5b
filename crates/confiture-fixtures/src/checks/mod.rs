//! The built-in checks of `confiture test`, one file each.

mod atomic;
mod blame;
mod data;
mod down;
mod explain;
mod order;
mod re_up;
mod up;
mod up_data;
