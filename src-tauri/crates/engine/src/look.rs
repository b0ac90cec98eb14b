//! Reading a backup in place: decrypted in memory only, nothing written anywhere.

use crate::Engine;
use crate::backup::base::read_manifest;
use crate::backup::manifest::{EntryName, Manifest, RowNote};
use crate::chats::{self, blob_hash, chat_id};
use crate::damage;
use crate::error::Error;
use crate::progress::lock;
use crate::restore::chunks::{Segments, is_gone};
use crate::view::{ChatRow, MessageRange, SearchPage, SearchQuery};
use coffer_archive::{ArchiveError, Entry, SnapshotReader};
use coffer_chats::Library;
use coffer_chats::library::{ConversationRow, MergeOptions};
use coffer_chats::model::{BlobHash, ConversationId};
use coffer_chats::record::Record;
use coffer_chats::source::Cancel;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Bytes of media a single call gives at most.
const MEDIA_CEILING: u64 = 64 << 20;

/// Backups that are being read: a library in memory, filled chat by chat as they are asked for.
pub(crate) struct Look {
    readers: Vec<SnapshotReader>,
    manifests: Vec<Manifest>,
    library: Library,
    loaded: Mutex<BTreeSet<ConversationId>>,
}

impl Look {
    /// Begins to read these backups; nothing is loaded yet.
    pub(crate) fn new(readers: Vec<SnapshotReader>) -> Result<Self, Error> {
        // A note that cannot be read costs time only: the chats themselves are read then.
        let manifests = readers.iter().map(|reader| read_manifest(reader).unwrap_or_default()).collect();
        Ok(Self { readers, manifests, library: Library::open_in_memory()?, loaded: Mutex::default() })
    }

    /// The chats, the one with the latest message first: from the backups' own notes, so that nothing else is read. What
    /// several computers have of one chat is counted.
    fn rows(&self) -> Result<Vec<ChatRow>, Error> {
        let mut chats: BTreeMap<ConversationId, Vec<(usize, &Entry)>> = BTreeMap::new();
        for (reader, snapshot) in self.readers.iter().enumerate() {
            for entry in snapshot.entries() {
                if let EntryName::Chat(id) = EntryName::parse(&entry.name) {
                    let sources = chats.entry(id).or_default();
                    sources.retain(|(_, other)| other.chunks != entry.chunks);
                    sources.push((reader, entry));
                }
            }
        }
        let mut rows = Vec::with_capacity(chats.len());
        for (id, sources) in chats {
            let noted = match sources.as_slice() {
                [(reader, entry)] => self.noted_row(*reader, id, entry),
                _ => None,
            };
            rows.push(match noted {
                Some(row) => row,
                None => chats::chat_row(&self.load(id)?.conversation(id)?),
            });
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.last));
        Ok(rows)
    }

    fn noted_row(&self, reader: usize, id: ConversationId, entry: &Entry) -> Option<ChatRow> {
        let RowNote { messages, first, last, last_line, media, media_missing } =
            self.manifests.get(reader)?.rows.get(&id)?.clone();
        let Ok(Record::Conversation(conversation)) = Record::decode(&entry.meta) else { return None };
        let row = ConversationRow {
            conversation,
            messages,
            system: 0,
            first,
            last,
            last_line,
            media,
            media_bytes: 0,
            media_missing,
            log_length: 0,
        };
        Some(chats::chat_row(&row))
    }

    fn load_all(&self) -> Result<&Library, Error> {
        let names =
            self.readers.iter().flat_map(SnapshotReader::entries).map(|entry| EntryName::parse(&entry.name));
        let chats: BTreeSet<_> =
            names.filter_map(|name| if let EntryName::Chat(id) = name { Some(id) } else { None }).collect();
        for chat in chats {
            self.load(chat)?;
        }
        Ok(&self.library)
    }

    /// What cannot be read of the chat is left out here; a check or a restore names it.
    fn load(&self, chat: ConversationId) -> Result<&Library, Error> {
        let mut loaded = lock(&self.loaded);
        if loaded.contains(&chat) {
            return Ok(&self.library);
        }
        let name = EntryName::Chat(chat).bytes();
        let mut is_there = false;
        for (reader, entry) in self.readers.iter().filter_map(|reader| Some((reader, reader.entry(&name)?))) {
            is_there = true;
            let cancel = Cancel::default();
            let mut segments = Segments::new(reader, entry, None, &cancel, (0, 0));
            self.library.merge(chat, &mut segments, &MergeOptions::default())?;
            if let Some(error) = segments.fatal {
                return Err(error.into());
            }
        }
        if !is_there {
            return Err(Error::NoSuchChat);
        }
        loaded.insert(chat);
        Ok(&self.library)
    }

    fn file(&self, hash: &BlobHash) -> Option<(&SnapshotReader, &Entry)> {
        let name = EntryName::Media(*hash).bytes();
        self.readers.iter().rev().find_map(|reader| Some((reader, reader.entry(&name)?)))
    }

    fn media(&self, hash: &str, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        let (reader, entry) = self.file(&blob_hash(hash)?).ok_or(Error::FileMissing)?;
        read_range(reader, entry, offset, length.min(MEDIA_CEILING))
    }
}

