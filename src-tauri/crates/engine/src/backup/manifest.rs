//! What a backup notes about the library beside chats and media: the entry `library`.
//!
//! Deterministic CBOR, a map with ascending integer keys; keys this version does not know are skipped:
//! `{1: chats, 2: originals, 3: rows}`; a chat is `[id (16), records in its log, segments]`, a segment `[records, first 16 bytes of the
//! BLAKE3 of its bytes]`; an original is `[content hash (32), name, size, time, source]`; a row is `[chat id, messages, first
//! time or null, last time or null, last line, media, media missing]`. Nothing here is needed to read chats or media: it makes the
//! next backup cheap, says in numbers what a damaged segment held, and lists the chats of a backup before they are read.

use crate::error::Error;
use coffer_chats::library::{ConversationRow, OriginalRow, SegmentInfo};
use coffer_chats::model::{BlobHash, ConversationId};
use minicbor::{Decoder, Encoder};
use std::collections::BTreeMap;

/// The name of the entry.
pub(crate) const LIBRARY: &[u8] = b"library";
const CHAT: &[u8] = b"chat/";
const MEDIA: &[u8] = b"media/";
const ORIGINAL: &[u8] = b"original/";

/// The whole note.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Manifest {
    /// The log of each chat in the backup.
    pub chats: BTreeMap<ConversationId, LogNote>,
    /// The imported files in the backup.
    pub originals: Vec<OriginalRow>,
    /// What the list of chats shows.
    pub rows: BTreeMap<ConversationId, RowNote>,
}

/// A chat in the list, beside what its entry's own note says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RowNote {
    pub messages: u64,
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub last_line: String,
    pub media: u64,
    pub media_missing: u64,
}

/// The log of one chat.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LogNote {
    /// Records in it.
    pub records: u64,
    /// Its cuts.
    pub segments: Vec<SegmentNote>,
}

/// One cut.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct SegmentNote {
    /// Records in it.
    pub records: u64,
    /// What tells its bytes from others.
    pub mark: [u8; 16],
}

/// What an entry of a backup is, by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum EntryName {
    /// The note of this file.
    Library,
    /// A chat.
    Chat(ConversationId),
    /// A media file.
    Media(BlobHash),
    /// An imported file.
    Original(BlobHash),
    /// Of a newer version.
    Other,
}

impl EntryName {
    /// Reads a name.
    pub(crate) fn parse(name: &[u8]) -> Self {
        let hex = |prefix: &[u8]| name.strip_prefix(prefix).and_then(|hex| std::str::from_utf8(hex).ok());
        if name == LIBRARY {
            return Self::Library;
        }
        None.or_else(|| hex(CHAT).and_then(ConversationId::from_hex).map(Self::Chat))
            .or_else(|| hex(MEDIA).and_then(BlobHash::from_hex).map(Self::Media))
            .or_else(|| hex(ORIGINAL).and_then(BlobHash::from_hex).map(Self::Original))
            .unwrap_or(Self::Other)
    }

    /// Formats a name.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let named = |prefix: &[u8], hex: String| [prefix, hex.as_bytes()].concat();
        match self {
            Self::Library => LIBRARY.to_vec(),
            Self::Chat(id) => named(CHAT, id.to_hex()),
            Self::Media(hash) => named(MEDIA, hash.to_hex()),
            Self::Original(hash) => named(ORIGINAL, hash.to_hex()),
            Self::Other => Vec::new(),
        }
    }
}

impl SegmentNote {
    /// Notes a cut of the library.
    pub(crate) fn of(segment: &SegmentInfo) -> Self {
        let mut mark = [0; 16];
        for (to, from) in mark.iter_mut().zip(segment.hash) {
            *to = from;
        }
        Self { records: segment.records, mark }
    }
}

impl RowNote {
    /// Notes a row of the library's list.
    pub(crate) fn of(row: &ConversationRow) -> Self {
        Self {
            messages: row.messages,
            first: row.first,
            last: row.last,
            last_line: row.last_line.clone(),
            media: row.media,
            media_missing: row.media_missing,
        }
    }
}

impl Manifest {
    /// The bytes of the entry.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to memory cannot fail.
        self.put(&mut Encoder::new(&mut out)).unwrap_or_default();
        out
    }

    /// Reads the entry.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not one.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Self::take(&mut Decoder::new(bytes)).map_err(|_| Error::Damaged { what: "library entry".to_owned() })
    }

    fn put(
        &self,
        out: &mut Encoder<&mut Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        out.map(3)?.u8(1)?.array(count(&self.chats))?;
        for (id, note) in &self.chats {
            out.array(3)?.bytes(&id.0)?.u64(note.records)?.array(count(&note.segments))?;
            for segment in &note.segments {
                out.array(2)?.u64(segment.records)?.bytes(&segment.mark)?;
            }
        }
        out.u8(2)?.array(count(&self.originals))?;
        for OriginalRow { hash, name, size, imported, source } in &self.originals {
            out.array(5)?.bytes(&hash.0)?.str(name)?.u64(*size)?.i64(*imported)?.str(source)?;
        }
        out.u8(3)?.array(count(&self.rows))?;
        for (id, RowNote { messages, first, last, last_line, media, media_missing }) in &self.rows {
            out.array(7)?.bytes(&id.0)?.u64(*messages)?.encode(first)?.encode(last)?;
            out.str(last_line)?.u64(*media)?.u64(*media_missing)?;
        }
        Ok(())
    }

    fn take(input: &mut Decoder<'_>) -> Result<Self, minicbor::decode::Error> {
        let mut manifest = Self::default();
        for _ in 0..fixed(input.map()?)? {
            match input.u64()? {
                1 => {
                    for _ in 0..fixed(input.array()?)? {
                        let (id, note) = take_chat(input)?;
                        manifest.chats.insert(id, note);
                    }
                }
                2 => {
                    for _ in 0..fixed(input.array()?)? {
                        manifest.originals.push(take_original(input)?);
                    }
                }
                3 => {
                    for _ in 0..fixed(input.array()?)? {
                        let (id, row) = take_row(input)?;
                        manifest.rows.insert(id, row);
                    }
                }
                _ => input.skip()?,
            }
        }
        Ok(manifest)
    }
}

