//! The bytes of a sealed media file: keys, header, records.

use super::MediaError;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use coffer_secret::Secret;
use std::io::{self, Read, Write};
use subtle::ConstantTimeEq;

/// Bytes of content in one record.
pub(super) const RECORD_BYTES: usize = 64 * 1024;
/// Bytes of a record's tag.
pub(super) const TAG_BYTES: usize = 16;
/// Bytes before the first record.
pub(super) const HEADER_BYTES: usize = 8 + 32 + 32 + 8 + 32;

const MAGIC: &[u8; 8] = b"coffmed1";

/// Derives a key for one purpose.
pub(super) fn derive(purpose: &str, key: &Secret<32>) -> Secret<32> {
    Secret::take(&mut blake3::derive_key(purpose, key.expose()))
}

/// The length of a whole sealed file; `None` when it does not fit a number.
pub(super) fn sealed_length(length: u64) -> Option<u64> {
    let records = length.div_ceil(RECORD_BYTES_U64).max(1);
    records.checked_mul(16)?.checked_add(length)?.checked_add(HEADER_BYTES_U64)
}

/// [`RECORD_BYTES`] as a file length.
pub(super) const RECORD_BYTES_U64: u64 = 64 * 1024;
/// [`HEADER_BYTES`] as a file length.
pub(super) const HEADER_BYTES_U64: u64 = 112;

/// The keys of one file.
pub(super) struct Sealer {
    cipher: Aes256Gcm,
    nonce: [u8; 12],
    commitment: [u8; 32],
    seal_key: Secret<32>,
}

impl Sealer {
    /// Derives the keys of the file with this salt.
    pub(super) fn derive(files: &Secret<32>, salt: &[u8; 32]) -> Self {
        let mut output = blake3::Hasher::new_keyed(files.expose()).update(salt).finalize_xof();
        let mut key = [0_u8; 32];
        let mut nonce = [0_u8; 12];
        let mut commitment = [0_u8; 32];
        let mut seal_key = [0_u8; 32];
        output.fill(&mut key);
        output.fill(&mut nonce);
        output.fill(&mut commitment);
        output.fill(&mut seal_key);
        let key = Secret::take(&mut key);
        Self {
            cipher: Aes256Gcm::new(key.expose().into()),
            nonce,
            commitment,
            seal_key: Secret::take(&mut seal_key),
        }
    }

    fn place(&self, index: u64, is_last: bool) -> (Nonce<aes_gcm::aead::consts::U12>, [u8; 9]) {
        let mut nonce = self.nonce;
        for (byte, with) in nonce.iter_mut().skip(4).zip(index.to_be_bytes()) {
            *byte ^= with;
        }
        let mut place = [0_u8; 9];
        place[..8].copy_from_slice(&index.to_be_bytes());
        place[8] = u8::from(is_last);
        (nonce.into(), place)
    }

    /// Seals a record in place; the tag is appended.
    pub(super) fn seal(&self, index: u64, is_last: bool, record: &mut Vec<u8>) -> io::Result<()> {
        let (nonce, place) = self.place(index, is_last);
        self.cipher
            .encrypt_in_place(&nonce, &place, record)
            .map_err(|_| io::Error::other("record too long to seal"))
    }

    /// Opens a record in place; the tag is taken off. Nothing is released when it does not verify.
    pub(super) fn open(&self, index: u64, is_last: bool, record: &mut Vec<u8>) -> Result<(), &'static str> {
        let (nonce, place) = self.place(index, is_last);
        self.cipher.decrypt_in_place(&nonce, &place, record).map_err(|_| "a record does not verify")
    }
}

/// The part of a file before its records.
pub(super) struct Header {
    /// Makes the file's keys its own.
    pub(super) salt: [u8; 32],
    /// Bytes of content.
    pub(super) length: u64,
}

/// A header that verified, with the keys it leads to.
pub(super) struct OpenHeader {
    /// Bytes of content.
    pub(super) length: u64,
    /// The file's keys.
    pub(super) sealer: Sealer,
}

impl Header {
    /// The bytes of the header.
    pub(super) fn encode(&self, sealer: &Sealer, content: &[u8; 32]) -> [u8; HEADER_BYTES] {
        let mut bytes = [0_u8; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..40].copy_from_slice(&self.salt);
        bytes[40..72].copy_from_slice(&sealer.commitment);
        bytes[72..80].copy_from_slice(&self.length.to_be_bytes());
        let seal = seal_of(&bytes[..80], sealer, content);
        bytes[80..].copy_from_slice(seal.as_bytes());
        bytes
    }

    /// Verifies a header against the content it should be of.
    pub(super) fn open(
        bytes: &[u8; HEADER_BYTES],
        files: &Secret<32>,
        content: &[u8; 32],
    ) -> Result<OpenHeader, &'static str> {
        if &bytes[..8] != MAGIC {
            return Err("magic");
        }
        let mut salt = [0_u8; 32];
        salt.copy_from_slice(&bytes[8..40]);
        let sealer = Sealer::derive(files, &salt);
        if !bool::from(sealer.commitment.ct_eq(&bytes[40..72])) {
            return Err("commitment");
        }
        if !bool::from(seal_of(&bytes[..80], &sealer, content).as_bytes().ct_eq(&bytes[80..])) {
            return Err("header seal");
        }
        let mut length = [0_u8; 8];
        length.copy_from_slice(&bytes[72..80]);
        Ok(OpenHeader { length: u64::from_be_bytes(length), sealer })
    }
}

fn seal_of(before: &[u8], sealer: &Sealer, content: &[u8; 32]) -> blake3::Hash {
    blake3::Hasher::new_keyed(sealer.seal_key.expose()).update(before).update(content).finalize()
}

/// What was learnt about a content while sealing it.
pub(super) struct Content {
    /// BLAKE3 of it.
    pub(super) hash: blake3::Hash,
    /// Bytes of it.
    pub(super) length: u64,
    /// Its first bytes.
    pub(super) beginning: Vec<u8>,
}

/// Seals everything `source` gives, record by record.
pub(super) fn seal_all(
    sealer: &Sealer,
    source: &mut dyn Read,
    out: &mut dyn Write,
    keep: usize,
) -> Result<Content, MediaError> {
    let mut hasher = blake3::Hasher::new();
    let mut record = read_record(source)?;
    let beginning = record.get(..keep.min(record.len())).unwrap_or_default().to_vec();
    let (mut index, mut length) = (0_u64, 0_u64);
    loop {
        hasher.update(&record);
        length += u64::try_from(record.len()).map_err(io::Error::other)?;
        let next = if record.len() < RECORD_BYTES { Vec::new() } else { read_record(source)? };
        let is_last = next.is_empty();
        sealer.seal(index, is_last, &mut record)?;
        out.write_all(&record)?;
        if is_last {
            return Ok(Content { hash: hasher.finalize(), length, beginning });
        }
        record = next;
        index += 1;
    }
}

/// Reads up to one record; shorter only at the end.
fn read_record(source: &mut dyn Read) -> Result<Vec<u8>, MediaError> {
    let mut record = Vec::with_capacity(RECORD_BYTES + TAG_BYTES);
    source.take(RECORD_BYTES_U64).read_to_end(&mut record).map_err(MediaError::Source)?;
    Ok(record)
}
