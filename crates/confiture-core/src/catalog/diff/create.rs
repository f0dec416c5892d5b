//! The statements that make an object as a catalog holds it.

mod other;
mod simple;
mod table;

use std::fmt::Write as _;

use super::drop::{Wanted, privilege_sql, setting_sql};
use super::{Pair, Step};
use crate::catalog::id::quote_ident;
use crate::catalog::{Catalog, ConstraintType, Detail, Enabled, Kind, ObjectId};
use crate::sql::quote_literal;
use other::create_other;
pub(in crate::catalog) use other::member_sql;
pub(in crate::catalog) use simple::routine_sql;
pub(super) use simple::sequence_options;
use simple::{create_role, create_sequence, policy_sql};
pub(super) use table::identity_sql;
use table::{add_column, create_index, create_table};
pub(in crate::catalog) use table::{column_extras, column_sql, constraint_sql, index_extras, index_sql};

/// Statements that make `id` as the first catalog has it, with owner and comment.
///
/// Parts that PostgreSQL makes along with their whole (columns of a table, the index of a constraint,
/// inherited constraints, the sequence of an identity column) give none of their own. Empty where the
/// catalog does not know enough: C-level types, operator classes, subscriptions.
pub(in crate::catalog) fn create(pair: Pair<'_>, id: &ObjectId) -> Vec<Step> {
    let Some(object) = pair.before.get(id) else { return Vec::new() };
    let mut steps = body(pair, id, &object.detail);
    let implied = steps.is_empty();
    if !implied || has_whole(pair.before, id) {
        if let Some(owner) = &object.owner
            && !implied
        {
            steps.extend(owner_sql(id, owner).map(|sql| Step::new(4900, sql)));
        }
        if let Some(comment) = &object.comment {
            steps.extend(comment_sql(pair.before, id, Some(comment)).map(|sql| Step::new(4950, sql)));
        }
    }
    steps
}

/// Whether something else makes it along.
fn has_whole(catalog: &Catalog, id: &ObjectId) -> bool {
    match catalog.get(id).map(|object| &object.detail) {
        Some(Detail::Column(_)) => true,
        Some(Detail::Index(index)) => index.constraint.is_some(),
        Some(Detail::Constraint(constraint)) => constraint.inherited,
        Some(Detail::Sequence(sequence)) => sequence.identity,
        _ => false,
    }
}

