//! Catalogs against real servers.

mod changes;
mod fixture;
mod grades;
mod read;
mod refresh;
mod script;
