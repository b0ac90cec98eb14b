//! One version of the set of ways, as bytes: read without a key, verified and opened with the data key, written.

use crate::cbor;
use crate::file_header::FileHeader;
use crate::kdf::Label;
use crate::keyslot::{Keyslot, SLOT_SIZE};
use crate::sealed_part::SealedPart;
use crate::{DataKey, KeyError, KeyslotFileHash};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use coffer_secret::Secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of every keyslot file, whatever it holds.
pub(crate) const FILE_SIZE: usize = 48 * 1024;
/// Ways that a file holds.
pub(crate) const SLOTS: usize = 16;

const MAGIC: &[u8; 8] = b"cofferks";
/// A reader refuses another major and reads any minor.
const MAJOR: u8 = 0;
const MINOR: u8 = 1;
/// Where the parts begin.
const HEADER_AT: usize = 10;
const SLOTS_AT: usize = 1024;
const SEALED_AT: usize = SLOTS_AT + SLOTS * SLOT_SIZE;
const TAG_AT: usize = MAC_AT - TAG_SIZE;
const MAC_AT: usize = FILE_SIZE - 32;
const TAG_SIZE: usize = 16;
/// Bytes of the plaintext of the sealed part, padding included.
const SEALED_SIZE: usize = TAG_AT - SEALED_AT;

/// A well-formed file whose bytes have the hash its name says. Nothing in it is authentic before [`Self::open`].
#[derive(Debug)]
pub(crate) struct KeyslotFile {
    hash: KeyslotFileHash,
    header: FileHeader,
    slots: Vec<Keyslot>,
    bytes: Vec<u8>,
}

impl KeyslotFile {
    /// Reads a file under its name.
    ///
    /// # Errors
    /// [`KeyError::NameMismatch`] for bytes of another hash, [`KeyError::Newer`] for a version or a critical field of
    /// the future, [`KeyError::TooWeak`] and [`KeyError::TooExpensive`] for Argon2id outside its limits,
    /// [`KeyError::Malformed`] for the rest.
    pub(crate) fn decode(name: &str, bytes: Vec<u8>) -> Result<Self, KeyError> {
        let hash = KeyslotFileHash::of(&bytes);
        if KeyslotFileHash::parse_file_name(name) != Some(hash) {
            return Err(KeyError::NameMismatch);
        }
        check_size_and_version(&bytes)?;
        let header = FileHeader::decode(cbor::read_block(&bytes[HEADER_AT..SLOTS_AT], "header")?)?;
        let slots = decode_slots(&bytes[SLOTS_AT..SEALED_AT])?;
        Ok(Self { hash, header, slots, bytes })
    }

    /// Verifies the MAC, then opens the sealed part.
    ///
    /// # Errors
    /// [`KeyError::Tampered`] when the file was not written by a holder of this data key, or was changed since.
    pub(crate) fn open(&self, data_key: &DataKey) -> Result<SealedPart, KeyError> {
        let keys = FileKeys::derive(&self.header, data_key);
        keys.mac(&self.bytes).verify_slice(&self.bytes[MAC_AT..]).map_err(|_| KeyError::Tampered)?;
        let plaintext = keys.open(&self.bytes)?;
        let sealed = SealedPart::decode(cbor::read_block(&plaintext, "sealed part")?)?;
        let is_complete =
            sealed.details.iter().map(|details| details.id).eq(self.slots.iter().map(|slot| slot.head().id));
        if !is_complete {
            return Err(KeyError::Malformed { what: "slot details" });
        }
        Ok(sealed)
    }

    /// Encodes and authenticates a version.
    ///
    /// # Errors
    /// [`KeyError::TooMany`] above 16 slots, [`KeyError::TooLong`] when a part does not fit.
    pub(crate) fn encode(
        header: &FileHeader,
        slots: &[Keyslot],
        sealed: &SealedPart,
        data_key: &DataKey,
    ) -> Result<Vec<u8>, KeyError> {
        if slots.len() > SLOTS {
            return Err(KeyError::TooMany { what: "slots", limit: SLOTS });
        }
        let mut bytes = vec![0_u8; FILE_SIZE];
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        bytes[MAGIC.len()..HEADER_AT].copy_from_slice(&[MAJOR, MINOR]);
        cbor::write_block(&mut bytes[HEADER_AT..SLOTS_AT], "header", |encoder| header.encode(encoder))?;
        for (block, slot) in bytes[SLOTS_AT..SEALED_AT].chunks_exact_mut(SLOT_SIZE).zip(slots) {
            cbor::write_block(block, "slot", |encoder| slot.encode(encoder))?;
        }
        let keys = FileKeys::derive(header, data_key);
        keys.seal(&mut bytes, sealed)?;
        let mac = keys.mac(&bytes).finalize().into_bytes();
        bytes[MAC_AT..].copy_from_slice(&mac);
        Ok(bytes)
    }

    pub(crate) const fn hash(&self) -> KeyslotFileHash {
        self.hash
    }

    pub(crate) const fn header(&self) -> &FileHeader {
        &self.header
    }

    /// In ascending order of their ids.
    pub(crate) fn slots(&self) -> &[Keyslot] {
        &self.slots
    }
}

fn check_size_and_version(bytes: &[u8]) -> Result<(), KeyError> {
    if !bytes.starts_with(MAGIC) {
        return Err(KeyError::Malformed { what: "magic bytes" });
    }
    if bytes.get(MAGIC.len()) != Some(&MAJOR) {
        return Err(KeyError::Newer { what: "major version" });
    }
    if bytes.len() != FILE_SIZE {
        return Err(KeyError::Malformed { what: "size" });
    }
    Ok(())
}

