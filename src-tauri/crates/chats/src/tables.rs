//! Tables of an app's own database, which change with every version of the app: asked for by name, never taken for granted.
//!
//! A column that is not there reads as nothing. Rows come whole, so that what no reader knows is kept too.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};
use serde_json::{Map, Value};

mod linked;

pub(crate) use linked::Linked;

/// More tables than any app has: WhatsApp has some 310.
const MAX_TABLES: i64 = 4096;

/// The tables of a database.
pub(crate) struct Tables<'a> {
    connection: &'a Connection,
    found: BTreeMap<String, Rc<Table>>,
}

/// A table and its columns.
#[derive(Debug)]
pub(crate) struct Table {
    name: String,
    columns: Vec<String>,
    places: HashMap<String, usize>,
    has_row_ids: bool,
}

impl<'a> Tables<'a> {
    /// Looks at what is there; indexes of words and tables that cannot be described are left out.
    pub(crate) fn look(connection: &'a Connection) -> rusqlite::Result<Self> {
        let mut names = connection.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' LIMIT ?",
        )?;
        let names = names.query_map([MAX_TABLES], |row| row.get::<_, String>(0))?;
        let mut found = BTreeMap::new();
        for name in names.flatten() {
            if let Ok(table) = Table::look(connection, &name) {
                found.insert(name, Rc::new(table));
            }
        }
        Ok(Self { connection, found })
    }

    pub(crate) fn get(&self, name: &str) -> Option<Rc<Table>> {
        self.found.get(name).cloned()
    }

    /// The table is there with all of these columns.
    pub(crate) fn has(&self, name: &str, columns: &[&str]) -> bool {
        self.found.get(name).is_some_and(|table| columns.iter().all(|column| table.has(column)))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rc<Table>> {
        self.found.values()
    }

    pub(crate) fn count(&self, table: &Table) -> u64 {
        let sql = format!("SELECT count(*) FROM {}", table.quoted());
        let count = self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
        count.ok().and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
    }

    /// Every row of a table, or nothing where there is no such table. Ends where the table cannot be read on.
    pub(crate) fn each(&self, name: &str, mut take: impl FnMut(&Row)) -> rusqlite::Result<()> {
        let Some(table) = self.get(name) else { return Ok(()) };
        let sql = format!("SELECT {} FROM {}", table.quoted_columns(), table.quoted());
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(&Row::read(&table, row)?);
        }
        Ok(())
    }

    /// The row id and some columns of every row of a table; columns that are not there read as nothing.
    pub(crate) fn scan(
        &self,
        table: &Table,
        columns: &[&str],
        mut take: impl FnMut(i64, &Row),
    ) -> rusqlite::Result<()> {
        let wanted: Vec<&str> = columns.iter().copied().filter(|column| table.has(column)).collect();
        let part =
            Rc::new(Table::of(&table.name, wanted.iter().map(|column| (*column).to_owned()).collect()));
        let names: Vec<String> = wanted.iter().map(|column| quote(column)).collect();
        let comma = if names.is_empty() { "" } else { ", " };
        let sql = format!("SELECT {}{comma}rowid FROM {}", names.join(", "), table.quoted());
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(row.get(names.len())?, &Row::read(&part, row)?);
        }
        Ok(())
    }

    /// Finds rows of a table by their row id.
    pub(crate) fn fetch(&self, table: &Rc<Table>) -> rusqlite::Result<Fetch<'a>> {
        Fetch::by(self.connection, table, "rowid")
    }
}

impl Table {
    fn look(connection: &Connection, name: &str) -> rusqlite::Result<Self> {
        let quoted = quote(name);
        // Asked for like this because names that are no UTF-8 must be an error; hidden columns are not the table's own.
        let mut names = connection.prepare("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1")?;
        let columns =
            names.query_map([name], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        let has_row_ids = connection.prepare(&format!("SELECT rowid FROM {quoted} LIMIT 0")).is_ok();
        Ok(Self { has_row_ids, ..Self::of(name, columns) })
    }

    fn of(name: &str, columns: Vec<String>) -> Self {
        let places =
            columns.iter().enumerate().map(|(place, name)| (name.to_ascii_lowercase(), place)).collect();
        Self { name: name.to_owned(), columns, places, has_row_ids: true }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self.places.contains_key(column)
    }

    fn quoted(&self) -> String {
        quote(&self.name)
    }

    fn quoted_columns(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| quote(column)).collect();
        names.join(", ")
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Finds rows of one table by one column.
pub(crate) struct Fetch<'a> {
    table: Rc<Table>,
    statement: Statement<'a>,
}

impl<'a> Fetch<'a> {
    fn by(connection: &'a Connection, table: &Rc<Table>, column: &str) -> rusqlite::Result<Self> {
        let (columns, quoted) = (table.quoted_columns(), table.quoted());
        let sql = format!("SELECT {columns} FROM {quoted} WHERE {} = ?", quote_column(column));
        Ok(Self { table: table.clone(), statement: connection.prepare(&sql)? })
    }

