//! The one construction that packs, index files and snapshots share: header, records, footer, end
//! (FORMAT.md, section 3).

use crate::aead::{Codec, FileCipher, MAJOR, Position, RecordType, TAG_LENGTH, file_kind_number};
use crate::cbor;
use crate::damage::What;
use crate::names::FileHash;
use coffer_keys::{DataKey, FileKind, RepositoryId};
use coffer_secret::Entropy;

mod opened;
pub(crate) use opened::{Header, Placed, open_record, place, read_layout};

const MAGIC: [u8; 8] = *b"\x89COFFER\n";
/// Bytes of the header.
pub(crate) const HEADER_LENGTH: usize = 80;
/// Bytes of the end record, tag included.
pub(crate) const END_LENGTH: usize = 16 + TAG_LENGTH;
/// The number of the end record, known before anything of the file is.
const END_NUMBER: u64 = u64::MAX;
/// Largest file of this construction.
pub(crate) const FILE_LIMIT: u64 = 64 << 20;
/// Largest content of a record.
pub(crate) const CONTENT_LIMIT: u32 = 8 << 20;
/// Largest footer, padding included.
const FOOTER_LIMIT: u64 = 16 << 20;
/// Most records in a file.
pub(crate) const RECORD_LIMIT: usize = 65_536;
/// The chunk id of a record that holds no chunk.
const NO_CHUNK: [u8; 32] = [0; 32];

/// One record as a footer lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) record: RecordType,
    pub(crate) codec: Codec,
    /// Bytes of the content after decompression.
    pub(crate) length: u32,
    /// Bytes in the file, tag included.
    pub(crate) sealed: u32,
    /// Zero for records that are no chunk.
    pub(crate) chunk: [u8; 32],
}

/// How a finished file hides its length.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Padding {
    /// Full packs: as they are.
    None,
    /// At least this long, then Padme.
    Padme(usize),
}

/// A file being sealed, in one growing buffer.
pub(crate) struct Sealer {
    kind: FileKind,
    cipher: FileCipher,
    bytes: Vec<u8>,
    records: Vec<Record>,
}

/// A finished file.
pub(crate) struct SealedFile {
    pub(crate) hash: FileHash,
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

impl Sealer {
    /// Begins a file under a fresh salt.
    pub(crate) fn new(
        key: &DataKey,
        repository: &RepositoryId,
        kind: FileKind,
        entropy: &dyn Entropy,
        capacity: usize,
    ) -> Self {
        let mut salt = [0; 32];
        entropy.fill(&mut salt);
        let cipher = FileCipher::new(&key.derive_file_key(repository, kind, &salt));
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&MAJOR.to_be_bytes());
        bytes.extend_from_slice(&file_kind_number(kind).to_be_bytes());
        bytes.extend_from_slice(&key.generation().to_be_bytes());
        bytes.extend_from_slice(&salt);
        bytes.extend_from_slice(cipher.commitment());
        Self { kind, cipher, bytes, records: Vec::new() }
    }

    /// Seals one record behind the others. `stored` is the content after compression, `length` before.
    pub(crate) fn push(
        &mut self,
        record: RecordType,
        codec: Codec,
        length: u32,
        chunk: Option<&[u8; 32]>,
        stored: &[u8],
    ) {
        let chunk = *chunk.unwrap_or(&NO_CHUNK);
        let number = cbor::count(self.records.len());
        let sealed = self.append(number, record, codec, length, &chunk, stored);
        self.records.push(Record { record, codec, length, sealed, chunk });
    }

    /// Bytes so far.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Records so far.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Writes footer and end, and names the file.
    pub(crate) fn finish(mut self, padding: Padding) -> SealedFile {
        let mut footer = encode_records(&self.records);
        let length = self.bytes.len() + footer.len() + TAG_LENGTH + END_LENGTH;
        let target = match padding {
            Padding::None => length,
            Padding::Padme(floor) => padme(length).max(floor),
        };
        footer.resize(footer.len() + (target - length), 0);
        let records = cbor::count(self.records.len());
        let length = u32::try_from(footer.len()).expect("a footer is at most 16 MiB");
        let sealed = self.append(records, RecordType::Footer, Codec::Plain, length, &NO_CHUNK, &footer);
        let mut end = [0; 16];
        let (count, footer_length) = end.split_at_mut(8);
        count.copy_from_slice(&records.to_be_bytes());
        footer_length.copy_from_slice(&u64::from(sealed).to_be_bytes());
        self.append(END_NUMBER, RecordType::End, Codec::Plain, 16, &NO_CHUNK, &end);
        let hash = *blake3::hash(&self.bytes).as_bytes();
        SealedFile { hash, bytes: self.bytes, records: self.records }
    }

