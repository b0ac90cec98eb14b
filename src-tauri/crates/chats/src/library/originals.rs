//! What was imported, and the imported files that were kept.

use super::error::LibraryError;
use super::read::{sql, unsql};
use super::rows::{ImportRunRow, OriginalRow};
use crate::model::BlobHash;
use rusqlite::{Connection, params};

/// The imports, oldest first.
pub(super) fn runs(connection: &Connection) -> Result<Vec<ImportRunRow>, LibraryError> {
    let mut statement = connection
        .prepare_cached("SELECT id, started, source, tool_version, outcome FROM import_run ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        Ok(ImportRunRow {
            id: row.get(0)?,
            started: row.get(1)?,
            source: row.get(2)?,
            tool_version: row.get(3)?,
            outcome: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Remembers an imported file.
pub(super) fn add(connection: &Connection, original: &OriginalRow) -> Result<(), LibraryError> {
    let OriginalRow { hash, name, size, imported, source } = original;
    connection.execute(
        "INSERT OR IGNORE INTO original (hash, name, size, imported, source) VALUES (?, ?, ?, ?, ?)",
        params![hash.0, name, sql(*size), imported, source],
    )?;
    Ok(())
}

/// The imported files that were kept.
pub(super) fn all(connection: &Connection) -> Result<Vec<OriginalRow>, LibraryError> {
    let mut statement = connection
        .prepare_cached("SELECT hash, name, size, imported, source FROM original ORDER BY imported, hash")?;
    let rows = statement.query_map([], |row| {
        Ok(OriginalRow {
            hash: BlobHash(row.get(0)?),
            name: row.get(1)?,
            size: unsql(row.get(2)?),
            imported: row.get(3)?,
            source: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
