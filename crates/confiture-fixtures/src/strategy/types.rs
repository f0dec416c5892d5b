//! Column types and the expressions that go with them, written as the server prints them.

use confiture_core::catalog::{Detail, Kind, ObjectId};

use super::choices::Choices;
use super::model::SchemaModel;

/// What can be done with a column of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// `smallint`, `integer`, `bigint`.
    Integer,
    /// Ordered, compared by B-trees.
    Ordered,
    /// Text of some sort.
    Text,
    /// `jsonb` and arrays: GIN.
    Contained,
    /// Ranges and points: GiST.
    Spatial,
    /// Has no order: `json`, `xml`, `line`.
    Opaque,
}

/// Name, class, default expression, all as the server prints them; money prints by the locale and has none.
const BUILT_IN: [(&str, Class, &str); 48] = [
    ("integer", Class::Integer, "7"),
    ("text", Class::Text, "'it''s'::text"),
    ("bigint", Class::Integer, "'9'::bigint"),
    ("boolean", Class::Ordered, "true"),
    ("timestamp with time zone", Class::Ordered, "now()"),
    ("smallint", Class::Integer, "'3'::smallint"),
    ("numeric", Class::Ordered, "1.50"),
    ("numeric(10,2)", Class::Ordered, "2.5"),
    ("real", Class::Ordered, "'0.5'::real"),
    ("double precision", Class::Ordered, "'0.25'::double precision"),
    ("character varying(20)", Class::Text, "'x'::character varying"),
    ("character varying", Class::Text, "''::character varying"),
    ("character(3)", Class::Ordered, "'abc'::bpchar"),
    ("date", Class::Ordered, "'2024-02-29'::date"),
    ("timestamp without time zone", Class::Ordered, "'2024-02-29 12:00:00'::timestamp without time zone"),
    ("timestamp(3) with time zone", Class::Ordered, "CURRENT_TIMESTAMP"),
    ("time without time zone", Class::Ordered, "'12:34:56'::time without time zone"),
    ("time with time zone", Class::Ordered, "'12:34:56+00'::time with time zone"),
    ("interval", Class::Ordered, "'1 day'::interval"),
    ("uuid", Class::Ordered, "gen_random_uuid()"),
    ("jsonb", Class::Contained, "'{}'::jsonb"),
    ("json", Class::Opaque, "'[1, 2]'::json"),
    ("bytea", Class::Ordered, r"'\x00ff'::bytea"),
    ("integer[]", Class::Contained, "'{}'::integer[]"),
    ("text[]", Class::Contained, "ARRAY['a'::text, 'b'::text]"),
    ("numeric(6,1)[]", Class::Contained, "'{}'::numeric(6,1)[]"),
    ("int4range", Class::Spatial, "'[1,5)'::int4range"),
    ("numrange", Class::Spatial, "'[1.5,2]'::numrange"),
    ("tstzrange", Class::Spatial, "'empty'::tstzrange"),
    ("daterange", Class::Spatial, "'[2024-01-01,2024-02-01)'::daterange"),
    ("int8multirange", Class::Spatial, "'{}'::int8multirange"),
    ("inet", Class::Ordered, "'127.0.0.1'::inet"),
    ("cidr", Class::Ordered, "'10.0.0.0/8'::cidr"),
    ("macaddr", Class::Ordered, "'08:00:2b:01:02:03'::macaddr"),
    ("macaddr8", Class::Ordered, "'08:00:2b:01:02:03:04:05'::macaddr8"),
    ("bit(3)", Class::Ordered, "'101'::\"bit\""),
    ("bit varying(5)", Class::Ordered, "'1'::\"bit\""),
    ("money", Class::Ordered, ""),
    ("point", Class::Spatial, "'(1,2)'::point"),
    ("box", Class::Spatial, "'(2,2),(1,1)'::box"),
    ("line", Class::Opaque, "'{1,-1,0}'::line"),
    ("circle", Class::Spatial, "'<(0,0),1>'::circle"),
    ("path", Class::Opaque, "'((0,0),(1,1))'::path"),
    ("polygon", Class::Spatial, "'((0,0),(1,1),(1,0))'::polygon"),
    ("tsvector", Class::Contained, "'''a'' ''b'''::tsvector"),
    ("tsquery", Class::Ordered, "'''a'' & ''b'''::tsquery"),
    ("pg_lsn", Class::Ordered, "'0/1'::pg_lsn"),
    ("name", Class::Ordered, "'n'::name"),
];

