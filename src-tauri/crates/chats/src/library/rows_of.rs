//! What a record is worth in columns.

use super::error::LibraryError;
use super::words::first_link;
use crate::model::{Attachment, AttachmentKind, AttachmentState, Conversation, Import, Message};
use crate::record::Record;
use rusqlite::{Connection, params};

/// The message says when it was sent.
pub(super) const TIMED: i64 = 1;
/// System entry or call.
pub(super) const SYSTEM: i64 = 2;
/// Earlier records of it are kept.
pub(super) const REVISED: i64 = 4;

/// It has files.
pub(super) const FILED: i64 = 8;

/// The flags a record alone decides.
pub(super) fn flags(message: &Message) -> i64 {
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    flag(message.time.is_some(), TIMED)
        | flag(message.is_system(), SYSTEM)
        | flag(!message.attachments.is_empty(), FILED)
}

/// The message of a record; anything else at a message's place is damage.
pub(super) fn message(record: Record) -> Result<Message, LibraryError> {
    match record {
        Record::Message(message) => Ok(*message),
        Record::Conversation(_) | Record::Import(_) => Err(MISPLACED),
    }
}

/// A conversation record's content.
pub(super) fn conversation(bytes: &[u8]) -> Result<Conversation, LibraryError> {
    match Record::decode(bytes)? {
        Record::Conversation(conversation) => Ok(conversation),
        Record::Message(_) | Record::Import(_) => Err(MISPLACED),
    }
}

/// An import mark's content.
pub(super) fn import(bytes: &[u8]) -> Result<Import, LibraryError> {
    match Record::decode(bytes)? {
        Record::Import(import) => Ok(import),
        Record::Message(_) | Record::Conversation(_) => Err(MISPLACED),
    }
}

const MISPLACED: LibraryError = LibraryError::Damaged { what: "another record stands at this place" };

/// Named, but neither here nor left out on purpose.
pub(super) fn is_missing(attachment: &Attachment) -> bool {
    attachment.blob.is_none()
        && match attachment.state {
            AttachmentState::Missing | AttachmentState::Corrupt | AttachmentState::RemoteOnly => true,
            AttachmentState::Present | AttachmentState::Omitted | AttachmentState::TooLarge => false,
        }
}

/// Tabs of the media grid, as numbers.
pub(super) const PHOTOS: i64 = 0;
/// See [`PHOTOS`].
pub(super) const VIDEOS: i64 = 1;
/// See [`PHOTOS`].
pub(super) const VOICE: i64 = 2;
/// See [`PHOTOS`].
pub(super) const FILES: i64 = 3;
/// See [`PHOTOS`].
pub(super) const LINKS: i64 = 4;

fn tab_of(attachment: &Attachment) -> i64 {
    match attachment.kind {
        AttachmentKind::Photo | AttachmentKind::Sticker => PHOTOS,
        AttachmentKind::Video | AttachmentKind::VideoMessage | AttachmentKind::Gif => VIDEOS,
        AttachmentKind::Voice | AttachmentKind::Audio => VOICE,
        AttachmentKind::File | AttachmentKind::Contact => FILES,
    }
}

/// Lists a message's files and its link.
pub(super) fn add_attachments(
    connection: &Connection,
    conversation: i64,
    key: i64,
    message: &Message,
) -> Result<(), LibraryError> {
    let insert = "INSERT INTO attachment (conversation, tab, key, n, blob, size, mime, is_missing) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    for (n, attachment) in message.attachments.iter().enumerate() {
        connection.prepare_cached(insert)?.execute(params![
            conversation,
            tab_of(attachment),
            key,
            super::log::number(n),
            attachment.blob.map(|blob| blob.0),
            attachment.size.and_then(|size| i64::try_from(size).ok()),
            attachment.mime,
            is_missing(attachment)
        ])?;
    }
    if first_link(message).is_some() {
        let none: Option<i64> = None;
        connection.prepare_cached(insert)?.execute(params![
            conversation,
            LINKS,
            key,
            0,
            none,
            none,
            none,
            false
        ])?;
    }
    Ok(())
}

/// Takes a message's files and link off the lists.
pub(super) fn remove_attachments(
    connection: &Connection,
    conversation: i64,
    key: i64,
) -> Result<(), LibraryError> {
    for tab in [PHOTOS, VIDEOS, VOICE, FILES, LINKS] {
        connection
            .prepare_cached("DELETE FROM attachment WHERE conversation = ? AND tab = ? AND key = ?")?
            .execute([conversation, tab, key])?;
    }
    Ok(())
}
