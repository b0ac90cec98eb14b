//! Every key derivation of Coffer: one table of HKDF labels, and Argon2id between a floor and a ceiling.

use crate::KeyError;
use argon2::{Algorithm, Argon2, Params, Version};
use coffer_secret::Secret;
use hkdf::Hkdf;
use sha2::Sha256;

/// What a derived key is for. Each has a label of its own, so no two purposes can share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    FilePack,
    FileIndex,
    FileSnapshot,
    FileIntent,
    LibraryDatabase,
    LibraryMedia,
    Pins,
    KeyEncryptionKey,
    SlotWrap,
    SlotKeyPair,
    SlotAssociatedData,
    SetSeal,
    SetMac,
}

impl Label {
    /// The whole table.
    #[cfg(test)]
    const ALL: [Self; 13] = [
        Self::FilePack,
        Self::FileIndex,
        Self::FileSnapshot,
        Self::FileIntent,
        Self::LibraryDatabase,
        Self::LibraryMedia,
        Self::Pins,
        Self::KeyEncryptionKey,
        Self::SlotWrap,
        Self::SlotKeyPair,
        Self::SlotAssociatedData,
        Self::SetSeal,
        Self::SetMac,
    ];

    /// The bytes that go into HKDF. Written out once, here.
    const fn text(self) -> &'static [u8] {
        match self {
            Self::FilePack => b"coffer/1/file/pack",
            Self::FileIndex => b"coffer/1/file/index",
            Self::FileSnapshot => b"coffer/1/file/snapshot",
            Self::FileIntent => b"coffer/1/file/intent",
            Self::LibraryDatabase => b"coffer/1/library/database",
            Self::LibraryMedia => b"coffer/1/library/media",
            Self::Pins => b"coffer/1/pins",
            Self::KeyEncryptionKey => b"coffer/1/key-encryption-key",
            Self::SlotWrap => b"coffer/1/slot/wrap",
            Self::SlotKeyPair => b"coffer/1/slot/key-pair",
            Self::SlotAssociatedData => b"coffer/1/slot/associated-data",
            Self::SetSeal => b"coffer/1/keyslots/seal",
            Self::SetMac => b"coffer/1/keyslots/mac",
        }
    }

    /// The label and the fields, each with its length before it, so that no two lists of fields give the same bytes.
    pub(crate) fn with_fields(self, fields: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        for field in std::iter::once(self.text()).chain(fields.iter().copied()) {
            let length = u16::try_from(field.len()).expect("labels, ids, salts and slot heads are short");
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(field);
        }
        bytes
    }
}

/// HKDF-Expand-SHA256 (RFC 5869) from a key that is already uniform.
pub(crate) fn expand<const N: usize>(key: &Secret<32>, label: Label, fields: &[&[u8]]) -> Secret<N> {
    let hkdf = Hkdf::<Sha256>::from_prk(key.expose()).expect("32 bytes are one SHA-256 output");
    Secret::derive(|bytes| hkdf.expand(&label.with_fields(fields), bytes))
        .expect("no purpose asks for more than 255 SHA-256 outputs")
}

/// Whole HKDF-SHA256 (RFC 5869) from a secret that is strong but need not be uniform.
pub(crate) fn extract_and_expand(secret: &[u8], salt: &[u8], label: Label, fields: &[&[u8]]) -> Secret<32> {
    let hkdf = Hkdf::<Sha256>::new(Some(salt), secret);
    Secret::derive(|bytes| hkdf.expand(&label.with_fields(fields), bytes))
        .expect("32 bytes are one SHA-256 output")
}

