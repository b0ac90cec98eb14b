//! Positions: dense, from 0, by time, then by place in the source.

use super::error::LibraryError;
use super::log::Spot;
use super::rows_of;
use super::write::Current;
use crate::model::{Message, MessageKind};
use crate::record::Record;
use rusqlite::{Connection, OptionalExtension};

/// Characters of the line shown in the list.
const LINE: usize = 120;

/// Puts the positions of one conversation in order, rewriting only those that change.
pub(super) fn renumber(connection: &Connection, n: i64) -> Result<(), LibraryError> {
    let mut moved: Vec<(i64, i64)> = Vec::new();
    {
        let mut statement = connection.prepare_cached(
            "SELECT key, position FROM message WHERE conversation = ? ORDER BY time, ordinal, key",
        )?;
        let mut rows = statement.query([n])?;
        let mut position = 0_i64;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(1)? != position {
                moved.push((row.get(0)?, position));
            }
            position += 1;
        }
    }
    // By key, the order the table is stored in.
    moved.sort_unstable();
    let mut statement = connection.prepare_cached("UPDATE message SET position = ? WHERE key = ?")?;
    for (key, position) in moved {
        statement.execute([position, key])?;
    }
    connection.prepare_cached("UPDATE conversation SET is_sorted = 1 WHERE n = ?")?.execute([n])?;
    Ok(())
}

/// Puts every conversation in order that an interrupted run left otherwise.
pub(super) fn repair(connection: &Connection) -> Result<(), LibraryError> {
    let mut statement = connection.prepare_cached("SELECT n FROM conversation WHERE is_sorted = 0")?;
    let waiting: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for n in waiting {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = renumber(connection, n).and_then(|()| Ok(connection.execute_batch("COMMIT")?));
        if done.is_err() {
            // The error that counts is the first one.
            let _ = connection.execute_batch("ROLLBACK");
        }
        done?;
    }
    Ok(())
}

/// Finds the first and last time and the last line, and puts names on the senders.
pub(super) fn sum_up(
    connection: &Connection,
    n: i64,
    current: &mut Current,
    read: impl Fn(Spot) -> Result<Record, LibraryError>,
) -> Result<(), LibraryError> {
    current.store_names(connection)?;
    let edge = |descending: bool| {
        let sql = if descending {
            "SELECT time FROM message WHERE conversation = ? AND flags & 1 = 1 ORDER BY position DESC LIMIT 1"
        } else {
            "SELECT time FROM message WHERE conversation = ? AND flags & 1 = 1 ORDER BY position LIMIT 1"
        };
        connection.prepare_cached(sql)?.query_row([n], |row| row.get(0)).optional()
    };
    let last = connection
        .prepare_cached(
            "SELECT segment, start FROM message WHERE conversation = ? ORDER BY position DESC LIMIT 1",
        )?
        .query_row([n], |row| Ok(Spot { segment: row.get(0)?, start: row.get(1)? }))
        .optional()?;
    let line = last.map(|spot| read(spot).and_then(rows_of::message)).transpose()?;
    current.span = (edge(false)?, edge(true)?, line.map(|message| one_line(&message)).unwrap_or_default());
    Ok(())
}

/// A message in one line: its text, else the name of what it is about.
pub(super) fn one_line(message: &Message) -> String {
    let named = match &message.kind {
        MessageKind::Poll(poll) => Some(poll.question.as_str()),
        MessageKind::Location(place) => place.name.as_deref(),
        MessageKind::Contact(card) => card.name.as_deref(),
        MessageKind::Text
        | MessageKind::Media
        | MessageKind::Sticker
        | MessageKind::Voice
        | MessageKind::Call(_)
        | MessageKind::System(_)
        | MessageKind::Unsupported(_) => None,
    };
    let file = || message.attachments.first().and_then(|attachment| attachment.name.as_deref());
    let text = if message.text.is_empty() { named.or_else(file).unwrap_or_default() } else { &message.text };
    shorten(text, LINE)
}

/// The first `most` characters on one line.
pub(super) fn shorten(text: &str, most: usize) -> String {
    let line = text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c });
    line.collect::<String>().trim_end().to_owned()
}
