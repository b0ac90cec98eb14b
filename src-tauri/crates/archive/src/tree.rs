//! What a snapshot holds, as chunks: lists of chunks and the entries themselves (FORMAT.md, section 7).
//!
//! Both are cut where a hash says so, not at fixed counts: a small change rewrites few chunks of the tree.

use crate::cbor;
use crate::damage::What;
use crate::error::ArchiveError;
use crate::snapshot::{ChunkKind, ChunkRef, Entry};

/// Longest name of an entry.
pub(crate) const NAME_LIMIT: usize = 1024;
/// Most bytes an app keeps beside an entry.
pub(crate) const META_LIMIT: usize = 1 << 20;
/// Deepest list of chunks.
const DEPTH_LIMIT: u8 = 4;
/// A list longer than this is cut into parts.
const TOP_LIMIT: usize = 64;
/// Least and most items of a part.
const PART_RANGE: std::ops::RangeInclusive<usize> = 16..=512;
/// A chunk of entries is closed at this size.
const ENTRIES_TARGET: usize = 256 << 10;
/// Most items in one chunk of the tree; a bound against nonsense, far above what is written.
const ITEM_LIMIT: u64 = 1 << 20;

/// One item of a list of chunks: its id and its content length.
pub(crate) type Item = ([u8; 32], u32);

/// A list of chunks as it is written: the top part and how many levels lie below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChunkList {
    pub(crate) depth: u8,
    pub(crate) top: Vec<Item>,
}

impl ChunkList {
    /// Shortens a list by storing parts of it as chunks.
    pub(crate) fn build(
        mut items: Vec<Item>,
        store: &mut dyn FnMut(&[u8]) -> Result<ChunkRef, ArchiveError>,
    ) -> Result<Self, ArchiveError> {
        let mut depth = 0;
        while items.len() > TOP_LIMIT {
            depth += 1;
            if depth > DEPTH_LIMIT {
                return Err(ArchiveError::TooLarge { what: "a list of chunks" });
            }
            items = cut(&items)
                .into_iter()
                .map(|part| {
                    let chunk = store(&cbor::encode(|out| write_items(out, part)))?;
                    Ok((chunk.id, chunk.length))
                })
                .collect::<Result<_, ArchiveError>>()?;
        }
        Ok(Self { depth, top: items })
    }

    /// Gives the list back in full through `fetch`, which reads a chunk; parts that cannot be read are left out.
    pub(crate) fn resolve(
        &self,
        fetch: &mut dyn FnMut(&ChunkRef) -> Result<Vec<u8>, ArchiveError>,
    ) -> Resolved {
        let mut resolved = Resolved { items: self.top.clone(), errors: Vec::new() };
        for _ in 0..self.depth {
            let mut below = Vec::new();
            for (id, length) in std::mem::take(&mut resolved.items) {
                let part = fetch(&ChunkRef { kind: ChunkKind::Meta, id, length });
                match part.and_then(|bytes| Ok(decode_items(&bytes)?)) {
                    Ok(items) => below.extend(items),
                    Err(error) => resolved.errors.push(error),
                }
            }
            resolved.items = below;
        }
        resolved
    }

    pub(crate) fn write(&self, out: &mut cbor::Out) -> cbor::Written {
        out.array(2)?.u8(self.depth)?;
        write_items(out, &self.top)
    }

    pub(crate) fn read(from: &mut minicbor::Decoder<'_>) -> Result<Self, What> {
        cbor::tuple(from, 2)?;
        let depth = from.u8()?;
        if depth > DEPTH_LIMIT {
            return Err(What::Damaged);
        }
        Ok(Self { depth, top: read_items(from)? })
    }
}

/// A list of chunks read back.
pub(crate) struct Resolved {
    pub(crate) items: Vec<Item>,
    /// Why parts of it are not there.
    pub(crate) errors: Vec<ArchiveError>,
}

impl From<What> for ArchiveError {
    /// Damage inside a chunk that was whole: only a faulty writer makes it.
    fn from(what: What) -> Self {
        Self::Damaged { file: "the tree of a snapshot".to_owned(), what }
    }
}

fn cut(items: &[Item]) -> Vec<&[Item]> {
    let mut parts = Vec::new();
    let mut rest = items;
    while !rest.is_empty() {
        let ends = |at: usize| {
            rest.get(at.saturating_sub(1)).is_some_and(|(id, _)| id.last().is_some_and(|byte| byte % 64 == 0))
        };
        let at = PART_RANGE.clone().find(|at| ends(*at)).unwrap_or(*PART_RANGE.end()).min(rest.len());
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after;
    }
    parts
}

fn write_items(out: &mut cbor::Out, items: &[Item]) -> cbor::Written {
    out.array(cbor::count(items.len()))?;
    for (id, length) in items {
        out.array(2)?.bytes(id)?.u32(*length)?;
    }
    Ok(())
}

fn read_items(from: &mut minicbor::Decoder<'_>) -> Result<Vec<Item>, What> {
    let mut items = Vec::new();
    for _ in 0..cbor::array(from, ITEM_LIMIT)? {
        cbor::tuple(from, 2)?;
        items.push((cbor::fixed(from)?, from.u32()?));
    }
    Ok(items)
}

fn decode_items(bytes: &[u8]) -> Result<Vec<Item>, What> {
    let mut from = minicbor::Decoder::new(bytes);
    let items = read_items(&mut from)?;
    cbor::end(&from)?;
    Ok(items)
}

/// An entry whose list of chunks is not resolved yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoredEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: ChunkKind,
    pub(crate) length: u64,
    pub(crate) chunks: ChunkList,
    pub(crate) meta: Vec<u8>,
}

