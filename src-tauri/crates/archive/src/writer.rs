//! Makes a backup: chunks first, the index next, the snapshot last (FORMAT.md, section 8).

use crate::aead::{Codec, RecordType};
use crate::cbor;
use crate::compress::Squeezer;
use crate::error::ArchiveError;
use crate::index::{Index, PackListing, encode_segment};
use crate::names::{self, FileHash};
use crate::pack::{Family, Shape, is_compressed};
use crate::pieces;
use crate::place::Place;
use crate::sealed::{CONTENT_LIMIT, Padding, RECORD_LIMIT, SealedFile, Sealer};
use crate::snapshot::{
    Body, ChunkKind, ChunkRef, Counts, Entry, Head, SnapshotId, SnapshotInfo, WriterId, WriterInfo,
};
use crate::tree::{self, ChunkList};
use coffer_keys::FileKind;
use coffer_secret::Entropy;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::sync::Arc;

/// A backup being made. Dropped without [`Self::commit`], it leaves packs that the next one adopts.
pub struct SnapshotWriter {
    place: Arc<Place>,
    entropy: Arc<dyn Entropy>,
    shape: Shape,
    head: NewHead,
    index: Index,
    /// Packs that no index file lists yet: adopted ones and new ones.
    unlisted: Vec<PackListing>,
    /// Chunks in packs that are still being filled or were written in this run.
    new_chunks: HashMap<[u8; 32], u32>,
    open: BTreeMap<Family, Sealer>,
    squeezer: Squeezer,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    bytes: u64,
    bytes_stored: u64,
}

/// Where the new snapshot goes in its writer's chain.
pub(crate) struct NewHead {
    pub(crate) writer: WriterId,
    pub(crate) sequence: u64,
    pub(crate) previous: Option<SnapshotId>,
    pub(crate) others: Vec<Head>,
    pub(crate) machine: String,
    pub(crate) version: String,
    pub(crate) time: i64,
}

impl NewHead {
    /// Continues the writer's chain. When the place holds a snapshot of that writer id that this home did not make,
    /// the home was cloned or restored: it goes on under a new id, and both chains stay.
    pub(crate) fn choose(writer: WriterInfo, time: i64, seen: &[Head], entropy: &dyn Entropy) -> Self {
        let WriterInfo { id, last, machine, version } = writer;
        let own = seen.iter().filter(|head| head.writer == id).max_by_key(|head| head.sequence);
        let is_ours = match (own, last.filter(|last| last.writer == id)) {
            (None, _) => true,
            (Some(found), Some(last)) => *found == last || found.sequence < last.sequence,
            (Some(_), None) => false,
        };
        let last = last.filter(|last| is_ours && last.writer == id);
        let writer = if is_ours { id } else { WriterId::make(entropy) };
        Self {
            writer,
            sequence: last.map_or(1, |last| last.sequence.saturating_add(1)),
            // A last one that is lost leaves a gap in the numbers; the chain goes on from what is left of it.
            previous: last
                .and_then(|last| if seen.contains(&last) { Some(last) } else { own.copied() })
                .map(|head| head.id),
            others: newest_of_each(seen, writer),
            machine,
            version,
            time,
        }
    }
}

fn newest_of_each(seen: &[Head], but: WriterId) -> Vec<Head> {
    let mut newest: BTreeMap<WriterId, Head> = BTreeMap::new();
    for head in seen.iter().filter(|head| head.writer != but) {
        let kept = newest.entry(head.writer).or_insert(*head);
        if head.sequence > kept.sequence {
            *kept = *head;
        }
    }
    newest.into_values().collect()
}

/// A backup of which everything but its snapshot is in the place.
pub struct SealedSnapshot {
    place: Arc<Place>,
    file: SealedFile,
    info: SnapshotInfo,
    bytes_stored: u64,
}

impl SealedSnapshot {
    /// What the backup will be known by.
    pub fn head(&self) -> Head {
        self.info.head()
    }

    /// Writes the snapshot: from then on the backup exists. The bytes the whole run wrote to the place come back too.
    ///
    /// # Errors
    /// When the place fails; nothing is committed then.
    pub fn commit(self) -> Result<(SnapshotInfo, u64), ArchiveError> {
        self.place.put(FileKind::Snapshot, &self.file)?;
        Ok((self.info, self.bytes_stored))
    }
}

impl SnapshotWriter {
    pub(crate) fn new(
        place: Arc<Place>,
        entropy: Arc<dyn Entropy>,
        shape: Shape,
        head: NewHead,
        index: Index,
        unlisted: Vec<PackListing>,
    ) -> Self {
        Self {
            place,
            entropy,
            shape,
            head,
            index,
            unlisted,
            new_chunks: HashMap::new(),
            open: BTreeMap::new(),
            squeezer: Squeezer::default(),
            entries: BTreeMap::new(),
            bytes: 0,
            bytes_stored: 0,
        }
    }

