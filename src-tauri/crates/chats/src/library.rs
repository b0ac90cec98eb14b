//! The chats on this machine: an encrypted database whose truth is one append-only log per conversation.
//!
//! The log of a conversation is a sequence of canonical records (see [`crate::record`]): messages in the order they were
//! first seen, then changed messages as further records. Everything else (positions, days, search, media) is derived from it.

mod compare;
mod connection;
mod error;
mod export;
mod import;
mod keys;
mod log;
mod merge;
mod notes;
mod order;
mod originals;
mod overlap;
mod read;
mod remove;
mod rows;
mod rows_of;
mod schema;
mod search;
mod words;
mod write;

pub use error::LibraryError;
pub use import::ImportRun;
pub use rows::*;

use crate::media::MediaStore;
use crate::model::{ConversationId, Import, MessageId};
use coffer_secret::Secret;
use connection::Connections;
use read::Reading;
use std::io::Write;
use std::path::Path;
use write::Writer;

/// The library. Reads go on while one import or restore writes; a second writer is refused as busy.
pub struct Library(Connections);

impl Library {
    /// Opens the database at `path`, making it when there is none. Beside it lies a `.check` file that tells a wrong key from
    /// damage.
    ///
    /// # Errors
    /// A wrong key, a damaged or newer file, a folder that cannot be written.
    pub fn open(path: &Path, key: &Secret<32>) -> Result<Self, LibraryError> {
        let connections = Connections::open(path, key)?;
        order::repair(&*connections.writer()?)?;
        Ok(Self(connections))
    }

    /// A library that lives in memory only: reads a backup in place.
    ///
    /// # Errors
    /// When SQLite cannot make it.
    pub fn open_in_memory() -> Result<Self, LibraryError> {
        Ok(Self(Connections::open_in_memory()?))
    }

