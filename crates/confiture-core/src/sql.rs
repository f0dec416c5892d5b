//! PostgreSQL's SQL as text: a lossless lexer and what is built on it.
