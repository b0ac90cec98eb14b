//! Entries of a backup as streams that go on after damage, or stop at it, and remember which file was to blame.

use crate::damage;
use crate::progress::Job;
use coffer_archive::{ArchiveError, ChunkRef, Entry, SnapshotReader, StoreError};
use coffer_chats::source::Cancel;
use std::io::{self, Read};

/// The cuts of a chat's log; damaged ones are left out and noted.
pub(crate) struct Segments<'a> {
    reader: &'a SnapshotReader,
    entry: &'a Entry,
    job: Option<&'a Job>,
    cancel: &'a Cancel,
    at: usize,
    total: u64,
    /// Bytes handed out, damaged ones too.
    pub done: u64,
    /// Cuts that could not be read: which, and what was to blame.
    pub damaged: Vec<(usize, (String, &'static str))>,
    /// The place itself failed: not damage, nothing can be said about the rest.
    pub fatal: Option<StoreError>,
}

impl<'a> Segments<'a> {
    /// Reads an entry from its first cut; `progress` is (done, total) so far.
    pub(crate) fn new(
        reader: &'a SnapshotReader,
        entry: &'a Entry,
        job: Option<&'a Job>,
        cancel: &'a Cancel,
        progress: (u64, u64),
    ) -> Self {
        let (done, total) = progress;
        Self { reader, entry, job, cancel, at: 0, total, done, damaged: Vec::new(), fatal: None }
    }

    fn go_on(&self) -> bool {
        let Some(job) = self.job else { return true };
        job.progress(self.done, self.total);
        if job.is_cancelled() {
            self.cancel.cancel();
        }
        !job.is_cancelled()
    }
}

impl Iterator for Segments<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if !self.go_on() {
                return None;
            }
            let at = self.at;
            let chunk = self.entry.chunks.get(at)?;
            self.at += 1;
            self.done += u64::from(chunk.length);
            match self.reader.read_chunk(chunk) {
                Ok(bytes) => return Some(bytes),
                Err(ArchiveError::Store(error)) if is_gone(&error) => {
                    self.fatal = Some(error);
                    return None;
                }
                Err(error) => self.damaged.push((at, damage::blame(&error))),
            }
            if at == 0 {
                // The first cut says what the chat is called: so does the entry's own note.
                return Some(self.entry.meta.clone());
            }
        }
    }
}

/// The place itself is away, which is told from a file in it that cannot be read.
pub(crate) fn is_gone(error: &StoreError) -> bool {
    matches!(error, StoreError::Unreachable)
}

/// A file, chunk by chunk; the first damage ends it.
pub(crate) struct Chunks<'a> {
    reader: &'a SnapshotReader,
    chunks: std::slice::Iter<'a, ChunkRef>,
    job: Option<&'a Job>,
    bytes: io::Cursor<Vec<u8>>,
    failure: Option<ArchiveError>,
}

impl<'a> Chunks<'a> {
    /// Reads an entry from its start.
    pub(crate) fn new(reader: &'a SnapshotReader, entry: &'a Entry, job: Option<&'a Job>) -> Self {
        Self { reader, chunks: entry.chunks.iter(), job, bytes: io::Cursor::default(), failure: None }
    }

    /// Why reading ended early; none when the person stopped it.
    pub(crate) fn take_failure(&mut self) -> Option<ArchiveError> {
        self.failure.take()
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.bytes.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            if self.job.is_some_and(Job::is_cancelled) {
                return Err(io::Error::other("cancelled"));
            }
            let Some(chunk) = self.chunks.next() else { return Ok(0) };
            match self.reader.read_chunk(chunk) {
                Ok(bytes) => self.bytes = io::Cursor::new(bytes),
                Err(error) => {
                    self.failure = Some(error);
                    return Err(io::Error::from(io::ErrorKind::InvalidData));
                }
            }
        }
    }
}