    /// The first row.
    pub(crate) fn one(&mut self, key: i64) -> rusqlite::Result<Option<Row>> {
        let mut rows = self.statement.query([key])?;
        match rows.next()? {
            Some(row) => Row::read(&self.table, row).map(Some),
            None => Ok(None),
        }
    }

    /// At most `most` rows.
    fn all(&mut self, key: i64, most: usize, into: &mut Vec<Row>) -> rusqlite::Result<()> {
        let mut rows = self.statement.query([key])?;
        while let Some(row) = rows.next()? {
            if into.len() >= most {
                break;
            }
            into.push(Row::read(&self.table, row)?);
        }
        Ok(())
    }
}

// `rowid` in quotes would be taken for a text where a table has no row ids.
fn quote_column(column: &str) -> String {
    if column == "rowid" { column.to_owned() } else { quote(column) }
}

/// What a row holds in one column.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

/// A whole row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    table: Rc<Table>,
    cells: Vec<Cell>,
}

impl Row {
    fn read(table: &Rc<Table>, row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let mut cells = Vec::with_capacity(table.columns.len());
        for place in 0..table.columns.len() {
            cells.push(match row.get_ref(place)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(number) => Cell::Int(number),
                ValueRef::Real(number) => Cell::Real(number),
                ValueRef::Text(text) => Cell::Text(text.to_vec()),
                ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
            });
        }
        Ok(Self { table: table.clone(), cells })
    }

    pub(crate) fn table(&self) -> &str {
        &self.table.name
    }

    // Callers write names in lower case.
    fn cell(&self, column: &str) -> &Cell {
        self.table.places.get(column).and_then(|place| self.cells.get(*place)).unwrap_or(&Cell::Null)
    }

    /// A whole number, also when it was written as text.
    pub(crate) fn int(&self, column: &str) -> Option<i64> {
        match self.cell(column) {
            Cell::Int(number) => Some(*number),
            Cell::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
            Cell::Null | Cell::Real(_) | Cell::Blob(_) => None,
        }
    }

    /// A number above zero: apps write 0 and -1 for "none".
    pub(crate) fn positive(&self, column: &str) -> Option<u64> {
        self.int(column).and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0)
    }

    pub(crate) fn real(&self, column: &str) -> Option<f64> {
        match self.cell(column) {
            Cell::Real(number) => Some(*number),
            // Exact for every whole number of degrees or seconds an app writes.
            Cell::Int(number) => i32::try_from(*number).ok().map(f64::from),
            Cell::Null | Cell::Text(_) | Cell::Blob(_) => None,
        }
    }

    /// Text that is not empty; bytes that are no UTF-8 are replaced.
    pub(crate) fn text(&self, column: &str) -> Option<String> {
        match self.cell(column) {
            Cell::Text(text) | Cell::Blob(text) => {
                let text = String::from_utf8_lossy(text);
                (!text.is_empty()).then(|| text.into_owned())
            }
            Cell::Int(number) => Some(number.to_string()),
            Cell::Null | Cell::Real(_) => None,
        }
    }

    /// The bytes of a blob or a text.
    pub(crate) fn bytes(&self, column: &str) -> Option<&[u8]> {
        match self.cell(column) {
            Cell::Text(bytes) | Cell::Blob(bytes) => Some(bytes),
            Cell::Null | Cell::Int(_) | Cell::Real(_) => None,
        }
    }

    /// One of these columns holds bytes that are no UTF-8.
    pub(crate) fn has_bad_text(&self, columns: &[&str]) -> bool {
        columns.iter().any(|column| self.bytes(column).is_some_and(|text| std::str::from_utf8(text).is_err()))
    }

    /// Columns with their values as text; those without one, and bytes, are left out.
    pub(crate) fn facts(&self) -> impl Iterator<Item = (&str, String)> {
        let columns = self.table.columns.iter().zip(&self.cells);
        let columns = columns.filter(|(_, cell)| !matches!(cell, Cell::Blob(_)));
        columns.filter_map(|(column, _)| Some((column.as_str(), self.text(column)?)))
    }

    /// All of it but what is NULL; bytes as `{"hex": …}`.
    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        for (column, cell) in self.table.columns.iter().zip(&self.cells) {
            let value = match cell {
                Cell::Null => continue,
                Cell::Int(number) => Value::from(*number),
                Cell::Real(number) => Value::from(*number),
                Cell::Text(text) => match std::str::from_utf8(text) {
                    Ok(text) => Value::from(text),
                    Err(_) => hex(text),
                },
                Cell::Blob(bytes) => hex(bytes),
            };
            object.insert(column.clone(), value);
        }
        Value::Object(object)
    }
}

