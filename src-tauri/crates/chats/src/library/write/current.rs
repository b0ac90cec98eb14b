//! The conversation being written, with its counts.

use super::{LogWriter, Seen};
use crate::library::error::LibraryError;
use crate::library::rows_of;
use crate::model::{Conversation, ConversationId, Import, Message};
use crate::record::{Record, encode_conversation};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, HashMap};

/// Milliseconds of a day.
pub(in crate::library) const DAY_MS: i64 = 86_400_000;

/// What is held of a conversation while it is written.
pub(in crate::library) struct Current {
    /// Its local number.
    pub(in crate::library) n: i64,
    /// What is known about it.
    pub(in crate::library) conversation: Conversation,
    /// Its log.
    pub(in crate::library) log: LogWriter,
    /// Records in the log.
    pub(in crate::library) log_length: i64,
    /// The import mark that stands last in the log.
    pub(in crate::library) last_mark: Option<Import>,
    /// Ids in it, when it began with this run.
    pub(in crate::library) seen: Option<Seen>,
    /// Time of the last record of the log, for those that say none.
    pub(in crate::library) tail: i64,
    /// Positions follow time.
    pub(in crate::library) is_sorted: bool,
    /// Messages.
    pub(in crate::library) messages: i64,
    /// Time and ordinal of the message that stands last.
    pub(in crate::library) last_place: Option<(i64, u64)>,
    /// Earliest and latest time, and the line shown in the list; found at the end.
    pub(in crate::library) span: (Option<i64>, Option<i64>, String),
    system: i64,
    media: i64,
    media_bytes: i64,
    media_missing: i64,
    days: BTreeMap<i64, i64>,
    senders: HashMap<String, i64>,
    names: HashMap<String, (String, bool)>,
}

