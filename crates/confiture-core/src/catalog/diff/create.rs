//! The statements that make an object as a catalog holds it.

use std::fmt::Write as _;

use super::drop::{Wanted, privilege_sql, setting_sql, setting_value};
use super::{Pair, Step};
use crate::catalog::id::{quote_ident, quote_literal};
use crate::catalog::{
    Catalog, Column, ConstraintType, Detail, Enabled, Identity, Kind, ObjectId, Persistence, Policy,
    Properties, Role, Routine, Sequence, Table,
};

/// Statements that make `id` as the first catalog has it, with owner and comment.
///
/// Parts that PostgreSQL makes along with their whole (columns of a table, the index of a constraint,
/// inherited constraints, the sequence of an identity column) give none of their own. Empty where the
/// catalog does not know enough: C-level types, operator classes, subscriptions.
pub(super) fn create(pair: Pair<'_>, id: &ObjectId) -> Vec<Step> {
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
                targets.push(format!("TABLE {}", publication.tables.join(", ")));
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

fn clause(sql: &mut String, word: &str, value: Option<&str>) {
    if let Some(value) = value {
        sql.push_str(word);
        sql.push_str(value);
    }
}

/// ` WITH (a=b, …)`, or nothing.
pub(super) fn with_options(options: &[String]) -> String {
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
fn server_options(options: &[&str]) -> String {
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
pub(super) fn enabled_word(enabled: Enabled) -> Option<&'static str> {
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

fn create_role(name: &str, role: &Role) -> Vec<Step> {
    let mut sql = format!("CREATE ROLE {name}");
    for attribute in &role.attributes {
        sql.push(' ');
        sql.push_str(attribute);
    }
    let mut steps = vec![Step::new(1000, sql)];
    for group in &role.member_of {
        let (group, option) = group.split_once(" WITH ").map_or((group.as_str(), ""), |(g, o)| (g, o));
        let option = if option.is_empty() { String::new() } else { format!(" WITH {option}") };
        steps.push(Step::new(1050, format!("GRANT {group} TO {name}{option}")));
    }
    for setting in &role.settings {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let sql = format!("ALTER ROLE {name} SET {} TO {}", quote_ident(key), setting_value(key, value));
        steps.push(Step::new(1060, sql));
    }
    steps
}

/// `INCREMENT BY … CYCLE` of a sequence.
pub(super) fn sequence_options(sequence: &Sequence) -> String {
    format!(
        "INCREMENT BY {} MINVALUE {} MAXVALUE {} START WITH {} CACHE {} {}CYCLE",
        sequence.increment,
        sequence.minimum,
        sequence.maximum,
        sequence.start,
        sequence.cache,
        if sequence.cycle { "" } else { "NO " }
    )
}

fn create_sequence(name: &str, sequence: &Sequence) -> Vec<Step> {
    if sequence.identity {
        return Vec::new();
    }
    let unlogged = if sequence.persistence == Persistence::Unlogged { "UNLOGGED " } else { "" };
    let sql =
        format!("CREATE {unlogged}SEQUENCE {name} AS {} {}", sequence.data_type, sequence_options(sequence));
    let mut steps = vec![Step::new(1600, sql)];
    if let Some(column) = &sequence.owned_by {
        let column = format!("{}.{}", column.owner_sql(), column.sql_name());
        steps.push(Step::new(4920, format!("ALTER SEQUENCE {name} OWNED BY {column}")));
    }
    steps
}

/// A column as CREATE TABLE and ADD COLUMN take it.
pub(super) fn column_sql(catalog: &Catalog, id: &ObjectId, column: &Column) -> String {
    let mut sql = format!("{} {}", id.sql_name(), column.data_type);
    clause(&mut sql, " COMPRESSION ", column.compression.as_deref());
    clause(&mut sql, " COLLATE ", column.collation.as_deref());
    if !column.server_options.is_empty() {
        let options: Vec<&str> = column.server_options.iter().map(String::as_str).collect();
        sql.push_str(&server_options(&options));
    }
    if let Some(generated) = &column.generated {
        let how = if column.generated_virtual { "VIRTUAL" } else { "STORED" };
        let _ = write!(sql, " GENERATED ALWAYS AS ({generated}) {how}");
    }
    clause(&mut sql, " DEFAULT ", column.default.as_deref());
    if let Some(identity) = column.identity {
        let _ = write!(sql, " {}", identity_sql(catalog, id, identity));
    }
    if column.not_null {
        sql.push_str(" NOT NULL");
        if column.not_null_no_inherit {
            sql.push_str(" NO INHERIT");
        }
    }
    sql
}

/// `GENERATED … AS IDENTITY (…)` with the parameters of its sequence.
pub(super) fn identity_sql(catalog: &Catalog, column: &ObjectId, identity: Identity) -> String {
    let how = if identity == Identity::Always { "ALWAYS" } else { "BY DEFAULT" };
    let sequence = catalog
        .sequences()
        .find(|(_, s)| s.identity && s.owned_by.as_ref() == Some(column))
        .map(|(id, s)| format!(" (SEQUENCE NAME {} {})", id.sql_name(), sequence_options(s)));
    format!("GENERATED {how} AS IDENTITY{}", sequence.unwrap_or_default())
}

/// What CREATE TABLE cannot say about a column.
fn column_extras(id: &ObjectId, column: &Column) -> Vec<Step> {
    let alter = format!("ALTER TABLE {} ALTER COLUMN {}", id.owner_sql(), id.sql_name());
    let mut steps = Vec::new();
    if let Some(storage) = &column.storage {
        steps.push(Step::new(4300, format!("{alter} SET STORAGE {storage}")));
    }
    if let Some(target) = column.statistics {
        steps.push(Step::new(4300, format!("{alter} SET STATISTICS {target}")));
    }
    if !column.options.is_empty() {
        steps.push(Step::new(4300, format!("{alter} SET ({})", options_sql(&column.options))));
    }
    steps
}

fn create_table(pair: Pair<'_>, id: &ObjectId, table: &Table) -> Vec<Step> {
    let name = id.sql_name();
    let columns = pair.before.columns_of(id);
    let foreign = id.kind() == Kind::ForeignTable;
    let kind = match (foreign, table.persistence) {
        (true, _) => "FOREIGN TABLE",
        (false, Persistence::Unlogged) => "UNLOGGED TABLE",
        (false, Persistence::Permanent) => "TABLE",
    };
    let mut sql = format!("CREATE {kind} {name}");
    let own: Vec<String> = columns
        .iter()
        .filter(|(_, column)| !column.inherited)
        .map(|(id, column)| column_sql(pair.before, id, column))
        .collect();
    match (&table.partition_of, &table.partition_bound, &table.of_type) {
        (Some(parent), Some(bound), _) => {
            let _ = write!(sql, " PARTITION OF {} {bound}", parent.sql_name());
        }
        (_, _, Some(of_type)) => {
            let _ = write!(sql, " OF {of_type}");
        }
        _ => {
            let _ = write!(sql, " (\n    {}\n)", own.join(",\n    "));
        }
    }
    if own.is_empty() && table.partition_of.is_none() && table.of_type.is_none() {
        sql = format!("CREATE {kind} {name} ()");
    }
    if !table.inherits.is_empty() {
        let parents: Vec<String> = table.inherits.iter().map(ObjectId::sql_name).collect();
        let _ = write!(sql, " INHERITS ({})", parents.join(", "));
    }
    clause(&mut sql, " PARTITION BY ", table.partition_by.as_deref());
    clause(&mut sql, " USING ", table.access_method.as_deref());
    clause(&mut sql, " SERVER ", table.server.as_deref().map(quote_ident).as_deref());
    if foreign {
        let options: Vec<&str> = table.server_options.iter().map(String::as_str).collect();
        sql.push_str(&server_options(&options));
    }
    sql.push_str(&with_options(&table.options));
    clause(&mut sql, " TABLESPACE ", table.tablespace.as_deref().map(quote_ident).as_deref());
    // Partitions follow their parents.
    let rank = if table.partition_of.is_some() || !table.inherits.is_empty() { 4150 } else { 4100 };
    let mut steps = vec![Step::new(rank, sql)];
    for (id, column) in columns {
        steps.extend(column_extras(id, column));
    }
    if table.row_security {
        steps.push(Step::new(4200, format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")));
    }
    if table.force_row_security {
        steps.push(Step::new(4200, format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY")));
    }
    if let Some(identity @ ("FULL" | "NOTHING")) = table.replica_identity.as_deref() {
        steps.push(Step::new(4200, format!("ALTER TABLE {name} REPLICA IDENTITY {identity}")));
    }
    steps
}

/// ADD COLUMN, unless the column comes with its relation or from a parent.
fn add_column(pair: Pair<'_>, id: &ObjectId, column: &Column) -> Vec<Step> {
    let on = id.owner_sql();
    let (schema, relation) = (id.part(0), id.part(1));
    if id.kind() == Kind::Attribute {
        if !pair.after.contains(&ObjectId::new(Kind::Composite, [schema, relation])) {
            return Vec::new();
        }
        let mut sql = format!("ALTER TYPE {on} ADD ATTRIBUTE {} {}", id.sql_name(), column.data_type);
        clause(&mut sql, " COLLATE ", column.collation.as_deref());
        return vec![Step::new(4200, sql)];
    }
    let table = [Kind::Table, Kind::ForeignTable]
        .into_iter()
        .any(|kind| pair.after.contains(&ObjectId::new(kind, [schema, relation])));
    if !table || column.inherited {
        return Vec::new();
    }
    let sql = format!("ALTER TABLE {on} ADD COLUMN {}", column_sql(pair.before, id, column));
    // In the order they had.
    let mut steps = vec![Step::new(4200 + (column.position.min(99) as u16), sql)];
    steps.extend(column_extras(id, column));
    steps
}

/// A constraint as ADD CONSTRAINT takes it after its name.
pub(super) fn constraint_sql(constraint: &crate::catalog::Constraint) -> String {
    let mut sql = constraint.definition.clone();
    for (flag, words) in [
        (constraint.no_inherit, " NO INHERIT"),
        (constraint.deferrable, " DEFERRABLE"),
        (constraint.deferred, " INITIALLY DEFERRED"),
        (!constraint.enforced, " NOT ENFORCED"),
        (!constraint.validated && constraint.enforced, " NOT VALID"),
    ] {
        if flag {
            sql.push_str(words);
        }
    }
    sql
}

fn create_index(catalog: &Catalog, id: &ObjectId, index: &crate::catalog::Index) -> Vec<Step> {
    let (name, on) = (quote_ident(id.name()), id.owner_sql());
    let qualified = id.sql_name();
    let mut steps = Vec::new();
    if let Some(definition) = &index.definition
        && index.attached_to.is_none()
    {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let (head, predicate) = split_predicate(definition);
        let of_view = catalog.contains(&ObjectId::new(Kind::MaterializedView, [id.part(0), id.part(1)]));
        let rank = if of_view { 4695 } else { 4400 };
        let tablespace = match &index.tablespace {
            Some(tablespace) => format!(" TABLESPACE {}", quote_ident(tablespace)),
            None => String::new(),
        };
        steps.push(Step::new(
            rank,
            format!("CREATE {unique}INDEX {name} ON {on} {head}{tablespace}{predicate}"),
        ));
    }
    if !index.options.is_empty() {
        let sql = format!("ALTER INDEX {qualified} SET ({})", options_sql(&index.options));
        steps.push(Step::new(4800, sql));
    }
    for entry in &index.statistics {
        if let Some((column, target)) = entry.split_once('=') {
            let sql = format!("ALTER INDEX {qualified} ALTER COLUMN {column} SET STATISTICS {target}");
            steps.push(Step::new(4800, sql));
        }
    }
    if index.clustered {
        steps.push(Step::new(4800, format!("ALTER TABLE {on} CLUSTER ON {name}")));
    }
    if index.replica_identity {
        steps.push(Step::new(4800, format!("ALTER TABLE {on} REPLICA IDENTITY USING INDEX {name}")));
    }
    steps
}

/// An index definition before its predicate, and the predicate (TABLESPACE comes between them).
fn split_predicate(definition: &str) -> (&str, &str) {
    // The server prints the predicate last and in parentheses; a WHERE inside quotes does not open one.
    let mut from = definition.len();
    while let Some(at) = definition[..from].rfind(" WHERE (") {
        let quotes = |c: char| definition[..at].matches(c).count();
        if quotes('\'') % 2 == 0 && quotes('"') % 2 == 0 {
            return definition.split_at(at);
        }
        from = at;
    }
    (definition, "")
}

/// CREATE OR REPLACE of a routine, complete.
pub(super) fn routine_sql(id: &ObjectId, routine: &Routine) -> String {
    let noun = id.kind().noun().to_uppercase();
    let (schema, name) = (quote_ident(id.part(0)), quote_ident(id.part(1)));
    let mut sql = format!("CREATE OR REPLACE {noun} {schema}.{name}({})", routine.arguments);
    if id.kind() == Kind::Function {
        clause(&mut sql, "\n RETURNS ", routine.result.as_deref());
    }
    let _ = write!(sql, "\n LANGUAGE {}", quote_ident(&routine.language));
    if let Some(types) = &routine.transforms {
        let types: Vec<String> = types.split(", ").map(|name| format!("FOR TYPE {name}")).collect();
        let _ = write!(sql, "\n TRANSFORM {}", types.join(", "));
    }
    if routine.window {
        sql.push_str(" WINDOW");
    }
    if id.kind() == Kind::Function {
        let _ = write!(sql, " {} PARALLEL {}", routine.volatility, routine.parallel);
        if routine.strict {
            sql.push_str(" STRICT");
        }
        if routine.leakproof {
            sql.push_str(" LEAKPROOF");
        }
        let _ = write!(sql, " COST {}", routine.cost);
        if routine.rows != "0" {
            let _ = write!(sql, " ROWS {}", routine.rows);
        }
        clause(&mut sql, " SUPPORT ", routine.support.as_deref().map(|s| s.split('(').next().unwrap_or(s)));
    }
    if routine.security_definer {
        sql.push_str(" SECURITY DEFINER");
    }
    for setting in &routine.settings {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let _ = write!(sql, "\n SET {} TO {}", quote_ident(key), setting_value(key, value));
    }
    if routine.sql_body {
        let _ = write!(sql, "\n{}", routine.body);
        return sql;
    }
    sql.push_str("\nAS ");
    if let Some(library) = &routine.library {
        let _ = write!(sql, "{}, ", quote_literal(library));
    }
    sql.push_str(&dollar_quoted(&routine.body));
    sql
}

/// A body between dollar quotes that it does not contain.
fn dollar_quoted(body: &str) -> String {
    let mut tag = "$$".to_owned();
    let mut count = 0;
    // A body that ends in `$` would complete the tag's first character.
    while body.contains(&tag) || body.ends_with('$') && tag == "$$" {
        tag = if count == 0 { "$body$".to_owned() } else { format!("$body{count}$") };
        count += 1;
    }
    format!("{tag}{body}{tag}")
}

fn policy_sql(id: &ObjectId, policy: &Policy) -> String {
    let mut sql = format!("CREATE POLICY {} ON {}", id.sql_name(), id.owner_sql());
    if !policy.permissive {
        sql.push_str(" AS RESTRICTIVE");
    }
    let roles: Vec<&str> = policy.roles.iter().map(|r| if r == "public" { "PUBLIC" } else { r }).collect();
    let _ = write!(sql, " FOR {} TO {}", policy.command, roles.join(", "));
    if let Some(using) = &policy.using {
        let _ = write!(sql, " USING ({using})");
    }
    if let Some(check) = &policy.check {
        let _ = write!(sql, " WITH CHECK ({check})");
    }
    sql
}

fn create_other(id: &ObjectId, p: &Properties) -> Vec<Step> {
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
fn operator_sql(operator: &str) -> String {
    if operator.contains('.') { format!("OPERATOR({operator})") } else { operator.to_owned() }
}

/// A member of an operator family as ADD takes it: `OPERATOR 1 < (integer, integer)`.
fn member_sql(member: &str) -> String {
    if !member.starts_with("OPERATOR") {
        return member.to_owned();
    }
    match member.split_once('(') {
        Some((head, arguments)) => format!("{head} ({arguments}"),
        None => member.to_owned(),
    }
}

/// `ALTER … OWNER TO …`; `None` for kinds without an owner of their own.
pub(super) fn owner_sql(id: &ObjectId, owner: &str) -> Option<String> {
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
pub(super) fn comment_sql(catalog: &Catalog, id: &ObjectId, comment: Option<&str>) -> Option<String> {
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
