//! Puts the SQL fragments together for a server version and a scope.

use std::sync::OnceLock;

use super::scan::{self, SCANS};

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
    /// What was written since [`since`], and checksums.
    Changes,
    /// A value that changes with the kinds of which a database holds few.
    Rare,
    /// The OIDs that exist in a system catalog.
    Alive(&'static str),
    /// All comments.
    Comments,
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
const CHECKS: &str = include_str!("checks.sql");
const RARE: &str = include_str!("rare.sql");
const COMMENTS: &str = include_str!("comments.sql");

/// Sets the transaction that changes are looked for since (32 bits), and whether only the transaction the
/// session is in has written since.
pub(in crate::catalog) fn since(transaction: u64, within: bool) -> String {
    let within = if within { "on" } else { "off" };
    format!("SET confiture.since = '{}'; SET confiture.within = {within}", transaction & 0xffff_ffff)
}

/// Sets the relations, types and routines that are read.
pub(in crate::catalog) fn units(relations: &[u32], types: &[u32], routines: &[u32]) -> String {
    format!(
        "SET confiture.relations = {}; SET confiture.types = {}; SET confiture.routines = {}",
        oid_array(relations),
        oid_array(types),
        oid_array(routines)
    )
}

/// `'{1,2}'`.
pub(in crate::catalog) fn oid_array(oids: &[u32]) -> String {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!("'{{{}}}'", oids.join(","))
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
    let major = version / 10_000;
    let whole = |fragments: &[&str]| -> Vec<String> {
        fragments.iter().map(|fragment| expand(&for_version(fragment, major), false)).collect()
    };
    let union = |arms: Vec<String>| arms.join("\nUNION ALL\n");
    match scope {
        Scope::Everything => with_settings("", &union(whole(&[REST, TYPES, ROUTINES, RELATIONS, COMMENTS]))),
        Scope::Units { relations, types, routines } => {
            let arms = [(types, TYPES), (routines, ROUTINES), (relations, RELATIONS)]
                .into_iter()
                .filter_map(|(read, fragment)| read.then_some(fragment))
                .map(|fragment| expand(&for_version(fragment, major), true))
                .collect();
            with_settings(&mine(relations, types, routines), &union(arms))
        }
        Scope::Rest => with_settings("", &union(whole(&[REST]))),
        Scope::Rare => with_settings("", &union(whole(&[RARE]))),
        Scope::Observation => {
            let mut arms = whole(&[REST, TYPES, ROUTINES, RELATIONS, COMMENTS, RARE]);
            arms.push(checks());
            arms.extend(SCANS.iter().filter(|scan| scan.counts()).map(scan::Scan::alive));
            with_settings("", &union(arms))
        }
        // What prints the same under any settings needs none.
        Scope::Changes => {
            let mut arms: Vec<String> = SCANS.iter().map(scan::Scan::changes).collect();
            arms.push(checks());
            format!("WITH {}\n{}", scan::HORIZON, union(arms))
        }
        Scope::Alive(catalog) => {
            union(SCANS.iter().filter(|scan| scan.catalog == catalog).map(scan::Scan::alive).collect())
        }
        Scope::Comments => union(whole(&[COMMENTS])),
    }
}

fn checks() -> String {
    CHECKS.replace("/*rare written*/", &scan::written(scan::RARE))
}

/// The units that are read and are ours: one row of arrays.
///
/// Asked once for all fragments, because looking up who owns what costs more than reading it.
fn mine(relations: bool, types: bool, routines: bool) -> String {
    let own = |catalog: &str, alias: &str, namespace: &str, setting: &str| {
        format!(
            "{alias}.oid = ANY (current_setting('confiture.{setting}')::oid[]) AND {}",
            own_row(namespace, catalog, &format!("{alias}.oid"))
        )
    };
    let mut ctes = String::new();
    let mut arrays = Vec::new();
    if relations {
        ctes.push_str(&format!(
            "own_relations AS MATERIALIZED (SELECT c.oid, c.relkind FROM pg_class c WHERE {}),\n",
            own("pg_class", "c", "c.relnamespace", "relations")
        ));
        arrays.push("ARRAY(SELECT oid FROM own_relations) AS relations".to_owned());
        arrays.push(
            "ARRAY(SELECT oid FROM own_relations WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'c')) AS tables"
                .to_owned(),
        );
    }
    for (read, name, catalog, alias, namespace) in [
        (types, "types", "pg_type", "t", "t.typnamespace"),
        (routines, "routines", "pg_proc", "p", "p.pronamespace"),
    ] {
        if read {
            let own = own(catalog, alias, namespace, name);
            arrays.push(format!("ARRAY(SELECT {alias}.oid FROM {catalog} {alias} WHERE {own}) AS {name}"));
        }
    }
    format!("{ctes}mine AS MATERIALIZED (SELECT {}),\n", arrays.join(", "))
}

/// Whether a row is ours, by looking up that one row.
fn own_row(namespace: &str, catalog: &str, oid: &str) -> String {
    format!(
        "{oid} >= 16384 AND NOT EXISTS (SELECT FROM pg_namespace o WHERE o.oid = {namespace} \
         AND (o.nspname ~ '^pg_' OR o.nspname = 'information_schema')) \
         AND NOT EXISTS (SELECT FROM pg_depend o WHERE o.classid = '{catalog}'::regclass AND o.objid = {oid} \
         AND o.refclassid = 'pg_extension'::regclass AND o.deptype = 'e')"
    )
}

/// Wraps arms of a UNION ALL so that they print the same under any settings.
///
/// `ctes` go before, each ended by a comma.
pub(in crate::catalog) fn with_settings(ctes: &str, arms: &str) -> String {
    let begin = "'begin' AS k, 0::oid AS class, 0::oid AS unit, 0::oid AS id, 0 AS sub, ";
    wrapped(ctes, begin, arms, "'end', 0, 0, 0, 0, ")
}

/// Wraps arms of a UNION ALL whose rows end in a `text[]` so that values print the same under any settings
/// of the session: `search_path`, `DateStyle`, `TimeZone`, `extra_float_digits`, ….
///
/// `begin` and `end` are the other columns, each followed by a comma, of a first and a last row that come
/// besides those of `arms`. The settings hold while the query runs, also inside a transaction block.
pub fn with_fixed_settings(begin: &str, arms: &str, end: &str) -> String {
    wrapped("", begin, arms, end)
}

fn wrapped(ctes: &str, begin: &str, arms: &str, end: &str) -> String {
    let each = |text: &dyn Fn(usize, &str, &str) -> String| -> String {
        let parts: Vec<String> =
            SETTINGS.iter().enumerate().map(|(at, (name, value))| text(at, name, value)).collect();
        parts.join(", ")
    };
    format!(
        "WITH {ctes}saved AS MATERIALIZED (SELECT {saved})\n\
         SELECT {begin}ARRAY[{set}] AS f FROM saved\n\
         UNION ALL\n{arms}\nUNION ALL\n\
         SELECT {end}ARRAY[{restore}] FROM saved",
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

/// Replaces the marks:
///
/// - `/*rows SORT CATALOG ALIAS KEY*/`: the rows of a catalog that belong to units of a sort; all of them
///   (with the unit as `c` or `t`), or when `restricted` those of the units in `mine`, looked up unit by
///   unit whatever the planner estimates;
/// - `/*own NAMESPACE CATALOG OID*/`, `/*member CATALOG OID*/`: whether an object is ours, and whether it
///   is no member of an extension. `NOT IN` over a subquery is a hashed subplan: constant cost per row;
/// - `/*each*/`: keeps a subquery from becoming a join when `restricted`;
/// - `/*whole*/ … /*end*/`: only when not `restricted`.
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
            ["rows", sort, catalog, alias, key] if restricted => out.push_str(&format!(
                "unnest((SELECT {sort} FROM mine)) AS u (oid) \
                 JOIN LATERAL (SELECT * FROM {catalog} x WHERE x.{key} = u.oid OFFSET 0) {alias} ON true"
            )),
            ["rows", sort, catalog, alias, key] => out.push_str(&match (*sort, *key) {
                ("relations", key) if key != "oid" => {
                    format!("{catalog} {alias} JOIN pg_class c ON c.oid = {alias}.{key}")
                }
                ("types", key) if key != "oid" => {
                    format!("{catalog} {alias} JOIN pg_type t ON t.oid = {alias}.{key}")
                }
                _ => format!("{catalog} {alias}"),
            }),
            ["own", _, "pg_class" | "pg_type" | "pg_proc", _] if restricted => out.push_str("true"),
            ["own", namespace, catalog, oid] if restricted => {
                out.push_str(&own_row(namespace, catalog, oid));
            }
            ["own", namespace, catalog, oid] => {
                out.push_str(&format!(
                    "{oid} >= 16384 AND {namespace} NOT IN (SELECT oid FROM pg_namespace \
                     WHERE nspname ~ '^pg_' OR nspname = 'information_schema') AND {}",
                    member(catalog, oid)
                ));
            }
            ["member", catalog, oid] => out.push_str(&member(catalog, oid)),
            ["each"] if restricted => out.push_str("OFFSET 0"),
            ["whole"] if restricted => rest = after.split_once("/*end*/").map_or("", |(_, after)| after),
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
        let scopes = [
            Scope::Everything,
            units,
            Scope::Rest,
            Scope::Rare,
            Scope::Observation,
            Scope::Changes,
            Scope::Alive("pg_class"),
            Scope::Comments,
        ];
        for scope in scopes {
            for major in 14..=18 {
                let sql = compose(major * 10_000, scope);
                assert!(!sql.contains("/*"), "{sql}");
            }
        }
    }
}