    /// Begins an import; files of messages go to `media` (they are marked as left out when `None`).
    ///
    /// # Errors
    /// [`LibraryError::Busy`] while another import or restore goes on.
    pub fn begin_import<'a>(
        &'a self,
        options: ImportOptions,
        media: Option<&'a MediaStore>,
    ) -> Result<ImportRun<'a>, LibraryError> {
        ImportRun::begin(Writer::open(&self.0, Import::default())?, options, media)
    }

    /// Takes a conversation's log from a backup, segment by segment. When the iterator ends early, what came is kept.
    ///
    /// # Errors
    /// A record that cannot be read, a full disk; what was committed before stays.
    pub fn merge(
        &self,
        id: ConversationId,
        segments: &mut dyn Iterator<Item = Vec<u8>>,
        options: &MergeOptions,
    ) -> Result<MergeOutcome, LibraryError> {
        merge::merge(&mut Writer::open(&self.0, Import::default())?, id, segments, options)
    }

    /// Removes a conversation and everything derived from it (its media stay until `MediaStore::remove_unreferenced`).
    ///
    /// # Errors
    /// When the database cannot be written; nothing is removed then.
    pub fn remove_conversation(&self, id: ConversationId) -> Result<(), LibraryError> {
        Writer::open(&self.0, Import::default())?.remove(id)
    }

    /// All conversations, the one with the latest message first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn conversations(&self) -> Result<Vec<ConversationRow>, LibraryError> {
        self.reading(|reading| reading.conversations())
    }

    /// One conversation.
    ///
    /// # Errors
    /// When there is no such conversation or the database cannot be read.
    pub fn conversation(&self, id: ConversationId) -> Result<ConversationRow, LibraryError> {
        self.reading(|reading| reading.conversation(reading.number(id)?))
    }

    /// Messages from `offset` on, in order.
    ///
    /// # Errors
    /// When there is no such conversation or the database cannot be read.
    pub fn messages(
        &self,
        id: ConversationId,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<StoredMessage>, LibraryError> {
        self.reading(|reading| reading.messages(reading.number(id)?, offset, limit))
    }

    /// Where a message is.
    ///
    /// # Errors
    /// When there is no such conversation or the database cannot be read.
    pub fn position_of(&self, id: ConversationId, message: MessageId) -> Result<Option<u64>, LibraryError> {
        self.reading(|reading| Ok(reading.find(reading.number(id)?, message)?.map(|found| found.position)))
    }

    /// Days with messages, in order.
    ///
    /// # Errors
    /// When there is no such conversation or the database cannot be read.
    pub fn days(&self, id: ConversationId) -> Result<Vec<DayRow>, LibraryError> {
        self.reading(|reading| reading.days(reading.number(id)?))
    }

    /// Looks for words, newest first.
    ///
    /// # Errors
    /// When the zone is unknown or the database cannot be read.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResult, LibraryError> {
        self.reading(|reading| search::search(reading, request))
    }

    /// Files of a conversation, newest first.
    ///
    /// # Errors
    /// When there is no such conversation or the database cannot be read.
    pub fn media(
        &self,
        id: ConversationId,
        tab: MediaTab,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<MediaRow>, LibraryError> {
        self.reading(|reading| reading.media(reading.number(id)?, tab, offset, limit))
    }

    /// Counts of the whole library.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn counts(&self) -> Result<LibraryCounts, LibraryError> {
        self.reading(|reading| reading.counts())
    }

    /// The cuts of a conversation's log.
    ///
    /// # Errors
    /// When there is no such conversation or the database cannot be read.
    pub fn segments(&self, id: ConversationId) -> Result<Vec<SegmentInfo>, LibraryError> {
        self.reading(|reading| reading.segments(reading.number(id)?))
    }

    /// The bytes of one cut: canonical records, one after the other.
    ///
    /// # Errors
    /// When there is no such conversation or the database cannot be read.
    pub fn segment(&self, id: ConversationId, index: u64) -> Result<Vec<u8>, LibraryError> {
        self.reading(|reading| reading.segment(reading.number(id)?, index))
    }

    /// Every different file that messages have and that was taken in.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn blobs(&self) -> Result<Vec<BlobUse>, LibraryError> {
        self.reading(|reading| reading.blobs(None))
    }

    /// The different files one conversation's messages have.
    ///
    /// # Errors
    /// When there is no such conversation or the database cannot be read.
    pub fn blobs_of(&self, id: ConversationId) -> Result<Vec<BlobUse>, LibraryError> {
        self.reading(|reading| reading.blobs(Some(reading.number(id)?)))
    }

    /// The imports made so far, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn import_runs(&self) -> Result<Vec<ImportRunRow>, LibraryError> {
        self.reading(|reading| originals::runs(reading.connection))
    }

    /// The imported files that were kept.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn originals(&self) -> Result<Vec<OriginalRow>, LibraryError> {
        self.reading(|reading| originals::all(reading.connection))
    }

    /// Writes a conversation as comparable JSON: `{"conversation":…,"messages":[…]}`; the same content gives the same bytes.
    ///
    /// # Errors
    /// When there is no such conversation, or reading or writing fails.
    pub fn export_json(&self, id: ConversationId, out: &mut dyn Write) -> Result<(), LibraryError> {
        self.reading(|reading| export::json(reading, reading.number(id)?, out))
    }

    /// Writes a conversation as plain text.
    ///
    /// # Errors
    /// When there is no such conversation, or reading or writing fails.
    pub fn export_text(&self, id: ConversationId, out: &mut dyn Write) -> Result<(), LibraryError> {
        self.reading(|reading| export::text(reading, reading.number(id)?, out))
    }

    /// Remembers a file that was imported and kept in the media store; the same content twice is kept once.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add_original(&self, original: &OriginalRow) -> Result<(), LibraryError> {
        originals::add(&*self.0.writer()?, original)
    }

    /// What was noted about this computer under a name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, LibraryError> {
        self.reading(|reading| notes::read(reading.connection, name))
    }

    /// Notes something about this computer, in place of what stood under that name; it is in no backup.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn set_note(&self, name: &str, bytes: &[u8]) -> Result<(), LibraryError> {
        notes::write(&*self.0.writer()?, name, bytes)
    }

    fn reading<T>(
        &self,
        read: impl FnOnce(&Reading<'_>) -> Result<T, LibraryError>,
    ) -> Result<T, LibraryError> {
        self.0.read(|connection| read(&Reading { connection, from: &self.0 }))
    }
}

#[cfg(test)]
mod tests;
