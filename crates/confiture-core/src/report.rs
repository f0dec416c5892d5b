//! The complete result of a run, as data; every output format is a view of it.
