//! Seals and opens one record: the only AES-GCM call for content (FORMAT.md, section 3).

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce, Tag};
use coffer_keys::{FileKey, FileKind};
use subtle::ConstantTimeEq;

/// Bytes a record is longer than what it holds.
pub(crate) const TAG_LENGTH: usize = 16;

/// The format's major number, part of every record's associated data.
pub(crate) const MAJOR: u16 = 0;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordType {
    Messages,
    Media,
    Original,
    Meta,
    IndexBody,
    SnapshotBody,
    Footer,
    End,
}

/// How a record's content was made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Plain,
    Zstd,
}

/// Where a record stands and what it claims to be: all of it bound by the tag.
pub(crate) struct Position<'a> {
    pub(crate) file: FileKind,
    pub(crate) number: u64,
    pub(crate) record: RecordType,
    pub(crate) codec: Codec,
    /// Bytes of the content after decompression.
    pub(crate) length: u32,
    pub(crate) chunk: &'a [u8; 32],
}

/// The tag did not verify.
#[derive(Debug)]
pub(crate) struct Forged;

/// The cipher of one file.
pub(crate) struct FileCipher {
    cipher: Aes256Gcm,
    base_nonce: [u8; 12],
    commitment: [u8; 32],
}

impl FileCipher {
    /// Takes over the key of one file.
    pub(crate) fn new(key: &FileKey) -> Self {
        let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key.key.expose()));
        Self { cipher, base_nonce: key.base_nonce, commitment: key.commitment }
    }

    /// What the file's header must say.
    pub(crate) fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }

    /// Says in constant time whether a header was written under this key. Ask before any opening.
    pub(crate) fn is_committed(&self, commitment: &[u8; 32]) -> bool {
        self.commitment.ct_eq(commitment).into()
    }

    /// Seals in place; the tag goes behind.
    pub(crate) fn seal(&self, position: &Position<'_>, buffer: &mut [u8]) -> [u8; TAG_LENGTH] {
        let (nonce, bound) = self.bind(position);
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce, &bound, InOutBuf::from(buffer))
            .expect("records are far below the 64 GiB that AES-GCM allows");
        tag.into()
    }

    /// Opens in place and cuts the tag off; nothing is released unless the tag verifies.
    pub(crate) fn open(&self, position: &Position<'_>, sealed: &mut Vec<u8>) -> Result<(), Forged> {
        let length = sealed.len().checked_sub(TAG_LENGTH).ok_or(Forged)?;
        let (content, tag) = sealed.split_at_mut_checked(length).ok_or(Forged)?;
        let tag = Tag::try_from(&*tag).map_err(|_| Forged)?;
        let (nonce, bound) = self.bind(position);
        self.cipher
            .decrypt_inout_detached(&nonce, &bound, InOutBuf::from(content), &tag)
            .map_err(|_| Forged)?;
        sealed.truncate(length);
        Ok(())
    }

    fn bind(&self, position: &Position<'_>) -> (Nonce<aes_gcm::aead::consts::U12>, [u8; 50]) {
        let Position { file, number, record, codec, length, chunk } = position;
        let mut nonce = self.base_nonce;
        // The record number fills the last 8 of 12 bytes, as in TLS 1.3 (RFC 8446, 5.3).
        for (byte, mixed) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
            *byte ^= mixed;
        }
        let mut bound = [0_u8; 50];
        let fields: [&[u8]; 7] = [
            &MAJOR.to_be_bytes(),
            &file_kind_number(*file).to_be_bytes(),
            &number.to_be_bytes(),
            &[record.number()],
            &[codec.number()],
            &length.to_be_bytes(),
            *chunk,
        ];
        for (byte, field) in bound.iter_mut().zip(fields.into_iter().flatten()) {
            *byte = *field;
        }
        (Nonce::from(nonce), bound)
    }
}

/// The number of a kind of file in headers and associated data.
pub(crate) const fn file_kind_number(kind: FileKind) -> u16 {
    match kind {
        FileKind::Pack => 1,
        FileKind::Index => 2,
        FileKind::Snapshot => 3,
        FileKind::Intent => 4,
    }
}

impl RecordType {
    /// Its number in the format.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Messages => 1,
            Self::Media => 2,
            Self::Original => 3,
            Self::Meta => 4,
            Self::IndexBody => 16,
            Self::SnapshotBody => 17,
            Self::Footer => 32,
            Self::End => 33,
        }
    }

    /// Reads the number of a record that a footer may list.
    pub(crate) const fn parse(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Messages),
            2 => Some(Self::Media),
            3 => Some(Self::Original),
            4 => Some(Self::Meta),
            16 => Some(Self::IndexBody),
            17 => Some(Self::SnapshotBody),
            _ => None,
        }
    }

    /// It holds a chunk.
    pub(crate) const fn is_chunk(self) -> bool {
        match self {
            Self::Messages | Self::Media | Self::Original | Self::Meta => true,
            Self::IndexBody | Self::SnapshotBody | Self::Footer | Self::End => false,
        }
    }
}

impl Codec {
    /// Its number in the format.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Zstd => 1,
        }
    }

    /// Reads a number.
    pub(crate) const fn parse(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Plain),
            1 => Some(Self::Zstd),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_secret::Secret;

    fn cipher() -> FileCipher {
        let key = Secret::take(&mut [7; 32]);
        FileCipher::new(&FileKey { key, base_nonce: [9; 12], commitment: [3; 32] })
    }

    fn position(number: u64, record: RecordType, codec: Codec, length: u32) -> Position<'static> {
        Position { file: FileKind::Pack, number, record, codec, length, chunk: &[5; 32] }
    }

    fn sealed() -> Vec<u8> {
        let mut bytes = b"hello".to_vec();
        let tag = cipher().seal(&position(4, RecordType::Media, Codec::Plain, 5), &mut bytes);
        bytes.extend_from_slice(&tag);
        bytes
    }

    #[test]
    fn a_record_opens_where_it_was_sealed() {
        let mut bytes = sealed();

        cipher().open(&position(4, RecordType::Media, Codec::Plain, 5), &mut bytes).unwrap();

        assert_eq!(bytes, b"hello");
    }

    #[test]
    fn a_record_opens_nowhere_else() {
        let moved = [
            position(5, RecordType::Media, Codec::Plain, 5),
            position(4, RecordType::Original, Codec::Plain, 5),
            position(4, RecordType::Media, Codec::Zstd, 5),
            position(4, RecordType::Media, Codec::Plain, 6),
            Position {
                file: FileKind::Index,
                chunk: &[5; 32],
                ..position(4, RecordType::Media, Codec::Plain, 5)
            },
            Position { chunk: &[6; 32], ..position(4, RecordType::Media, Codec::Plain, 5) },
        ];

        for place in moved {
            let mut bytes = sealed();
            assert!(cipher().open(&place, &mut bytes).is_err());
            assert_eq!(bytes, sealed(), "nothing is decrypted");
        }
    }

    #[test]
    fn a_record_shorter_than_its_tag_is_refused() {
        let mut bytes = vec![0; 15];

        assert!(cipher().open(&position(0, RecordType::Media, Codec::Plain, 0), &mut bytes).is_err());
    }

    #[test]
    fn only_the_right_commitment_is_accepted() {
        assert!(cipher().is_committed(&[3; 32]));
        assert!(!cipher().is_committed(&[4; 32]));
    }
}