impl Current {
    /// Reads a conversation that is there.
    pub(super) fn load(connection: &Connection, id: ConversationId) -> Result<Option<Self>, LibraryError> {
        let found = connection
            .prepare_cached(
                "SELECT n, record, log_length, stamp, tail, is_sorted, messages, system, media, media_bytes, media_missing,
                 first, last, last_line FROM conversation WHERE id = ?",
            )?
            .query_row([id.0], |row| {
                let counts: [i64; 4] = [row.get(7)?, row.get(8)?, row.get(9)?, row.get(10)?];
                let span = (row.get(11)?, row.get(12)?, row.get(13)?);
                let state: (i64, i64, bool, i64) = (row.get(2)?, row.get(4)?, row.get(5)?, row.get(6)?);
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Option<Vec<u8>>>(3)?, state, counts, span))
            })
            .optional()?;
        let Some((n, record, stamp, (log_length, tail, is_sorted, messages), counts, span)) = found else {
            return Ok(None);
        };
        let mut current = Self::empty(n, rows_of::conversation(&record)?, LogWriter::open(connection, n)?);
        current.last_mark = stamp.as_deref().map(rows_of::import).transpose()?;
        (current.log_length, current.tail, current.is_sorted, current.messages) =
            (log_length, tail, is_sorted, messages);
        [current.system, current.media, current.media_bytes, current.media_missing] = counts;
        current.span = span;
        current.last_place = connection
            .prepare_cached("SELECT time, ordinal FROM message WHERE conversation = ? AND position = ?")?
            .query_row([n, messages - 1], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
            .optional()?
            .map(|(time, ordinal)| (time, u64::try_from(ordinal).unwrap_or(0)));
        Ok(Some(current))
    }

    /// Makes a new one.
    pub(super) fn make(connection: &Connection, conversation: &Conversation) -> Result<Self, LibraryError> {
        connection
            .prepare_cached("INSERT INTO conversation (id, is_native, app, title, record, log_length) VALUES (?, ?, ?, ?, ?, 0)")?
            .execute(params![
                conversation.id.0,
                conversation.native_id.is_some(),
                conversation.app.word(),
                conversation.title,
                encode_conversation(conversation)
            ])?;
        let n = connection.last_insert_rowid();
        let mut current = Self::empty(n, conversation.clone(), LogWriter::open(connection, n)?);
        current.seen = Some(Seen::new());
        Ok(current)
    }

    fn empty(n: i64, conversation: Conversation, log: LogWriter) -> Self {
        let mut made = Self {
            n,
            conversation: Conversation::default(),
            log,
            log_length: 0,
            last_mark: None,
            seen: None,
            tail: 0,
            is_sorted: true,
            messages: 0,
            last_place: None,
            span: (None, None, String::new()),
            system: 0,
            media: 0,
            media_bytes: 0,
            media_missing: 0,
            days: BTreeMap::new(),
            senders: HashMap::new(),
            names: HashMap::new(),
        };
        made.set_conversation(&conversation);
        made
    }

    /// Takes over what a newer conversation record says.
    pub(super) fn set_conversation(&mut self, conversation: &Conversation) {
        self.conversation = conversation.clone();
        self.names = conversation
            .participants
            .iter()
            .map(|person| (person.key.clone(), (person.name.clone(), person.is_me)))
            .collect();
    }

    /// The row of a message's sender, made when it is new.
    pub(super) fn sender(
        &mut self,
        connection: &Connection,
        message: &Message,
    ) -> Result<Option<i64>, LibraryError> {
        let Some(key) = &message.sender else { return Ok(None) };
        if let Some(n) = self.senders.get(key) {
            return Ok(Some(*n));
        }
        let (name, is_me) = self.names.get(key).cloned().unwrap_or_else(|| (key.clone(), false));
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO sender (conversation, key, name, is_me) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![self.n, key, name, is_me])?;
        let n = connection
            .prepare_cached("SELECT n FROM sender WHERE conversation = ? AND key = ?")?
            .query_row(params![self.n, key], |row| row.get(0))?;
        self.senders.insert(key.clone(), n);
        Ok(Some(n))
    }

    /// The position of a message that comes after those that are here; says whether that is its place.
    pub(super) fn take_position(&mut self, time: i64, message: &Message) -> i64 {
        let place = (time, message.ordinal);
        if self.last_place.is_some_and(|last| place < last) {
            self.is_sorted = false;
        } else {
            self.last_place = Some(place);
        }
        self.tail = time;
        self.messages += 1;
        self.messages - 1
    }

    /// Counts a message in (`by` = 1) or out (-1).
    pub(super) fn count(&mut self, message: &Message, by: i64) {
        if message.is_system() {
            self.system += by;
        }
        for attachment in &message.attachments {
            if attachment.blob.is_some() {
                self.media += by;
                self.media_bytes += by * i64::try_from(attachment.size.unwrap_or(0)).unwrap_or(0);
            } else if rows_of::is_missing(attachment) {
                self.media_missing += by;
            }
        }
    }

    /// Counts a message into its local day, or out; `time` stands in when it says none.
    pub(super) fn count_day(&mut self, message: &Message, time: i64, by: i64) {
        let local = message.time.as_ref().and_then(|time| time.local_ms).unwrap_or(time);
        *self.days.entry(local.div_euclid(DAY_MS)).or_default() += by;
    }

    /// Writes the row, the open segment and the days; inside the caller's transaction.
    pub(super) fn store(&mut self, connection: &Connection) -> Result<(), LibraryError> {
        self.log.store(connection)?;
        connection
            .prepare_cached(
                "UPDATE conversation SET record = ?, title = ?, app = ?, is_native = ?, log_length = ?, stamp = ?, tail = ?, is_sorted = ?, messages = ?,
                 system = ?, media = ?, media_bytes = ?, media_missing = ?, first = ?, last = ?, last_line = ? WHERE n = ?",
            )?
            .execute(params![
                encode_conversation(&self.conversation),
                self.conversation.title,
                self.conversation.app.word(),
                self.conversation.native_id.is_some(),
                self.log_length,
                self.last_mark.clone().map(|mark| Record::Import(mark).encode()),
                self.tail,
                self.is_sorted,
                self.messages,
                self.system,
                self.media,
                self.media_bytes,
                self.media_missing,
                self.span.0,
                self.span.1,
                self.span.2,
                self.n
            ])?;
        self.store_days(connection)
    }

    fn store_days(&mut self, connection: &Connection) -> Result<(), LibraryError> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO day (conversation, day, count) VALUES (?, ?, ?)
             ON CONFLICT (conversation, day) DO UPDATE SET count = count + excluded.count",
        )?;
        for (day, count) in std::mem::take(&mut self.days) {
            statement.execute([self.n, day, count])?;
        }
        Ok(())
    }

    /// Puts the names known now on the senders.
    pub(in crate::library) fn store_names(&self, connection: &Connection) -> Result<(), LibraryError> {
        let mut statement = connection
            .prepare_cached("UPDATE sender SET name = ?, is_me = ? WHERE conversation = ? AND key = ?")?;
        for (key, (name, is_me)) in &self.names {
            statement.execute(params![name, is_me, self.n, key])?;
        }
        Ok(())
    }
}
