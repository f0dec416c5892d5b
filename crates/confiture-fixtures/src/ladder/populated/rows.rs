//! The rows of tables: as text, or as hashes where there are many.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::db::{DbFailure, Session};
use confiture_core::plugin::RowExample;
use confiture_core::sql::{Quoted, quote_literal};

use super::tables::{Stored, about};

/// A column as rows are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ladder) struct RowColumn {
    /// `attnum`: stays when the column is renamed.
    pub(in crate::ladder) number: i16,
    pub(in crate::ladder) name: String,
    pub(in crate::ladder) data_type: String,
}

/// A table with its rows.
#[derive(Debug, Clone)]
pub(in crate::ladder) struct Table {
    pub(in crate::ladder) stored: Stored,
    /// Generated columns are left out: they follow from the others.
    pub(in crate::ladder) columns: Vec<RowColumn>,
    /// Places of the primary key's columns.
    pub(in crate::ladder) key: Vec<usize>,
    pub(in crate::ladder) rows: Rows,
}

/// One value of a row; those of two states can be compared when both are kept alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::ladder) enum Cell<'a> {
    Null,
    Text(&'a str),
    Hash(i64),
}

impl<'a> Cell<'a> {
    pub(in crate::ladder) fn is_null(self) -> bool {
        self == Self::Null
    }

    /// Whether a point in time is not before `began`.
    pub(in crate::ladder) fn is_since(self, began: &str) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => text >= began,
            Self::Hash(hash) => hash & 1 == 1,
        }
    }

    /// What a message shows; `None` of a hash.
    pub(in crate::ladder) fn shown(self) -> Option<String> {
        match self {
            Self::Null => Some("NULL".to_owned()),
            Self::Text(text) => Some(shortened(text)),
            Self::Hash(_) => None,
        }
    }

    fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Hash(_) => None,
        }
    }
}

/// How rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ladder) enum Form {
    /// One text per value.
    Texts,
    /// 64 bits per value, calculated by the server.
    Hashes,
}

/// Rows, with their values in the order of the columns.
#[derive(Debug, Clone)]
pub(in crate::ladder) enum Rows {
    Texts(Vec<Vec<Option<String>>>),
    Hashes {
        /// Values of one row after the other; [`NO_VALUE`] for NULL.
        cells: Vec<i64>,
        width: usize,
        /// Texts of the keys, and where each ends.
        keys: String,
        ends: Vec<usize>,
        /// Points in time not before this have an odd hash.
        began: String,
    },
}

/// What stands for NULL among hashes.
const NO_VALUE: i64 = i64::MIN;

impl Rows {
    fn new(form: Form, width: usize, began: &str) -> Self {
        match form {
            Form::Texts => Self::Texts(Vec::new()),
            Form::Hashes => Self::Hashes {
                cells: Vec::new(),
                width,
                keys: String::new(),
                ends: Vec::new(),
                began: began.to_owned(),
            },
        }
    }

    pub(in crate::ladder) fn form(&self) -> Form {
        match self {
            Self::Texts(_) => Form::Texts,
            Self::Hashes { .. } => Form::Hashes,
        }
    }

    pub(in crate::ladder) fn len(&self) -> usize {
        match self {
            Self::Texts(rows) => rows.len(),
            Self::Hashes { ends, .. } => ends.len(),
        }
    }

    /// Every row with a text per value; that of its hash where these are kept.
    pub(in crate::ladder) fn into_texts(self) -> Vec<Vec<Option<String>>> {
        match self {
            Self::Texts(rows) => rows,
            Self::Hashes { cells, width, ends, .. } => {
                let text = |hash: &i64| (*hash != NO_VALUE).then(|| hash.to_string());
                let row = |row: usize| cells.iter().skip(row * width).take(width).map(text).collect();
                (0..ends.len()).map(row).collect()
            }
        }
    }