    fn append(
        &mut self,
        number: u64,
        record: RecordType,
        codec: Codec,
        length: u32,
        chunk: &[u8; 32],
        stored: &[u8],
    ) -> u32 {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(stored);
        let position = Position { file: self.kind, number, record, codec, length, chunk };
        let (_, buffer) = self.bytes.split_at_mut(start);
        let tag = self.cipher.seal(&position, buffer);
        self.bytes.extend_from_slice(&tag);
        u32::try_from(stored.len() + TAG_LENGTH).expect("a record is at most 16 MiB")
    }
}

/// Rounds a length up so that little of it shows: Padme (Nikitin et al., "Reducing Metadata Leakage from
/// Encrypted Files and Communication with PURBs", 2019, algorithm 1).
fn padme(length: usize) -> usize {
    let Some(exponent) = length.checked_ilog2().filter(|e| *e > 0) else { return length };
    let kept = exponent.ilog2() + 1;
    let mask = (1_usize << exponent.saturating_sub(kept)) - 1;
    (length + mask) & !mask
}

/// Says whether padding can have given this length, so that a file cut short is told from a damaged one.
pub(crate) fn is_written_length(length: usize) -> bool {
    length > HEADER_LENGTH + END_LENGTH && padme(length) == length
}

/// Encodes the list of records as footers and index files hold it.
pub(crate) fn write_records(out: &mut cbor::Out, records: &[Record]) -> cbor::Written {
    out.array(cbor::count(records.len()))?;
    for Record { record, codec, length, sealed, chunk } in records {
        let id: &[u8] = if record.is_chunk() { chunk } else { &[] };
        out.array(5)?.u8(record.number())?.bytes(id)?.u8(codec.number())?.u32(*length)?.u32(*sealed)?;
    }
    Ok(())
}

fn encode_records(records: &[Record]) -> Vec<u8> {
    cbor::encode(|out| write_records(out, records))
}

/// Reads such a list; everything in it is within the bounds of FORMAT.md, section 9.
pub(crate) fn read_records(from: &mut minicbor::Decoder<'_>) -> Result<Vec<Record>, What> {
    let count = cbor::array(from, cbor::count(RECORD_LIMIT))?;
    let mut records = Vec::with_capacity(usize::try_from(count).map_err(|_| What::Damaged)?);
    for _ in 0..count {
        cbor::tuple(from, 5)?;
        let record = RecordType::parse(from.u8()?).ok_or(What::Damaged)?;
        let id = from.bytes()?;
        let chunk = match (record.is_chunk(), <[u8; 32]>::try_from(id)) {
            (true, Ok(chunk)) => chunk,
            (false, Err(_)) if id.is_empty() => NO_CHUNK,
            (true | false, Ok(_) | Err(_)) => return Err(What::Damaged),
        };
        let codec = Codec::parse(from.u8()?).ok_or(What::Damaged)?;
        let (length, sealed) = (from.u32()?, from.u32()?);
        // What is stored is never longer than the content: compression is dropped when it does not help.
        let is_bounded = length <= CONTENT_LIMIT
            && usize::try_from(sealed).is_ok_and(|sealed| sealed >= TAG_LENGTH)
            && u64::from(sealed) <= u64::from(length) + cbor::count(TAG_LENGTH);
        if !is_bounded {
            return Err(What::Damaged);
        }
        records.push(Record { record, codec, length, sealed, chunk });
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padme_costs_at_most_an_eighth() {
        for length in [1, 2, 3, 9, 100, 4_097, 65_535, 1_000_003, 16_777_217, 40_000_001] {
            let padded = padme(length);
            assert!(padded >= length && padded - length <= length / 8, "{length} -> {padded}");
            assert_eq!(padme(padded), padded, "padded lengths stay");
        }
    }

    #[test]
    fn padme_gives_the_published_example() {
        // The paper's own example: 9 bits of length 512..1023 keep 4 bits.
        assert_eq!(padme(1000), 1024);
        assert_eq!(padme(513), 544);
    }
}
