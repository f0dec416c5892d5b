//! Types of columns, from the text the catalog holds.

use confiture_core::catalog::{Catalog, Detail, Kind as ObjectKind, ObjectId};
use confiture_core::sql::{TokenKind, lex};

/// A type as the generator sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Bool,
    /// Bytes: 2, 4 or 8.
    Int(u8),
    Numeric {
        precision: Option<u32>,
        scale: u32,
    },
    /// Bytes: 4 or 8.
    Float(u8),
    Money,
    /// `text`, `varchar` (with its length), `citext`.
    Text {
        limit: Option<usize>,
    },
    /// `char(n)`.
    Char(usize),
    Bytea,
    Date,
    Time {
        zone: bool,
    },
    Timestamp {
        zone: bool,
    },
    Interval,
    Uuid,
    Json {
        binary: bool,
    },
    Bit {
        length: usize,
        varying: bool,
    },
    Enum(Vec<String>),
    /// Base type and the domain it belongs to; its checks are the column's.
    Domain(Box<Kind>, ObjectId),
    Composite(Vec<Kind>),
    Range(Box<Kind>),
    Multirange(Box<Kind>),
    Array(Box<Kind>),
    /// A type known by name, whose values are chosen from texts.
    Named(String, Vec<String>),
}

impl Kind {
    /// The type behind domains.
    pub(super) fn base(&self) -> &Self {
        match self {
            Self::Domain(base, _) => base.base(),
            other => other,
        }
    }

    /// Reads `data_type`, resolving user-defined types in `catalog`.
    pub(super) fn read(data_type: &str, catalog: &Catalog) -> Self {
        Self::read_nested(data_type, catalog, 0)
    }

    fn read_nested(data_type: &str, catalog: &Catalog, depth: usize) -> Self {
        let name = TypeName::read(data_type);
        let element = name.element(catalog, depth);
        if name.array { Self::Array(Box::new(element)) } else { element }
    }
}

/// A type name taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
struct TypeName {
    /// `None` for built-in types.
    schema: Option<String>,
    name: String,
    modifiers: Vec<String>,
    array: bool,
}

impl TypeName {
    fn read(text: &str) -> Self {
        let mut read = Self::default();
        let mut words: Vec<String> = Vec::new();
        let mut inside = false;
        for token in lex(text) {
            let part = token.text(text);
            match token.kind {
                TokenKind::LeftParen => inside = true,
                TokenKind::RightParen => inside = false,
                TokenKind::LeftBracket => read.array = true,
                TokenKind::Comma | TokenKind::Whitespace => {}
                _ if inside => read.modifiers.push(part.to_owned()),
                TokenKind::Dot => read.schema = words.pop(),
                TokenKind::QuotedIdent => {
                    words.push(part.trim_matches('"').replace("\"\"", "\""));
                }
                TokenKind::Ident => words.push(part.to_owned()),
                _ => {}
            }
        }
        read.name = words.join(" ");
        read
    }

    fn size(&self, at: usize) -> Option<usize> {
        self.modifiers.get(at)?.parse().ok()
    }

    fn element(&self, catalog: &Catalog, depth: usize) -> Kind {
        match &self.schema {
            Some(schema) if schema != "pg_catalog" => self.user_defined(schema, catalog, depth),
            _ => self.built_in(),
        }
    }

