//! Reads such a file: the whole of it, or only the ranges that are needed.

use super::{
    CONTENT_LIMIT, END_LENGTH, END_NUMBER, FILE_LIMIT, FOOTER_LIMIT, HEADER_LENGTH, MAGIC, NO_CHUNK,
    RECORD_LIMIT, Record, read_records,
};
use crate::aead::{Codec, FileCipher, MAJOR, Position, RecordType, TAG_LENGTH, file_kind_number};
use crate::cbor;
use crate::compress;
use crate::damage::What;
use coffer_keys::FileKind;

/// A file's header, not yet authenticated.
pub(crate) struct Header {
    pub(crate) generation: u32,
    pub(crate) salt: [u8; 32],
    pub(crate) commitment: [u8; 32],
}

/// A record and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) record: Record,
    pub(crate) number: u64,
    pub(crate) offset: u64,
}

impl Header {
    /// Reads the first 80 bytes of a file that must be of this kind.
    pub(crate) fn read(kind: FileKind, bytes: &[u8]) -> Result<Self, What> {
        let bytes = bytes.first_chunk::<HEADER_LENGTH>().ok_or(What::Partial)?;
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(What::Damaged)?;
        let (major, rest) = rest.split_first_chunk::<2>().ok_or(What::Damaged)?;
        let (number, rest) = rest.split_first_chunk::<2>().ok_or(What::Damaged)?;
        let (generation, rest) = rest.split_first_chunk::<4>().ok_or(What::Damaged)?;
        let (salt, commitment) = rest.split_first_chunk::<32>().ok_or(What::Damaged)?;
        if *magic != MAGIC {
            return Err(What::Damaged);
        }
        if u16::from_be_bytes(*major) > MAJOR {
            return Err(What::Newer);
        }
        if u16::from_be_bytes(*number) != file_kind_number(kind) {
            return Err(What::Damaged);
        }
        Ok(Self {
            generation: u32::from_be_bytes(*generation),
            salt: *salt,
            commitment: commitment.try_into().map_err(|_| What::Damaged)?,
        })
    }
}

/// Reads end and footer of a file of `size` bytes through `fetch(offset, length)`: its records, in order.
pub(crate) fn read_layout<E: From<What>>(
    cipher: &FileCipher,
    kind: FileKind,
    size: u64,
    fetch: &mut dyn FnMut(u64, usize) -> Result<Vec<u8>, E>,
) -> Result<Vec<Record>, E> {
    let end_offset = size
        .checked_sub(cbor::count(END_LENGTH))
        .filter(|at| *at >= cbor::count(HEADER_LENGTH + TAG_LENGTH))
        .ok_or(What::Partial)?;
    if size > FILE_LIMIT {
        return Err(What::Damaged.into());
    }
    let end = open_end(cipher, kind, fetch(end_offset, END_LENGTH)?)?;
    let footer_offset = end_offset.checked_sub(end.footer).ok_or(What::Damaged)?;
    let length = usize::try_from(end.footer).map_err(|_| What::Damaged)?;
    let footer = fetch(footer_offset, length)?;
    let records = open_footer(cipher, kind, end.records, footer)?;
    if lies_until(&records) != footer_offset {
        return Err(What::Damaged.into());
    }
    Ok(records)
}

/// Where the records of a file end.
fn lies_until(records: &[Record]) -> u64 {
    // At most 65,536 records of at most 8 MiB and a tag: no overflow.
    records
        .iter()
        .map(|record| u64::from(record.sealed))
        .fold(cbor::count(HEADER_LENGTH), u64::saturating_add)
}

/// Records with their numbers and offsets.
pub(crate) fn place(records: &[Record]) -> impl Iterator<Item = Placed> + '_ {
    let mut offset = cbor::count(HEADER_LENGTH);
    (0_u64..).zip(records).map(move |(number, record)| {
        let placed = Placed { record: *record, number, offset };
        offset = offset.saturating_add(u64::from(record.sealed));
        placed
    })
}

/// Opens one record and gives its content back, exactly as long as authenticated.
pub(crate) fn open_record(
    cipher: &FileCipher,
    kind: FileKind,
    placed: &Placed,
    mut sealed: Vec<u8>,
) -> Result<Vec<u8>, What> {
    let Placed { record: Record { record, codec, length, sealed: expected, chunk }, number, offset: _ } =
        placed;
    if cbor::count(sealed.len()) < u64::from(*expected) {
        return Err(What::Partial);
    }
    if *length > CONTENT_LIMIT {
        return Err(What::Damaged);
    }
    let position =
        Position { file: kind, number: *number, record: *record, codec: *codec, length: *length, chunk };
    cipher.open(&position, &mut sealed).map_err(|_| What::Damaged)?;
    compress::restore(*codec, sealed, *length)
}

struct End {
    records: u64,
    footer: u64,
}

fn open_end(cipher: &FileCipher, kind: FileKind, mut bytes: Vec<u8>) -> Result<End, What> {
    if bytes.len() < END_LENGTH {
        return Err(What::Partial);
    }
    let position = Position {
        file: kind,
        number: END_NUMBER,
        record: RecordType::End,
        codec: Codec::Plain,
        length: 16,
        chunk: &NO_CHUNK,
    };
    cipher.open(&position, &mut bytes).map_err(|_| What::Damaged)?;
    let (records, footer) = bytes.split_first_chunk::<8>().ok_or(What::Damaged)?;
    let footer = <[u8; 8]>::try_from(footer).map_err(|_| What::Damaged)?;
    let end = End { records: u64::from_be_bytes(*records), footer: u64::from_be_bytes(footer) };
    let is_bounded = end.records <= cbor::count(RECORD_LIMIT) && end.footer <= FOOTER_LIMIT;
    if is_bounded { Ok(end) } else { Err(What::Damaged) }
}

fn open_footer(
    cipher: &FileCipher,
    kind: FileKind,
    records: u64,
    mut bytes: Vec<u8>,
) -> Result<Vec<Record>, What> {
    let length = bytes.len().checked_sub(TAG_LENGTH).ok_or(What::Damaged)?;
    let position = Position {
        file: kind,
        number: records,
        record: RecordType::Footer,
        codec: Codec::Plain,
        length: u32::try_from(length).map_err(|_| What::Damaged)?,
        chunk: &NO_CHUNK,
    };
    cipher.open(&position, &mut bytes).map_err(|_| What::Damaged)?;
    let mut from = minicbor::Decoder::new(&bytes);
    let list = read_records(&mut from)?;
    let padding = bytes.get(from.position()..).unwrap_or_default();
    let is_whole = cbor::count(list.len()) == records && padding.iter().all(|byte| *byte == 0);
    if is_whole { Ok(list) } else { Err(What::Damaged) }
}