    pub(in crate::ladder) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(in crate::ladder) fn cell(&self, row: usize, at: usize) -> Cell<'_> {
        match self {
            Self::Texts(rows) => {
                rows.get(row).and_then(|row| row.get(at)?.as_deref()).map_or(Cell::Null, Cell::Text)
            }
            Self::Hashes { cells, width, .. } => match cells.get(row * width + at) {
                None | Some(&NO_VALUE) => Cell::Null,
                Some(hash) => Cell::Hash(*hash),
            },
        }
    }

    /// The expression whose text is read as a cell of a column of this type: of the text that `value` gives.
    pub(in crate::ladder) fn cell_sql(&self, value: &str, data_type: &str) -> String {
        let Self::Hashes { began, .. } = self else { return value.to_owned() };
        let hash = format!("pg_catalog.hashtextextended({value} COLLATE \"C\", 0)");
        match data_type.starts_with("timestamp") {
            true => {
                format!("({hash} & ~1::int8) | ({value} COLLATE \"C\" >= {})::int4", quote_literal(began))
            }
            false => hash,
        }
    }

    /// A cell from what the server answered.
    pub(in crate::ladder) fn read<'a>(&self, text: Option<&'a str>) -> Cell<'a> {
        match (self, text) {
            (_, None) => Cell::Null,
            (Self::Texts(_), Some(text)) => Cell::Text(text),
            (Self::Hashes { .. }, Some(text)) => {
                text.parse().map_or(Cell::Null, |hash| Cell::Hash(valued(hash)))
            }
        }
    }
}

/// The hash of a value that is none of NULL.
fn valued(hash: i64) -> i64 {
    if hash == NO_VALUE { NO_VALUE + 2 } else { hash }
}

