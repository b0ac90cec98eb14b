//! Takes a conversation out of the library.

use super::error::LibraryError;
use super::log::{SegmentCache, Spot};
use super::{rows_of, words};
use crate::model::ConversationId;
use rusqlite::{Connection, OptionalExtension, params};

/// Removes a conversation and everything derived from it, inside the caller's transaction. Not there is fine.
pub(super) fn remove(
    connection: &Connection,
    cache: &SegmentCache,
    id: ConversationId,
) -> Result<(), LibraryError> {
    let n: Option<i64> = connection
        .query_row("SELECT n FROM conversation WHERE id = ?", [id.0], |row| row.get(0))
        .optional()?;
    let Some(n) = n else { return Ok(()) };
    remove_words(connection, cache, n)?;
    connection
        .execute("DELETE FROM revision WHERE key IN (SELECT key FROM message WHERE conversation = ? AND flags & 4 = 4)", [n])?;
    for table in ["message", "message_id", "attachment", "sender", "day", "mark", "segment"] {
        connection.execute(&format!("DELETE FROM {table} WHERE conversation = ?"), [n])?;
    }
    connection.execute("DELETE FROM conversation WHERE n = ?", [n])?;
    Ok(())
}

// The index keeps no text, so each message is taken out with the text it was put in with.
fn remove_words(connection: &Connection, cache: &SegmentCache, n: i64) -> Result<(), LibraryError> {
    let mut messages = connection
        .prepare("SELECT key, segment, start, sender FROM message WHERE conversation = ? ORDER BY key")?;
    let mut out =
        connection.prepare_cached("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)")?;
    let mut rows = messages.query([n])?;
    while let Some(row) = rows.next()? {
        let spot = Spot { segment: row.get(1)?, start: row.get(2)? };
        let message = rows_of::message(cache.record(connection, spot)?)?;
        out.execute(params![row.get::<_, i64>(0)?, words::index_text(&message, n, row.get(3)?)])?;
    }
    Ok(())
}
