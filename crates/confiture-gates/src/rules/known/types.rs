//! Types under one name, however they are written.

/// A type as words and modifiers: aliases are one, words in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct TypeName {
    /// Such as `character varying`; arrays end with `[]`.
    pub(in crate::rules) base: String,
    /// What stands in its parentheses.
    pub(in crate::rules) modifiers: Vec<u32>,
}

impl TypeName {
    /// Reads a type as somebody or the server writes it.
    pub(in crate::rules) fn read(text: &str) -> Self {
        let name = type_name(text);
        let (Some(open), Some(close)) = (name.find('('), name.find(')')) else {
            return Self { base: name, modifiers: Vec::new() };
        };
        let numbers = name[open + 1..close].split(',');
        let modifiers = numbers.filter_map(|number| number.trim().parse().ok()).collect();
        Self { base: format!("{}{}", &name[..open], &name[close + 1..]), modifiers }
    }
}

/// A type as the catalog prints it, whatever it is called in a statement.
pub(in crate::rules) fn type_name(text: &str) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("bigserial", "bigint"),
        ("bool", "boolean"),
        ("bpchar", "character"),
        ("char", "character"),
        ("dec", "numeric"),
        ("decimal", "numeric"),
        ("float", "double precision"),
        ("float4", "real"),
        ("float8", "double precision"),
        ("int", "integer"),
        ("int2", "smallint"),
        ("int4", "integer"),
        ("int8", "bigint"),
        ("serial", "integer"),
        ("serial2", "smallint"),
        ("serial4", "integer"),
        ("serial8", "bigint"),
        ("smallserial", "smallint"),
        ("timestamp", "timestamp without time zone"),
        ("timestamptz", "timestamp with time zone"),
        ("time", "time without time zone"),
        ("timetz", "time with time zone"),
        ("varbit", "bit varying"),
        ("varchar", "character varying"),
    ];
    let lower = text.to_ascii_lowercase();
    let lower = lower.strip_prefix("pg_catalog.").unwrap_or(&lower);
    let words: String = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let (name, rest) = words.split_at(words.find([' ', '(', '[']).unwrap_or(words.len()));
    let plain = !rest.trim_start().starts_with("with");
    let known = NAMES.iter().find(|(alias, _)| *alias == name && (plain || !name.starts_with("time")));
    let rest: String =
        rest.replace(" (", "(").replace(", ", ",").replace("( ", "(").replace(" )", ")").replace(" [", "[");
    match known {
        // `timestamp(3)` is `timestamp(3) without time zone`.
        Some((alias, full)) if rest.starts_with('(') && full.contains(' ') && alias.starts_with("time") => {
            let (first, zone) = full.split_once(' ').unwrap_or((full, ""));
            format!("{first}{rest} {zone}")
        }
        Some((_, full)) if name != "character" => format!("{full}{rest}"),
        _ => format!("{name}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::type_name;

    #[test]
    fn types_are_called_as_the_catalog_calls_them() {
        let names = [
            ("INT", "integer"),
            ("int4[]", "integer[]"),
            ("varchar(20)", "character varying(20)"),
            ("character  varying (20)", "character varying(20)"),
            ("decimal(10, 2)", "numeric(10,2)"),
            ("timestamptz", "timestamp with time zone"),
            ("timestamp", "timestamp without time zone"),
            ("timestamp with time zone", "timestamp with time zone"),
            ("timestamptz(3)", "timestamp(3) with time zone"),
            ("public.mood", "public.mood"),
        ];
        for (written, printed) in names {
            assert_eq!(type_name(written), printed);
        }
    }
}
