//! Reads chats as people see them: lists, runs of messages, days, files, counts.

use super::connection::Connections;
use super::error::LibraryError;
use super::log::{Spot, unpack};
use super::order::shorten;
use super::rows::{
    BlobUse, ConversationRow, DayRow, LibraryCounts, MediaRow, MediaTab, ReplyTarget, SegmentInfo,
    StoredMessage,
};
use super::rows_of;
use super::write::{DAY_MS, short_of};
use crate::model::{Attachment, BlobHash, ConversationId, Message, MessageId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;

/// Characters of a quoted text.
const QUOTE: usize = 200;

const CONVERSATION: &str =
    "SELECT record, messages, system, first, last, last_line, media, media_bytes, media_missing, log_length
     FROM conversation";

/// One read, on one connection, of one state of the library.
pub(super) struct Reading<'a> {
    /// The connection.
    pub(super) connection: &'a Connection,
    /// Where segments are kept open.
    pub(super) from: &'a Connections,
}

/// A row number's conversation.
#[derive(Clone, Copy)]
pub(super) struct Number(pub(super) i64);

impl Reading<'_> {
    /// The local number of a conversation.
    pub(super) fn number(&self, id: ConversationId) -> Result<Number, LibraryError> {
        self.connection
            .prepare_cached("SELECT n FROM conversation WHERE id = ?")?
            .query_row([id.0], |row| row.get(0))
            .optional()?
            .map(Number)
            .ok_or_else(|| LibraryError::NoSuchConversation(id.to_hex()))
    }

    /// All conversations, the one with the latest message first.
    pub(super) fn conversations(&self) -> Result<Vec<ConversationRow>, LibraryError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{CONVERSATION} ORDER BY last DESC, n"))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(conversation_row(row)?);
        }
        Ok(found)
    }

    /// One conversation.
    pub(super) fn conversation(&self, n: Number) -> Result<ConversationRow, LibraryError> {
        let mut statement = self.connection.prepare_cached(&format!("{CONVERSATION} WHERE n = ?"))?;
        let mut rows = statement.query([n.0])?;
        let row = rows.next()?.ok_or(LibraryError::Damaged { what: "a conversation is missing" })?;
        conversation_row(row)
    }

    /// Messages from `offset` on, in order.
    pub(super) fn messages(
        &self,
        n: Number,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<StoredMessage>, LibraryError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, position, segment, start, sender, flags FROM message
             WHERE conversation = ? AND position >= ? AND position < ? ORDER BY position",
        )?;
        let end = sql(offset.saturating_add(limit));
        let mut rows = statement.query([n.0, sql(offset), end])?;
        let mut names = HashMap::new();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(self.stored(n, row, &mut names)?);
        }
        Ok(found)
    }

    fn stored(
        &self,
        n: Number,
        row: &Row<'_>,
        names: &mut HashMap<i64, String>,
    ) -> Result<StoredMessage, LibraryError> {
        let message = self.message(Spot { segment: row.get(2)?, start: row.get(3)? })?;
        let sender: Option<i64> = row.get(4)?;
        let sender_name = match sender {
            Some(sender) => Some(self.sender_name(sender, names)?),
            None => None,
        };
        let is_revised = row.get::<_, i64>(5)? & rows_of::REVISED != 0;
        let revisions = if is_revised { self.revisions(row.get(0)?)? } else { Vec::new() };
        let reply = self.reply(n, &message, names)?;
        Ok(StoredMessage { position: unsql(row.get(1)?), message, sender_name, revisions, reply })
    }

    /// The message whose record is at `spot`.
    pub(super) fn message(&self, spot: Spot) -> Result<Message, LibraryError> {
        rows_of::message(self.from.cache.record(self.connection, spot)?)
    }

    /// The name to show for a sender.
    pub(super) fn sender_name(
        &self,
        sender: i64,
        names: &mut HashMap<i64, String>,
    ) -> Result<String, LibraryError> {
        if let Some(name) = names.get(&sender) {
            return Ok(name.clone());
        }
        let name: String = self
            .connection
            .prepare_cached("SELECT name FROM sender WHERE n = ?")?
            .query_row([sender], |row| row.get(0))?;
        names.insert(sender, name.clone());
        Ok(name)
    }

    fn revisions(&self, key: i64) -> Result<Vec<Message>, LibraryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT segment, start FROM revision WHERE key = ? ORDER BY segment, start")?;
        let spots =
            statement.query_map([key], |row| Ok(Spot { segment: row.get(0)?, start: row.get(1)? }))?;
        spots.map(|spot| self.message(spot?)).collect()
    }

    fn reply(
        &self,
        n: Number,
        message: &Message,
        names: &mut HashMap<i64, String>,
    ) -> Result<Option<ReplyTarget>, LibraryError> {
        let Some(reply) = &message.reply_to else { return Ok(None) };
        let found = match (reply.message, &reply.conversation) {
            (Some(id), None) => self.find(n, id)?,
            _ => None,
        };
        let quoted = |text: &str| shorten(text, QUOTE);
        let named = reply.sender.as_deref().map(|key| self.name_of(n, key)).transpose()?;
        let Some(found) = found else {
            return Ok(Some(ReplyTarget { position: None, sender: named, text: quoted(&reply.text) }));
        };
        let sender = match found.sender {
            Some(sender) => Some(self.sender_name(sender, names)?),
            None => named,
        };
        let text =
            if reply.text.is_empty() { super::order::one_line(&found.message) } else { quoted(&reply.text) };
        Ok(Some(ReplyTarget { position: Some(found.position), sender, text }))
    }

    fn name_of(&self, n: Number, key: &str) -> Result<String, LibraryError> {
        let name = self
            .connection
            .prepare_cached("SELECT name FROM sender WHERE conversation = ? AND key = ?")?
            .query_row(params![n.0, key], |row| row.get(0))
            .optional()?;
        Ok(name.unwrap_or_else(|| key.to_owned()))
    }

    /// Looks a message up by its id.
    pub(super) fn find(&self, n: Number, id: MessageId) -> Result<Option<Found>, LibraryError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT m.position, m.segment, m.start, m.sender FROM message_id i JOIN message m ON m.key = i.key
             WHERE i.conversation = ? AND i.short = ?",
        )?;
        let mut rows = statement.query([n.0, short_of(id)])?;
        while let Some(row) = rows.next()? {
            let message = self.message(Spot { segment: row.get(1)?, start: row.get(2)? })?;
            if message.id == id {
                return Ok(Some(Found { position: unsql(row.get(0)?), sender: row.get(3)?, message }));
            }
        }
        Ok(None)
    }

    /// Days with messages, in order.
    pub(super) fn days(&self, n: Number) -> Result<Vec<DayRow>, LibraryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT day, count FROM day WHERE conversation = ? AND count > 0 ORDER BY day")?;
        let mut rows = statement.query([n.0])?;
        let (mut position, mut days) = (0_u64, Vec::new());
        while let Some(row) = rows.next()? {
            let count = unsql(row.get(1)?);
            days.push(DayRow { day: day_text(row.get(0)?), position, count });
            position += count;
        }
        Ok(days)
    }

    /// Files of a conversation, newest first.
    pub(super) fn media(
        &self,
        n: Number,
        tab: MediaTab,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<MediaRow>, LibraryError> {
        let tab = match tab {
            MediaTab::Photos => rows_of::PHOTOS,
            MediaTab::Videos => rows_of::VIDEOS,
            MediaTab::Voice => rows_of::VOICE,
            MediaTab::Files => rows_of::FILES,
            MediaTab::Links => rows_of::LINKS,
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT a.n, m.position, m.segment, m.start FROM attachment a JOIN message m ON m.key = a.key
             WHERE a.conversation = ? AND a.tab = ? ORDER BY a.key DESC, a.n LIMIT ? OFFSET ?",
        )?;
        let mut rows = statement.query([n.0, tab, sql(limit), sql(offset)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let message = self.message(Spot { segment: row.get(2)?, start: row.get(3)? })?;
            let attachment = if tab == rows_of::LINKS {
                let name = super::words::first_link(&message).map(str::to_owned);
                Some(Attachment { name, ..Attachment::default() })
            } else {
                usize::try_from(row.get::<_, i64>(0)?)
                    .ok()
                    .and_then(|at| message.attachments.get(at).cloned())
            };
            let time = message.time.as_ref().map(|time| time.utc_ms);
            let damaged = LibraryError::Damaged { what: "a listed file is not in its message" };
            found.push(MediaRow {
                position: unsql(row.get(1)?),
                time,
                attachment: attachment.ok_or(damaged)?,
            });
        }
        Ok(found)
    }

    /// Counts of the whole library.
    pub(super) fn counts(&self) -> Result<LibraryCounts, LibraryError> {
        let mut counts = self.connection.query_row(
            "SELECT count(*), coalesce(sum(messages), 0), coalesce(sum(media_missing), 0), coalesce(sum(log_length), 0)
             FROM conversation",
            [],
            |row| {
                Ok(LibraryCounts {
                    conversations: unsql(row.get(0)?),
                    messages: unsql(row.get(1)?),
                    media_missing: unsql(row.get(2)?),
                    log_length: unsql(row.get(3)?),
                    ..LibraryCounts::default()
                })
            },
        )?;
        (counts.media, counts.media_bytes) = self.connection.query_row(
            "SELECT count(*), coalesce(sum(size), 0) FROM
             (SELECT max(size) AS size FROM attachment WHERE blob IS NOT NULL GROUP BY blob)",
            [],
            |row| Ok((unsql(row.get(0)?), unsql(row.get(1)?))),
        )?;
        Ok(counts)
    }

    /// Different files, of one conversation or of all.
    pub(super) fn blobs(&self, n: Option<Number>) -> Result<Vec<BlobUse>, LibraryError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT blob, max(size), max(mime) FROM attachment
             WHERE blob IS NOT NULL AND (?1 IS NULL OR conversation = ?1) GROUP BY blob",
        )?;
        let rows = statement.query_map([n.map(|n| n.0)], |row| {
            let hash = BlobHash(row.get(0)?);
            let size: Option<i64> = row.get(1)?;
            Ok(BlobUse { hash, size: unsql(size.unwrap_or(0)), mime: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The cuts of a log.
    pub(super) fn segments(&self, n: Number) -> Result<Vec<SegmentInfo>, LibraryError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT place, length, records, hash FROM segment WHERE conversation = ? ORDER BY place",
        )?;
        let rows = statement.query_map([n.0], |row| {
            Ok(SegmentInfo {
                index: unsql(row.get(0)?),
                length: unsql(row.get(1)?),
                records: unsql(row.get(2)?),
                hash: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The bytes of one cut.
    pub(super) fn segment(&self, n: Number, index: u64) -> Result<Vec<u8>, LibraryError> {
        let found = self
            .connection
            .prepare_cached("SELECT bytes, length, hash FROM segment WHERE conversation = ? AND place = ?")?
            .query_row([n.0, sql(index)], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?, row.get::<_, [u8; 32]>(2)?))
            })
            .optional()?;
        let missing = LibraryError::Damaged { what: "a segment of the log is missing" };
        let (packed, length, hash) = found.ok_or(missing)?;
        let bytes = unpack(&packed, length)?;
        if blake3::hash(&bytes) != hash {
            return Err(LibraryError::Damaged {
                what: "a segment of the log has other bytes than were written",
            });
        }
        Ok(bytes)
    }
}

/// A message looked up.
pub(super) struct Found {
    /// Where it is.
    pub(super) position: u64,
    sender: Option<i64>,
    message: Message,
}

fn conversation_row(row: &Row<'_>) -> Result<ConversationRow, LibraryError> {
    Ok(ConversationRow {
        conversation: rows_of::conversation(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?,
        messages: unsql(row.get(1)?),
        system: unsql(row.get(2)?),
        first: row.get(3)?,
        last: row.get(4)?,
        last_line: row.get(5)?,
        media: unsql(row.get(6)?),
        media_bytes: unsql(row.get(7)?),
        media_missing: unsql(row.get(8)?),
        log_length: unsql(row.get(9)?),
    })
}

/// Days since 1970-01-01 as a date.
fn day_text(day: i64) -> String {
    let since = jiff::SignedDuration::from_millis(day.saturating_mul(DAY_MS));
    jiff::civil::date(1970, 1, 1)
        .to_datetime(jiff::civil::Time::midnight())
        .checked_add(since)
        .map_or_else(|_| String::new(), |time| time.date().to_string())
}

/// A count as SQLite holds it.
pub(super) fn sql(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as we hold it; never negative in the tables.
pub(super) fn unsql(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
