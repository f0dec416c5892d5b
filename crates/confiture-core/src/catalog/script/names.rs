//! What a statement mentions: qualified names, read from SQL the server printed.

use std::collections::BTreeSet;

use crate::catalog::id::quote_ident;
use crate::catalog::normal_form::{Token, tokens};
use crate::catalog::{Catalog, Detail, Kind, ObjectId};

/// `schema.name` of every qualified name in `sql`, quoted as the server writes it, also inside of string
/// constants (`nextval('public.s'::regclass)`); operators as `schema.+`.
pub(super) fn mentioned(sql: &str, out: &mut BTreeSet<String>) {
    let tokens = tokens(sql);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Other(text) if text.starts_with('\'') && text.len() > 4 && text.contains('.') => {
                mentioned(&text[1..text.len() - 1], out);
            }
            Token::Word(schema) if tokens.get(at + 1) == Some(&Token::Other(".")) => {
                let name = match tokens.get(at + 2) {
                    Some(Token::Word(name)) => (*name).to_owned(),
                    _ => tokens[at + 2..].iter().map_while(operator).collect(),
                };
                out.insert(format!("{schema}.{name}"));
            }
            _ => {}
        }
    }
}

fn operator<'a>(token: &Token<'a>) -> Option<&'a str> {
    match token {
        Token::Other(text) if "+-*/<>=~!@#%^&|`?".contains(text) => Some(text),
        _ => None,
    }
}

/// The names by which other statements mention `id`.
pub(super) fn provided(catalog: &Catalog, id: &ObjectId) -> Vec<String> {
    let qualified = |name: &str| format!("{}.{}", quote_ident(id.part(0)), quote_ident(name));
    match id.kind() {
        Kind::Operator => vec![format!("{}.{}", quote_ident(id.part(0)), id.part(1))],
        Kind::Range => {
            let mut names = vec![qualified(id.part(1))];
            if let Some(Detail::Range(range)) = catalog.get(id).map(|object| &object.detail) {
                names.push(range.multirange.clone());
            }
            names
        }
        Kind::Index => vec![id.sql_name()],
        Kind::Column | Kind::Attribute | Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => {
            Vec::new()
        }
        _ if id.schema().is_some() => vec![qualified(id.part(1))],
        _ => Vec::new(),
    }
}
