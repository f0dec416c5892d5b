//! Catalogs against real servers.

mod fixture;
mod read;