fn body(pair: Pair<'_>, id: &ObjectId, detail: &Detail) -> Vec<Step> {
    let name = id.sql_name();
    let on = id.owner_sql();
    let one = |rank: u16, sql: String| vec![Step::new(rank, sql)];
    match detail {
        Detail::Role(role) => create_role(&name, role),
        Detail::Schema(_) => one(1100, format!("CREATE SCHEMA {name}")),
        Detail::Extension(extension) => one(
            1200,
            format!(
                "CREATE EXTENSION {name} SCHEMA {} VERSION {}",
                quote_ident(&extension.schema),
                quote_literal(&extension.version)
            ),
        ),
        Detail::Setting(setting) => one(5000, setting_sql(id, Some(&setting.value))),
        Detail::Enum(value) => {
            let labels: Vec<String> = value.labels.iter().map(|label| quote_literal(label)).collect();
            one(1300, format!("CREATE TYPE {name} AS ENUM ({})", labels.join(", ")))
        }
        Detail::Domain(domain) => {
            let mut sql = format!("CREATE DOMAIN {name} AS {}", domain.base_type);
            clause(&mut sql, " COLLATE ", domain.collation.as_deref());
            clause(&mut sql, " DEFAULT ", domain.default.as_deref());
            if domain.not_null {
                sql.push_str(" NOT NULL");
            }
            one(1500, sql)
        }
        Detail::Composite(_) => {
            let columns: Vec<String> = pair
                .before
                .columns_of(id)
                .iter()
                .map(|(id, column)| {
                    let mut sql = format!("{} {}", id.sql_name(), column.data_type);
                    clause(&mut sql, " COLLATE ", column.collation.as_deref());
                    sql
                })
                .collect();
            one(1400, format!("CREATE TYPE {name} AS ({})", columns.join(", ")))
        }
        Detail::Range(range) => {
            let mut parts = vec![format!("SUBTYPE = {}", range.subtype)];
            let more = [
                ("SUBTYPE_OPCLASS", &range.subtype_opclass),
                ("COLLATION", &range.collation),
                ("CANONICAL", &range.canonical),
                ("SUBTYPE_DIFF", &range.subtype_diff),
            ];
            parts.extend(
                more.iter().filter_map(|(word, value)| Some(format!("{word} = {}", value.as_ref()?))),
            );
            parts.push(format!("MULTIRANGE_TYPE_NAME = {}", range.multirange));
            one(1450, format!("CREATE TYPE {name} AS RANGE ({})", parts.join(", ")))
        }
        Detail::Sequence(sequence) => create_sequence(&name, sequence),
        Detail::Table(table) => create_table(pair, id, table),
        Detail::View(view) => {
            let rank = 4600 + view_depth(pair.before, id);
            one(rank, format!("CREATE VIEW {name}{} AS\n{}", with_options(&view.options), view.definition))
        }
        Detail::MaterializedView(view) => {
            let rank = 4600 + view_depth(pair.before, id);
            let mut sql = format!("CREATE MATERIALIZED VIEW {name}");
            clause(&mut sql, " USING ", view.access_method.as_deref());
            sql.push_str(&with_options(&view.options));
            clause(&mut sql, " TABLESPACE ", view.tablespace.as_deref());
            let data = if view.populated { "" } else { "\nWITH NO DATA" };
            let _ = write!(sql, " AS\n{}{data}", view.definition);
            one(rank, sql)
        }
        Detail::Column(column) => add_column(pair, id, column),
        Detail::Constraint(constraint) => {
            if constraint.inherited {
                return Vec::new();
            }
            let domain = ObjectId::new(Kind::Domain, [id.part(0), id.part(1)]);
            let noun = if pair.before.contains(&domain) { "DOMAIN" } else { "TABLE" };
            let rank = match constraint.constraint_type {
                ConstraintType::ForeignKey => 4500,
                _ => 4400,
            };
            one(rank, format!("ALTER {noun} {on} ADD CONSTRAINT {name} {}", constraint_sql(constraint)))
        }
        Detail::Index(index) => create_index(pair.before, id, index),
        Detail::StatisticsObject(statistics) => {
            let mut steps = one(4550, statistics.definition.clone());
            if let Some(target) = statistics.statistics {
                steps.push(Step::new(4560, format!("ALTER STATISTICS {name} SET STATISTICS {target}")));
            }
            steps
        }
        Detail::Routine(routine) => one(1700, routine_sql(id, routine)),
        Detail::Trigger(trigger) => {
            if trigger.inherited {
                return Vec::new();
            }
            let mut steps = one(4700, trigger.definition.clone());
            steps.extend(state("TABLE", &on, "TRIGGER", &name, trigger.enabled));
            steps
        }
        Detail::Rule(rule) => {
            let mut steps = one(4700, rule.definition.clone());
            steps.extend(state("TABLE", &on, "RULE", &name, rule.enabled));
            steps
        }
        Detail::Policy(policy) => one(4700, policy_sql(id, policy)),
        Detail::EventTrigger(trigger) => {
            let mut sql = format!("CREATE EVENT TRIGGER {name} ON {}", trigger.event);
            if !trigger.tags.is_empty() {
                let tags: Vec<String> = trigger.tags.iter().map(|tag| quote_literal(tag)).collect();
                let _ = write!(sql, " WHEN TAG IN ({})", tags.join(", "));
            }
            let _ = write!(sql, " EXECUTE FUNCTION {}()", trigger.function);
            let mut steps = one(5200, sql);
            if let Some(word) = enabled_word(trigger.enabled) {
                steps.push(Step::new(5210, format!("ALTER EVENT TRIGGER {name} {word}")));
            }
            steps
        }
        Detail::Publication(publication) => {
            let mut targets = Vec::new();
            if publication.all_tables {
                targets.push("ALL TABLES".to_owned());
            }
            if !publication.tables.is_empty() {
                let alone = |table: &String| match has_heirs(pair.before, table) {
                    true => format!("ONLY {table}"),
                    false => table.clone(),
                };
                let tables: Vec<String> = publication.tables.iter().map(alone).collect();
                targets.push(format!("TABLE {}", tables.join(", ")));
            }
            if !publication.schemas.is_empty() {
                targets.push(format!("TABLES IN SCHEMA {}", publication.schemas.join(", ")));
            }
            let target =
                if targets.is_empty() { String::new() } else { format!(" FOR {}", targets.join(", ")) };
            let mut options = vec![format!("publish = '{}'", publication.publish)];
            if publication.via_root {
                options.push("publish_via_partition_root = true".to_owned());
            }
            if let Some(generated) = &publication.generated_columns {
                options.push(format!("publish_generated_columns = {generated}"));
            }
            one(5100, format!("CREATE PUBLICATION {name}{target} WITH ({})", options.join(", ")))
        }
        Detail::Privilege(privilege) => match privilege_sql(id, privilege, Wanted::Entry) {
            Some(sql) => one(5000, sql),
            None => Vec::new(),
        },
        Detail::Properties(properties) => create_other(id, properties),
    }
}