impl Engine {
    /// The chats of a backup; `backup` none: the newest of each computer together.
    ///
    /// # Errors
    /// [`Error::ExpiredSession`], [`Error::NeedsUnlock`], [`Error::NoSuchBackup`].
    pub fn look_chats(&self, session: &str, backup: Option<&str>) -> Result<Vec<ChatRow>, Error> {
        self.look_of(session, backup)?.rows()
    }

    /// Messages of a chat in a backup.
    ///
    /// # Errors
    /// As [`Engine::look_chats`]; [`Error::NoSuchChat`].
    pub fn look_messages(
        &self,
        session: &str,
        backup: Option<&str>,
        chat: &str,
        offset: u64,
        limit: u32,
    ) -> Result<MessageRange, Error> {
        let chat = chat_id(chat)?;
        let look = self.look_of(session, backup)?;
        chats::range(look.load(chat)?, chat, offset, limit, &|hash| look.file(hash).is_some())
    }

    /// The same messages as full records, as comparable JSON: with the source's own bytes.
    ///
    /// # Errors
    /// As [`Engine::look_messages`].
    pub fn look_records(
        &self,
        session: &str,
        backup: Option<&str>,
        chat: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<serde_json::Value>, Error> {
        let chat = chat_id(chat)?;
        chats::records(self.look_of(session, backup)?.load(chat)?, chat, offset, limit)
    }

    /// Looks for words in a backup.
    ///
    /// # Errors
    /// As [`Engine::look_chats`].
    pub fn look_search(
        &self,
        session: &str,
        backup: Option<&str>,
        query: &SearchQuery,
    ) -> Result<SearchPage, Error> {
        chats::search(self.look_of(session, backup)?.load_all()?, query, &self.ports.zone)
    }

    /// A part of a media file in a backup: up to `length` bytes from `offset`, fewer at its end; at most 64 MiB at once.
    ///
    /// # Errors
    /// As [`Engine::look_chats`]; [`Error::FileMissing`], [`Error::Damaged`].
    pub fn look_media(
        &self,
        session: &str,
        backup: Option<&str>,
        hash: &str,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, Error> {
        self.look_of(session, backup)?.media(hash, offset, length)
    }
}

/// Reads only the chunks that the range touches.
fn read_range(reader: &SnapshotReader, entry: &Entry, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
    let end = offset.saturating_add(length).min(entry.length);
    let mut out = Vec::new();
    let mut start = 0_u64;
    for chunk in &entry.chunks {
        let next = start + u64::from(chunk.length);
        if next > offset && start < end {
            let bytes = reader.read_chunk(chunk).map_err(unreadable)?;
            let from = usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX);
            let to = usize::try_from(end - start).unwrap_or(usize::MAX).min(bytes.len());
            out.extend_from_slice(bytes.get(from..to).unwrap_or_default());
        }
        start = next;
    }
    Ok(out)
}

fn unreadable(error: ArchiveError) -> Error {
    if matches!(&error, ArchiveError::Store(error) if is_gone(error)) {
        Error::from(error)
    } else {
        Error::Damaged { what: damage::blame(&error).0 }
    }
}
