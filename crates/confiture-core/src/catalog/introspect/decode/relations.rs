//! Relations and their parts.

use std::collections::HashMap;

use super::{Decoder, Fact, Fields, address, enabled, plain, relation_kind};
use crate::catalog::id::{Kind, ObjectId};
use crate::catalog::introspect::{Address, Unit, class};
use crate::catalog::normal_form;
use crate::catalog::object::*;

impl<'a> Decoder<'_, 'a> {
    pub(super) fn relation_name(&mut self, fact: &Fact<'a>) {
        let mut fields = Fields(fact.fields().iter());
        let kind = relation_kind(fields.text());
        let id = ObjectId::new(kind, [fields.text(), fields.text()]);
        self.enter(Unit::Relation(fact.id), Some(address(fact)), &id);
    }

    pub(super) fn column(
        &mut self,
        fact: &Fact<'a>,
        not_null: &HashMap<(u32, i32), (bool, bool)>,
    ) -> Option<(ObjectId, Object)> {
        let relation = self.relation(fact.unit)?;
        let mut f = Fields(fact.fields().iter());
        let kind = if relation.kind() == Kind::Composite { Kind::Attribute } else { Kind::Column };
        let id = relation.member(kind, f.text());
        let mut column = Column { data_type: f.string(), not_null: f.flag(), ..Column::default() };
        let expression = f.owned();
        match f.opt() {
            Some(letter) => {
                column.generated = expression;
                column.generated_virtual = letter == "v";
            }
            None => column.default = expression,
        }
        column.identity = match f.opt() {
            Some("a") => Some(Identity::Always),
            Some(_) => Some(Identity::ByDefault),
            None => None,
        };
        column.collation = f.owned();
        column.storage = f.opt().map(|letter| {
            let word = match letter {
                "p" => "PLAIN",
                "e" => "EXTERNAL",
                "x" => "EXTENDED",
                _ => "MAIN",
            };
            word.to_owned()
        });
        column.compression = f.opt().map(|letter| if letter == "l" { "lz4" } else { "pglz" }.to_owned());
        column.statistics = f.opt().and_then(|text| text.parse().ok());
        column.options = f.sorted();
        column.server_options = f.sorted();
        column.inherited = f.opt() == Some("false");
        let acl = f.opt();
        if let Some((validated, no_inherit)) = not_null.get(&(fact.unit, fact.sub)) {
            column.not_null_not_valid = !validated;
            column.not_null_no_inherit = *no_inherit;
        }
        if let Some(acl) = acl {
            // The grantor of a column's privileges is the table's owner unless somebody else granted them.
            let owner = acl_owner(acl);
            self.privileges(Unit::Relation(fact.unit), &id, &owner, Some(acl));
        }
        Some((id, plain(Detail::Column(column))))
    }

    pub(super) fn relation_detail(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let Some(id) = self.relation(fact.id) else { return };
        let unit = Unit::Relation(fact.id);
        let (letter, _, _, owner, acl) = (f.text(), f.text(), f.text(), f.text(), f.opt());
        let persistence = if f.text() == "u" { Persistence::Unlogged } else { Persistence::Permanent };
        let access_method = f.owned();
        let partition_by = f.owned();
        let partition_bound = f.owned();
        let parents: Vec<ObjectId> =
            f.list().iter().filter_map(|oid| self.relation(oid.parse().ok()?)).collect();
        let mut options = f.list();
        options.extend(f.list());
        options.sort();
        let (row_security, force_row_security) = (f.flag(), f.flag());
        let replica_identity = match f.text() {
            "f" => Some("FULL".to_owned()),
            "n" if matches!(letter, "r" | "p") => Some("NOTHING".to_owned()),
            "i" => Some("INDEX".to_owned()),
            _ => None,
        };
        let tablespace = f.owned();
        let of_type = f.owned();
        let definition = f.opt().map(|text| normal_form::view_definition(text, self.version));
        let populated = f.flag();
        let server = f.owned();
        let server_options = f.sorted();
        let mut comment_address = address(fact);
        let detail = match id.kind() {
            Kind::View => Detail::View(View { definition: definition.unwrap_or_default(), options }),
            Kind::MaterializedView => Detail::MaterializedView(MaterializedView {
                definition: definition.unwrap_or_default(),
                options,
                populated,
                tablespace,
                access_method,
            }),
            Kind::Composite => {
                // Comments on the type have the type's address, those on attributes the relation's.
                comment_address = Address::new(class::TYPE, f.number());
                self.addresses.ids.insert(comment_address, (unit, id.clone()));
                self.addresses.units.entry(unit).or_default().push((Some(comment_address), id.clone()));
                Detail::Composite(Composite {})
            }
            _ => {
                let is_partition = partition_bound.is_some();
                Detail::Table(Table {
                    persistence,
                    access_method,
                    partition_by,
                    partition_of: if is_partition { parents.first().cloned() } else { None },
                    partition_bound,
                    inherits: if is_partition { Vec::new() } else { parents },
                    options,
                    row_security,
                    force_row_security,
                    replica_identity,
                    tablespace,
                    of_type,
                    server,
                    server_options,
                })
            }
        };
        let object = Object { owner: self.owner(owner), comment: None, detail };
        self.privileges(unit, &id, owner, acl);
        self.push_entered(unit, comment_address, id, object);
    }

    pub(super) fn sequence(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let id = ObjectId::new(Kind::Sequence, [f.text(), f.text()]);
        let (owner, acl) = (f.text(), f.opt());
        let persistence = if f.text() == "u" { Persistence::Unlogged } else { Persistence::Permanent };
        let mut sequence = Sequence {
            persistence,
            data_type: f.string(),
            start: f.number(),
            increment: f.number(),
            minimum: f.number(),
            maximum: f.number(),
            cache: f.number(),
            cycle: f.flag(),
            ..Sequence::default()
        };
        let (table, column, dependency) = (f.number::<u32>(), f.number::<i32>(), f.text());
        let address_of_column = Address { class: class::CLASS, oid: table, sub: column };
        sequence.owned_by = self.id(address_of_column).cloned();
        sequence.identity = dependency == "i";
        let unit = Unit::Relation(fact.id);
        let object = Object { owner: self.owner(owner), comment: None, detail: Detail::Sequence(sequence) };
        self.privileges(unit, &id, owner, acl);
        self.push_commented(unit, Some(address(fact)), id, object);
    }

    pub(super) fn constraint(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let (unit, parent) = match self.relation(fact.unit) {
            Some(id) => (Unit::Relation(fact.unit), id),
            None => match self.id(Address::new(class::TYPE, fact.unit)) {
                Some(id) => (Unit::Type(fact.unit), id.clone()),
                None => return,
            },
        };
        let id = parent.member(Kind::Constraint, f.text());
        let constraint_type = match f.text() {
            "p" => ConstraintType::PrimaryKey,
            "u" => ConstraintType::Unique,
            "x" => ConstraintType::Exclusion,
            "f" => ConstraintType::ForeignKey,
            _ => ConstraintType::Check,
        };
        let definition = normal_form::constraint_definition(f.text()).to_owned();
        let mut columns = self.column_names(fact.unit, f.text());
        if constraint_type == ConstraintType::Check {
            columns.sort(); // conkey follows attribute numbers, which dropping and adding a column changes
        }
        let target = f.number::<u32>();
        let target_columns = f.text();
        let references = self
            .relation(target)
            .map(|table| Reference { table, columns: self.column_names(target, target_columns) });
        let (validated, deferrable, deferred, enforced) = (f.flag(), f.flag(), f.flag(), f.flag());
        let no_inherit = f.flag() && constraint_type == ConstraintType::Check;
        let constraint = Constraint {
            constraint_type,
            definition,
            columns,
            references,
            validated,
            deferrable,
            deferred,
            enforced,
            no_inherit,
            inherited: f.flag(),
            triggers_disabled: f.opt().is_some(),
        };
        self.push_commented(unit, Some(address(fact)), id, plain(Detail::Constraint(constraint)));
    }

    pub(super) fn index(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let Some(table) = self.relation(fact.unit) else { return };
        let id = table.member(Kind::Index, f.text());
        let constraint = f.owned();
        let definition = f.opt().map(normal_form::index_definition);
        let unique = f.flag();
        let numbers = f.text();
        let keys: usize = f.number();
        let columns: Vec<Option<String>> =
            numbers.split_whitespace().map(|number| self.column_name(fact.unit, number)).collect();
        let index = Index {
            constraint,
            definition,
            unique,
            include: columns.iter().skip(keys).flatten().cloned().collect(),
            columns: columns.into_iter().take(keys).collect(),
            valid: f.flag(),
            ready: f.flag(),
            clustered: f.flag(),
            replica_identity: f.flag(),
            attached_to: f.owned(),
            options: f.sorted(),
            tablespace: f.owned(),
            statistics: f.list(),
            expression_or_predicate: f.flag(),
            access_method: f.string(),
        };
        self.push_commented(Unit::Relation(fact.unit), Some(address(fact)), id, plain(Detail::Index(index)));
    }

    pub(super) fn part(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let Some(table) = self.relation(fact.unit) else { return };
        let name = f.text();
        let (kind, detail) = match fact.kind {
            "trigger" => {
                let trigger =
                    Trigger { definition: f.string(), enabled: enabled(f.text()), inherited: f.flag() };
                (Kind::Trigger, Detail::Trigger(trigger))
            }
            "rule" => {
                let definition = f.text().trim().trim_end_matches(';').to_owned();
                (Kind::Rule, Detail::Rule(Rule { definition, enabled: enabled(f.text()) }))
            }
            _ => {
                let command = match f.text() {
                    "r" => "SELECT",
                    "a" => "INSERT",
                    "w" => "UPDATE",
                    "d" => "DELETE",
                    _ => "ALL",
                };
                let policy = Policy {
                    command: command.to_owned(),
                    permissive: f.flag(),
                    roles: f.sorted(),
                    using: f.owned(),
                    check: f.owned(),
                };
                (Kind::Policy, Detail::Policy(policy))
            }
        };
        let id = table.member(kind, name);
        self.push_commented(Unit::Relation(fact.unit), Some(address(fact)), id, plain(detail));
    }

    pub(super) fn statistics(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let id = ObjectId::new(Kind::StatisticsObject, [f.text(), f.text()]);
        let owner = f.text();
        let statistics = StatisticsObject {
            definition: normal_form::statistics_definition(f.text()),
            table: self.relation(fact.unit),
            statistics: f.opt().and_then(|text| text.parse().ok()),
        };
        let object =
            Object { owner: self.owner(owner), comment: None, detail: Detail::StatisticsObject(statistics) };
        self.push_commented(Unit::Relation(fact.unit), Some(address(fact)), id, object);
    }
}

/// Who granted most of a column's privileges: the table's owner, whom the column's row does not name.
fn acl_owner(acl: &str) -> String {
    acl.split('\u{1}')
        .next()
        .and_then(|item| item.rsplit_once('/'))
        .map_or_else(String::new, |(_, grantor)| grantor.trim_matches('"').replace("\"\"", "\""))
}
