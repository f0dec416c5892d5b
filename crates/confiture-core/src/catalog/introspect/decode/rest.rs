//! The kinds of which a database holds few.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Decoder, Fact, Fields, address, enabled, parse, plain};
use crate::catalog::acl;
use crate::catalog::id::{Kind, ObjectId};
use crate::catalog::introspect::{Address, Unit, class};
use crate::catalog::object::*;
use crate::db::DbFailure;

impl<'a> Decoder<'_, 'a> {
    pub(super) fn database(&mut self, fact: &Fact<'a>) {
        let mut fields = Fields(fact.fields().iter());
        self.addresses.database_owner = fields.string();
        let acl = fields.opt();
        self.connected = fields.text();
        let id = ObjectId::new(Kind::Database, [""; 0]);
        let owner = self.addresses.database_owner.clone();
        self.privileges(Unit::Rest, &id, &owner, acl);
    }

    /// Owner, ACL and JSON properties: the common tail of the kinds few migrations touch.
    pub(super) fn properties(
        &mut self,
        unit: Unit,
        fact: &Fact<'a>,
        id: ObjectId,
        f: &mut Fields<'_, 'a>,
    ) -> Result<(), DbFailure> {
        let (owner, acl) = (f.opt(), f.opt());
        let mut properties: BTreeMap<String, Value> = parse(f.opt().unwrap_or("{}"))?;
        for value in properties.values_mut() {
            if let Value::Array(list) = value {
                list.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            }
        }
        let object = Object {
            owner: owner.and_then(|owner| self.owner(owner)),
            comment: None,
            detail: Detail::Properties(Properties { properties }),
        };
        if let Some(owner) = owner {
            self.privileges(unit, &id, owner, acl);
        }
        self.push_commented(unit, Some(address(fact)), id, object);
        Ok(())
    }

    pub(super) fn rest(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) -> Result<(), DbFailure> {
        let unit = Unit::Rest;
        match fact.kind {
            "schema" => {
                let id = ObjectId::new(Kind::Schema, [f.text()]);
                let (owner, acl, bootstrap) = (f.text(), f.opt(), f.flag());
                // initdb gives `public` to the bootstrap superuser, since 15 to pg_database_owner.
                let built_in = id.name() == "public"
                    && if self.version >= 150_000 { owner == "pg_database_owner" } else { bootstrap };
                let object = Object {
                    owner: if built_in { None } else { self.owner(owner) },
                    comment: None,
                    detail: Detail::Schema(Schema {}),
                };
                self.privileges(unit, &id, owner, acl);
                let mut object = object;
                object.comment = self
                    .comment(address(fact))
                    .filter(|c| id.name() != "public" || c != "standard public schema");
                self.enter(unit, Some(address(fact)), &id);
                self.out.push((unit, id, object));
            }
            "extension" => {
                let id = ObjectId::new(Kind::Extension, [f.text()]);
                let detail = Detail::Extension(Extension { version: f.string(), schema: f.string() });
                let owner = f.text();
                let object = Object { owner: self.owner(owner), comment: None, detail };
                let address = address(fact);
                // The extension's own control file comments on it.
                self.enter(unit, Some(address), &id);
                self.out.push((unit, id, object));
            }
            "role" => self.role(fact, f)?,
            "setting" => {
                let role = f.text();
                let (name, value) = f.text().split_once('=').unwrap_or_default();
                let id = ObjectId::new(Kind::Setting, [role, name]);
                self.push_commented(
                    unit,
                    None,
                    id,
                    plain(Detail::Setting(Setting { value: value.to_owned() })),
                );
            }
            "default-privilege" => {
                let (role, schema, letter, acl) = (f.text(), f.opt(), f.text(), f.text());
                for (id, privilege) in acl::default_privileges(role, schema, letter, acl, self.version) {
                    self.push_commented(unit, None, id, plain(Detail::Privilege(privilege)));
                }
            }
            "event-trigger" => {
                let id = ObjectId::new(Kind::EventTrigger, [f.text()]);
                let owner = f.text();
                let trigger = EventTrigger {
                    event: f.string(),
                    enabled: enabled(f.text()),
                    function: f.string(),
                    tags: f.sorted(),
                };
                let object =
                    Object { owner: self.owner(owner), comment: None, detail: Detail::EventTrigger(trigger) };
                self.push_commented(unit, Some(address(fact)), id, object);
            }
            "publication" => {
                let id = ObjectId::new(Kind::Publication, [f.text()]);
                let owner = f.text();
                let publication = Publication {
                    all_tables: f.flag(),
                    publish: f.string(),
                    via_root: f.flag(),
                    tables: f.json_list()?,
                    schemas: f.json_list()?,
                    generated_columns: f.owned(),
                };
                let object = Object {
                    owner: self.owner(owner),
                    comment: None,
                    detail: Detail::Publication(publication),
                };
                self.push_commented(unit, Some(address(fact)), id, object);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn role(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) -> Result<(), DbFailure> {
        let name = f.text();
        let mut attributes: Vec<String> = Vec::new();
        // The words as CREATE ROLE has them; INHERIT is the default and its absence the news.
        for (word, is_default) in [
            ("SUPERUSER", false),
            ("INHERIT", true),
            ("CREATEROLE", false),
            ("CREATEDB", false),
            ("LOGIN", false),
            ("REPLICATION", false),
            ("BYPASSRLS", false),
        ] {
            if f.flag() != is_default {
                attributes.push(if is_default { format!("NO{word}") } else { word.to_owned() });
            }
        }
        match f.text() {
            "-1" => {}
            limit => attributes.push(format!("CONNECTION LIMIT {limit}")),
        }
        if let Some(until) = f.opt() {
            attributes.push(format!("VALID UNTIL '{until}'"));
        }
        attributes.sort();
        let role = Role { attributes, member_of: f.json_list()?, settings: f.json_list()? };
        let address = Address::new(class::AUTHID, fact.id);
        let id = ObjectId::new(Kind::Role, [name]);
        if name == self.connected {
            return Ok(());
        }
        self.push_commented(Unit::Rest, Some(address), id, plain(Detail::Role(role)));
        Ok(())
    }
}