    fn built_in(&self) -> Kind {
        let range = |kind: Kind| Kind::Range(Box::new(kind));
        let ranges = |kind: Kind| Kind::Multirange(Box::new(kind));
        match self.name.as_str() {
            "boolean" => Kind::Bool,
            "smallint" => Kind::Int(2),
            "integer" => Kind::Int(4),
            "bigint" => Kind::Int(8),
            "numeric" => {
                let precision = self.size(0).map(|size| size as u32);
                Kind::Numeric { precision, scale: self.size(1).unwrap_or(0) as u32 }
            }
            "real" => Kind::Float(4),
            "double precision" => Kind::Float(8),
            "money" => Kind::Money,
            "text" | "character varying" => Kind::Text { limit: self.size(0) },
            "name" => Kind::Text { limit: Some(15) },
            "character" | "bpchar" => self.size(0).map_or(Kind::Text { limit: None }, Kind::Char),
            "char" => Kind::Char(1),
            "bytea" => Kind::Bytea,
            "date" => Kind::Date,
            "time without time zone" => Kind::Time { zone: false },
            "time with time zone" => Kind::Time { zone: true },
            "timestamp without time zone" => Kind::Timestamp { zone: false },
            "timestamp with time zone" => Kind::Timestamp { zone: true },
            "interval" => Kind::Interval,
            "uuid" => Kind::Uuid,
            "json" => Kind::Json { binary: false },
            "jsonb" => Kind::Json { binary: true },
            "bit" => Kind::Bit { length: self.size(0).unwrap_or(1), varying: false },
            "bit varying" => Kind::Bit { length: self.size(0).unwrap_or(64), varying: true },
            "int4range" => range(Kind::Int(4)),
            "int8range" => range(Kind::Int(8)),
            "numrange" => range(Kind::Numeric { precision: None, scale: 0 }),
            "daterange" => range(Kind::Date),
            "tsrange" => range(Kind::Timestamp { zone: false }),
            "tstzrange" => range(Kind::Timestamp { zone: true }),
            "int4multirange" => ranges(Kind::Int(4)),
            "int8multirange" => ranges(Kind::Int(8)),
            "nummultirange" => ranges(Kind::Numeric { precision: None, scale: 0 }),
            "datemultirange" => ranges(Kind::Date),
            "tsmultirange" => ranges(Kind::Timestamp { zone: false }),
            "tstzmultirange" => ranges(Kind::Timestamp { zone: true }),
            other if other.starts_with("interval") => Kind::Interval,
            other => Kind::Named(other.to_owned(), self.modifiers.clone()),
        }
    }

    fn user_defined(&self, schema: &str, catalog: &Catalog, depth: usize) -> Kind {
        let id = |kind| ObjectId::new(kind, [schema, &self.name]);
        let detail = |kind| catalog.get(&id(kind)).map(|object| &object.detail);
        if let Some(Detail::Enum(found)) = detail(ObjectKind::Enum) {
            return Kind::Enum(found.labels.clone());
        }
        // A type can contain itself through a table's row type only, and then only as an array.
        if depth > 6 {
            return Kind::Named(self.name.clone(), Vec::new());
        }
        if let Some(Detail::Domain(found)) = detail(ObjectKind::Domain) {
            let base = Kind::read_nested(&found.base_type, catalog, depth + 1);
            return Kind::Domain(Box::new(base), id(ObjectKind::Domain));
        }
        if let Some(Detail::Range(found)) = detail(ObjectKind::Range) {
            return Kind::Range(Box::new(Kind::read_nested(&found.subtype, catalog, depth + 1)));
        }
        for kind in [ObjectKind::Composite, ObjectKind::Table, ObjectKind::View] {
            if detail(kind).is_some() {
                let columns = catalog.columns_of(&id(kind));
                let kinds = columns
                    .iter()
                    .map(|(_, column)| Kind::read_nested(&column.data_type, catalog, depth + 1));
                return Kind::Composite(kinds.collect());
            }
        }
        let multirange =
            catalog.of_kind(ObjectKind::Range).find_map(|(range, object)| match &object.detail {
                Detail::Range(found) if range.schema() == Some(schema) => {
                    let name = TypeName::read(&found.multirange).name;
                    (name == self.name).then(|| Kind::read_nested(&found.subtype, catalog, depth + 1))
                }
                _ => None,
            });
        if let Some(subtype) = multirange {
            return Kind::Multirange(Box::new(subtype));
        }
        match self.name.as_str() {
            "citext" => Kind::Text { limit: None },
            _ => Kind::Named(self.name.clone(), self.modifiers.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_modifiers_and_arrays_are_told_apart() {
        let read = |text| {
            let name = TypeName::read(text);
            (name.schema, name.name, name.modifiers.join("|"), name.array)
        };
        let plain = |name: &str, modifiers: &str, array| (None, name.to_owned(), modifiers.to_owned(), array);
        assert_eq!(read("character varying(80)[]"), plain("character varying", "80", true));
        assert_eq!(read("timestamp(3) with time zone"), plain("timestamp with time zone", "3", false));
        assert_eq!(read("numeric(10,2)"), plain("numeric", "10|2", false));
        let user = (Some("My \"s".to_owned()), "T (1)".to_owned(), String::new(), false);
        assert_eq!(read(r#""My ""s"."T (1)""#), user);
    }
}
