//! The run itself: chats first, then media, then originals, each read once and only when it changed.

use crate::backup::base::Base;
use crate::backup::manifest::{EntryName, LogNote, Manifest, RowNote, SegmentNote};
use crate::error::Error;
use crate::progress::{Job, Phase};
use crate::session::LibraryRoom;
use coffer_archive::{ArchiveError, ChunkKind, ChunkRef, Counts, Entry, Head, SnapshotInfo, SnapshotWriter};
use coffer_chats::library::{ConversationRow, LibraryCounts, OriginalRow, SegmentInfo};
use coffer_chats::media::MediaError;
use coffer_chats::model::BlobHash;
use coffer_chats::record::encode_conversation;
use std::io::{self, Read};

/// What there is to do, found out before anything is read.
pub(crate) struct Work {
    chats: Vec<ChatWork>,
    media: Vec<(BlobHash, u64, String)>,
    originals: Vec<OriginalRow>,
    total: u64,
}

struct ChatWork {
    row: ConversationRow,
    segments: Vec<SegmentInfo>,
}

/// What a run did.
pub(crate) struct Done {
    pub info: SnapshotInfo,
    pub entries: u64,
    pub bytes_read: u64,
    pub bytes_stored: u64,
    /// A file of the library that could not be read.
    pub lost: Option<Error>,
}

/// A run on its way.
pub(crate) struct Run<'a> {
    job: &'a Job,
    room: &'a LibraryRoom,
    base: &'a Base,
    snapshot: SnapshotWriter,
    counts: Counts,
    manifest: Manifest,
    entries: u64,
    bytes_read: u64,
    done: u64,
    total: u64,
    lost: Option<Error>,
}

impl Work {
    /// Lists everything in the library, and how many bytes of it the backup before does not have.
    pub(crate) fn plan(room: &LibraryRoom, base: &Base) -> Result<Self, Error> {
        let mut work =
            Self { chats: Vec::new(), media: Vec::new(), originals: room.library.originals()?, total: 0 };
        for row in room.library.conversations()? {
            let segments = room.library.segments(row.conversation.id)?;
            let known = base.log(row.conversation.id);
            let is_new = |(at, segment): &(usize, &SegmentInfo)| !is_known(known, *at, segment);
            work.total +=
                segments.iter().enumerate().filter(is_new).map(|(_, segment)| segment.length).sum::<u64>();
            work.chats.push(ChatWork { row, segments });
        }
        for blob in room.library.blobs()? {
            if base.entry(EntryName::Media(blob.hash)).is_none() {
                work.total += blob.size;
            }
            work.media.push((blob.hash, blob.size, blob.mime.unwrap_or_default()));
        }
        for original in &work.originals {
            if base.entry(EntryName::Original(original.hash)).is_none() {
                work.total += original.size;
            }
        }
        Ok(work)
    }
}

impl<'a> Run<'a> {
    /// Begins a run for a library that now has these counts.
    pub(crate) fn new(
        job: &'a Job,
        room: &'a LibraryRoom,
        base: &'a Base,
        snapshot: SnapshotWriter,
        library: LibraryCounts,
    ) -> Self {
        let counts = Counts {
            conversations: 0,
            messages: 0,
            media: 0,
            library_conversations: library.conversations,
            library_messages: library.messages,
            library_media: library.media,
            library_media_missing: library.media_missing,
        };
        let manifest = Manifest::default();
        Self {
            job,
            room,
            base,
            snapshot,
            counts,
            manifest,
            entries: 0,
            bytes_read: 0,
            done: 0,
            total: 0,
            lost: None,
        }
    }

    /// Stores everything and commits; `note` hears which snapshot that will be, before it is there.
    pub(crate) fn store(
        mut self,
        work: Work,
        note: &dyn Fn(&Head) -> Result<(), Error>,
    ) -> Result<Done, Error> {
        let Work { chats, media, originals, total } = work;
        self.total = total;
        self.job.phase(Phase::Encrypting);
        self.report(0);
        for chat in &chats {
            self.store_chat(chat)?;
        }
        for (hash, _, mime) in &media {
            if self.store_file(EntryName::Media(*hash), hash, ChunkKind::Media, mime.as_bytes())? {
                self.counts.media += 1;
            }
        }
        for original in originals {
            let (hash, name) = (original.hash, EntryName::Original(original.hash));
            if self.store_file(name, &hash, ChunkKind::Original, &[])? {
                self.manifest.originals.push(original);
            }
        }
        self.store_manifest()?;
        self.job.go_on()?;
        self.job.phase(Phase::Saving);
        let sealed = self.snapshot.seal(self.counts)?;
        note(&sealed.head())?;
        let (info, bytes_stored) = sealed.commit()?;
        Ok(Done { info, bytes_stored, entries: self.entries, bytes_read: self.bytes_read, lost: self.lost })
    }

