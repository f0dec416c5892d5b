//! The kinds few migrations touch, from their named properties.

use std::fmt::Write as _;

use super::{clause, server_options};
use crate::catalog::diff::Step;
use crate::catalog::id::quote_ident;
use crate::catalog::{Kind, ObjectId, Properties};
use crate::sql::quote_literal;

pub(super) fn create_other(id: &ObjectId, p: &Properties) -> Vec<Step> {
    let name = id.sql_name();
    let text = |key: &str| p.text(key).unwrap_or_default();
    // `WORD = value` for every property that is there.
    let list = |keys: &[(&str, &str)]| -> String {
        let parts: Vec<String> = keys
            .iter()
            .filter_map(|(key, word)| match p.text(key)? {
                "true" => Some((*word).to_owned()),
                value => Some(format!("{word} = {value}")),
            })
            .collect();
        parts.join(", ")
    };
    let quoted = |key: &str| p.text(key).map(quote_literal);
    let one = |rank: u16, sql: String| vec![Step::new(rank, sql)];
    match id.kind() {
        Kind::Aggregate => {
            let keys = [
                ("sfunc", "SFUNC"),
                ("stype", "STYPE"),
                ("sspace", "SSPACE"),
                ("finalfunc", "FINALFUNC"),
                ("finalfunc_extra", "FINALFUNC_EXTRA"),
                ("finalfunc_modify", "FINALFUNC_MODIFY"),
                ("combinefunc", "COMBINEFUNC"),
                ("serialfunc", "SERIALFUNC"),
                ("deserialfunc", "DESERIALFUNC"),
                ("msfunc", "MSFUNC"),
                ("minvfunc", "MINVFUNC"),
                ("mstype", "MSTYPE"),
                ("msspace", "MSSPACE"),
                ("mfinalfunc", "MFINALFUNC"),
                ("mfinalfunc_extra", "MFINALFUNC_EXTRA"),
                ("hypothetical", "HYPOTHETICAL"),
                ("parallel", "PARALLEL"),
            ];
            let mut parts = list(&keys);
            for (key, word) in [("initcond", "INITCOND"), ("minitcond", "MINITCOND")] {
                if let Some(value) = quoted(key) {
                    let _ = write!(parts, ", {word} = {value}");
                }
            }
            if let Some(operator) = p.text("sortop") {
                let operator = operator.split('(').next().unwrap_or(operator);
                let _ = write!(parts, ", SORTOP = {}", operator_sql(operator));
            }
            one(1800, format!("CREATE AGGREGATE {name} ({parts})"))
        }
        Kind::Operator => {
            let mut parts = vec![format!("FUNCTION = {}", text("function"))];
            for (word, side) in [("LEFTARG", 2), ("RIGHTARG", 3)] {
                if id.part(side) != "NONE" {
                    parts.push(format!("{word} = {}", id.part(side)));
                }
            }
            for (key, word) in [("commutator", "COMMUTATOR"), ("negator", "NEGATOR")] {
                if let Some(operator) = p.text(key) {
                    let operator = operator.split('(').next().unwrap_or(operator);
                    parts.push(format!("{word} = {}", operator_sql(operator)));
                }
            }
            let rest = list(&[
                ("restrict", "RESTRICT"),
                ("join", "JOIN"),
                ("hashes", "HASHES"),
                ("merges", "MERGES"),
            ]);
            if !rest.is_empty() {
                parts.push(rest);
            }
            let operator = format!("{}.{}", quote_ident(id.part(0)), id.part(1));
            one(1850, format!("CREATE OPERATOR {operator} ({})", parts.join(", ")))
        }
        Kind::OperatorFamily => {
            let mut steps = one(1860, format!("CREATE OPERATOR FAMILY {name}"));
            let members = p.list("members");
            if !members.is_empty() {
                let members: Vec<String> = members.iter().map(|m| member_sql(m)).collect();
                steps.push(Step::new(
                    1870,
                    format!("ALTER OPERATOR FAMILY {name} ADD {}", members.join(", ")),
                ));
            }
            steps
        }
        Kind::Cast => {
            let how = match text("method") {
                "function" => format!("WITH FUNCTION {}", text("function")),
                "inout" => "WITH INOUT".to_owned(),
                _ => "WITHOUT FUNCTION".to_owned(),
            };
            let when = match text("context") {
                "assignment" => " AS ASSIGNMENT",
                "implicit" => " AS IMPLICIT",
                _ => "",
            };
            one(1900, format!("CREATE CAST {name} {how}{when}"))
        }
        Kind::Transform => {
            let mut parts = Vec::new();
            for (key, word) in [("from_sql", "FROM SQL"), ("to_sql", "TO SQL")] {
                if let Some(function) = p.text(key) {
                    parts.push(format!("{word} WITH FUNCTION {function}"));
                }
            }
            one(1900, format!("CREATE TRANSFORM {name} ({})", parts.join(", ")))
        }
        Kind::Collation => {
            let mut parts = list(&[("provider", "PROVIDER")]);
            for (key, word) in [
                ("locale", "LOCALE"),
                ("rules", "RULES"),
                ("lc_collate", "LC_COLLATE"),
                ("lc_ctype", "LC_CTYPE"),
            ] {
                if let Some(value) = quoted(key) {
                    let _ = write!(parts, ", {word} = {value}");
                }
            }
            if p.text("nondeterministic").is_some() {
                parts.push_str(", DETERMINISTIC = false");
            }
            one(1200, format!("CREATE COLLATION {name} ({parts})"))
        }
        Kind::Conversion => {
            let default = if p.text("default").is_some() { "DEFAULT " } else { "" };
            let (from, to) = (quote_literal(text("from")), quote_literal(text("to")));
            one(
                1800,
                format!("CREATE {default}CONVERSION {name} FOR {from} TO {to} FROM {}", text("function")),
            )
        }
        Kind::TextSearchParser => {
            let keys = [
                ("start", "START"),
                ("gettoken", "GETTOKEN"),
                ("end", "END"),
                ("lextypes", "LEXTYPES"),
                ("headline", "HEADLINE"),
            ];
            one(1200, format!("CREATE TEXT SEARCH PARSER {name} ({})", list(&keys)))
        }
        Kind::TextSearchTemplate => one(
            1200,
            format!(
                "CREATE TEXT SEARCH TEMPLATE {name} ({})",
                list(&[("init", "INIT"), ("lexize", "LEXIZE")])
            ),
        ),
        Kind::TextSearchDictionary => {
            let options = p.text("options").map(|options| format!(", {options}")).unwrap_or_default();
            one(
                1300,
                format!("CREATE TEXT SEARCH DICTIONARY {name} (TEMPLATE = {}{options})", text("template")),
            )
        }
        Kind::TextSearchConfiguration => {
            let mut steps =
                one(1400, format!("CREATE TEXT SEARCH CONFIGURATION {name} (PARSER = {})", text("parser")));
            for mapping in p.list("mappings") {
                let sql = format!("ALTER TEXT SEARCH CONFIGURATION {name} ADD MAPPING FOR {mapping}");
                steps.push(Step::new(1410, sql));
            }
            steps
        }
        Kind::AccessMethod => {
            let sql = format!(
                "CREATE ACCESS METHOD {name} TYPE {} HANDLER {}",
                text("type").to_uppercase(),
                text("handler")
            );
            one(1200, sql)
        }
        Kind::ForeignDataWrapper => {
            let mut sql = format!("CREATE FOREIGN DATA WRAPPER {name}");
            clause(&mut sql, " HANDLER ", p.text("handler"));
            clause(&mut sql, " VALIDATOR ", p.text("validator"));
            sql.push_str(&server_options(&p.list("options")));
            one(1800, sql)
        }
        Kind::Server => {
            let mut sql = format!("CREATE SERVER {name}");
            clause(&mut sql, " TYPE ", quoted("type").as_deref());
            clause(&mut sql, " VERSION ", quoted("version").as_deref());
            let _ = write!(sql, " FOREIGN DATA WRAPPER {}", quote_ident(text("wrapper")));
            sql.push_str(&server_options(&p.list("options")));
            one(1810, sql)
        }
        Kind::UserMapping => {
            let options = p.list("options");
            if options.iter().any(|option| option.ends_with("=(hidden)")) {
                return Vec::new(); // the password stayed on the server
            }
            one(1820, format!("CREATE USER MAPPING {name}{}", server_options(&options)))
        }
        _ => Vec::new(),
    }
}

/// `OPERATOR(schema.op)` of a qualified operator.
pub(super) fn operator_sql(operator: &str) -> String {
    if operator.contains('.') { format!("OPERATOR({operator})") } else { operator.to_owned() }
}

/// A member of an operator family as ADD takes it: `OPERATOR 1 < (integer, integer)`.
pub(in crate::catalog) fn member_sql(member: &str) -> String {
    if !member.starts_with("OPERATOR") {
        return member.to_owned();
    }
    match member.split_once('(') {
        Some((head, arguments)) => format!("{head} ({arguments}"),
        None => member.to_owned(),
    }
}
