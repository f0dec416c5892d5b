//! Everything a migration can change in a database, as ordered values.
