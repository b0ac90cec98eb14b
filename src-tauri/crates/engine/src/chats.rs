//! Reading the library: lists, ranges, days, search, media, plain exports.

use crate::Engine;
use crate::error::Error;
use crate::view::{ChatRow, DayCount, MediaItem, MessageRange, SearchPage, SearchQuery};
use std::path::Path;

mod message_view;

/// Form of a plain export.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExportFormat {
    /// Every field, comparable.
    Json,
    /// As people read it.
    Txt,
}

#[expect(missing_docs, clippy::missing_errors_doc, unused_variables, reason = "first minutes only")]
impl Engine {
    pub fn list_chats(&self) -> Result<Vec<ChatRow>, Error> {
        Err(Error::Locked)
    }
    pub fn get_chat(&self, id: &str) -> Result<ChatRow, Error> {
        Err(Error::Locked)
    }
    pub fn read_messages(&self, chat: &str, offset: u64, limit: u32) -> Result<MessageRange, Error> {
        Err(Error::Locked)
    }
    pub fn list_days(&self, chat: &str) -> Result<Vec<DayCount>, Error> {
        Err(Error::Locked)
    }
    pub fn search_chats(&self, query: &SearchQuery) -> Result<SearchPage, Error> {
        Err(Error::Locked)
    }
    /// `tab`: `photos`, `videos`, `voice`, `files`.
    pub fn list_media(
        &self,
        chat: &str,
        tab: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<MediaItem>, Error> {
        Err(Error::Locked)
    }
    pub fn read_media(&self, hash: &str, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        Err(Error::Locked)
    }
    /// The full records of a range, as comparable JSON: what `coffer-cli read` prints.
    pub fn read_records(&self, chat: &str, offset: u64, limit: u32) -> Result<Vec<serde_json::Value>, Error> {
        Err(Error::Locked)
    }
    /// Writes one chat, or all, below `folder`; the files' names come back.
    pub fn export_chats(
        &self,
        chat: Option<&str>,
        format: ExportFormat,
        folder: &Path,
    ) -> Result<Vec<std::path::PathBuf>, Error> {
        Err(Error::Locked)
    }
}
