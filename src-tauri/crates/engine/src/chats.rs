//! Reading the library: lists, ranges, days, search, media, plain exports.

use crate::Engine;
use crate::error::Error;
use crate::session::LibraryRoom;
use crate::view::{ChatRow, DayCount, MediaItem, MessageRange, SearchHit, SearchPage, SearchQuery};
use coffer_chats::Library;
use coffer_chats::library::{ConversationRow, Hit, MediaTab, SearchRequest};
use coffer_chats::model::{BlobHash, ConversationId};
use coffer_chats::record::message_json;
use std::path::{Path, PathBuf};

pub(crate) mod export;
mod message_view;

use message_view::{IsHere, People, attachment_view, message_view};

/// Messages a single call gives at most: what a window shows, not what a chat holds.
const RANGE_CEILING: u64 = 2_000;
/// Hits a single call gives at most.
const HITS_CEILING: u32 = 500;
/// Bytes of media a single call gives at most.
const MEDIA_CEILING: u64 = 64 << 20;

/// Form of a plain export.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExportFormat {
    /// Every field, comparable.
    Json,
    /// As people read it.
    Txt,
    /// A table.
    Csv,
    /// A folder of pages with the media beside them.
    Html,
}

impl Engine {
    /// All chats, the one with the latest message first.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn list_chats(&self) -> Result<Vec<ChatRow>, Error> {
        Ok(self.library()?.library.conversations()?.iter().map(chat_row).collect())
    }

    /// One chat.
    ///
    /// # Errors
    /// [`Error::NoSuchChat`], [`Error::Locked`].
    pub fn get_chat(&self, id: &str) -> Result<ChatRow, Error> {
        Ok(chat_row(&self.library()?.library.conversation(chat_id(id)?)?))
    }

    /// Messages from `offset` on; at most 2,000 at once.
    ///
    /// # Errors
    /// [`Error::NoSuchChat`], [`Error::Locked`].
    pub fn read_messages(&self, chat: &str, offset: u64, limit: u32) -> Result<MessageRange, Error> {
        let room = self.library()?;
        range(&room.library, chat_id(chat)?, offset, limit, &|hash| room.media.has(hash))
    }

    /// Days with messages, in order.
    ///
    /// # Errors
    /// [`Error::NoSuchChat`], [`Error::Locked`].
    pub fn list_days(&self, chat: &str) -> Result<Vec<DayCount>, Error> {
        let days = self.library()?.library.days(chat_id(chat)?)?;
        Ok(days
            .into_iter()
            .map(|day| DayCount { day: day.day, position: day.position, count: day.count })
            .collect())
    }

    /// Looks for words in every chat or in one, newest first.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn search_chats(&self, query: &SearchQuery) -> Result<SearchPage, Error> {
        search(&self.library()?.library, query, &self.ports.zone)
    }

    /// One tab of a chat's media: `photos`, `videos`, `voice`, `files`, `links`; newest first.
    ///
    /// # Errors
    /// [`Error::NoSuchChat`], [`Error::Locked`].
    pub fn list_media(
        &self,
        chat: &str,
        tab: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<MediaItem>, Error> {
        let tab = MediaTab::from_word(tab).ok_or_else(|| Error::storage("no such tab of media"))?;
        let limit = u64::from(limit).min(RANGE_CEILING);
        let room = self.library()?;
        let rows = room.library.media(chat_id(chat)?, tab, offset, limit)?;
        Ok(rows
            .into_iter()
            .map(|row| MediaItem {
                position: row.position,
                time: row.time,
                attachment: attachment_view(&row.attachment, &|hash| room.media.has(hash)),
            })
            .collect())
    }

    /// A part of a media file: up to `length` bytes from `offset`, fewer at its end; at most 64 MiB at once.
    ///
    /// # Errors
    /// [`Error::FileMissing`] when it is not here, [`Error::Damaged`] when its bytes are not what was sealed.
    pub fn read_media(&self, hash: &str, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        read_media(self.library()?.as_ref(), hash, offset, length)
    }

    /// The full records of a range, as comparable JSON.
    ///
    /// # Errors
    /// [`Error::NoSuchChat`], [`Error::Locked`].
    pub fn read_records(&self, chat: &str, offset: u64, limit: u32) -> Result<Vec<serde_json::Value>, Error> {
        records(&self.library()?.library, chat_id(chat)?, offset, limit)
    }

    /// Writes one chat, or all, below `folder`, readable by anyone; the files come back, of pages their folder.
    ///
    /// # Errors
    /// [`Error::NoSuchChat`], [`Error::DiskFull`], [`Error::Locked`].
    pub fn export_chats(
        &self,
        chat: Option<&str>,
        format: ExportFormat,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, Error> {
        let room = self.library()?;
        let chosen = match chat {
            Some(id) => vec![room.library.conversation(chat_id(id)?)?],
            None => room.library.conversations()?,
        };
        chosen.iter().map(|row| export::write(&room, row, format, folder)).collect()
    }
}

/// Full records of a run of messages, as comparable JSON.
pub(crate) fn records(
    library: &Library,
    chat: ConversationId,
    offset: u64,
    limit: u32,
) -> Result<Vec<serde_json::Value>, Error> {
    let messages = library.messages(chat, offset, u64::from(limit).min(RANGE_CEILING))?;
    Ok(messages.iter().map(|stored| message_json(&stored.message)).collect())
}

/// Reads an id as the window sends it.
pub(crate) fn chat_id(text: &str) -> Result<ConversationId, Error> {
    ConversationId::from_hex(text).ok_or(Error::NoSuchChat)
}

/// Reads a content hash as the window sends it.
pub(crate) fn blob_hash(text: &str) -> Result<BlobHash, Error> {
    BlobHash::from_hex(text).ok_or(Error::FileMissing)
}

/// A row of the list.
pub(crate) fn chat_row(row: &ConversationRow) -> ChatRow {
    let conversation = &row.conversation;
    ChatRow {
        id: conversation.id.to_hex(),
        title: conversation.title.clone(),
        app: conversation.app.word().to_owned(),
        kind: conversation.kind.word().to_owned(),
        messages: row.messages,
        first: row.first,
        last: row.last,
        last_line: row.last_line.clone(),
        media: row.media,
        people: conversation.participants.iter().map(|person| person.name.clone()).collect(),
        media_missing: row.media_missing,
    }
}

/// Messages of a chat of any library.
pub(crate) fn range(
    library: &Library,
    chat: ConversationId,
    offset: u64,
    limit: u32,
    is_here: IsHere<'_>,
) -> Result<MessageRange, Error> {
    let row = library.conversation(chat)?;
    let people = People::of(&row.conversation);
    let messages = library.messages(chat, offset, u64::from(limit).min(RANGE_CEILING))?;
    Ok(MessageRange {
        offset,
        total: row.messages,
        messages: messages.iter().map(|stored| message_view(stored, &people, is_here)).collect(),
    })
}

/// Hits in any library.
pub(crate) fn search(library: &Library, query: &SearchQuery, zone: &str) -> Result<SearchPage, Error> {
    let request = SearchRequest {
        text: query.text.clone(),
        conversation: query.chat.as_deref().map(chat_id).transpose()?,
        zone: Some(zone.to_owned()),
        limit: query.limit.min(HITS_CEILING),
        offset: query.offset,
    };
    let result = library.search(&request)?;
    Ok(SearchPage { hits: result.hits.into_iter().map(hit_view).collect(), has_more: result.has_more })
}

fn read_media(room: &LibraryRoom, hash: &str, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
    let hash = blob_hash(hash)?;
    if !room.media.has(&hash) && room.media.size(&hash).is_err_and(|error| is_missing(&error)) {
        return Err(Error::FileMissing);
    }
    Ok(room.media.read_range(&hash, offset, length.min(MEDIA_CEILING))?)
}

/// Not here at all, which is told from here but damaged.
pub(crate) fn is_missing(error: &coffer_chats::media::MediaError) -> bool {
    matches!(error, coffer_chats::media::MediaError::Missing(_))
}

fn hit_view(hit: Hit) -> SearchHit {
    SearchHit {
        chat: hit.conversation.to_hex(),
        title: hit.title,
        position: hit.position,
        sender: hit.sender,
        time: hit.time,
        snippet: hit.snippet,
        marks: hit.marks,
    }
}
