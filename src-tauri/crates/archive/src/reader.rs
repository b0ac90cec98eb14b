//! Reads a backup: every byte authenticated before it is released.

use crate::damage::{Damage, What};
use crate::error::ArchiveError;
use crate::index::Index;
use crate::names;
use crate::place::Place;
use crate::snapshot::{Body, ChunkKind, ChunkRef, Entry, SnapshotInfo};
use crate::tree::{self, ChunkList, StoredEntry};
use coffer_keys::FileKind;
use std::io::Write;
use std::sync::Arc;

/// An opened backup. Damage to one chunk is an error for the entries that need it and for nothing else.
pub struct SnapshotReader {
    chunks: Chunks,
    info: SnapshotInfo,
    entries: Vec<Entry>,
    damaged: Vec<Damage>,
}

/// Reads chunks by their ids.
#[derive(Clone)]
pub(crate) struct Chunks {
    pub(crate) place: Arc<Place>,
    pub(crate) index: Arc<Index>,
}

impl Chunks {
    /// Reads one chunk from the first pack that gives it.
    pub(crate) fn read(&self, chunk: &ChunkRef) -> Result<Vec<u8>, ArchiveError> {
        let mut first = None;
        for (pack, placed) in self.index.find(&chunk.id) {
            let is_that = placed.record.record == chunk.kind.record() && placed.record.length == chunk.length;
            let read =
                if is_that { self.place.read_chunk(&pack, &placed) } else { Err(What::Damaged.into()) };
            match read {
                Ok(content) => return Ok(content),
                Err(fault) => {
                    first.get_or_insert_with(|| fault.at(names::path(FileKind::Pack, &pack)));
                }
            }
        }
        Err(first.unwrap_or(ArchiveError::MissingChunk))
    }
}

impl SnapshotReader {
    /// Reads the tree; what of it is lost is noted, the rest is there.
    pub(crate) fn new(chunks: Chunks, info: SnapshotInfo, body: &Body) -> Result<Self, ArchiveError> {
        let mut reader = Self { chunks, info, entries: Vec::new(), damaged: Vec::new() };
        for item in reader.resolve(&body.tree, None)? {
            let chunk = ChunkRef { kind: ChunkKind::Meta, id: item.0, length: item.1 };
            let read = reader.chunks.read(&chunk).and_then(|content| Ok(tree::decode_entries(&content)?));
            match read {
                Ok(entries) => {
                    for entry in entries {
                        reader.add(entry)?;
                    }
                }
                Err(error) => reader.note(error, None)?,
            }
        }
        let is_ordered = reader.entries.is_sorted_by(|a, b| a.name < b.name);
        if !is_ordered {
            return Err(What::Damaged.into());
        }
        Ok(reader)
    }

    /// What the snapshot says of itself.
    pub fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    /// Every entry, in order of names. When [`Self::damaged`] is not empty, some are missing or not whole
    /// ([`Entry::is_whole`]).
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Files that the list of entries needs and that could not be read.
    pub fn damaged(&self) -> &[Damage] {
        &self.damaged
    }

    /// The entry of that name.
    pub fn entry(&self, name: &[u8]) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.name.as_slice().cmp(name)).ok()?;
        self.entries.get(at)
    }

    /// Reads one chunk.
    ///
    /// # Errors
    /// When the chunk is missing or damaged in every file that has it, or the place fails.
    pub fn read_chunk(&self, chunk: &ChunkRef) -> Result<Vec<u8>, ArchiveError> {
        self.chunks.read(chunk)
    }

    /// Writes an entry's content out, chunk by chunk; what was written before an error is right, but short.
    ///
    /// # Errors
    /// As [`Self::read_chunk`]; [`ArchiveError::MissingChunk`] when the entry is not whole, or
    /// [`ArchiveError::Stream`] when `out` fails.
    pub fn read_entry(&self, entry: &Entry, out: &mut dyn Write) -> Result<(), ArchiveError> {
        if !entry.is_whole() {
            return Err(ArchiveError::MissingChunk);
        }
        entry.chunks.iter().try_for_each(|chunk| {
            let content = self.read_chunk(chunk)?;
            out.write_all(&content).map_err(|error| ArchiveError::Stream { kind: error.kind() })
        })
    }

    fn add(&mut self, entry: StoredEntry) -> Result<(), ArchiveError> {
        let StoredEntry { name, kind, length, chunks, meta } = entry;
        let items = self.resolve(&chunks, Some(&name))?;
        let chunks = items.into_iter().map(|(id, length)| ChunkRef { kind, id, length }).collect();
        self.entries.push(Entry { name, kind, length, chunks, meta });
        Ok(())
    }

    fn resolve(
        &mut self,
        list: &ChunkList,
        affected: Option<&[u8]>,
    ) -> Result<Vec<tree::Item>, ArchiveError> {
        let resolved = list.resolve(&mut |chunk| self.chunks.read(chunk));
        for error in resolved.errors {
            self.note(error, affected)?;
        }
        Ok(resolved.items)
    }

    /// Keeps damage as a fact; an error only when the place itself is gone.
    fn note(&mut self, error: ArchiveError, affected: Option<&[u8]>) -> Result<(), ArchiveError> {
        let (file, what) = crate::damage::of(error, &names::path(FileKind::Snapshot, &self.info.id.0))?;
        let affected = affected.map(<[u8]>::to_vec);
        match self.damaged.iter_mut().find(|damage| damage.file == file) {
            Some(damage) => damage.affected.extend(affected),
            None => {
                let affected = affected.into_iter().collect();
                self.damaged.push(Damage { file, what, affected, is_sole: false });
            }
        }
        Ok(())
    }
}