fn take_chat(input: &mut Decoder<'_>) -> Result<(ConversationId, LogNote), minicbor::decode::Error> {
    tuple(input, 3)?;
    let id = ConversationId(exactly(input.bytes()?)?);
    let mut note = LogNote { records: input.u64()?, segments: Vec::new() };
    for _ in 0..fixed(input.array()?)? {
        tuple(input, 2)?;
        note.segments.push(SegmentNote { records: input.u64()?, mark: exactly(input.bytes()?)? });
    }
    Ok((id, note))
}

fn take_row(input: &mut Decoder<'_>) -> Result<(ConversationId, RowNote), minicbor::decode::Error> {
    tuple(input, 7)?;
    let id = ConversationId(exactly(input.bytes()?)?);
    let row = RowNote {
        messages: input.u64()?,
        first: input.decode()?,
        last: input.decode()?,
        last_line: input.str()?.to_owned(),
        media: input.u64()?,
        media_missing: input.u64()?,
    };
    Ok((id, row))
}

fn take_original(input: &mut Decoder<'_>) -> Result<OriginalRow, minicbor::decode::Error> {
    tuple(input, 5)?;
    Ok(OriginalRow {
        hash: BlobHash(exactly(input.bytes()?)?),
        name: input.str()?.to_owned(),
        size: input.u64()?,
        imported: input.i64()?,
        source: input.str()?.to_owned(),
    })
}

fn tuple(input: &mut Decoder<'_>, length: u64) -> Result<(), minicbor::decode::Error> {
    if input.array()? == Some(length) { Ok(()) } else { Err(minicbor::decode::Error::message("length")) }
}

fn fixed(length: Option<u64>) -> Result<u64, minicbor::decode::Error> {
    length.ok_or_else(|| minicbor::decode::Error::message("indefinite length"))
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], minicbor::decode::Error> {
    bytes.try_into().map_err(|_| minicbor::decode::Error::message("length"))
}

fn count<T>(items: T) -> u64
where
    T: IntoIterator,
    T::IntoIter: ExactSizeIterator,
{
    u64::try_from(items.into_iter().len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let segments =
            vec![SegmentNote { records: 7, mark: [1; 16] }, SegmentNote { records: 300, mark: [2; 16] }];
        Manifest {
            chats: BTreeMap::from([
                (ConversationId([3; 16]), LogNote { records: 307, segments }),
                (ConversationId([4; 16]), LogNote::default()),
            ]),
            originals: vec![OriginalRow {
                hash: BlobHash([5; 32]),
                name: "Chat mit Anna.zip".to_owned(),
                size: 1 << 40,
                imported: -1,
                source: "whatsapp_export".to_owned(),
            }],
            rows: BTreeMap::from([
                (ConversationId([3; 16]), RowNote::default()),
                (
                    ConversationId([4; 16]),
                    RowNote {
                        messages: 300,
                        first: Some(-1),
                        last: Some(1 << 40),
                        last_line: "bis bald".to_owned(),
                        media: 2,
                        media_missing: 1,
                    },
                ),
            ]),
        }
    }

    #[test]
    fn a_note_comes_back_as_it_was() {
        assert_eq!(Manifest::decode(&manifest().encode()).unwrap(), manifest());
    }

    #[test]
    fn every_shorter_note_is_refused() {
        let bytes = manifest().encode();

        let accepted = (0..bytes.len()).filter(|&end| Manifest::decode(&bytes[..end]).is_ok()).count();

        assert_eq!(accepted, 0);
    }

    #[test]
    fn keys_of_a_newer_version_are_skipped() {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes)
            .map(2)
            .unwrap()
            .u8(9)
            .unwrap()
            .str("new")
            .unwrap()
            .u8(2)
            .unwrap()
            .array(0)
            .unwrap();

        assert_eq!(Manifest::decode(&bytes).unwrap(), Manifest::default());
    }

    #[test]
    fn names_come_back_and_others_are_left_alone() {
        let names = [
            EntryName::Library,
            EntryName::Chat(ConversationId([6; 16])),
            EntryName::Media(BlobHash([7; 32])),
            EntryName::Original(BlobHash([8; 32])),
        ];

        assert_eq!(names.map(|name| EntryName::parse(&name.bytes())), names);
        assert_eq!(EntryName::parse(b"chat/xyz"), EntryName::Other);
        assert_eq!(EntryName::parse(b"theme/dark"), EntryName::Other);
    }
}
