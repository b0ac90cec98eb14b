//! Writes one conversation at a time: its log, and everything derived from it, in batches of one transaction each.

use super::connection::Connections;
use super::error::LibraryError;
use super::keys::{KeyMaker, is_in_minute};
use super::log::{LogWriter, SegmentCache, Spot};
use super::order;
use super::overlap::file_print;
use super::rows_of;
use super::words;
use crate::model::{Conversation, ConversationId, Import, Message, MessageId};
use crate::record::{Record, encode_conversation, encode_message};
use rusqlite::{Connection, params};
use std::collections::{HashMap, HashSet};
use std::sync::MutexGuard;

mod current;
mod lookup;
pub(super) use current::{Current, DAY_MS};

/// Messages of one transaction; few in tests, so that they cross many.
const BATCH: u64 = if cfg!(test) { 1000 } else { 100_000 };
/// Bytes of search text of one transaction.
const BATCH_TEXT: usize = 32 << 20;

/// A message that is in the library, with where it stands.
pub(super) struct Existing {
    /// Its row.
    pub(super) key: i64,
    /// Its newest record.
    pub(super) message: Message,
    /// Where that record is.
    pub(super) spot: Spot,
}

/// A change of the search index: old text out, new text in.
enum WordsChange {
    Out(String),
    In(String),
}

/// The one who writes; holds the writing connection.
pub(super) struct Writer<'a> {
    connection: MutexGuard<'a, Connection>,
    cache: SegmentCache,
    keys: KeyMaker,
    is_open: bool,
    is_broken: bool,
    in_batch: u64,
    words: Vec<(i64, WordsChange)>,
    text_bytes: usize,
    /// Ids of this batch that are not in `message_id` yet: short to key.
    new_ids: HashMap<i64, i64>,
    current: Option<Current>,
    /// Conversations that began with this run.
    made: HashSet<ConversationId>,
    /// The mark of this run; written before its first record in a conversation.
    mark: Import,
}

impl<'a> Writer<'a> {
    /// Takes the writing connection; what an interrupted run left is put in order first.
    pub(super) fn open(connections: &'a Connections, mark: Import) -> Result<Self, LibraryError> {
        let connection = connections.writer()?;
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        order::repair(&connection)?;
        let keys = KeyMaker::open(&connection)?;
        Ok(Self {
            connection,
            cache: SegmentCache::default(),
            keys,
            is_open: false,
            is_broken: false,
            in_batch: 0,
            words: Vec::new(),
            text_bytes: 0,
            new_ids: HashMap::new(),
            current: None,
            made: HashSet::new(),
            mark,
        })
    }

    /// The writing connection, for reading what this run wrote.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Sets the import that the records appended from now on come from.
    pub(super) fn set_mark(&mut self, mark: Import) {
        self.mark = mark;
    }

    /// Runs a statement inside the open transaction.
    pub(super) fn begin(&mut self) -> Result<(), LibraryError> {
        if self.is_broken {
            return Err(LibraryError::Broken);
        }
        if !self.is_open {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            self.is_open = true;
        }
        Ok(())
    }

