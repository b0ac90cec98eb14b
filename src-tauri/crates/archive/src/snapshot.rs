//! One backup: what is in it, who made it, and which backup of that writer came before
//! (FORMAT.md, section 7).

use crate::aead::RecordType;
use crate::cbor;
use crate::damage::What;
use crate::names;
use crate::tree::ChunkList;
use std::fmt;

/// Longest machine name or version that is written; longer ones are cut.
const TEXT_LIMIT: usize = 256;
/// Most other writers a snapshot notes.
const HEADS_LIMIT: u64 = 4096;
/// Required features this version knows.
const KNOWN_FEATURES: [&str; 0] = [];

/// What a chunk holds; part of its id, and what decides on compression and on the pack it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChunkKind {
    /// A segment of a conversation's log.
    Messages,
    /// A piece of a media file.
    Media,
    /// A piece of a file the person imported.
    Original,
    /// A part of a snapshot's tree, or what the app keeps beside chats.
    Meta,
}

/// One chunk, named by what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkRef {
    /// What it holds.
    pub kind: ChunkKind,
    /// Keyed hash of kind and content; never visible outside ciphertext.
    pub id: [u8; 32],
    /// Bytes of its content.
    pub length: u32,
}

/// A named run of bytes in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name; any bytes, unique in the snapshot. Never a path of any file system.
    pub name: Vec<u8>,
    /// The kind of all its chunks.
    pub kind: ChunkKind,
    /// Bytes of all chunks together.
    pub length: u64,
    /// Its chunks in order.
    pub chunks: Vec<ChunkRef>,
    /// What the app notes beside the content, at most 1 MiB.
    pub meta: Vec<u8>,
}

impl Entry {
    /// All its chunks are known: none was lost with a damaged part of the tree.
    pub fn is_whole(&self) -> bool {
        let sum = self.chunks.iter().map(|chunk| u64::from(chunk.length)).fold(0, u64::saturating_add);
        sum == self.length && self.chunks.iter().all(|chunk| chunk.kind == self.kind)
    }
}

/// A snapshot's name in the place: the BLAKE3 hash of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(pub [u8; 32]);

/// One home that makes backups: random, drawn once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId(pub [u8; 16]);

/// The newest snapshot of a writer, as somebody saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// Whose.
    pub writer: WriterId,
    /// Its place in that writer's chain, from 1.
    pub sequence: u64,
    /// Which.
    pub id: SnapshotId,
}

/// Who makes a backup.
#[derive(Clone, Debug)]
pub struct WriterInfo {
    /// This home's writer id.
    pub id: WriterId,
    /// The newest snapshot this home knows to be its own (its pin); `None` before the first.
    pub last: Option<Head>,
    /// The computer's name.
    pub machine: String,
    /// The version of the app.
    pub version: String,
}

/// What a backup holds beside what the library held at that moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Conversations in the backup.
    pub conversations: u64,
    /// Messages in the backup.
    pub messages: u64,
    /// Media files in the backup.
    pub media: u64,
    /// Conversations in the library.
    pub library_conversations: u64,
    /// Messages in the library.
    pub library_messages: u64,
    /// Media files in the library.
    pub library_media: u64,
    /// Media named by messages of which the library has no file.
    pub library_media_missing: u64,
}

impl Counts {
    /// Everything in the library went in.
    pub fn is_complete(&self) -> bool {
        self.conversations == self.library_conversations
            && self.messages == self.library_messages
            && self.media == self.library_media
    }
}

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its name.
    pub id: SnapshotId,
    /// Who made it.
    pub writer: WriterId,
    /// Its place in the writer's chain, from 1.
    pub sequence: u64,
    /// The snapshot of the same writer before it.
    pub previous: Option<SnapshotId>,
    /// When, in milliseconds since 1970 UTC, by the writer's clock: shown, never trusted.
    pub time: i64,
    /// The computer's name.
    pub machine: String,
    /// The version of the app that made it.
    pub version: String,
    /// What it holds.
    pub counts: Counts,
    /// Entries in it.
    pub entries: u64,
    /// Bytes of all entries before compression.
    pub bytes: u64,
    /// The newest snapshots of the other writers its writer had seen.
    pub heads: Vec<Head>,
    /// The generation of the data key it is sealed under.
    pub generation: u32,
}

impl SnapshotInfo {
    /// Its place in its writer's chain: what a home pins.
    pub fn head(&self) -> Head {
        Head { writer: self.writer, sequence: self.sequence, id: self.id }
    }
}