impl Table {
    pub(in crate::ladder) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    pub(in crate::ladder) fn cell(&self, row: usize, at: usize) -> Cell<'_> {
        self.rows.cell(row, at)
    }

    /// The form a later state has to have to be compared with this; any where there is nothing to compare.
    pub(in crate::ladder) fn form(&self) -> Option<Form> {
        (!self.rows.is_empty()).then(|| self.rows.form())
    }

    /// The row itself as an example.
    pub(in crate::ladder) fn example(&self, row: usize) -> Option<RowExample> {
        Some(RowExample { key: self.key_text(row)?, before: None, after: None })
    }

    /// The row as an example, with a value of before and one of after.
    pub(in crate::ladder) fn example_of(
        &self,
        row: usize,
        before: Cell<'_>,
        after: Cell<'_>,
    ) -> Option<RowExample> {
        let text = |cell: Cell<'_>| cell.text().map(shortened);
        Some(RowExample { key: self.key_text(row)?, before: text(before), after: text(after) })
    }

    /// `id = 7` of a row; the whole row where there is no primary key, unless it is kept as hashes.
    fn key_text(&self, row: usize) -> Option<String> {
        match &self.rows {
            Rows::Texts(rows) => {
                let all: Vec<usize> = (0..self.columns.len()).collect();
                let places = if self.key.is_empty() { &all } else { &self.key };
                let row = rows.get(row)?;
                Some(self.named(places.iter().map(|&at| (at, row.get(at).and_then(Option::as_deref)))))
            }
            Rows::Hashes { keys, ends, .. } => {
                let start = row.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
                let key = keys.get(start..*ends.get(row)?)?;
                (!key.is_empty()).then(|| key.to_owned())
            }
        }
    }

    fn named<'a>(&self, values: impl Iterator<Item = (usize, Option<&'a str>)>) -> String {
        let parts = values.filter_map(|(at, value)| {
            let value = value.map_or_else(|| "NULL".to_owned(), shortened);
            Some(format!("{} = {value}", self.columns.get(at)?.name))
        });
        shortened(&parts.collect::<Vec<_>>().join(", "))
    }

    /// The texts of a row's key as a JSON array.
    pub(in crate::ladder) fn key_sql(&self) -> String {
        let key = self.key.iter().filter_map(|&at| self.columns.get(at));
        let key: Vec<String> = key.map(|column| format!("t.{}::text", Quoted::ident(&column.name))).collect();
        format!("pg_catalog.to_jsonb(ARRAY[{}]::text[])::text", key.join(", "))
    }

    /// What [`read_key`](Self::read_key) reads of a row.
    pub(in crate::ladder) fn key_cells_sql(&self) -> String {
        if self.rows.form() == Form::Texts {
            return self.key_sql();
        }
        let key = self.key.iter().filter_map(|&at| self.columns.get(at)).map(|column| {
            let value = format!("t.{}::text", Quoted::ident(&column.name));
            self.rows.cell_sql(&value, &column.data_type)
        });
        format!("ARRAY[{}]::int8[]::text", key.collect::<Vec<_>>().join(", "))
    }

    /// The key of a row by the places of its columns.
    pub(in crate::ladder) fn key_of(&self, row: usize, places: impl Iterator<Item = usize>) -> Vec<Cell<'_>> {
        places.map(|at| self.cell(row, at)).collect()
    }

    /// The key of a row that [`key_cells_sql`](Self::key_cells_sql) selected.
    pub(in crate::ladder) fn read_key(&self, text: &str) -> Option<OwnedKey> {
        match self.rows.form() {
            Form::Texts => serde_json::from_str(text).ok().map(OwnedKey::Texts),
            Form::Hashes => hashes(text).ok().map(OwnedKey::Hashes),
        }
    }

    /// Every row as `(oid, cells)`, where cells are a JSON array of texts, or an array of hashes followed by
    /// the key.
    fn select(&self, oid: u32) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                let value = format!("t.{}::text", Quoted::ident(&column.name));
                self.rows.cell_sql(&value, &column.data_type)
            })
            .collect();
        let columns = columns.join(", ");
        let cells = match self.rows.form() {
            Form::Texts => format!("pg_catalog.to_jsonb(ARRAY[{columns}]::text[])::text"),
            Form::Hashes => format!("ARRAY[{columns}]::int8[]::text, {}", self.key_sql()),
        };
        // The rows of tables that inherit from it are their own.
        let only = if self.stored.partitioned { "" } else { "ONLY " };
        format!("SELECT {oid}, {cells} FROM {only}{} t", self.stored.id.sql_name())
    }

    fn enter(&mut self, row: &[Option<String>]) -> Result<(), DbFailure> {
        let odd = |error: &dyn std::fmt::Display| DbFailure {
            message: format!("rows came back as something else: {error}"),
            ..DbFailure::default()
        };
        let json = |text: &str| serde_json::from_str::<Vec<Option<String>>>(text).map_err(|e| odd(&e));
        match (&mut self.rows, row) {
            (Rows::Texts(rows), [_, Some(values)]) => rows.push(json(values)?),
            (Rows::Hashes { .. }, [_, Some(hashes), Some(key)]) => {
                let found = self::hashes(hashes).map_err(|e| odd(&e))?;
                let texts = json(key)?;
                let named = self.named(self.key.iter().copied().zip(texts.iter().map(Option::as_deref)));
                if let Rows::Hashes { cells, keys, ends, .. } = &mut self.rows {
                    cells.extend(found);
                    keys.push_str(&named);
                    ends.push(keys.len());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A key as the server told it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ladder) enum OwnedKey {
    Texts(Vec<Option<String>>),
    Hashes(Vec<i64>),
}

impl OwnedKey {
    /// Its cells.
    pub(in crate::ladder) fn cells(&self) -> Vec<Cell<'_>> {
        match self {
            Self::Texts(texts) => {
                texts.iter().map(|text| text.as_deref().map_or(Cell::Null, Cell::Text)).collect()
            }
            Self::Hashes(hashes) => hashes
                .iter()
                .map(|hash| if *hash == NO_VALUE { Cell::Null } else { Cell::Hash(*hash) })
                .collect(),
        }
    }
}

/// The elements of an array of integers.
fn hashes(text: &str) -> Result<Vec<i64>, std::num::ParseIntError> {
    let elements = text.trim_matches(['{', '}']).split(',').filter(|element| !element.is_empty());
    elements
        .map(|element| if element == "NULL" { Ok(NO_VALUE) } else { element.parse().map(valued) })
        .collect()
}

/// A text cut to what a message can carry.
pub(in crate::ladder) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// How to read rows.
#[derive(Debug, Clone, Copy)]
pub(in crate::ladder) struct Reading<'a> {
    /// Tables of more rows are kept as hashes, where nothing else is said.
    pub(in crate::ladder) most_texts: u64,
    /// When rows were first made.
    pub(in crate::ladder) began: &'a str,
}

/// The rows of these tables, in the form that is said or by how many there are. Costs two or three round trips,
/// and one for each table that is kept as hashes.
pub(in crate::ladder) async fn read(
    session: &Session,
    wanted: &BTreeMap<u32, (Stored, Option<Form>)>,
    how: Reading<'_>,
) -> Result<BTreeMap<u32, Table>, DbFailure> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let many = many(session, wanted, how.most_texts).await?;
    const COLUMNS: &str = "\
        SELECT a.attrelid::text, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), \
          array_position(i.indkey::int2[], a.attnum)::text, a.attnum::text \
        FROM pg_catalog.pg_attribute a \
        LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
        WHERE a.attrelid = ANY (current_setting('confiture.rows_of')::oid[]) AND a.attnum > 0 \
          AND NOT a.attisdropped AND a.attgenerated = '' \
        ORDER BY a.attrelid, a.attnum";
    let described = about(session, wanted.keys().copied(), COLUMNS).await?;
    let mut tables: BTreeMap<u32, Table> = BTreeMap::new();
    for (oid, (stored, _)) in wanted {
        let (columns, key) = columns(*oid, &described);
        let form = if many.contains(oid) { Form::Hashes } else { Form::Texts };
        let rows = Rows::new(form, columns.len(), how.began);
        tables.insert(*oid, Table { stored: stored.clone(), columns, key, rows });
    }
    let texts = tables.iter().filter(|(_, table)| table.rows.form() == Form::Texts);
    let together: Vec<String> = texts.map(|(oid, table)| table.select(*oid)).collect();
    let mut queries: Vec<String> = Vec::new();
    if !together.is_empty() {
        queries.push(together.join(" UNION ALL "));
    }
    queries.extend(many.iter().filter_map(|oid| Some(tables.get(oid)?.select(*oid))));
    for query in queries {
        for row in session.query_simple(&query).await?.rows {
            let oid = row.first().and_then(|oid| oid.as_deref()?.parse::<u32>().ok());
            if let Some(table) = oid.and_then(|oid| tables.get_mut(&oid)) {
                table.enter(&row)?;
            }
        }
    }
    Ok(tables)
}

