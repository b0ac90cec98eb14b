//! What a writer reads of what it wrote, committed or not.

use super::{Existing, NO_CONVERSATION, Writer, short_of};
use crate::library::error::LibraryError;
use crate::library::log::{Spot, unpack};
use crate::library::overlap::file_print;
use crate::library::rows_of;
use crate::model::{ConversationId, Message, MessageId};
use crate::record::Record;
use rusqlite::OptionalExtension;

impl Writer<'_> {
    /// Looks a message up by its id, whatever is committed of it.
    pub(in crate::library) fn find(&self, id: MessageId) -> Result<Option<Existing>, LibraryError> {
        self.find_where(id, |message| message.id == id)
    }

    /// Looks a message with files up by what it is known by when names are left out.
    pub(in crate::library) fn find_file(
        &self,
        id: MessageId,
        print: [u8; 16],
    ) -> Result<Option<Existing>, LibraryError> {
        self.find_where(id, |message| file_print(message) == Some(print))
    }

    fn find_where(
        &self,
        id: MessageId,
        fits: impl Fn(&Message) -> bool,
    ) -> Result<Option<Existing>, LibraryError> {
        let short = short_of(id);
        let current = self.current.as_ref().ok_or(NO_CONVERSATION)?;
        if current.seen.as_ref().is_some_and(|seen| !seen.contains(&short)) {
            return Ok(None);
        }
        for key in self.keys_of(current.n, short)? {
            let (message, spot) = self.read(key)?;
            if fits(&message) {
                return Ok(Some(Existing { key, message, spot }));
            }
        }
        Ok(None)
    }

    pub(super) fn keys_of(&self, n: i64, short: i64) -> Result<Vec<i64>, LibraryError> {
        let mut keys: Vec<i64> = self.new_ids.get(&short).copied().into_iter().collect();
        let mut statement = self
            .connection
            .prepare_cached("SELECT key FROM message_id WHERE conversation = ? AND short = ? ORDER BY key")?;
        let rows = statement.query_map([n, short], |row| row.get(0))?;
        for row in rows {
            keys.push(row?);
        }
        Ok(keys)
    }

    fn read(&self, key: i64) -> Result<(Message, Spot), LibraryError> {
        let spot = self
            .connection
            .prepare_cached("SELECT segment, start FROM message WHERE key = ?")?
            .query_row([key], |row| Ok(Spot { segment: row.get(0)?, start: row.get(1)? }))?;
        Ok((self.record_at(spot)?, spot))
    }

    /// The message whose record is at `spot`.
    pub(in crate::library) fn record_at(&self, spot: Spot) -> Result<Message, LibraryError> {
        let open = self.current.as_ref().and_then(|current| current.log.peek(spot));
        let record = match open {
            Some(bytes) => Record::decode_first(bytes)?.0,
            None => self.cache.record(&self.connection, spot)?,
        };
        rows_of::message(record)
    }

    /// Earlier records of a message, oldest first, with where they are.
    pub(in crate::library) fn revisions(&self, key: i64) -> Result<Vec<(Message, Spot)>, LibraryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT segment, start FROM revision WHERE key = ? ORDER BY segment, start")?;
        let spots =
            statement.query_map([key], |row| Ok(Spot { segment: row.get(0)?, start: row.get(1)? }))?;
        let spots: Vec<Spot> = spots.collect::<Result<_, _>>()?;
        spots.into_iter().map(|spot| Ok((self.record_at(spot)?, spot))).collect()
    }

    /// When the record at `spot` was imported, where the log says.
    pub(in crate::library) fn imported_at(&self, spot: Spot) -> Result<Option<i64>, LibraryError> {
        let n = self.current()?.n;
        Ok(self
            .connection
            .prepare_cached(
                "SELECT utc_ms FROM mark WHERE conversation = ? AND (segment, start) <= (?, ?)
                 ORDER BY segment DESC, start DESC LIMIT 1",
            )?
            .query_row([n, spot.segment, spot.start], |row| row.get(0))
            .optional()?)
    }

    /// Says whether this run made the conversation.
    pub(in crate::library) fn began_here(&self, id: ConversationId) -> bool {
        self.made.contains(&id)
    }

    /// Time of the latest import that is marked in a conversation.
    pub(in crate::library) fn latest_import(&self, id: ConversationId) -> Result<Option<i64>, LibraryError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT max(utc_ms) FROM mark WHERE conversation = (SELECT n FROM conversation WHERE id = ?)",
            )?
            .query_row([id.0], |row| row.get(0))?)
    }

    /// Segments of the current conversation.
    pub(in crate::library) fn segment_count(&self) -> Result<u64, LibraryError> {
        let n = self.current()?.n;
        let count = self
            .connection
            .prepare_cached("SELECT count(*) FROM segment WHERE conversation = ?")?
            .query_row([n], |row| row.get(0))?;
        Ok(crate::library::read::unsql(count))
    }

    /// The bytes of one segment of the current conversation.
    pub(in crate::library) fn segment(&self, place: u64) -> Result<Option<Vec<u8>>, LibraryError> {
        let n = self.current()?.n;
        self.connection
            .prepare_cached("SELECT bytes, length FROM segment WHERE conversation = ? AND place = ?")?
            .query_row([n, crate::library::read::sql(place)], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
            })
            .optional()?
            .map(|(packed, length)| unpack(&packed, length))
            .transpose()
    }

    /// Rows of a conversation's segments, in order.
    pub(in crate::library) fn segment_rows(&self, id: ConversationId) -> Result<Vec<i64>, LibraryError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT s FROM segment WHERE conversation = (SELECT n FROM conversation WHERE id = ?) ORDER BY place",
        )?;
        let rows = statement.query_map([id.0], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The messages of one segment, in order.
    pub(in crate::library) fn messages_of(&self, segment: i64) -> Result<Vec<Message>, LibraryError> {
        let (packed, length) = self
            .connection
            .prepare_cached("SELECT bytes, length FROM segment WHERE s = ?")?
            .query_row([segment], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)))?;
        let mut messages = Vec::new();
        crate::library::merge::each_record(&unpack(&packed, length)?, |record, _| {
            if let Record::Message(message) = record {
                messages.push(*message);
            }
            Ok(())
        })?;
        Ok(messages)
    }
}