impl ChunkKind {
    /// The type of the records that hold such chunks.
    pub(crate) const fn record(self) -> RecordType {
        match self {
            Self::Messages => RecordType::Messages,
            Self::Media => RecordType::Media,
            Self::Original => RecordType::Original,
            Self::Meta => RecordType::Meta,
        }
    }

    /// Reads the number of a kind.
    pub(crate) const fn parse(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Messages),
            2 => Some(Self::Media),
            3 => Some(Self::Original),
            4 => Some(Self::Meta),
            _ => None,
        }
    }
}

impl SnapshotId {
    /// Reads the 64 hex digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        names::parse_hex(text).map(Self)
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&names::hex(&self.0))
    }
}

impl WriterId {
    /// Draws a fresh id.
    pub fn make(entropy: &dyn coffer_secret::Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads the 32 hex digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        names::parse_hex(text).map(Self)
    }
}

impl fmt::Display for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&names::hex(&self.0))
    }
}

/// A snapshot's body: what it says of itself, and its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) writer: WriterId,
    pub(crate) sequence: u64,
    pub(crate) previous: Option<SnapshotId>,
    pub(crate) time: i64,
    pub(crate) machine: String,
    pub(crate) version: String,
    pub(crate) counts: Counts,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) tree: ChunkList,
    pub(crate) heads: Vec<Head>,
}

impl Body {
    /// The body as others see it.
    pub(crate) fn info(&self, id: SnapshotId, generation: u32) -> SnapshotInfo {
        let Self {
            writer,
            sequence,
            previous,
            time,
            machine,
            version,
            counts,
            entries,
            bytes,
            tree: _,
            heads,
        } = self.clone();
        SnapshotInfo {
            id,
            writer,
            sequence,
            previous,
            time,
            machine,
            version,
            counts,
            entries,
            bytes,
            heads,
            generation,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { writer, sequence, previous, time, machine, version, counts, entries, bytes, tree, heads } =
            self;
        cbor::encode(|out| {
            out.map(13)?.u8(0)?.bytes(&writer.0)?.u8(1)?.u64(*sequence)?.u8(2)?;
            match previous {
                Some(id) => out.bytes(&id.0)?,
                None => out.null()?,
            };
            out.u8(3)?.i64(*time)?.u8(4)?.str(clip(machine))?.u8(5)?.str(clip(version))?.u8(6)?;
            write_counts(out, counts)?;
            out.u8(7)?.u64(*entries)?.u8(8)?.u64(*bytes)?.u8(9)?;
            tree.write(out)?;
            out.u8(10)?.array(0)?.u8(11)?.array(0)?.u8(12)?.array(cbor::count(heads.len()))?;
            for Head { writer, sequence, id } in heads {
                out.array(3)?.bytes(&writer.0)?.u64(*sequence)?.bytes(&id.0)?;
            }
            Ok(())
        })
    }

    /// Reads a body; [`What::Newer`] when it requires a feature this version does not know.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, What> {
        let mut from = minicbor::Decoder::new(bytes);
        let mut fields = Fields::default();
        cbor::map(&mut from, |key, value| fields.read(key, value))?;
        cbor::end(&from)?;
        fields.finish().ok_or(What::Damaged)
    }
}

/// The fields of a body while they are read.
#[derive(Default)]
struct Fields {
    writer: Option<WriterId>,
    sequence: Option<u64>,
    previous: Option<SnapshotId>,
    time: Option<i64>,
    machine: String,
    version: String,
    counts: Option<Counts>,
    entries: Option<u64>,
    bytes: Option<u64>,
    tree: Option<ChunkList>,
    heads: Vec<Head>,
}

