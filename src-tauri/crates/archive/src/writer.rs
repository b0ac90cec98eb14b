//! Makes a backup: chunks first, the index next, the snapshot last.

use crate::error::ArchiveError;
use crate::snapshot::{ChunkKind, ChunkRef, Counts, Entry, SnapshotInfo};
use std::io::Read;

/// A backup being made. Dropped without `commit`, it leaves packs that the next one adopts.
pub struct SnapshotWriter {}

impl SnapshotWriter {
    /// Stores a chunk, unless the place already has it.
    ///
    /// # Errors
    /// When the place fails; nothing is committed then.
    pub fn put_chunk(&mut self, _kind: ChunkKind, _content: &[u8]) -> Result<ChunkRef, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// Cuts a stream into chunks of its kind and stores them; the refs and the length come back.
    ///
    /// # Errors
    /// As [`Self::put_chunk`], or when the stream fails.
    pub fn put_stream(
        &mut self,
        _kind: ChunkKind,
        _content: &mut dyn Read,
    ) -> Result<(Vec<ChunkRef>, u64), ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// Says whether the place has the chunk, so that it need not be read again.
    pub fn has_chunk(&self, _chunk: &ChunkRef) -> bool {
        false
    }

    /// Adds an entry whose chunks are stored.
    ///
    /// # Errors
    /// [`ArchiveError::UnknownChunk`], [`ArchiveError::TooLarge`].
    pub fn add_entry(&mut self, _entry: Entry) -> Result<(), ArchiveError> {
        Err(ArchiveError::NotARepository)
    }

    /// Bytes written to the place so far.
    pub fn bytes_stored(&self) -> u64 {
        0
    }

    /// Writes what is left, the index, and last the snapshot: from then on the backup exists.
    ///
    /// # Errors
    /// When the place fails; nothing is committed then.
    pub fn commit(self, _counts: Counts) -> Result<SnapshotInfo, ArchiveError> {
        Err(ArchiveError::NotARepository)
    }
}
