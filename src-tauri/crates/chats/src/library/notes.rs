//! Small notes about this computer, sealed with the library: they are no part of any backup.

use super::error::LibraryError;
use rusqlite::{Connection, OptionalExtension, params};

/// Made with the first note, so that libraries made before there were notes have them too.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT";

/// The bytes under a name, if there are any.
pub(super) fn read(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, LibraryError> {
    let is_there =
        connection.prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'note'")?.exists(params![])?;
    if !is_there {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached("SELECT bytes FROM note WHERE name = ?")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Replaces the bytes under a name.
pub(super) fn write(connection: &Connection, name: &str, bytes: &[u8]) -> Result<(), LibraryError> {
    connection.execute_batch(TABLE)?;
    connection.execute("INSERT OR REPLACE INTO note (name, bytes) VALUES (?, ?)", params![name, bytes])?;
    Ok(())
}