/// Encodes one entry; its chunks are already in `chunks`.
pub(crate) fn encode_entry(entry: &Entry, chunks: &ChunkList) -> Vec<u8> {
    let Entry { name, kind, length, chunks: _, meta } = entry;
    cbor::encode(|out| {
        out.map(5)?.u8(0)?.bytes(name)?.u8(1)?.u8(kind.record().number())?.u8(2)?.u64(*length)?.u8(3)?;
        chunks.write(out)?;
        out.u8(4)?.bytes(meta)?;
        Ok(())
    })
}

/// Cuts encoded entries, in order of their names, into the contents of tree chunks.
pub(crate) fn cut_entries<'a>(entries: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let mut open: Vec<&[u8]> = Vec::new();
    let mut size = 0;
    for (name, encoded) in entries {
        open.push(encoded);
        size += encoded.len();
        let is_cut = open.len() >= *PART_RANGE.start() && is_boundary(name);
        if is_cut || open.len() >= *PART_RANGE.end() || size >= ENTRIES_TARGET {
            chunks.push(join(&open));
            open.clear();
            size = 0;
        }
    }
    if !open.is_empty() {
        chunks.push(join(&open));
    }
    chunks
}

fn is_boundary(name: &[u8]) -> bool {
    blake3::hash(name).as_bytes().first().is_some_and(|byte| byte % 64 == 0)
}

fn join(entries: &[&[u8]]) -> Vec<u8> {
    let mut content = cbor::encode(|out| {
        out.array(cbor::count(entries.len()))?;
        Ok(())
    });
    content.extend(entries.iter().copied().flatten());
    content
}

/// Reads a tree chunk's entries.
pub(crate) fn decode_entries(bytes: &[u8]) -> Result<Vec<StoredEntry>, What> {
    let mut from = minicbor::Decoder::new(bytes);
    let mut entries = Vec::new();
    for _ in 0..cbor::array(&mut from, ITEM_LIMIT)? {
        entries.push(decode_entry(&mut from)?);
    }
    cbor::end(&from)?;
    Ok(entries)
}

fn decode_entry(from: &mut minicbor::Decoder<'_>) -> Result<StoredEntry, What> {
    let (mut name, mut kind, mut length, mut chunks, mut meta) = (None, None, None, None, Vec::new());
    cbor::map(from, |key, value| {
        match key {
            0 => name = Some(value.bytes()?.to_vec()).filter(|name| name.len() <= NAME_LIMIT),
            1 => kind = ChunkKind::parse(value.u8()?),
            2 => length = Some(value.u64()?),
            3 => chunks = Some(ChunkList::read(value)?),
            4 => meta = value.bytes()?.to_vec(),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if meta.len() > META_LIMIT {
        return Err(What::Damaged);
    }
    let (Some(name), Some(kind), Some(length), Some(chunks)) = (name, kind, length, chunks) else {
        return Err(What::Damaged);
    };
    Ok(StoredEntry { name, kind, length, chunks, meta })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn items(count: u32) -> Vec<Item> {
        (0..count).map(|n| (*blake3::hash(&n.to_be_bytes()).as_bytes(), n)).collect()
    }

    fn build(items: Vec<Item>) -> (ChunkList, HashMap<[u8; 32], Vec<u8>>) {
        let mut stored = HashMap::new();
        let list = ChunkList::build(items, &mut |content| {
            let id = *blake3::hash(content).as_bytes();
            stored.insert(id, content.to_vec());
            Ok(ChunkRef { kind: ChunkKind::Meta, id, length: 0 })
        });
        (list.unwrap(), stored)
    }

    #[test]
    fn a_long_list_comes_back_in_order() {
        let (list, stored) = build(items(20_000));

        let resolved = list.resolve(&mut |chunk| Ok(stored[&chunk.id].clone()));

        assert!(list.depth >= 2 && list.top.len() <= TOP_LIMIT);
        assert_eq!(resolved.items, items(20_000));
        assert!(resolved.errors.is_empty());
    }

    #[test]
    fn appending_to_a_long_list_rewrites_few_parts() {
        let (_, before) = build(items(20_000));
        let (_, after) = build(items(20_001));

        let new = after.keys().filter(|id| !before.contains_key(*id)).count();

        assert!(new <= 3, "{new} of {} parts are new", after.len());
    }

    #[test]
    fn a_lost_part_leaves_the_rest() {
        let (list, mut stored) = build(items(1_000));
        let lost = list.top[1].0;
        stored.remove(&lost);

        let resolved =
            list.resolve(&mut |chunk| stored.get(&chunk.id).cloned().ok_or(ArchiveError::MissingChunk));

        assert_eq!(resolved.errors.len(), 1);
        assert!(!resolved.items.is_empty() && resolved.items.len() < 1_000);
    }

    #[test]
    fn ids_chosen_to_be_cut_everywhere_still_give_a_short_list() {
        let hostile = (0..5_000).map(|n| ([0; 32], n)).collect();

        let (list, _) = build(hostile);

        assert!(list.top.len() <= TOP_LIMIT && list.depth <= DEPTH_LIMIT);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes: Vec<u8>, at: proptest::sample::Index, value: u8) {
            drop((decode_entries(&bytes), decode_items(&bytes)));

            let entry = Entry {
                name: b"chat/a".to_vec(),
                kind: ChunkKind::Messages,
                length: 7,
                chunks: Vec::new(),
                meta: vec![1, 2],
            };
            let encoded = encode_entry(&entry, &ChunkList { depth: 0, top: items(3) });
            let mut changed = join(&[&encoded, &encoded]);
            proptest::prop_assert_eq!(decode_entries(&changed).map(|read| read.len()), Ok(2));
            let at = at.index(changed.len());
            changed[at] = value;
            drop(decode_entries(&changed));
        }
    }
}
