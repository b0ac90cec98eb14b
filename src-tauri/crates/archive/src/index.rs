//! Which pack holds which chunk: the union of all index files, and the footers of packs that are in none
//! (FORMAT.md, section 5).

use crate::aead::{Codec, RecordType};
use crate::cbor;
use crate::damage::{Damage, What};
use crate::error::ArchiveError;
use crate::names::{self, FileHash};
use crate::place::{Fault, Place};
use crate::sealed::{FILE_LIMIT, Placed, Record, place, read_records, write_records};
use crate::store::StoreError;
use coffer_keys::FileKind;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most packs one index file lists.
const PACK_LIMIT: u64 = 65_536;

/// A pack as an index file lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackListing {
    pub(crate) hash: FileHash,
    pub(crate) length: u64,
    pub(crate) records: Vec<Record>,
}

/// What one index file says.
pub(crate) struct Segment {
    pub(crate) packs: Vec<PackListing>,
    pub(crate) supersedes: Vec<FileHash>,
}

/// Encodes an index file's body.
pub(crate) fn encode_segment(packs: &[PackListing]) -> Vec<u8> {
    cbor::encode(|out| {
        out.map(1)?.u8(0)?.array(cbor::count(packs.len()))?;
        for PackListing { hash, length, records } in packs {
            out.array(3)?.bytes(hash)?.u64(*length)?;
            write_records(out, records)?;
        }
        Ok(())
    })
}

