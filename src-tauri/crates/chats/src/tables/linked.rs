//! Rows of one table that belong to rows of another, found without an index: backups of apps have none.

use std::rc::Rc;

use super::{Fetch, Row, Table, Tables};

/// Most rows of one table that belong to one entry.
const MOST: usize = 10_000;

/// A table whose rows point to others by a number.
pub(crate) struct Linked<'a> {
    fetch: Fetch<'a>,
    /// What a row points to and its own row id (in tables without row ids the first again), ascending.
    places: Vec<(i64, i64)>,
    has_row_ids: bool,
}

impl<'a> Linked<'a> {
    /// Walks the table once; `None` when it has no row that points anywhere.
    pub(crate) fn by(tables: &Tables<'a>, table: &Rc<Table>, column: &str) -> rusqlite::Result<Option<Self>> {
        let (quoted, has_row_ids) = (super::quote_column(column), table.has_row_ids);
        let id = if has_row_ids { "rowid" } else { &quoted };
        let sql = format!("SELECT {quoted}, {id} FROM {} WHERE typeof({quoted}) = 'integer'", table.quoted());
        let mut statement = tables.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut places: Vec<(i64, i64)> = Vec::new();
        while let Some(row) = rows.next()? {
            places.push((row.get(0)?, row.get(1)?));
        }
        if places.is_empty() {
            return Ok(None);
        }
        places.sort_unstable();
        places.dedup();
        places.shrink_to_fit();
        let fetch = Fetch::by(tables.connection, table, if has_row_ids { "rowid" } else { column })?;
        Ok(Some(Self { fetch, places, has_row_ids }))
    }

    /// The rows that point to `key`, in the order they were written.
    pub(crate) fn of(&mut self, key: i64) -> rusqlite::Result<Vec<Row>> {
        let mut found = Vec::new();
        let from = self.places.partition_point(|(points_to, _)| *points_to < key);
        let places = self.places.get(from..).unwrap_or_default();
        for (_, id) in places.iter().take_while(|(points_to, _)| *points_to == key).take(MOST) {
            if self.has_row_ids {
                found.extend(self.fetch.one(*id)?);
            } else {
                self.fetch.all(*id, MOST, &mut found)?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn rows_are_found_by_what_they_point_to() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE c (m INTEGER, x TEXT); INSERT INTO c VALUES (7, 'b'), (3, 'a'), (7, 'c'), (NULL, 'd');
                 CREATE TABLE w (m INTEGER, x TEXT, PRIMARY KEY (m, x)) WITHOUT ROWID;
                 INSERT INTO w VALUES (7, 'q'), (7, 'p'), (1, 'z');
                 CREATE TABLE e (m INTEGER)",
            )
            .unwrap();
        let tables = Tables::look(&connection).unwrap();
        let of = |name: &str, key: i64| -> Vec<String> {
            let table = tables.get(name).unwrap();
            let rows = Linked::by(&tables, &table, "m").unwrap().unwrap().of(key).unwrap();
            rows.iter().map(|row| row.text("x").unwrap()).collect()
        };

        assert_eq!(of("c", 7), ["b", "c"]);
        assert_eq!(of("c", 8), [""; 0]);
        assert_eq!(of("w", 7), ["p", "q"]);
        assert!(Linked::by(&tables, &tables.get("e").unwrap(), "m").unwrap().is_none());
    }
}