/// How much work one guess of a password costs. Cannot exist outside the floor and the ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Argon2Params {
    /// The least that is accepted: 64 MiB, 3 passes (RFC 9106, section 4, second recommended option, with one lane).
    pub const FLOOR: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// The most that is accepted: a file must not be able to take the whole memory or an hour.
    pub const CEILING: Self = Self { memory_kib: 1024 * 1024, passes: 10, lanes: 8 };
    /// What new passwords get.
    pub const DEFAULT: Self = Self { memory_kib: 256 * 1024, passes: 3, lanes: 1 };

    /// Checks parameters, wherever they come from.
    ///
    /// # Errors
    /// [`KeyError::TooWeak`] below the floor, [`KeyError::TooExpensive`] above the ceiling.
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KeyError> {
        let (floor, ceiling) = (Self::FLOOR, Self::CEILING);
        if memory_kib < floor.memory_kib || passes < floor.passes || lanes < floor.lanes {
            return Err(KeyError::TooWeak { memory_kib, passes, lanes });
        }
        if memory_kib > ceiling.memory_kib || passes > ceiling.passes || lanes > ceiling.lanes {
            return Err(KeyError::TooExpensive { memory_kib, passes, lanes });
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// The refusal of these parameters by a stricter floor.
    pub(crate) const fn too_weak(self) -> KeyError {
        KeyError::TooWeak { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes }
    }

    /// Memory in KiB.
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(&self) -> u32 {
        self.passes
    }

    /// Lanes that can be computed side by side.
    pub const fn lanes(&self) -> u32 {
        self.lanes
    }

    /// Runs Argon2id version 1.3 (RFC 9106) over a password.
    pub(crate) fn stretch(&self, password: &[u8], salt: &[u8; 32]) -> Result<Secret<32>, KeyError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .expect("parameters between the floor and the ceiling are valid for Argon2");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Secret::derive(|out| argon2.hash_password_into(password, salt, out)).map_err(|error| {
            // With checked parameters and lengths the only other failure is a password of more than 4 GiB.
            if error == argon2::Error::OutOfMemory {
                KeyError::OutOfMemory { memory_kib: self.memory_kib }
            } else {
                KeyError::TooLong { what: "password", limit: argon2::MAX_PWD_LEN }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_labels_are_equal() {
        let texts: BTreeSet<&[u8]> = Label::ALL.iter().map(|label| label.text()).collect();

        assert_eq!(texts.len(), Label::ALL.len());
        assert!(texts.iter().all(|text| text.starts_with(b"coffer/1/")));
    }

    #[test]
    fn fields_cannot_be_cut_in_another_place() {
        let one = Label::Pins.with_fields(&[b"ab", b"c"]);

        assert_ne!(one, Label::Pins.with_fields(&[b"a", b"bc"]));
        assert_ne!(one, Label::Pins.with_fields(&[b"abc"]));
        assert_ne!(one, Label::Pins.with_fields(&[b"ab", b"c", b""]));
        assert_eq!(one, b"\x00\x0dcoffer/1/pins\x00\x02ab\x00\x01c");
    }

    #[test]
    fn two_purposes_get_two_keys() {
        let key = Secret::take(&mut [7; 32]);

        let keys: Vec<Secret<32>> = Label::ALL.iter().map(|label| expand(&key, *label, &[])).collect();
        let distinct: BTreeSet<&[u8; 32]> = keys.iter().map(Secret::expose).collect();

        assert_eq!(distinct.len(), Label::ALL.len());
    }

    #[test]
    fn parameters_below_the_floor_are_refused() {
        let refused = |memory_kib, passes, lanes| {
            Argon2Params::new(memory_kib, passes, lanes)
                == Err(KeyError::TooWeak { memory_kib, passes, lanes })
        };

        assert!(refused(64 * 1024 - 1, 3, 1));
        assert!(refused(64 * 1024, 2, 1));
        assert!(refused(64 * 1024, 3, 0));
        assert!(refused(0, 0, 0));
    }

    #[test]
    fn parameters_above_the_ceiling_are_refused() {
        let refused = |memory_kib, passes, lanes| {
            Argon2Params::new(memory_kib, passes, lanes)
                == Err(KeyError::TooExpensive { memory_kib, passes, lanes })
        };

        assert!(refused(1024 * 1024 + 1, 3, 1));
        assert!(refused(64 * 1024, 11, 1));
        assert!(refused(64 * 1024, 3, 9));
        assert!(refused(u32::MAX, u32::MAX, u32::MAX));
    }

    #[test]
    fn the_floor_the_default_and_the_ceiling_are_allowed() {
        let allowed = [Argon2Params::FLOOR, Argon2Params::DEFAULT, Argon2Params::CEILING];

        let checked = allowed.map(|params| Argon2Params::new(params.memory_kib, params.passes, params.lanes));

        assert_eq!(checked, allowed.map(Ok));
    }
}