/// Reads an index file's body.
pub(crate) fn decode_segment(bytes: &[u8]) -> Result<Segment, What> {
    let mut from = minicbor::Decoder::new(bytes);
    let mut segment = Segment { packs: Vec::new(), supersedes: Vec::new() };
    cbor::map(&mut from, |key, value| {
        match key {
            0 => {
                for _ in 0..cbor::array(value, PACK_LIMIT)? {
                    cbor::tuple(value, 3)?;
                    let (hash, length) = (cbor::fixed(value)?, value.u64()?);
                    let records = read_records(value)?;
                    if length > FILE_LIMIT || records.iter().any(|record| !record.record.is_chunk()) {
                        return Err(What::Damaged);
                    }
                    segment.packs.push(PackListing { hash, length, records });
                }
            }
            1 => {
                for _ in 0..cbor::array(value, PACK_LIMIT)? {
                    segment.supersedes.push(cbor::fixed(value)?);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    cbor::end(&from)?;
    Ok(segment)
}

/// Where a chunk lies. 24 bytes, because there is one for each chunk of the repository.
#[derive(Clone, Copy, Debug)]
struct Location {
    pack: u32,
    number: u32,
    offset: u32,
    sealed: u32,
    length: u32,
    record: RecordType,
    codec: Codec,
}

struct Pack {
    hash: FileHash,
    is_usable: bool,
}

/// Everything known about where chunks lie.
#[derive(Default)]
pub(crate) struct Index {
    packs: Vec<Pack>,
    chunks: HashMap<[u8; 32], Location>,
    /// Further places of chunks that lie in more than one pack.
    others: HashMap<[u8; 32], Vec<Location>>,
}

impl Index {
    /// Takes a pack in. A pack that is not there, or not whole, is kept as a last resort only.
    pub(crate) fn insert(&mut self, pack: &PackListing, is_usable: bool) {
        let number = u32::try_from(self.packs.len()).expect("fewer than four billion packs");
        self.packs.push(Pack { hash: pack.hash, is_usable });
        for placed in place(&pack.records) {
            let Some(location) = Location::new(number, &placed) else { continue };
            let id = placed.record.chunk;
            match self.chunks.insert(id, location) {
                None => {}
                Some(before) if is_usable => self.others.entry(id).or_default().push(before),
                Some(before) => {
                    self.chunks.insert(id, before);
                    self.others.entry(id).or_default().push(location);
                }
            }
        }
    }

    /// The content length and type of a chunk that lies in a pack that is there.
    pub(crate) fn usable(&self, id: &[u8; 32]) -> Option<(RecordType, u32)> {
        let location = self.chunks.get(id)?;
        self.pack(location)?.is_usable.then_some((location.record, location.length))
    }

    /// Every place of a chunk, the most promising first.
    pub(crate) fn find(&self, id: &[u8; 32]) -> impl Iterator<Item = (FileHash, Placed)> + '_ {
        let others = self.others.get(id).into_iter().flatten();
        let id = *id;
        self.chunks
            .get(&id)
            .into_iter()
            .chain(others)
            .filter_map(move |location| Some((self.pack(location)?.hash, location.placed(&id))))
    }

    /// Stops relying on these packs: what they hold is stored again.
    pub(crate) fn distrust(&mut self, packs: &BTreeSet<FileHash>) {
        for pack in &mut self.packs {
            pack.is_usable &= !packs.contains(&pack.hash);
        }
        // A second copy in a trusted pack moves to the front.
        let trusted: Vec<bool> = self.packs.iter().map(|pack| pack.is_usable).collect();
        let is_trusted =
            |l: &Location| usize::try_from(l.pack).is_ok_and(|at| trusted.get(at).is_some_and(|t| *t));
        for (id, others) in &mut self.others {
            let Some(first) = self.chunks.get_mut(id).filter(|first| !is_trusted(first)) else { continue };
            if let Some(better) = others.iter_mut().find(|other| is_trusted(other)) {
                std::mem::swap(first, better);
            }
        }
    }

    fn pack(&self, location: &Location) -> Option<&Pack> {
        self.packs.get(usize::try_from(location.pack).ok()?)
    }
}

impl Location {
    /// `None` for a record no pack can hold: beyond the bounds.
    fn new(pack: u32, placed: &Placed) -> Option<Self> {
        let Placed { record: Record { record, codec, length, sealed, chunk: _ }, number, offset } = *placed;
        let (number, offset) = (u32::try_from(number).ok()?, u32::try_from(offset).ok()?);
        Some(Self { pack, number, offset, sealed, length, record, codec })
    }

    fn placed(&self, chunk: &[u8; 32]) -> Placed {
        let Self { pack: _, number, offset, sealed, length, record, codec } = *self;
        let record = Record { record, codec, length, sealed, chunk: *chunk };
        Placed { record, number: u64::from(number), offset: u64::from(offset) }
    }
}

/// An index just read from a place, with what was met on the way.
pub(crate) struct Loaded {
    pub(crate) index: Index,
    /// Packs in no index file, by their own footers; not in `index` yet.
    pub(crate) unlisted: Vec<PackListing>,
    /// Packs the index files list, for a check.
    pub(crate) listed: BTreeMap<FileHash, PackListing>,
    /// Packs that are in the place: their sizes.
    pub(crate) present: BTreeMap<FileHash, u64>,
    /// Files that did not open.
    pub(crate) damaged: Vec<Damage>,
    /// The first failure of the place itself that was passed over.
    pub(crate) failure: Option<StoreError>,
}

/// Reads all index files, and the footers of packs in none of them.
pub(crate) fn load(place: &Place) -> Result<Loaded, ArchiveError> {
    let mut loaded = Loaded {
        index: Index::default(),
        unlisted: Vec::new(),
        listed: BTreeMap::new(),
        present: sizes(place, FileKind::Pack)?,
        damaged: Vec::new(),
        failure: None,
    };
    let mut segments = BTreeMap::new();
    for (hash, _) in sizes(place, FileKind::Index)? {
        let read = place.body(FileKind::Index, &hash).and_then(|(body, _)| Ok(decode_segment(&body)?));
        match read {
            Ok(segment) => drop(segments.insert(hash, segment)),
            Err(fault) => loaded.note(FileKind::Index, &hash, fault)?,
        }
    }
    let superseded: BTreeSet<FileHash> =
        segments.values().flat_map(|segment| segment.supersedes.iter().copied()).collect();
    for (hash, segment) in segments {
        if !superseded.contains(&hash) {
            loaded.listed.extend(segment.packs.into_iter().map(|pack| (pack.hash, pack)));
        }
    }
    for pack in loaded.listed.values() {
        loaded.index.insert(pack, loaded.present.get(&pack.hash) == Some(&pack.length));
    }
    loaded.read_unlisted(place)?;
    Ok(loaded)
}

impl Loaded {
    /// The index with the unlisted packs, for reading.
    pub(crate) fn into_index(mut self) -> Index {
        for pack in &self.unlisted {
            self.index.insert(pack, true);
        }
        self.index
    }

    fn read_unlisted(&mut self, place: &Place) -> Result<(), ArchiveError> {
        let unlisted: Vec<(FileHash, u64)> = self
            .present
            .iter()
            .filter(|(hash, _)| !self.listed.contains_key(*hash))
            .map(|(hash, size)| (*hash, *size))
            .collect();
        for (hash, length) in unlisted {
            match place.pack_records(&hash, length) {
                Ok(records) => self.unlisted.push(PackListing { hash, length, records }),
                Err(fault) => self.note(FileKind::Pack, &hash, fault)?,
            }
        }
        Ok(())
    }

    fn note(&mut self, kind: FileKind, hash: &FileHash, fault: Fault) -> Result<(), ArchiveError> {
        if let Fault::Store(error @ (StoreError::Io { .. } | StoreError::PermissionDenied)) = fault {
            self.damaged.push(Damage::new(names::path(kind, hash), What::Damaged));
            self.failure.get_or_insert(error);
            return Ok(());
        }
        self.damaged.push(Damage::new(names::path(kind, hash), fault.into_damage()?));
        Ok(())
    }
}

/// The files of a kind with their sizes.
pub(crate) fn sizes(place: &Place, kind: FileKind) -> Result<BTreeMap<FileHash, u64>, ArchiveError> {
    let files = place.store().list(names::folder(kind))?;
    Ok(files.iter().filter_map(|file| Some((names::hash_of(kind, &file.name)?, file.size))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(hash: u8, chunks: &[u8]) -> PackListing {
        let record = |chunk: &u8| Record {
            record: RecordType::Media,
            codec: Codec::Plain,
            length: 100,
            sealed: 116,
            chunk: [*chunk; 32],
        };
        PackListing { hash: [hash; 32], length: 400, records: chunks.iter().map(record).collect() }
    }

    #[test]
    fn a_segment_reads_back() {
        let packs = [pack(1, &[7, 8]), pack(2, &[9])];

        let segment = decode_segment(&encode_segment(&packs)).unwrap();

        assert_eq!(segment.packs, packs);
        assert!(segment.supersedes.is_empty());
    }

    #[test]
    fn a_segment_with_bytes_behind_it_is_refused() {
        let mut bytes = encode_segment(&[pack(1, &[7])]);
        bytes.push(0);

        assert!(decode_segment(&bytes).is_err());
    }

    #[test]
    fn a_pack_that_is_there_is_preferred_whatever_the_order() {
        let mut index = Index::default();

        index.insert(&pack(1, &[7]), false);
        index.insert(&pack(2, &[7]), true);
        index.insert(&pack(3, &[7]), false);

        let places: Vec<u8> = index.find(&[7; 32]).map(|(hash, _)| hash[0]).collect();
        assert_eq!(places[0], 2);
        assert_eq!(places.len(), 3);
        assert!(index.usable(&[7; 32]).is_some());
    }

    #[test]
    fn a_distrusted_pack_gives_way_to_a_second_copy() {
        let mut index = Index::default();
        index.insert(&pack(1, &[7, 8]), true);
        index.insert(&pack(2, &[7]), true);

        index.distrust(&BTreeSet::from([[2; 32]]));

        assert_eq!(index.find(&[7; 32]).next().map(|(hash, _)| hash[0]), Some(1));
        assert!(index.usable(&[8; 32]).is_some());
        index.distrust(&BTreeSet::from([[1; 32]]));
        assert!(index.usable(&[7; 32]).is_none() && index.usable(&[8; 32]).is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>, at: proptest::sample::Index, value: u8) {
            drop(decode_segment(&bytes));

            let mut changed = encode_segment(&[pack(1, &[7, 8])]);
            let at = at.index(changed.len());
            changed[at] = value;
            drop(decode_segment(&changed));
        }
    }
}
