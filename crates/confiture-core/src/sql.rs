//! PostgreSQL's SQL as text: a lossless lexer and what is built on it.
//!
//! Nothing here fails and nothing is lost: every byte of a script belongs to a token ([`lex`]), statements
//! are ranges of the user's own text ([`split`]), and changes are edits of those ranges.

mod block;
mod classify;
mod constant;
mod cursor;
#[cfg(test)]
mod differential;
mod edit;
mod head;
mod lex;
mod name;
mod outline;
mod parse;
mod quote;
#[cfg(test)]
mod soup;
mod span;
mod split;

pub use block::{Command, CommandKind, commands};
pub use classify::{Classification, Reach, SessionEffect, TransactionControl, TransactionSafety, classify};
pub use constant::constant;
pub use edit::{Edit, EditError, apply};
pub use head::{Modifier, ObjectKind, Verb};
pub use lex::{Token, TokenKind, Tokens, Unterminated, lex, psql_variable};
pub use name::ObjectName;
pub use outline::{
    Action, ActionKind, Assignment, Attribute, AttributeKind, Body, Clause, ClauseKind, Column, Definition,
    Index, Item, ItemKind, Outline, Part, PartKind, References, Rows, Table, TableOption, TableOptionKind,
    outline,
};
pub use parse::{Ast, ast, parse};
pub use quote::{Quoted, quote_literal};
pub use span::Span;
pub use split::{Opening, Statement, StatementKind, split};