/// Reads the used slots: they come first, in ascending order of their ids, and the rest is zero.
fn decode_slots(bytes: &[u8]) -> Result<Vec<Keyslot>, KeyError> {
    let contents: Vec<&[u8]> = bytes
        .chunks_exact(SLOT_SIZE)
        .map(|block| cbor::read_block(block, "slot"))
        .collect::<Result<_, _>>()?;
    let used = contents.iter().take_while(|content| !content.is_empty()).count();
    let slots: Vec<Keyslot> =
        contents[..used].iter().map(|content| Keyslot::decode(content)).collect::<Result<_, _>>()?;
    let is_ordered = slots.is_sorted_by(|one, next| one.head().id < next.head().id);
    if slots.is_empty() || !is_ordered || contents[used..].iter().any(|content| !content.is_empty()) {
        return Err(KeyError::Malformed { what: "list of slots" });
    }
    Ok(slots)
}

/// The keys of one file; its salt makes them its own.
struct FileKeys {
    /// AES-256 key and nonce of the sealed part.
    seal: Secret<44>,
    mac: Secret<32>,
}

impl FileKeys {
    fn derive(header: &FileHeader, data_key: &DataKey) -> Self {
        let place: [&[u8]; 2] = [header.repository.as_bytes(), &header.salt];
        Self { seal: data_key.derive(Label::SetSeal, &place), mac: data_key.derive(Label::SetMac, &place) }
    }

    /// Over everything before the MAC.
    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(self.mac.expose())
            .expect("HMAC takes keys of any length")
            .chain_update(&bytes[..MAC_AT])
    }

    fn cipher(&self) -> (Aes256Gcm, Nonce<aes_gcm::aead::consts::U12>) {
        let (key, nonce) = self.seal.expose().split_first_chunk::<32>().expect("44 bytes hold a key of 32");
        (Aes256Gcm::new(key.into()), Nonce::try_from(nonce).expect("44 bytes hold a nonce of 12"))
    }

    /// Writes the sealed part and its tag into their places; the clear parts are its associated data.
    fn seal(&self, bytes: &mut [u8], sealed: &SealedPart) -> Result<(), KeyError> {
        let mut plaintext = Zeroizing::new(vec![0_u8; SEALED_SIZE]);
        cbor::write_block(&mut plaintext, "sealed part", |encoder| sealed.encode(encoder))?;
        let (clear, rest) = bytes.split_at_mut(SEALED_AT);
        let (cipher, nonce) = self.cipher();
        let buffer =
            InOutBuf::new(&plaintext, &mut rest[..SEALED_SIZE]).expect("both are of the sealed size");
        let tag = cipher.encrypt_inout_detached(&nonce, clear, buffer).expect("the sealed part fits AES-GCM");
        rest[SEALED_SIZE..SEALED_SIZE + TAG_SIZE].copy_from_slice(&tag);
        Ok(())
    }

    fn open(&self, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (cipher, nonce) = self.cipher();
        let mut plaintext = Zeroizing::new(bytes[SEALED_AT..TAG_AT].to_vec());
        let tag = Tag::try_from(&bytes[TAG_AT..MAC_AT]).expect("a tag of 16 bytes");
        cipher
            .decrypt_inout_detached(&nonce, &bytes[..SEALED_AT], plaintext.as_mut_slice().into(), &tag)
            .map_err(|_| KeyError::Tampered)?;
        Ok(plaintext)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// CBOR that is likely to get past the first checks: small maps of integer keys and simple values.
    fn likely_cbor() -> impl Strategy<Value = Vec<u8>> {
        let item = prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            Just(vec![0x50; 17]),
            Just([&[0x58, 0x20][..], &[7; 32]].concat()),
            Just(vec![0x80]),
            Just(vec![0x84, 2, 1, 3, 3]),
            Just(vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            Just(vec![0x5f, 0x41, 0x00, 0xff]),
        ];
        (0xa0..0xa9_u8, prop::collection::vec(item, 0..16)).prop_map(|(map, items)| {
            let keyed = (0_u8..).zip(items).flat_map(|(key, item)| [vec![key], item].concat());
            std::iter::once(map).chain(keyed).collect()
        })
    }

    proptest! {
        #[test]
        fn no_bytes_panic_a_parser(bytes in prop_oneof![likely_cbor(), prop::collection::vec(any::<u8>(), 0..200)]) {
            let header = FileHeader::decode(&bytes);
            let slot = Keyslot::decode(&bytes);
            let sealed = SealedPart::decode(&bytes);

            prop_assert!(header.is_err() || slot.is_err() || sealed.is_err(), "nothing is all three");
        }

        #[test]
        fn no_blocks_panic_the_file(header in likely_cbor(), slot in likely_cbor(), length: u16) {
            let mut bytes = vec![0_u8; FILE_SIZE];
            bytes[..HEADER_AT].copy_from_slice(b"cofferks\0\0");
            bytes[HEADER_AT..HEADER_AT + 2].copy_from_slice(&length.to_be_bytes());
            bytes[HEADER_AT + 2..HEADER_AT + 2 + header.len()].copy_from_slice(&header);
            bytes[SLOTS_AT + 1] = u8::try_from(slot.len().min(255)).unwrap();
            bytes[SLOTS_AT + 2..SLOTS_AT + 2 + slot.len()].copy_from_slice(&slot);
            let name = KeyslotFileHash::of(&bytes).file_name();

            prop_assert!(KeyslotFile::decode(&name, bytes).is_err());
        }
    }

    #[test]
    fn the_parts_fill_the_file() {
        assert_eq!(
            (SEALED_AT, SEALED_SIZE, TAG_AT, MAC_AT, FILE_SIZE),
            (25_600, 23_504, 49_104, 49_120, 49_152)
        );
    }
}