/// A type, and a default for it where there is one.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) class: Class,
    pub(super) default: Option<String>,
}

/// The built-in type called `name`.
fn built_in(name: &str) -> Option<Class> {
    BUILT_IN.iter().find(|(known, ..)| *known == name).map(|(_, class, _)| *class)
}

/// The class of a column's type.
pub(super) fn class_of(model: &SchemaModel, data_type: &str) -> Class {
    built_in(data_type).unwrap_or_else(|| {
        let found = model.types().into_iter().find(|(id, _)| id.sql_name() == data_type);
        found.map_or(Class::Opaque, |(_, chosen)| chosen.class)
    })
}

/// A type: simple ones first, one in three times a type of the schema's own where there is one.
pub(super) fn choose(model: &SchemaModel, choices: &mut Choices<'_>) -> Chosen {
    let own = model.types();
    if choices.one_in(3)
        && let Some((_, chosen)) = choices.pick(&own)
    {
        return chosen.clone();
    }
    let (name, class, default) = BUILT_IN[choices.below(BUILT_IN.len())];
    let default = Some(default.to_owned()).filter(|default| !default.is_empty());
    Chosen { name: name.to_owned(), class, default }
}

/// A base type for domains and composites: one whose values have a plain order.
pub(super) fn choose_base(choices: &mut Choices<'_>) -> (&'static str, Class, &'static str) {
    BUILT_IN[choices.below(14)]
}

/// A condition on `column` (quoted), as the server prints it, with its parentheses.
pub(super) fn condition(class: Class, data_type: &str, column: &str, choices: &mut Choices<'_>) -> String {
    let weak = format!("({column} IS NOT NULL)");
    match (class, data_type) {
        (_, "integer") => match choices.below(3) {
            0 => format!("({column} > 0)"),
            1 => format!("(({column} >= 0) AND ({column} < 1000))"),
            _ => format!("({column} <> 13)"),
        },
        (Class::Integer, _) => format!("({column} >= 0)"),
        (_, "text") => match choices.below(3) {
            0 => format!("(length({column}) < 100)"),
            1 => format!("({column} <> ''::text)"),
            _ => format!("({column} ~ '^[a-z]'::text)"),
        },
        (_, "numeric" | "numeric(10,2)") => format!("({column} >= (0)::numeric)"),
        (_, "boolean") => match choices.below(2) {
            0 => weak,
            _ => format!("({column} OR (NOT {column}))"),
        },
        (_, "date") => format!("({column} > '1900-01-01'::date)"),
        _ => weak,
    }
}

/// The types that a model has of its own.
pub(super) fn own(model: &SchemaModel) -> Vec<(ObjectId, Chosen)> {
    let of = |id: &ObjectId, class: Class, default: Option<String>| {
        let name = id.sql_name();
        (id.clone(), Chosen { name, class, default })
    };
    let mut types = Vec::new();
    for (id, object) in model.objects() {
        match (&object.detail, id.kind()) {
            (Detail::Enum(value), _) => {
                let label = value.labels.first().map(|label| confiture_core::sql::quote_literal(label));
                let plain = label.filter(|label| !label.starts_with('E'));
                types.push(of(id, Class::Ordered, plain.map(|label| format!("{label}::{}", id.sql_name()))));
            }
            (Detail::Domain(domain), _) => {
                let class = built_in(&domain.base_type).unwrap_or(Class::Opaque);
                // A domain over text behaves like one, but its conditions print another way.
                let class =
                    if class == Class::Text || class == Class::Integer { Class::Ordered } else { class };
                types.push(of(id, class, None));
            }
            (_, Kind::Composite) => types.push(of(id, Class::Opaque, None)),
            (_, Kind::Range) => types.push(of(id, Class::Spatial, None)),
            _ => {}
        }
    }
    types
}
