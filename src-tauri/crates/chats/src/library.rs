//! The chats on this machine: an encrypted database whose truth is one append-only log per conversation.
//!
//! The log of a conversation is a sequence of canonical records (see [`crate::record`]): messages in the order they were
//! first seen, then changed messages as further records. Everything else (positions, days, search, media) is derived from it.

mod error;
mod rows;

pub use error::LibraryError;
pub use rows::*;

use crate::error::ChatError;
use crate::media::MediaStore;
use crate::model::{BlobHash, Conversation, ConversationId, Message, MessageId};
use crate::source::{MediaOpener, Sink};
use coffer_secret::Secret;
use std::io::Write;
use std::marker::PhantomData;
use std::path::Path;

/// The library. Reads go on while one import or restore writes.
pub struct Library {
    _private: (),
}

/// A running import: give it to a reader as its [`Sink`], then call [`ImportRun::finish`].
/// Dropped without `finish`, it keeps what was committed so far and stays consistent.
pub struct ImportRun<'a> {
    _library: PhantomData<&'a Library>,
}

#[expect(
    clippy::unimplemented,
    unused_variables,
    clippy::missing_errors_doc,
    reason = "signatures first; bodies follow within the hour"
)]
impl Library {
    /// Opens the database at `path`, making it when there is none.
    pub fn open(path: &Path, key: &Secret<32>) -> Result<Self, LibraryError> {
        unimplemented!()
    }
    /// A library that lives in memory only: reads a backup in place.
    pub fn open_in_memory() -> Result<Self, LibraryError> {
        unimplemented!()
    }
    /// Begins an import; files of messages go to `media` (their contents are left out when `None`).
    pub fn begin_import<'a>(
        &'a self,
        options: ImportOptions,
        media: Option<&'a MediaStore>,
    ) -> Result<ImportRun<'a>, LibraryError> {
        unimplemented!()
    }
    /// Takes a conversation's log from a backup, segment by segment.
    pub fn merge(
        &self,
        id: ConversationId,
        segments: &mut dyn Iterator<Item = Vec<u8>>,
        options: &MergeOptions,
    ) -> Result<MergeOutcome, LibraryError> {
        unimplemented!()
    }
    /// Removes a conversation and everything derived from it (its media stay until `MediaStore::remove_unreferenced`).
    pub fn remove_conversation(&self, id: ConversationId) -> Result<(), LibraryError> {
        unimplemented!()
    }
    /// All conversations, the one with the latest message first.
    pub fn conversations(&self) -> Result<Vec<ConversationRow>, LibraryError> {
        unimplemented!()
    }
    /// One conversation.
    pub fn conversation(&self, id: ConversationId) -> Result<ConversationRow, LibraryError> {
        unimplemented!()
    }
    /// Messages from `offset` on, in order.
    pub fn messages(
        &self,
        id: ConversationId,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<StoredMessage>, LibraryError> {
        unimplemented!()
    }
    /// Where a message is.
    pub fn position_of(&self, id: ConversationId, message: MessageId) -> Result<Option<u64>, LibraryError> {
        unimplemented!()
    }
    /// Days with messages, in order.
    pub fn days(&self, id: ConversationId) -> Result<Vec<DayRow>, LibraryError> {
        unimplemented!()
    }
    /// Looks for words, newest first.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResult, LibraryError> {
        unimplemented!()
    }
    /// Files of a conversation, newest first.
    pub fn media(
        &self,
        id: ConversationId,
        tab: MediaTab,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<MediaRow>, LibraryError> {
        unimplemented!()
    }
    /// Counts of the whole library.
    pub fn counts(&self) -> Result<LibraryCounts, LibraryError> {
        unimplemented!()
    }
    /// The cuts of a conversation's log.
    pub fn segments(&self, id: ConversationId) -> Result<Vec<SegmentInfo>, LibraryError> {
        unimplemented!()
    }
    /// The bytes of one cut: canonical records, one after the other.
    pub fn segment(&self, id: ConversationId, index: u64) -> Result<Vec<u8>, LibraryError> {
        unimplemented!()
    }
    /// Every different file that messages have and that was taken in.
    pub fn blobs(&self) -> Result<Vec<BlobUse>, LibraryError> {
        unimplemented!()
    }
    /// The different files one conversation's messages have.
    pub fn blobs_of(&self, id: ConversationId) -> Result<Vec<BlobUse>, LibraryError> {
        unimplemented!()
    }
    /// The imports made so far, oldest first.
    pub fn import_runs(&self) -> Result<Vec<ImportRunRow>, LibraryError> {
        unimplemented!()
    }
    /// Remembers a file that was imported and kept in the media store; the same content twice is kept once.
    pub fn add_original(&self, original: &OriginalRow) -> Result<(), LibraryError> {
        unimplemented!()
    }
    /// The imported files that were kept.
    pub fn originals(&self) -> Result<Vec<OriginalRow>, LibraryError> {
        unimplemented!()
    }
    /// Writes a conversation as comparable JSON: one object `{"conversation":…, "messages":[…]}`, the same for the same content.
    pub fn export_json(&self, id: ConversationId, out: &mut dyn Write) -> Result<(), LibraryError> {
        unimplemented!()
    }
    /// Writes a conversation as plain text, one entry per line start.
    pub fn export_text(&self, id: ConversationId, out: &mut dyn Write) -> Result<(), LibraryError> {
        unimplemented!()
    }
}

#[expect(
    clippy::unimplemented,
    clippy::missing_errors_doc,
    reason = "signatures first; bodies follow within the hour"
)]
impl ImportRun<'_> {
    /// Makes everything lasting and says what was done.
    pub fn finish(self) -> Result<ImportOutcome, LibraryError> {
        unimplemented!()
    }
}

#[expect(clippy::unimplemented, unused_variables, reason = "signatures first; bodies follow within the hour")]
impl Sink for ImportRun<'_> {
    fn conversation(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        unimplemented!()
    }
    fn message(&mut self, message: Message, media: &mut dyn MediaOpener) -> Result<(), ChatError> {
        unimplemented!()
    }
    fn conversation_end(&mut self, conversation: &Conversation) -> Result<(), ChatError> {
        unimplemented!()
    }
}

const _: fn(BlobHash) = |_| {};