    /// The writer id this backup goes under: the one handed in, unless another home uses it too.
    pub fn writer(&self) -> WriterId {
        self.head.writer
    }

    /// Stops relying on packs a check found damaged, by their file names: what they hold is stored again.
    pub fn distrust<'a>(&mut self, files: impl IntoIterator<Item = &'a str>) {
        let packs: BTreeSet<FileHash> =
            files.into_iter().filter_map(|name| names::hash_of(FileKind::Pack, name)).collect();
        self.index.distrust(&packs);
    }

    /// Stores a chunk, unless the place already has it.
    ///
    /// # Errors
    /// [`ArchiveError::TooLarge`] beyond 8 MiB; or when the place fails: nothing is committed then.
    pub fn put_chunk(&mut self, kind: ChunkKind, content: &[u8]) -> Result<ChunkRef, ArchiveError> {
        let length = u32::try_from(content.len())
            .ok()
            .filter(|length| *length <= CONTENT_LIMIT)
            .ok_or(ArchiveError::TooLarge { what: "a chunk" })?;
        let chunk = ChunkRef { kind, id: self.place.chunk_id(kind, content), length };
        if self.has_chunk(&chunk) {
            return Ok(chunk);
        }
        let family = Family::of(kind);
        let (place, entropy, shape) = (&self.place, &self.entropy, &self.shape);
        let sealer = self
            .open
            .entry(family)
            .or_insert_with(|| place.sealer(FileKind::Pack, &**entropy, shape.capacity()));
        let (codec, stored) =
            if is_compressed(kind) { self.squeezer.squeeze(content) } else { (Codec::Plain, content) };
        sealer.push(kind.record(), codec, length, Some(&chunk.id), stored);
        let is_full = sealer.length() >= self.shape.target || sealer.records().len() >= RECORD_LIMIT;
        self.new_chunks.insert(chunk.id, length);
        if is_full && let Some(full) = self.open.remove(&family) {
            self.put_pack(full, Padding::None)?;
        }
        Ok(chunk)
    }

    /// Cuts a stream into chunks of its kind and stores them; the refs and the length come back.
    ///
    /// # Errors
    /// As [`Self::put_chunk`], or [`ArchiveError::Stream`] when the stream fails.
    pub fn put_stream(
        &mut self,
        kind: ChunkKind,
        content: &mut dyn Read,
    ) -> Result<(Vec<ChunkRef>, u64), ArchiveError> {
        let mut piece = Vec::new();
        let (mut chunks, mut length) = (Vec::new(), 0_u64);
        loop {
            piece.clear();
            content
                .take(cbor::count(pieces::piece_length(kind)))
                .read_to_end(&mut piece)
                .map_err(|error| ArchiveError::Stream { kind: error.kind() })?;
            if piece.is_empty() {
                return Ok((chunks, length));
            }
            length = length.saturating_add(cbor::count(piece.len()));
            chunks.push(self.put_chunk(kind, &piece)?);
        }
    }

    /// Says whether the place has the chunk, so that it need not be read again.
    pub fn has_chunk(&self, chunk: &ChunkRef) -> bool {
        self.new_chunks.get(&chunk.id) == Some(&chunk.length)
            || self.index.usable(&chunk.id) == Some((chunk.kind.record(), chunk.length))
    }

    /// Says whether the place has every chunk of an entry of an earlier backup: then it can be added as it is.
    pub fn has_entry(&self, entry: &Entry) -> bool {
        entry.is_whole() && entry.chunks.iter().all(|chunk| self.has_chunk(chunk))
    }

    /// Adds an entry whose chunks are stored. An entry of the same name is replaced.
    ///
    /// # Errors
    /// [`ArchiveError::UnknownChunk`] when a chunk is not stored, or is of another kind or length than the entry says;
    /// [`ArchiveError::TooLarge`] beyond the bounds of a name or of `meta`.
    pub fn add_entry(&mut self, entry: Entry) -> Result<(), ArchiveError> {
        if entry.name.len() > tree::NAME_LIMIT {
            return Err(ArchiveError::TooLarge { what: "an entry's name" });
        }
        if entry.meta.len() > tree::META_LIMIT {
            return Err(ArchiveError::TooLarge { what: "an entry's own bytes" });
        }
        if !self.has_entry(&entry) {
            return Err(ArchiveError::UnknownChunk);
        }
        let items = entry.chunks.iter().map(|chunk| (chunk.id, chunk.length)).collect();
        let list = self.store_list(items)?;
        let encoded = tree::encode_entry(&entry, &list);
        self.bytes = self.bytes.saturating_add(entry.length);
        self.entries.insert(entry.name, encoded);
        Ok(())
    }

    /// Bytes written to the place so far.
    pub fn bytes_stored(&self) -> u64 {
        self.bytes_stored
    }

    /// Writes what is left, the index, and last the snapshot: from then on the backup exists.
    ///
    /// # Errors
    /// When the place fails; nothing is committed then.
    pub fn commit(self, counts: Counts) -> Result<SnapshotInfo, ArchiveError> {
        Ok(self.seal(counts)?.commit()?.0)
    }

    /// Writes what is left and the index, and seals the snapshot without writing it: so that its name can be noted before the
    /// backup exists.
    ///
    /// # Errors
    /// When the place fails; nothing is committed then.
    pub fn seal(mut self, counts: Counts) -> Result<SealedSnapshot, ArchiveError> {
        let tree = self.store_tree()?;
        for (_, open) in std::mem::take(&mut self.open) {
            self.put_pack(open, Padding::Padme(self.shape.pack_floor))?;
        }
        self.put_index()?;
        let body = self.body(counts, tree);
        let mut sealer = self.place.sealer(FileKind::Snapshot, &*self.entropy, 32 << 10);
        self.seal_body(&mut sealer, RecordType::SnapshotBody, &body.encode())?;
        let generation = self.place.keys().keyring().newest().generation();
        let file = sealer.finish(Padding::Padme(self.shape.small_floor));
        let info = body.info(SnapshotId(file.hash), generation);
        let bytes_stored = self.bytes_stored.saturating_add(cbor::count(file.bytes.len()));
        Ok(SealedSnapshot { place: self.place, file, info, bytes_stored })
    }

    fn body(&self, counts: Counts, tree: ChunkList) -> Body {
        let NewHead { writer, sequence, previous, others, machine, version, time } = &self.head;
        Body {
            writer: *writer,
            sequence: *sequence,
            previous: *previous,
            time: *time,
            machine: machine.clone(),
            version: version.clone(),
            counts,
            entries: cbor::count(self.entries.len()),
            bytes: self.bytes,
            tree,
            heads: others.clone(),
        }
    }

    fn store_tree(&mut self) -> Result<ChunkList, ArchiveError> {
        let entries = std::mem::take(&mut self.entries);
        let named = entries.iter().map(|(name, encoded)| (name.as_slice(), encoded.as_slice()));
        let mut items = Vec::new();
        for content in tree::cut_entries(named) {
            let chunk = self.put_chunk(ChunkKind::Meta, &content)?;
            items.push((chunk.id, chunk.length));
        }
        self.entries = entries;
        self.store_list(items)
    }

    fn store_list(&mut self, items: Vec<tree::Item>) -> Result<ChunkList, ArchiveError> {
        ChunkList::build(items, &mut |content| self.put_chunk(ChunkKind::Meta, content))
    }

    fn put_pack(&mut self, sealer: Sealer, padding: Padding) -> Result<(), ArchiveError> {
        let file = sealer.finish(padding);
        self.place.put(FileKind::Pack, &file)?;
        let length = cbor::count(file.bytes.len());
        self.bytes_stored = self.bytes_stored.saturating_add(length);
        self.unlisted.push(PackListing { hash: file.hash, length, records: file.records });
        Ok(())
    }

    /// Writes the index files for all packs that no other one lists, each small enough for one record.
    fn put_index(&mut self) -> Result<(), ArchiveError> {
        let mut rest = std::mem::take(&mut self.unlisted);
        while !rest.is_empty() {
            let mut records = 0;
            let fits = rest
                .iter()
                .take_while(|pack| {
                    records += pack.records.len();
                    records <= RECORD_LIMIT
                })
                .count()
                .max(1);
            let after = rest.split_off(fits.min(rest.len()));
            let mut sealer = self.place.sealer(FileKind::Index, &*self.entropy, 64 << 10);
            self.seal_body(&mut sealer, RecordType::IndexBody, &encode_segment(&rest))?;
            let file = sealer.finish(Padding::Padme(self.shape.small_floor));
            self.place.put(FileKind::Index, &file)?;
            self.bytes_stored = self.bytes_stored.saturating_add(cbor::count(file.bytes.len()));
            rest = after;
        }
        Ok(())
    }

    fn seal_body(
        &mut self,
        sealer: &mut Sealer,
        record: RecordType,
        body: &[u8],
    ) -> Result<(), ArchiveError> {
        let length = u32::try_from(body.len())
            .ok()
            .filter(|length| *length <= CONTENT_LIMIT)
            .ok_or(ArchiveError::TooLarge { what: "the body of a file" })?;
        let (codec, stored) = self.squeezer.squeeze(body);
        sealer.push(record, codec, length, None, stored);
        Ok(())
    }
}
