//! Catalogs against real servers.

mod changes;
mod fixture;
mod read;
mod refresh;
