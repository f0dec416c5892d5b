//! The tables of a database, as scans need them.

use std::collections::BTreeMap;

use confiture_core::catalog::{Kind, ObjectId};
use confiture_core::db::Reader;
use confiture_core::sql::Quoted;

use super::number;
use crate::error::FixtureError;

/// One table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) id: ObjectId,
    pub(super) partitioned: bool,
    /// Whether its rows are also those of a partitioned table.
    pub(super) partition: bool,
    /// Whether row-level security hides rows from the role that reads.
    pub(super) hidden: bool,
    /// Columns of the primary key, in key order.
    pub(super) key: Vec<String>,
}

impl Table {
    /// What FROM takes: a partitioned table with its partitions, any other without those that inherit from
    /// it, whose rows its constraints do not hold for.
    pub(super) fn source(&self) -> String {
        let name = Quoted::qualified([self.id.part(0), self.id.part(1)]);
        if self.partitioned { name.to_string() } else { format!("ONLY {name}") }
    }
}

/// Tables by OID.
#[derive(Debug)]
pub(super) struct Tables {
    all: BTreeMap<u32, Table>,
    chosen: Vec<u32>,
}

const TABLES: &str = "
SELECT c.oid, n.nspname, c.relname, c.relkind = 'p', c.relispartition, row_security_active(c.oid),
  COALESCE((SELECT json_agg(a.attname ORDER BY k.place)::text
    FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place), pg_attribute a
    WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts
      AND a.attrelid = c.oid AND a.attnum = k.number), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
    AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')
ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

impl Tables {
    /// Lists them; `only` chooses some.
    pub(super) async fn read(
        reader: &dyn Reader,
        only: Option<&[(String, String)]>,
    ) -> Result<Self, FixtureError> {
        let rows = reader.read_text(TABLES).await;
        let rows = rows.map_err(|source| FixtureError::Query { doing: "list the tables", source })?;
        let (mut all, mut chosen) = (BTreeMap::new(), Vec::new());
        for row in rows.rows {
            let text = |at: usize| row[at].as_deref().unwrap_or_default();
            let id = ObjectId::new(Kind::Table, [text(1), text(2)]);
            let table = Table {
                id,
                partitioned: text(3) == "t",
                partition: text(4) == "t",
                hidden: text(5) == "t",
                key: serde_json::from_str(text(6)).unwrap_or_default(),
            };
            let wanted = match only {
                Some(only) => only.iter().any(|(schema, name)| schema == text(1) && name == text(2)),
                None => !table.partition,
            };
            let oid = number(&row[0])?;
            if wanted {
                chosen.push(oid);
            }
            all.insert(oid, table);
        }
        let tables = Self { all, chosen };
        for (schema, name) in only.unwrap_or_default() {
            tables.find(schema, name)?;
        }
        Ok(tables)
    }

    /// Those that were chosen, ordered by schema and name; partitions are part of their partitioned table.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Table> {
        self.chosen.iter().filter_map(|oid| self.all.get(oid))
    }

    /// Those whose rows row-level security may hide from the role that reads, chosen or not.
    pub(super) fn hidden(&self) -> impl Iterator<Item = &ObjectId> {
        self.all.values().filter(|table| table.hidden).map(|table| &table.id)
    }

    pub(super) fn get(&self, oid: u32) -> Option<&Table> {
        self.all.get(&oid)
    }

    /// The OIDs of tables whose constraints are judged, as the list of an SQL array: those chosen and, where
    /// all were, partitions, which have constraints of their own.
    pub(super) fn oids(&self, all: bool) -> String {
        let oids: Vec<String> = match all {
            true => self.all.keys().map(u32::to_string).collect(),
            false => self.chosen.iter().map(u32::to_string).collect(),
        };
        format!("'{{{}}}'::oid[]", oids.join(","))
    }

    pub(super) fn find(&self, schema: &str, name: &str) -> Result<&Table, FixtureError> {
        let found = self.all.values().find(|table| table.id.part(0) == schema && table.id.part(1) == name);
        found.ok_or_else(|| FixtureError::NoTable { table: Quoted::qualified([schema, name]).to_string() })
    }
}
