//! The backup before: what of it can be used again without reading it.

use crate::backup::manifest::{EntryName, LogNote, Manifest};
use crate::backup::newest_first;
use crate::error::Error;
use coffer_archive::{ArchiveError, Entry, Repository, SnapshotReader, Unlocked, WriterId};
use coffer_chats::model::ConversationId;
use std::collections::BTreeMap;

/// Entries of an earlier backup, by name.
#[derive(Default)]
pub(crate) struct Base {
    entries: BTreeMap<Vec<u8>, Entry>,
    manifest: Manifest,
}

impl Base {
    /// This computer's newest backup, else the newest of any computer; empty when there is none that can be read.
    pub(crate) fn newest(repository: &Repository<Unlocked>, writer: WriterId) -> Result<Self, Error> {
        let (snapshots, _) = repository.snapshots()?;
        let snapshots = newest_first(snapshots);
        let own = snapshots.iter().filter(|info| info.writer == writer).max_by_key(|info| info.sequence);
        let Some(info) = own.or(snapshots.first()) else { return Ok(Self::default()) };
        match repository.read(&info.id) {
            Ok(reader) => Ok(Self::of(&reader)),
            Err(ArchiveError::Store(error)) => Err(error.into()),
            // A damaged backup is no base: everything is read again, which also mends what can be mended.
            Err(_) => Ok(Self::default()),
        }
    }

    fn of(reader: &SnapshotReader) -> Self {
        let manifest = read_manifest(reader).unwrap_or_default();
        let entries = reader.entries().iter().map(|entry| (entry.name.clone(), entry.clone())).collect();
        Self { entries, manifest }
    }

    /// The entry of that name.
    pub(crate) fn entry(&self, name: EntryName) -> Option<&Entry> {
        self.entries.get(&name.bytes())
    }

    /// What is noted about a chat's log.
    pub(crate) fn log(&self, chat: ConversationId) -> Option<&LogNote> {
        self.manifest.chats.get(&chat)
    }
}

/// Reads the note of a backup.
///
/// # Errors
/// When there is none, or it cannot be read.
pub(crate) fn read_manifest(reader: &SnapshotReader) -> Result<Manifest, Error> {
    let entry = reader
        .entry(&EntryName::Library.bytes())
        .ok_or_else(|| Error::Damaged { what: "library entry".to_owned() })?;
    let mut bytes = Vec::new();
    reader.read_entry(entry, &mut bytes)?;
    Manifest::decode(&bytes)
}