fn hex(bytes: &[u8]) -> Value {
    serde_json::json!({ "hex": crate::record::hex(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(sql: &str) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }

    #[test]
    fn a_column_that_is_not_there_reads_as_nothing() {
        let connection =
            database("CREATE TABLE t (a INTEGER PRIMARY KEY, B TEXT); INSERT INTO t VALUES (1, 'x')");
        let tables = Tables::look(&connection).unwrap();

        let row = tables.fetch(&tables.get("t").unwrap()).unwrap().one(1).unwrap().unwrap();

        assert_eq!((row.int("a"), row.text("b"), row.text("c")), (Some(1), Some("x".to_owned()), None));
        assert!(tables.has("t", &["a", "b"]) && !tables.has("t", &["a", "c"]) && !tables.has("u", &[]));
    }

    #[test]
    fn every_kind_of_value_is_kept() {
        let connection = database(
            "CREATE TABLE t (i, r, s, x, b, n);
             INSERT INTO t VALUES (-3, 1.5, 'é', CAST(x'61ff' AS TEXT), x'00', NULL)",
        );
        let tables = Tables::look(&connection).unwrap();

        let row = tables.fetch(&tables.get("t").unwrap()).unwrap().one(1).unwrap().unwrap();

        let expected =
            serde_json::json!({"i": -3, "r": 1.5, "s": "é", "x": {"hex": "61ff"}, "b": {"hex": "00"}});
        assert_eq!(row.json(), expected);
        assert!(row.has_bad_text(&["s", "x"]) && !row.has_bad_text(&["s"]));
        assert_eq!(row.text("x").unwrap(), "a\u{fffd}");
    }

    #[test]
    fn a_table_with_a_column_that_has_no_readable_name_is_left_out() {
        let connection = database("CREATE TABLE t (abcdef); CREATE TABLE u (a)");
        connection
            .execute_batch(
                "PRAGMA writable_schema = ON;
                 UPDATE sqlite_schema SET sql = CAST(x'435245415445205441424c4520742028ff66292020' AS TEXT) WHERE name = 't';
                 PRAGMA writable_schema = RESET",
            )
            .unwrap();

        let tables = Tables::look(&connection).unwrap();

        assert!(tables.get("t").is_none() && tables.get("u").is_some());
    }

    #[test]
    fn views_and_indexes_of_words_are_no_tables() {
        let connection = database(
            "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; CREATE VIRTUAL TABLE w USING fts5(x)",
        );

        let tables = Tables::look(&connection).unwrap();

        assert!(tables.get("t").is_some() && tables.get("v").is_none() && tables.get("w").is_none());
    }

    #[test]
    fn a_table_with_a_strange_name_is_only_a_name() {
        let connection = database("CREATE TABLE \"a\"\"; DROP TABLE t; --\" (x); CREATE TABLE t (a)");

        let tables = Tables::look(&connection).unwrap();

        assert_eq!(tables.count(&tables.get("a\"; DROP TABLE t; --").unwrap()), 0);
        assert!(Tables::look(&connection).unwrap().get("t").is_some());
    }
}
