//! Puts the SQL fragments together for a server version and a scope.

use std::sync::OnceLock;

/// What a query reads.
///
/// No query has parameters: the server would plan the first five executions anew (manual, PREPARE,
/// "Notes"), which costs more than running them. Settings called `confiture.…` take their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::catalog) enum Scope {
    /// Everything.
    Everything,
    /// The units in [`units`], with what belongs to them; only the sorts that are wanted, because a
    /// fragment costs even where it finds nothing.
    Units { relations: bool, types: bool, routines: bool },
    /// The kinds of which a database holds few.
    Rest,
    /// Everything, and what a later observation compares with.
    Observation,
    /// What was written since [`since`], and counts.
    Changes,
    /// The OIDs that exist, and all comments.
    Alive,
}

/// Settings that change how the server prints expressions, and the values they get while it does.
///
/// `search_path` decides what is printed qualified; the others appear in printed constants (manual,
/// chapter "Server Configuration", client connection defaults).
const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "pg_catalog, pg_temp"),
    ("standard_conforming_strings", "on"),
    ("quote_all_identifiers", "off"),
    ("IntervalStyle", "postgres"),
    ("DateStyle", "ISO, MDY"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("TimeZone", "UTC"),
    ("lc_monetary", "C"),
];

const REST: &str = include_str!("rest.sql");
const TYPES: &str = include_str!("types.sql");
const ROUTINES: &str = include_str!("routines.sql");
const RELATIONS: &str = include_str!("relations.sql");
const CHANGES: &str = include_str!("changes.sql");
const CHECKS: &str = include_str!("checks.sql");
const RARE: &str = include_str!("rare.sql");
const COMMENTS: &str = include_str!("comments.sql");

/// Catalogs whose rows can go away without a trace in another row, and which of their rows count.
const ALIVE: &[(&str, &str)] = &[
    ("pg_class", "relkind <> 't' AND relnamespace <> 99"),
    ("pg_constraint", "oid >= 16384"),
    ("pg_trigger", "NOT tgisinternal"),
    ("pg_policy", "oid >= 16384"),
    ("pg_rewrite", "rulename <> '_RETURN'"),
    ("pg_statistic_ext", "oid >= 16384"),
    ("pg_type", "typtype <> 'c' AND typcategory <> 'A'"),
    ("pg_proc", "oid >= 16384"),
];

/// Sets the transaction that changes are looked for since: 32 bits.
pub(in crate::catalog) fn since(transaction: u64) -> String {
    format!("SET confiture.since = '{}'", transaction & 0xffff_ffff)
}

/// Sets the relations, types and routines that are read.
pub(in crate::catalog) fn units(relations: &[u32], types: &[u32], routines: &[u32]) -> String {
    let array = |oids: &[u32]| {
        let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
        format!("'{{{}}}'", oids.join(","))
    };
    format!(
        "SET confiture.relations = {}; SET confiture.types = {}; SET confiture.routines = {}",
        array(relations),
        array(types),
        array(routines)
    )
}

/// The units that mention those in [`units`], which were renamed: `(text, oid)`.
pub(in crate::catalog) const DEPENDENTS: &str = include_str!("dependents.sql");

/// The query for a server of `version` (`server_version_num`).
///
/// Its rows are `(k text, class oid, unit oid, id oid, sub int4, f text[])`; the first and last rows set
/// the printing settings and put them back. `set_config(…, true)` lasts for the transaction: outside of
/// one that is the statement; inside, the last row restores what was there, and the end of the
/// transaction what was there before (guc.c, `GUC_SAVE`/`GUC_SET_LOCAL`). Append runs its arms in order,
/// and no arm runs in a parallel worker, because `set_config` is parallel unsafe.
pub(in crate::catalog) fn query(version: u32, scope: Scope) -> String {
    static CACHE: OnceLock<std::sync::Mutex<std::collections::HashMap<(u32, Scope), String>>> =
        OnceLock::new();
    let key = (version / 10_000, scope);
    let cache = CACHE.get_or_init(Default::default);
    if let Ok(mut cache) = cache.lock() {
        return cache.entry(key).or_insert_with(|| compose(version, scope)).clone();
    }
    compose(version, scope)
}

fn compose(version: u32, scope: Scope) -> String {
    let (counts, oids, wanted): (String, String, Vec<&str>);
    let fragments: &[&str] = match scope {
        Scope::Everything => &[REST, TYPES, ROUTINES, RELATIONS, COMMENTS],
        Scope::Units { relations, types, routines } => {
            wanted = [(types, TYPES), (routines, ROUTINES), (relations, RELATIONS)]
                .into_iter()
                .filter_map(|(read, fragment)| read.then_some(fragment))
                .collect();
            &wanted
        }
        Scope::Rest => &[REST],
        Scope::Observation => {
            oids = alive("0", "ARRAY[string_agg(oid::text, ' ')]");
            &[REST, TYPES, ROUTINES, RELATIONS, COMMENTS, CHECKS, RARE, &oids]
        }
        Scope::Changes => {
            counts = alive("count(*)::int4", "NULL");
            &[CHANGES, CHECKS, RARE, &counts]
        }
        Scope::Alive => {
            oids = alive("0", "ARRAY[string_agg(oid::text, ' ')]");
            &[&oids, COMMENTS]
        }
    };
    let arms: Vec<String> = fragments
        .iter()
        .map(|fragment| {
            expand(&for_version(fragment, version / 10_000), matches!(scope, Scope::Units { .. }))
        })
        .collect();
    with_settings(&arms.join("\nUNION ALL\n"))
}

