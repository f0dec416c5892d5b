//! What goes wrong around migrations: every case ends with one clear message, the right exit code and
//! nothing left behind.

mod application;
mod approvals;
mod configuration;
mod directories;
mod files;
mod fixes;
mod formats;
mod gates;
mod generate;
mod given;
mod init;
mod losses;
mod mutants;
mod openmetrics;
mod preflight;
mod process;
mod profiling;
mod reports;
mod scripts;
mod selection;
mod servers;
mod shell;
mod signals;
mod size;
mod snapshots;
mod user_tests;