impl Fields {
    fn read(&mut self, key: u64, value: &mut minicbor::Decoder<'_>) -> Result<bool, What> {
        match key {
            0 => self.writer = Some(WriterId(cbor::fixed(value)?)),
            1 => self.sequence = Some(value.u64()?).filter(|sequence| *sequence > 0),
            2 if value.datatype()? == minicbor::data::Type::Null => value.null()?,
            2 => self.previous = Some(SnapshotId(cbor::fixed(value)?)),
            3 => self.time = Some(value.i64()?),
            4 => self.machine = value.str()?.to_owned(),
            5 => self.version = value.str()?.to_owned(),
            6 => self.counts = Some(read_counts(value)?),
            7 => self.entries = Some(value.u64()?),
            8 => self.bytes = Some(value.u64()?),
            9 => self.tree = Some(ChunkList::read(value)?),
            10 => read_features(value)?,
            12 => self.heads = read_heads(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn finish(self) -> Option<Body> {
        let Self { writer, sequence, previous, time, machine, version, counts, entries, bytes, tree, heads } =
            self;
        Some(Body {
            writer: writer?,
            sequence: sequence?,
            previous,
            time: time?,
            machine,
            version,
            counts: counts?,
            entries: entries?,
            bytes: bytes?,
            tree: tree?,
            heads,
        })
    }
}

fn write_counts(out: &mut cbor::Out, counts: &Counts) -> cbor::Written {
    let Counts {
        conversations,
        messages,
        media,
        library_conversations,
        library_messages,
        library_media,
        library_media_missing,
    } = *counts;
    let all = [
        conversations,
        messages,
        media,
        library_conversations,
        library_messages,
        library_media,
        library_media_missing,
    ];
    out.map(7)?;
    for (key, count) in (0_u8..).zip(all) {
        out.u8(key)?.u64(count)?;
    }
    Ok(())
}

fn read_counts(from: &mut minicbor::Decoder<'_>) -> Result<Counts, What> {
    let mut counts = Counts::default();
    cbor::map(from, |key, value| {
        let field = match key {
            0 => &mut counts.conversations,
            1 => &mut counts.messages,
            2 => &mut counts.media,
            3 => &mut counts.library_conversations,
            4 => &mut counts.library_messages,
            5 => &mut counts.library_media,
            6 => &mut counts.library_media_missing,
            _ => return Ok(false),
        };
        *field = value.u64()?;
        Ok(true)
    })?;
    Ok(counts)
}

fn read_features(from: &mut minicbor::Decoder<'_>) -> Result<(), What> {
    for _ in 0..cbor::array(from, 64)? {
        if !KNOWN_FEATURES.contains(&from.str()?) {
            return Err(What::Newer);
        }
    }
    Ok(())
}

fn read_heads(from: &mut minicbor::Decoder<'_>) -> Result<Vec<Head>, What> {
    let mut heads = Vec::new();
    for _ in 0..cbor::array(from, HEADS_LIMIT)? {
        cbor::tuple(from, 3)?;
        let writer = WriterId(cbor::fixed(from)?);
        heads.push(Head { writer, sequence: from.u64()?, id: SnapshotId(cbor::fixed(from)?) });
    }
    Ok(heads)
}

/// The longest beginning of a text that fits, cut between characters.
fn clip(text: &str) -> &str {
    let end = text.floor_char_boundary(TEXT_LIMIT);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Body {
        Body {
            writer: WriterId([1; 16]),
            sequence: 7,
            previous: Some(SnapshotId([2; 32])),
            time: -5,
            machine: "kitchen".to_owned(),
            version: "0.1.0".to_owned(),
            counts: Counts {
                messages: 3,
                library_messages: 4,
                library_media_missing: 9,
                ..Counts::default()
            },
            entries: 2,
            bytes: 1 << 40,
            tree: ChunkList { depth: 1, top: vec![([3; 32], 77)] },
            heads: vec![Head { writer: WriterId([4; 16]), sequence: 1, id: SnapshotId([5; 32]) }],
        }
    }

    #[test]
    fn a_body_reads_back() {
        assert_eq!(Body::decode(&body().encode()).unwrap(), body());
        let first = Body { previous: None, ..body() };
        assert_eq!(Body::decode(&first.encode()).unwrap(), first);
    }

    #[test]
    fn an_unknown_key_is_skipped_and_an_unknown_required_feature_is_not() {
        let bytes = body().encode();
        let features = bytes.windows(4).position(|w| w == [10, 0x80, 11, 0x80]).unwrap();
        let mut needs = bytes.clone();
        needs.splice(features + 1..=features + 1, [0x81, 0x61, b'x']);
        let mut wants = bytes.clone();
        wants.splice(features + 3..=features + 3, [0x81, 0x61, b'x']);

        assert_eq!(Body::decode(&needs), Err(What::Newer));
        assert_eq!(Body::decode(&wants).unwrap(), body());
    }

    #[test]
    fn a_body_without_a_tree_or_with_bytes_behind_it_is_refused() {
        let mut longer = body().encode();
        longer.push(0);

        assert_eq!(Body::decode(&longer), Err(What::Damaged));
        assert_eq!(Body::decode(&[0xa0]), Err(What::Damaged));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let machine = "\u{e9}".repeat(200);

        let back = Body::decode(&Body { machine, ..body() }.encode()).unwrap();

        assert_eq!(back.machine, "\u{e9}".repeat(128));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>, at: proptest::sample::Index, value: u8) {
            drop(Body::decode(&bytes));

            let mut changed = body().encode();
            let at = at.index(changed.len());
            changed[at] = value;
            drop(Body::decode(&changed));
        }
    }
}