    fn store_chat(&mut self, chat: &ChatWork) -> Result<(), Error> {
        let id = chat.row.conversation.id;
        let name = EntryName::Chat(id);
        let earlier = self.base.entry(name).map(|entry| entry.chunks.as_slice()).unwrap_or_default();
        let known = self.base.log(id).filter(|log| log.segments.len() == earlier.len());
        let mut chunks = Vec::with_capacity(chat.segments.len());
        for (at, segment) in chat.segments.iter().enumerate() {
            self.job.go_on()?;
            let same = earlier.get(at).filter(|_| is_known(known, at, segment));
            match same.filter(|chunk| self.snapshot.has_chunk(chunk)) {
                Some(chunk) => chunks.push(*chunk),
                None => chunks.push(self.store_segment(chat, segment)?),
            }
        }
        self.counts.conversations += 1;
        self.counts.messages += chat.row.messages;
        let note = LogNote {
            records: chat.row.log_length,
            segments: chat.segments.iter().map(SegmentNote::of).collect(),
        };
        self.manifest.chats.insert(id, note);
        self.manifest.rows.insert(id, RowNote::of(&chat.row));
        self.add(name, ChunkKind::Messages, chunks, encode_conversation(&chat.row.conversation))
    }

    fn store_segment(&mut self, chat: &ChatWork, segment: &SegmentInfo) -> Result<ChunkRef, Error> {
        let bytes = self.room.library.segment(chat.row.conversation.id, segment.index)?;
        let chunk = self.snapshot.put_chunk(ChunkKind::Messages, &bytes)?;
        self.bytes_read += segment.length;
        self.report(segment.length);
        Ok(chunk)
    }

    /// False when the file is not here or damaged here: the backup goes on without it and says so.
    fn store_file(
        &mut self,
        name: EntryName,
        hash: &BlobHash,
        kind: ChunkKind,
        meta: &[u8],
    ) -> Result<bool, Error> {
        self.job.go_on()?;
        let earlier = self.base.entry(name).filter(|entry| entry.kind == kind);
        if let Some(entry) = earlier.filter(|entry| self.snapshot.has_entry(entry)) {
            self.snapshot.add_entry(entry.clone())?;
            self.entries += 1;
            return Ok(true);
        }
        let content = match self.room.media.open_blob(hash) {
            Ok(content) => content,
            Err(error @ (MediaError::Missing(_) | MediaError::Damaged { .. })) => {
                self.lost = Some(error.into());
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let mut content = Watched { content, job: self.job, read: 0, done: self.done, total: self.total };
        let stored = self.snapshot.put_stream(kind, &mut content);
        let read = content.read;
        self.bytes_read += read;
        self.report(read);
        match stored {
            Ok((chunks, _)) => self.add(name, kind, chunks, meta.to_vec()).map(|()| true),
            Err(ArchiveError::Stream { .. }) => {
                self.job.go_on()?;
                self.lost = Some(Error::Damaged { what: format!("media {}", short(hash)) });
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn store_manifest(&mut self) -> Result<(), Error> {
        let bytes = self.manifest.encode();
        let (chunks, _) = self.snapshot.put_stream(ChunkKind::Meta, &mut bytes.as_slice())?;
        self.add(EntryName::Library, ChunkKind::Meta, chunks, Vec::new())
    }

    fn add(
        &mut self,
        name: EntryName,
        kind: ChunkKind,
        chunks: Vec<ChunkRef>,
        meta: Vec<u8>,
    ) -> Result<(), Error> {
        let length = chunks.iter().map(|chunk| u64::from(chunk.length)).sum();
        self.snapshot.add_entry(Entry { name: name.bytes(), kind, length, chunks, meta })?;
        self.entries += 1;
        Ok(())
    }

    fn report(&mut self, bytes: u64) {
        self.done += bytes;
        self.total = self.total.max(self.done);
        self.job.progress(self.done, self.total);
    }
}

/// The backup before has this very cut at this very place.
fn is_known(log: Option<&LogNote>, at: usize, segment: &SegmentInfo) -> bool {
    log.and_then(|log| log.segments.get(at)) == Some(&SegmentNote::of(segment))
}

fn short(hash: &BlobHash) -> String {
    hash.to_hex().chars().take(8).collect()
}

/// A file being read: says how far it is, stops when the person asks.
struct Watched<'a, R> {
    content: R,
    job: &'a Job,
    read: u64,
    done: u64,
    total: u64,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.job.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        let read = self.content.read(out)?;
        self.read += u64::try_from(read).unwrap_or(u64::MAX);
        self.job.progress(self.done + self.read, self.total);
        Ok(read)
    }
}