    /// Does a step; one that fails leaves nothing half done: the batch is taken back and the run writes nothing more.
    fn step<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, LibraryError>,
    ) -> Result<T, LibraryError> {
        self.begin()?;
        let done = work(self);
        if done.is_err() {
            self.roll_back();
        }
        done
    }

    /// Starts or goes on with a conversation. A new one gets `conversation` as its first record.
    pub(super) fn begin_conversation(&mut self, conversation: &Conversation) -> Result<(), LibraryError> {
        if self.begin_verbatim(conversation)? {
            self.made.insert(conversation.id);
            self.append_conversation(conversation)?;
        }
        Ok(())
    }

    /// The conversation being written.
    pub(super) fn current(&self) -> Result<&Current, LibraryError> {
        self.current.as_ref().ok_or(NO_CONVERSATION)
    }

    /// Starts or goes on with a conversation whose log comes as it is. True when it is new.
    pub(super) fn begin_verbatim(&mut self, conversation: &Conversation) -> Result<bool, LibraryError> {
        self.step(|writer| {
            let found = Current::load(&writer.connection, conversation.id)?;
            let is_new = found.is_none();
            writer.current = Some(match found {
                Some(current) => current,
                None => Current::make(&writer.connection, conversation)?,
            });
            Ok(is_new)
        })
    }

    /// Appends a conversation record and takes over what it says.
    pub(super) fn append_conversation(&mut self, conversation: &Conversation) -> Result<(), LibraryError> {
        self.step(|writer| {
            writer.append_mark()?;
            writer.append_record(&encode_conversation(conversation))?;
            writer.current_mut()?.set_conversation(conversation);
            Ok(())
        })
    }

    /// Appends the bytes of a conversation record or an import mark as they are.
    pub(super) fn append_verbatim(&mut self, record: &Record, bytes: &[u8]) -> Result<(), LibraryError> {
        self.step(|writer| {
            let spot = writer.append_record(bytes)?;
            match record {
                Record::Conversation(conversation) => writer.current_mut()?.set_conversation(conversation),
                Record::Import(import) => writer.note_mark(import, spot)?,
                Record::Message(_) => {}
            }
            Ok(())
        })
    }

    fn append_record(&mut self, bytes: &[u8]) -> Result<Spot, LibraryError> {
        let current = self.current.as_mut().ok_or(NO_CONVERSATION)?;
        current.log_length += 1;
        current.log.append(&self.connection, bytes)
    }

    fn append_mark(&mut self) -> Result<(), LibraryError> {
        let current = self.current()?;
        if current.last_mark.as_ref() == Some(&self.mark) {
            return Ok(());
        }
        let mark = self.mark.clone();
        let spot = self.append_record(&Record::Import(mark.clone()).encode())?;
        self.note_mark(&mark, spot)
    }

    fn note_mark(&mut self, mark: &Import, spot: Spot) -> Result<(), LibraryError> {
        let n = self.current()?.n;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO mark (conversation, segment, start, utc_ms) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![n, spot.segment, spot.start, mark.utc_ms])?;
        self.current_mut()?.last_mark = Some(mark.clone());
        Ok(())
    }

    /// Remembers a message with files by its place among those its sender sent at that time.
    fn add_file_id(&mut self, message: &Message, key: i64) -> Result<(), LibraryError> {
        let is_text = self.current()?.conversation.native_id.is_none();
        let Some(print) = file_print(message).filter(|_| is_text) else { return Ok(()) };
        let n = self.current()?.n;
        for count in 0_u32.. {
            let short = short_of(MessageId::from_fingerprint(&print, count));
            if self.keys_of(n, short)?.is_empty() {
                if let Some(seen) = self.current_mut()?.seen.as_mut() {
                    seen.insert(short);
                }
                self.new_ids.insert(short, key);
                break;
            }
        }
        Ok(())
    }

    /// Adds a message that is not there.
    pub(super) fn add(&mut self, message: &Message) -> Result<(), LibraryError> {
        self.step(|writer| {
            writer.append_mark()?;
            writer.put_new(message, &encode_message(message))
        })
    }

    /// Adds a message whose record bytes are given; marks are the caller's.
    pub(super) fn add_verbatim(&mut self, message: &Message, bytes: &[u8]) -> Result<(), LibraryError> {
        self.step(|writer| writer.put_new(message, bytes))
    }

    fn put_new(&mut self, message: &Message, bytes: &[u8]) -> Result<(), LibraryError> {
        let spot = self.append_record(bytes)?;
        let current = self.current.as_mut().ok_or(NO_CONVERSATION)?;
        let time = message.time.as_ref().map_or(current.tail, |time| time.utc_ms);
        let key = self.keys.make(&self.connection, time)?;
        let sender = current.sender(&self.connection, message)?;
        let position = current.take_position(time, message);
        self.connection
            .prepare_cached(
                "INSERT INTO message (key, conversation, position, time, ordinal, segment, start, sender, flags)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                key,
                current.n,
                position,
                time,
                ordinal_of(message),
                spot.segment,
                spot.start,
                sender,
                rows_of::flags(message)
            ])?;
        let short = short_of(message.id);
        if let Some(seen) = &mut current.seen {
            seen.insert(short);
        }
        self.new_ids.entry(short).or_insert(key);
        current.count(message, 1);
        current.count_day(message, time, 1);
        let (n, text) = (current.n, words::index_text(message, current.n, sender));
        rows_of::add_attachments(&self.connection, n, key, message)?;
        self.note_words(key, WordsChange::In(text));
        self.add_file_id(message, key)?;
        self.end_of_step()
    }

    /// Replaces what is shown of a message; the record before it becomes a revision.
    pub(super) fn update(&mut self, existing: &Existing, message: &Message) -> Result<(), LibraryError> {
        self.update_verbatim_marked(existing, message, &encode_message(message))
    }

    /// [`Writer::update`] with the record's own bytes; marks are the caller's.
    pub(super) fn update_verbatim(
        &mut self,
        existing: &Existing,
        message: &Message,
        bytes: &[u8],
    ) -> Result<(), LibraryError> {
        self.step(|writer| writer.put_changed(existing, message, bytes))
    }

    fn put_changed(
        &mut self,
        existing: &Existing,
        message: &Message,
        bytes: &[u8],
    ) -> Result<(), LibraryError> {
        let spot = self.append_record(bytes)?;
        self.keep_revision(existing.key, existing.spot)?;
        let (old_time, old_sender): (i64, Option<i64>) = self
            .connection
            .prepare_cached("SELECT time, sender FROM message WHERE key = ?")?
            .query_row([existing.key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let time = message.time.as_ref().map_or(old_time, |time| time.utc_ms);
        let key = self.moved(existing.key, short_of(message.id), time)?;
        let current = self.current.as_mut().ok_or(NO_CONVERSATION)?;
        let n = current.n;
        let sender = current.sender(&self.connection, message)?;
        if time != old_time {
            current.is_sorted = false;
        }
        self.connection
            .prepare_cached(
                "UPDATE message SET time = ?, segment = ?, start = ?, sender = ?, flags = ? WHERE key = ?",
            )?
            .execute(params![
                time,
                spot.segment,
                spot.start,
                sender,
                rows_of::flags(message) | rows_of::REVISED,
                key
            ])?;
        current.count(&existing.message, -1);
        current.count(message, 1);
        if time != old_time {
            current.count_day(&existing.message, old_time, -1);
            current.count_day(message, time, 1);
        }
        rows_of::remove_attachments(&self.connection, n, existing.key)?;
        rows_of::add_attachments(&self.connection, n, key, message)?;
        let old_text = words::index_text(&existing.message, n, old_sender);
        self.note_words(existing.key, WordsChange::Out(old_text));
        self.note_words(key, WordsChange::In(words::index_text(message, n, sender)));
        self.end_of_step()
    }

    /// [`Writer::update_verbatim`] after the mark of the import it comes from.
    pub(super) fn update_verbatim_marked(
        &mut self,
        existing: &Existing,
        message: &Message,
        bytes: &[u8],
    ) -> Result<(), LibraryError> {
        self.step(|writer| {
            writer.append_mark()?;
            writer.put_changed(existing, message, bytes)
        })
    }

    /// Keeps a record that is older than what is shown.
    pub(super) fn add_revision(&mut self, existing: &Existing, bytes: &[u8]) -> Result<(), LibraryError> {
        self.step(|writer| {
            writer.append_mark()?;
            writer.put_older(existing, bytes)
        })
    }

    /// [`Writer::add_revision`]; marks are the caller's.
    pub(super) fn revise_verbatim(&mut self, existing: &Existing, bytes: &[u8]) -> Result<(), LibraryError> {
        self.step(|writer| writer.put_older(existing, bytes))
    }

    fn put_older(&mut self, existing: &Existing, bytes: &[u8]) -> Result<(), LibraryError> {
        let spot = self.append_record(bytes)?;
        self.keep_revision(existing.key, spot)?;
        self.connection
            .prepare_cached("UPDATE message SET flags = flags | ? WHERE key = ?")?
            .execute([rows_of::REVISED, existing.key])?;
        self.end_of_step()
    }

    fn keep_revision(&self, key: i64, spot: Spot) -> Result<(), LibraryError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO revision (key, segment, start) VALUES (?, ?, ?)")?
            .execute([key, spot.segment, spot.start])?;
        Ok(())
    }

    /// Gives a message another row key when its time went to another hour.
    fn moved(&mut self, key: i64, short: i64, time: i64) -> Result<i64, LibraryError> {
        if is_in_minute(key, time) {
            return Ok(key);
        }
        let to = self.keys.make(&self.connection, time)?;
        let n = self.current()?.n;
        self.connection.prepare_cached("UPDATE message SET key = ? WHERE key = ?")?.execute([to, key])?;
        self.connection
            .prepare_cached("UPDATE message_id SET key = ? WHERE conversation = ? AND short = ? AND key = ?")?
            .execute([to, n, short, key])?;
        self.connection.prepare_cached("UPDATE revision SET key = ? WHERE key = ?")?.execute([to, key])?;
        if let Some(held) = self.new_ids.get_mut(&short).filter(|held| **held == key) {
            *held = to;
        }
        Ok(to)
    }

    fn note_words(&mut self, key: i64, change: WordsChange) {
        self.text_bytes += match &change {
            WordsChange::Out(text) | WordsChange::In(text) => text.len() + 48,
        };
        self.words.push((key, change));
    }

    fn end_of_step(&mut self) -> Result<(), LibraryError> {
        self.in_batch += 1;
        if self.in_batch >= BATCH || self.text_bytes >= BATCH_TEXT {
            self.commit()?;
            self.begin()?;
        }
        Ok(())
    }

    /// Makes what was written so far lasting.
    pub(super) fn commit(&mut self) -> Result<(), LibraryError> {
        if !self.is_open {
            return Ok(());
        }
        let written = self.write_batch();
        if written.is_err() {
            self.roll_back();
        }
        written
    }

    fn write_batch(&mut self) -> Result<(), LibraryError> {
        self.write_ids()?;
        self.write_words()?;
        if let Some(current) = &mut self.current {
            current.store(&self.connection)?;
        }
        self.connection.execute_batch("COMMIT")?;
        self.is_open = false;
        self.in_batch = 0;
        Ok(())
    }

    // In order of their place in the index, so that each of its pages is written once a batch.
    fn write_ids(&mut self) -> Result<(), LibraryError> {
        let Some(n) = self.current.as_ref().map(|current| current.n) else { return Ok(()) };
        let mut ids: Vec<(i64, i64)> = self.new_ids.drain().collect();
        ids.sort_unstable();
        let mut statement = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO message_id (conversation, short, key) VALUES (?, ?, ?)")?;
        for (short, key) in ids {
            statement.execute([n, short, key])?;
        }
        Ok(())
    }

    // Ascending, because FTS5 writes its pending words out whenever a row id goes back.
    fn write_words(&mut self) -> Result<(), LibraryError> {
        let mut changes = std::mem::take(&mut self.words);
        self.text_bytes = 0;
        changes.sort_by_key(|(key, _)| *key);
        let mut into = self.connection.prepare_cached("INSERT INTO words (rowid, text) VALUES (?, ?)")?;
        let mut out = self
            .connection
            .prepare_cached("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)")?;
        for (key, change) in changes {
            match change {
                WordsChange::In(text) => into.execute(params![key, text])?,
                WordsChange::Out(text) => out.execute(params![key, text])?,
            };
        }
        Ok(())
    }

    /// Ends the conversation: positions in order, names known, everything committed.
    pub(super) fn end_conversation(&mut self) -> Result<(), LibraryError> {
        let Some(n) = self.current.as_ref().map(|current| current.n) else { return Ok(()) };
        self.commit()?;
        self.begin()?;
        let ended = self.put_in_order(n);
        if ended.is_err() {
            self.roll_back();
        }
        self.current = None;
        ended
    }

    fn put_in_order(&mut self, n: i64) -> Result<(), LibraryError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if !current.is_sorted {
            order::renumber(&self.connection, n)?;
            current.is_sorted = true;
        }
        order::sum_up(&self.connection, n, current, |spot| self.cache.record(&self.connection, spot))?;
        current.store(&self.connection)?;
        self.connection.execute_batch("COMMIT")?;
        self.is_open = false;
        Ok(())
    }

    /// Removes a conversation and everything derived from it.
    pub(super) fn remove(&mut self, id: ConversationId) -> Result<(), LibraryError> {
        self.begin()?;
        let removed = super::remove::remove(&self.connection, &self.cache, id);
        if removed.is_err() {
            self.roll_back();
            return removed;
        }
        self.commit()
    }

    /// Takes back what is not committed. What the writer holds in memory is ahead of the file then, so it ends here.
    pub(super) fn roll_back(&mut self) {
        if self.is_open {
            // Fails only where SQLite rolled back by itself.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        (self.is_open, self.is_broken, self.current) = (false, true, None);
        self.cache.clear();
        self.new_ids.clear();
        self.words.clear();
    }

    /// Makes a conversation that is here the current one, for reading; false when it is not here.
    pub(super) fn load(&mut self, id: ConversationId) -> Result<bool, LibraryError> {
        self.current = Current::load(&self.connection, id)?;
        Ok(self.current.is_some())
    }

    /// Ends what [`Writer::load`] began.
    pub(super) fn forget(&mut self) {
        self.current = None;
    }

    /// Moves what the write-ahead log holds into the file, so that it does not stay large.
    pub(super) fn check_point(&self) {
        // Readers may hold it back; the next one catches up.
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    fn current_mut(&mut self) -> Result<&mut Current, LibraryError> {
        self.current.as_mut().ok_or(NO_CONVERSATION)
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.roll_back();
        }
        // What was committed before stays, in order; when even that fails, the next opening does it.
        let _ = order::repair(&self.connection);
    }
}

const NO_CONVERSATION: LibraryError =
    LibraryError::Damaged { what: "a message came before its conversation" };

/// The part of an id the index holds.
pub(super) fn short_of(id: MessageId) -> i64 {
    let mut short = [0_u8; 8];
    short.copy_from_slice(id.0.get(..8).unwrap_or(&[0; 8]));
    i64::from_be_bytes(short)
}

fn ordinal_of(message: &Message) -> i64 {
    i64::try_from(message.ordinal).unwrap_or(i64::MAX)
}

/// Ids of a conversation that are known in memory, so that a new one needs no look-up.
pub(super) type Seen = HashSet<i64>;