/// One row per catalog of [`ALIVE`].
fn alive(sub: &str, fields: &str) -> String {
    let arms: Vec<String> = ALIVE
        .iter()
        .map(|(catalog, counts)| {
            format!(
                "SELECT 'alive', '{catalog}'::regclass::oid, 0::oid, 0::oid, {sub}, {fields} \
                 FROM {catalog} WHERE oid >= 16384 AND {counts}"
            )
        })
        .collect();
    arms.join("\nUNION ALL\n")
}

/// Wraps arms of a UNION ALL so that they print the same under any settings.
pub(in crate::catalog) fn with_settings(arms: &str) -> String {
    let each = |text: &dyn Fn(usize, &str, &str) -> String| -> String {
        let parts: Vec<String> =
            SETTINGS.iter().enumerate().map(|(at, (name, value))| text(at, name, value)).collect();
        parts.join(", ")
    };
    format!(
        "WITH saved AS MATERIALIZED (SELECT {saved})\n\
         SELECT 'begin' AS k, 0::oid AS class, 0::oid AS unit, 0::oid AS id, 0 AS sub, ARRAY[{set}] AS f FROM saved\n\
         UNION ALL\n{arms}\nUNION ALL\n\
         SELECT 'end', 0, 0, 0, 0, ARRAY[{restore}] FROM saved",
        saved = each(&|at, name, _| format!("current_setting('{name}') AS s{at}")),
        set = each(&|_, name, value| format!("set_config('{name}', '{value}', true)")),
        restore = each(&|at, name, _| format!("set_config('{name}', s{at}, true)")),
    )
}

/// Keeps the lines meant for `major`: `-- since 15`, `-- before 18`, `-- since 15 before 17` end a line
/// that only such servers understand.
pub(in crate::catalog) fn for_version(sql: &str, major: u32) -> String {
    let mut out = String::with_capacity(sql.len());
    for line in sql.lines() {
        let (code, mark) = line.rsplit_once(" -- ").map_or((line, ""), |(code, mark)| {
            if mark.starts_with("since ") || mark.starts_with("before ") { (code, mark) } else { (line, "") }
        });
        let words: Vec<&str> = mark.split_whitespace().collect();
        let keep = words.chunks(2).all(|pair| match pair {
            ["since", bound] => bound.parse().is_ok_and(|bound: u32| major >= bound),
            ["before", bound] => bound.parse().is_ok_and(|bound: u32| major < bound),
            _ => true,
        });
        if keep {
            out.push_str(code);
            out.push('\n');
        }
    }
    out.trim().to_owned()
}

/// Replaces the marks `/*own NAMESPACE CATALOG OID*/`, `/*member CATALOG OID*/` and `/*only UNITS OID*/`.
///
/// `NOT IN` over a subquery is a hashed subplan: constant cost per row whatever the planner estimates.
pub(in crate::catalog) fn expand(sql: &str, restricted: bool) -> String {
    let mut out = String::with_capacity(sql.len() * 2);
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once("/*") {
        let Some((mark, after)) = after.split_once("*/") else { break };
        out.push_str(before);
        rest = after;
        let member = |catalog: &str, oid: &str| {
            format!(
                "{oid} NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass \
                 AND deptype = 'e' AND classid = '{catalog}'::regclass)"
            )
        };
        match mark.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["own", namespace, catalog, oid] => {
                out.push_str(&format!(
                    "{oid} >= 16384 AND {namespace} NOT IN (SELECT oid FROM pg_namespace \
                     WHERE nspname ~ '^pg_' OR nspname = 'information_schema') AND {}",
                    member(catalog, oid)
                ));
            }
            ["member", catalog, oid] => out.push_str(&member(catalog, oid)),
            ["alive", catalog, alias] => {
                let counts =
                    ALIVE.iter().find(|(name, _)| name == catalog).map_or("true", |(_, counts)| counts);
                let words: Vec<String> = counts
                    .split(' ')
                    .map(|word| match word {
                        "relkind" | "relnamespace" | "tgisinternal" | "rulename" | "typtype"
                        | "typcategory" | "oid" => {
                            format!("{alias}.{word}")
                        }
                        other => other.to_owned(),
                    })
                    .collect();
                out.push_str(&format!("{alias}.oid >= 16384 AND {}", words.join(" ")));
            }
            ["only", parameter, oid] if restricted => {
                out.push_str(&format!("AND {oid} = ANY (current_setting('confiture.{parameter}')::oid[])"));
            }
            _ => {}
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_for_their_versions() {
        let sql = "a\nb -- since 15\nc -- before 15\nd -- since 15 before 17\n-- e";
        assert_eq!(for_version(sql, 14), "a\nc\n-- e");
        assert_eq!(for_version(sql, 16), "a\nb\nd\n-- e");
        assert_eq!(for_version(sql, 18), "a\nb\n-- e");
    }

    #[test]
    fn no_mark_is_left_in_a_query() {
        let units = Scope::Units { relations: true, types: true, routines: true };
        for scope in [Scope::Everything, units, Scope::Rest, Scope::Observation, Scope::Changes, Scope::Alive]
        {
            for major in 14..=18 {
                let sql = compose(major * 10_000, scope);
                assert!(!sql.contains("/*"), "{sql}");
            }
        }
    }
}