/// The tables whose rows are kept as hashes.
async fn many(
    session: &Session,
    wanted: &BTreeMap<u32, (Stored, Option<Form>)>,
    most_texts: u64,
) -> Result<BTreeSet<u32>, DbFailure> {
    /// Most rows of a page (`MaxHeapTuplesPerPage` of pages of 8 KiB).
    const OF_PAGE: u64 = 291;
    const PAGES: &str = "\
        SELECT c.oid::text, (CASE WHEN c.relkind = 'p' \
            THEN (SELECT sum(pg_catalog.pg_relation_size(p.relid)) FROM pg_catalog.pg_partition_tree(c.oid) p) \
            ELSE pg_catalog.pg_relation_size(c.oid) END / 8192)::int8::text \
        FROM pg_catalog.pg_class c WHERE c.oid = ANY (current_setting('confiture.rows_of')::oid[])";
    let said =
        |of: Option<Form>| wanted.iter().filter(move |(_, (_, form))| *form == of).map(|(oid, _)| *oid);
    let mut many: BTreeSet<u32> = said(Some(Form::Hashes)).collect();
    if said(None).next().is_none() {
        return Ok(many);
    }
    let mut counts = Vec::new();
    for row in about(session, said(None), PAGES).await? {
        let [Some(oid), Some(pages)] = row.as_slice() else { continue };
        let (Ok(oid), Ok(pages)) = (oid.parse::<u32>(), pages.parse::<u64>()) else { continue };
        if let Some((stored, _)) = wanted.get(&oid).filter(|_| pages.saturating_mul(OF_PAGE) > most_texts) {
            let only = if stored.partitioned { "" } else { "ONLY " };
            // No more are looked at than tell.
            counts.push(format!(
                "SELECT {oid}, pg_catalog.count(*) FROM (SELECT FROM {only}{} LIMIT {}) AS head",
                stored.id.sql_name(),
                most_texts.saturating_add(1)
            ));
        }
    }
    if counts.is_empty() {
        return Ok(many);
    }
    for row in session.query_simple(&counts.join(" UNION ALL ")).await?.rows {
        let [Some(oid), Some(count)] = row.as_slice() else { continue };
        if count.parse::<u64>().is_ok_and(|count| count > most_texts) {
            many.extend(oid.parse::<u32>().ok());
        }
    }
    Ok(many)
}

/// The columns of a table, and the places of its key's.
fn columns(oid: u32, described: &[Vec<Option<String>>]) -> (Vec<RowColumn>, Vec<usize>) {
    let (mut columns, mut places) = (Vec::new(), Vec::new());
    let oid = oid.to_string();
    for row in described.iter().filter(|row| row.first().and_then(Option::as_ref) == Some(&oid)) {
        let [_, Some(name), Some(data_type), place, Some(number)] = row.as_slice() else { continue };
        if let Some(place) = place.as_deref().and_then(|place| place.parse::<i64>().ok()) {
            places.push((place, columns.len()));
        }
        let number = number.parse().unwrap_or_default();
        columns.push(RowColumn { number, name: name.clone(), data_type: data_type.clone() });
    }
    places.sort_unstable();
    (columns, places.into_iter().map(|(_, at)| at).collect())
}