/// Whether a table of a publication, as CREATE PUBLICATION writes it, has children that inherit from it.
fn has_heirs(catalog: &Catalog, table: &str) -> bool {
    catalog.tables().flat_map(|(_, heir)| &heir.inherits).any(|parent| {
        table.strip_prefix(&parent.sql_name()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

pub(in crate::catalog) fn clause(sql: &mut String, word: &str, value: Option<&str>) {
    if let Some(value) = value {
        sql.push_str(word);
        sql.push_str(value);
    }
}

/// ` WITH (a=b, …)`, or nothing.
pub(in crate::catalog) fn with_options(options: &[String]) -> String {
    if options.is_empty() { String::new() } else { format!(" WITH ({})", options_sql(options)) }
}

/// `a = 'b', …` from `a=b` entries.
pub(super) fn options_sql(options: &[String]) -> String {
    let parts: Vec<String> = options
        .iter()
        .map(|option| match option.split_once('=') {
            Some((name, value)) => format!("{name} = {}", quote_literal(value)),
            None => option.clone(),
        })
        .collect();
    parts.join(", ")
}

/// `a 'b', …` from `a=b` entries, as OPTIONS takes them.
pub(in crate::catalog) fn server_options(options: &[&str]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = options
        .iter()
        .map(|option| {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            format!("{} {}", quote_ident(name), quote_literal(value))
        })
        .collect();
    format!(" OPTIONS ({})", parts.join(", "))
}

/// The keyword of `ALTER TABLE … TRIGGER` for a state that is not the default.
pub(in crate::catalog) fn enabled_word(enabled: Enabled) -> Option<&'static str> {
    match enabled {
        Enabled::Origin => None,
        Enabled::Always => Some("ENABLE ALWAYS"),
        Enabled::Replica => Some("ENABLE REPLICA"),
        Enabled::Disabled => Some("DISABLE"),
    }
}

fn state(noun: &str, on: &str, part: &str, name: &str, enabled: Enabled) -> Option<Step> {
    Some(Step::new(4800, format!("ALTER {noun} {on} {} {part} {name}", enabled_word(enabled)?)))
}

/// `ALTER … OWNER TO …`; `None` for kinds without an owner of their own.
pub(in crate::catalog) fn owner_sql(id: &ObjectId, owner: &str) -> Option<String> {
    let owner = quote_ident(owner);
    let name = match id.kind() {
        Kind::Aggregate => id.sql_name(),
        Kind::Role | Kind::Cast | Kind::Transform | Kind::UserMapping | Kind::Database => return None,
        _ if id.owner_path().is_some() => return None,
        _ => id.sql_name(),
    };
    Some(format!("ALTER {} {name} OWNER TO {owner}", id.kind().noun().to_uppercase()))
}

/// `COMMENT ON …`.
pub(in crate::catalog) fn comment_sql(
    catalog: &Catalog,
    id: &ObjectId,
    comment: Option<&str>,
) -> Option<String> {
    let text = comment.map_or_else(|| "NULL".to_owned(), quote_literal);
    let (name, on) = (id.sql_name(), id.owner_sql());
    let noun = id.kind().noun().to_uppercase();
    let target = match id.kind() {
        Kind::Column | Kind::Attribute => format!("COLUMN {on}.{name}"),
        Kind::Constraint => {
            let domain = ObjectId::new(Kind::Domain, [id.part(0), id.part(1)]);
            let of = if catalog.contains(&domain) { "DOMAIN " } else { "" };
            format!("CONSTRAINT {name} ON {of}{on}")
        }
        Kind::Trigger | Kind::Rule | Kind::Policy => format!("{noun} {name} ON {on}"),
        Kind::UserMapping | Kind::Privilege | Kind::DefaultPrivilege | Kind::Setting | Kind::Database => {
            return None;
        }
        _ => format!("{noun} {name}"),
    };
    Some(format!("COMMENT ON {target} IS {text}"))
}

/// How many views this one is built on, one above the other; at most 90.
pub(super) fn view_depth(catalog: &Catalog, id: &ObjectId) -> u16 {
    depth(catalog, id, 0)
}

fn depth(catalog: &Catalog, id: &ObjectId, level: u16) -> u16 {
    if level > 90 {
        return level;
    }
    let definition = match catalog.get(id).map(|object| &object.detail) {
        Some(Detail::View(view)) => &view.definition,
        Some(Detail::MaterializedView(view)) => &view.definition,
        _ => return level,
    };
    catalog
        .of_kind(Kind::View)
        .chain(catalog.of_kind(Kind::MaterializedView))
        .filter(|(other, _)| *other != id && definition.contains(&other.sql_name()))
        .map(|(other, _)| depth(catalog, other, level + 1))
        .max()
        .unwrap_or(level)
}
