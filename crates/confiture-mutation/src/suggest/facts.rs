//! What a catalog says about an object, as an SQL expression that gives one text.

use confiture_core::catalog::{Catalog, Difference, Kind, ObjectId};
use confiture_core::sql::quote_literal;

/// Expressions about everything two catalogs differ in, causes before what follows from them.
pub(super) fn about(before: &Catalog, after: &Catalog) -> Vec<String> {
    let differences = before.diff(after);
    let mut facts: Vec<String> = Vec::new();
    let causes = differences.iter();
    let consequences = differences.iter().flat_map(|difference| &difference.consequences);
    let mut all: Vec<&Difference> = causes.chain(consequences).collect();
    // A lost key says more than the NOT NULL that went with it.
    all.sort_by_key(|difference| !matches!(difference.object.kind(), Kind::Constraint | Kind::Index));
    for difference in all {
        for fact in of(difference) {
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
    }
    facts
}

fn of(difference: &Difference) -> Vec<String> {
    let id = &difference.object;
    let mut facts = Vec::new();
    if difference.property() == Some("comment") {
        facts.extend(comment(id));
    }
    facts.extend(fact(id, difference.property()));
    facts
}

/// `'public.users'` as a literal, for `to_regclass` and the like.
fn text(sql_name: &str) -> String {
    quote_literal(sql_name)
}

fn relation(id: &ObjectId) -> String {
    format!("to_regclass({})", text(&id.sql_name()))
}

fn owner(id: &ObjectId) -> String {
    format!("to_regclass({})", text(&id.owner_sql()))
}

/// The name of a member or an object without a schema, as the catalog stores it.
fn name(id: &ObjectId) -> String {
    quote_literal(id.name())
}

fn fact(id: &ObjectId, property: Option<&str>) -> Option<String> {
    Some(match id.kind() {
        Kind::Table | Kind::ForeignTable => table(id, property),
        Kind::View | Kind::MaterializedView => format!(
            "SELECT concat_ws(' ', string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY \
             attnum), reloptions, relispopulated) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND \
             attnum > 0 AND NOT attisdropped WHERE pg_class.oid = {} GROUP BY reloptions, relispopulated",
            relation(id)
        )
        .parenthesised(),
        Kind::Column => column(id, property),
        Kind::Constraint => format!(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = {} AND (conrelid = {} OR contypid \
             = to_regtype({}))",
            name(id),
            owner(id),
            text(&id.owner_sql())
        )
        .parenthesised(),
        Kind::Index => format!(
            "SELECT concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisclustered, indisreplident) FROM \
             pg_index WHERE indexrelid = {}",
            relation(id)
        )
        .parenthesised(),
        Kind::Sequence => format!(
            "SELECT concat_ws(' ', format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcache, \
             seqcycle) FROM pg_sequence WHERE seqrelid = {}",
            relation(id)
        )
        .parenthesised(),
        Kind::Function | Kind::Procedure => {
            format!("pg_get_functiondef(to_regprocedure({}))", text(&id.sql_name()))
        }
        Kind::Trigger => format!(
            "SELECT concat_ws(' ', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE tgrelid = {} AND tgname = {}",
            owner(id),
            name(id)
        )
        .parenthesised(),
        Kind::Rule => format!(
            "SELECT concat_ws(' ', pg_get_ruledef(oid), ev_enabled) FROM pg_rewrite WHERE ev_class = {} AND rulename = {}",
            owner(id),
            name(id)
        )
        .parenthesised(),
        Kind::Policy => format!(
            "SELECT concat_ws(' ', permissive, roles, cmd, qual, 'check', with_check) FROM pg_policies WHERE \
             schemaname = {} AND tablename = {} AND policyname = {}",
            quote_literal(id.part(0)),
            quote_literal(id.part(1)),
            name(id)
        )
        .parenthesised(),
        Kind::Enum => format!(
            "SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = to_regtype({})",
            text(&id.sql_name())
        )
        .parenthesised(),
        Kind::Domain | Kind::Composite | Kind::Range | Kind::BaseType => format!(
            "SELECT concat_ws(' ', typtype, format_type(typbasetype, typtypmod), typnotnull, 'default', typdefault) \
             FROM pg_type WHERE oid = to_regtype({})",
            text(&id.sql_name())
        )
        .parenthesised(),
        Kind::StatisticsObject => format!(
            "SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxname = {} AND stxnamespace = \
             to_regnamespace({})",
            name(id),
            text(id.part(0))
        )
        .parenthesised(),
        Kind::Schema => format!(
            "SELECT nspname FROM pg_namespace WHERE nspname = {}",
            name(id)
        )
        .parenthesised(),
        Kind::Extension => {
            format!("SELECT extname FROM pg_extension WHERE extname = {}", name(id)).parenthesised()
        }
        Kind::Privilege => return privilege(&id.privilege_target()?),
        Kind::DefaultPrivilege => {
            format!("SELECT {GRANTED} FROM pg_default_acl, aclexplode(defaclacl) WHERE grantee <> defaclrole")
                .parenthesised()
        }
        Kind::Publication => format!(
            "SELECT string_agg(schemaname || '.' || tablename, ', ' ORDER BY 1) FROM pg_publication_tables WHERE \
             pubname = {}",
            name(id)
        )
        .parenthesised(),
        _ => return None,
    })
}

fn table(id: &ObjectId, property: Option<&str>) -> String {
    if property == Some("column order") {
        return format!(
            "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = {} AND attnum > 0 \
             AND NOT attisdropped",
            relation(id)
        )
        .parenthesised();
    }
    format!(
        "SELECT concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, relreplident, \
         reloptions, pg_get_expr(relpartbound, oid)) FROM pg_class WHERE oid = {}",
        relation(id)
    )
    .parenthesised()
}

fn column(id: &ObjectId, property: Option<&str>) -> String {
    let value = match property {
        Some("type") => "format_type(a.atttypid, a.atttypmod)".to_owned(),
        Some("not null") => "a.attnotnull".to_owned(),
        Some("default") => "pg_get_expr(d.adbin, d.adrelid)".to_owned(),
        _ => "concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, \
              a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid))"
            .to_owned(),
    };
    format!(
        "SELECT {value} FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, \
         a.attnum) WHERE a.attrelid = {} AND a.attname = {} AND NOT a.attisdropped",
        owner(id),
        name(id)
    )
    .parenthesised()
}

fn comment(id: &ObjectId) -> Option<String> {
    Some(match id.kind() {
        Kind::Column => format!(
            "SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = {} AND attname = {}",
            owner(id),
            name(id)
        )
        .parenthesised(),
        Kind::Table | Kind::View | Kind::MaterializedView | Kind::Sequence | Kind::Index | Kind::ForeignTable => {
            format!("obj_description({}, 'pg_class')", relation(id))
        }
        Kind::Function | Kind::Procedure => {
            format!("obj_description(to_regprocedure({}), 'pg_proc')", text(&id.sql_name()))
        }
        Kind::Enum | Kind::Domain | Kind::Composite | Kind::Range => {
            format!("obj_description(to_regtype({}), 'pg_type')", text(&id.sql_name()))
        }
        Kind::Schema => format!("obj_description(to_regnamespace({}), 'pg_namespace')", text(&id.sql_name())),
        Kind::Constraint => format!(
            "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = {} AND conname = {}",
            owner(id),
            name(id)
        )
        .parenthesised(),
        Kind::Trigger => format!(
            "SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgrelid = {} AND tgname = {}",
            owner(id),
            name(id)
        )
        .parenthesised(),
        Kind::Policy => format!(
            "SELECT obj_description(oid, 'pg_policy') FROM pg_policy WHERE polrelid = {} AND polname = {}",
            owner(id),
            name(id)
        )
        .parenthesised(),
        _ => return None,
    })
}

/// The privileges on an object, those of its owner left out: who that is differs from server to server, as does the
/// list of all privileges from major to major.
fn privilege(target: &ObjectId) -> Option<String> {
    let (kind, acl, owner_of, from) = match target.kind() {
        Kind::Table | Kind::View | Kind::MaterializedView | Kind::ForeignTable => {
            ('r', "relacl", "relowner", format!("pg_class WHERE oid = {}", relation(target)))
        }
        Kind::Sequence => ('s', "relacl", "relowner", format!("pg_class WHERE oid = {}", relation(target))),
        Kind::Column => (
            'c',
            "attacl",
            "relowner",
            format!(
                "pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attrelid = {} AND attname = {}",
                owner(target),
                name(target)
            ),
        ),
        Kind::Schema => ('n', "nspacl", "nspowner", format!("pg_namespace WHERE nspname = {}", name(target))),
        Kind::Function | Kind::Procedure | Kind::Aggregate => (
            'f',
            "proacl",
            "proowner",
            format!("pg_proc WHERE oid = to_regprocedure({})", text(&target.sql_name())),
        ),
        Kind::Enum | Kind::Domain | Kind::Composite | Kind::Range => (
            'T',
            "typacl",
            "typowner",
            format!("pg_type WHERE oid = to_regtype({})", text(&target.sql_name())),
        ),
        _ => return None,
    };
    let listed = format!(
        "SELECT {owner_of} AS owner, coalesce({acl}, acldefault('{kind}', {owner_of})) AS acl FROM {from}"
    );
    Some(
        format!("SELECT {GRANTED} FROM ({listed}) o, aclexplode(acl) WHERE grantee <> owner").parenthesised(),
    )
}

/// What one line of `aclexplode` says.
const GRANTED: &str = "string_agg(concat_ws(' ', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, \
                       privilege_type, is_grantable), ', ' ORDER BY grantee = 0, pg_get_userbyid(grantee), \
                       privilege_type)";

trait Parenthesised {
    fn parenthesised(self) -> String;
}

impl Parenthesised for String {
    /// A query as an expression.
    fn parenthesised(self) -> String {
        format!("({self})")
    }
}
