//! Catalogs against real servers.

mod fixture;
mod changes;
mod read;
mod refresh;
