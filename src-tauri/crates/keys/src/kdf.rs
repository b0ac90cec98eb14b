//! Every key derivation of Coffer: one table of HKDF labels, and Argon2id between a floor and a ceiling.

use crate::{KeyError, RepositoryId};
use argon2::{Algorithm, Argon2, Params, Version};
use coffer_secret::Secret;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};

/// What is derived. Each has a label of its own, so no two purposes can share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    FilePack,
    FileIndex,
    FileSnapshot,
    FileIntent,
    LibraryDatabase,
    LibraryMedia,
    LibraryDoor,
    Pins,
    KeyEncryptionKey,
    SlotWrap,
    SlotKeyPair,
    SlotAssociatedData,
    SlotHandover,
    SetSeal,
    SetMac,
    PasskeyInput,
}

impl Label {
    /// The whole table.
    #[cfg(test)]
    const ALL: [Self; 16] = [
        Self::FilePack,
        Self::FileIndex,
        Self::FileSnapshot,
        Self::FileIntent,
        Self::LibraryDatabase,
        Self::LibraryMedia,
        Self::LibraryDoor,
        Self::Pins,
        Self::KeyEncryptionKey,
        Self::SlotWrap,
        Self::SlotKeyPair,
        Self::SlotAssociatedData,
        Self::SlotHandover,
        Self::SetSeal,
        Self::SetMac,
        Self::PasskeyInput,
    ];

    /// The bytes of the label. Written out once, here.
    const fn text(self) -> &'static [u8] {
        match self {
            Self::FilePack => b"coffer/1/file/pack",
            Self::FileIndex => b"coffer/1/file/index",
            Self::FileSnapshot => b"coffer/1/file/snapshot",
            Self::FileIntent => b"coffer/1/file/intent",
            Self::LibraryDatabase => b"coffer/1/library/database",
            Self::LibraryMedia => b"coffer/1/library/media",
            Self::LibraryDoor => b"coffer/1/library/door",
            Self::Pins => b"coffer/1/pins",
            Self::KeyEncryptionKey => b"coffer/1/key-encryption-key",
            Self::SlotWrap => b"coffer/1/slot/wrap",
            Self::SlotKeyPair => b"coffer/1/slot/key-pair",
            Self::SlotAssociatedData => b"coffer/1/slot/associated-data",
            Self::SlotHandover => b"coffer/1/slot/handover",
            Self::SetSeal => b"coffer/1/keyslots/seal",
            Self::SetMac => b"coffer/1/keyslots/mac",
            Self::PasskeyInput => b"coffer/1/prf",
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

/// What every passkey of a repository is evaluated with. Not secret: the authenticator keys it.
pub(crate) fn derive_passkey_input(repository: &RepositoryId) -> [u8; 32] {
    let input = Sha256::new().chain_update(Label::PasskeyInput.text()).chain_update([0]);
    input.chain_update(repository.as_bytes()).finalize().into()
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

    /// Least time that one guess should take this computer, in milliseconds.
    const WANTED_MILLIS: u64 = 1000;

    /// Measures this computer and raises the default until a guess takes it a second. `ticks` is a clock in milliseconds.
    ///
    /// A slow or busy computer keeps the default; only one without the memory gets less, never below the floor.
    ///
    /// # Errors
    /// [`KeyError::OutOfMemory`] when not even the floor's memory is there.
    pub fn calibrate(ticks: &dyn Fn() -> u64) -> Result<Self, KeyError> {
        Self::calibrated(|params| {
            let start = ticks();
            params.stretch(b"", &[0; 32])?;
            Ok(ticks().saturating_sub(start))
        })
    }

    fn calibrated(measure: impl Fn(Self) -> Result<u64, KeyError>) -> Result<Self, KeyError> {
        let mut params = Self::DEFAULT;
        loop {
            match (measure(params), params.with_half_the_memory()) {
                (Ok(millis), _) => return Ok(params.with_passes_after(millis)),
                (Err(_), Some(smaller)) => params = smaller,
                (Err(error), None) => return Err(error),
            }
        }
    }

    fn with_half_the_memory(self) -> Option<Self> {
        Self::new(self.memory_kib / 2, self.passes, self.lanes).ok()
    }

    /// More passes for a computer on which these took `millis`.
    fn with_passes_after(self, millis: u64) -> Self {
        let wanted = Self::WANTED_MILLIS.saturating_mul(u64::from(self.passes)).div_ceil(millis.max(1));
        let passes = u32::try_from(wanted).unwrap_or(u32::MAX).clamp(self.passes, Self::CEILING.passes);
        Self { passes, ..self }
    }

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
    fn a_fast_computer_gets_more_passes_and_a_slow_one_keeps_the_default() {
        let calibrated = [400, 1500, 60_000].map(|millis| Argon2Params::calibrated(|_| Ok(millis)).unwrap());

        assert_eq!(calibrated, [8, 3, 3].map(|passes| Argon2Params { passes, ..Argon2Params::DEFAULT }));
    }

    #[test]
    fn a_computer_without_the_memory_gets_less_and_never_below_the_floor() {
        let memory = |has: u32| {
            Argon2Params::calibrated(|Argon2Params { memory_kib, passes: _, lanes: _ }| {
                if memory_kib <= has { Ok(2000) } else { Err(KeyError::OutOfMemory { memory_kib }) }
            })
        };

        assert_eq!(memory(128 * 1024).map(|params| params.memory_kib), Ok(128 * 1024));
        assert_eq!(memory(64 * 1024), Ok(Argon2Params::FLOOR));
        assert_eq!(memory(64 * 1024 - 1), Err(KeyError::OutOfMemory { memory_kib: 64 * 1024 }));
    }

    #[test]
    fn calibrating_runs_the_real_thing() {
        let looks = std::cell::Cell::new(0_u64);
        let ticks = || looks.replace(looks.get() + 500);

        assert_eq!(Argon2Params::calibrate(&ticks), Ok(Argon2Params { passes: 6, ..Argon2Params::DEFAULT }));
    }

    #[test]
    fn passes_stay_within_the_ceiling() {
        assert_eq!(Argon2Params::DEFAULT.with_passes_after(0).passes, 10);
        assert_eq!(Argon2Params::DEFAULT.with_passes_after(u64::MAX).passes, 3);
    }

    #[test]
    fn the_floor_the_default_and_the_ceiling_are_allowed() {
        let allowed = [Argon2Params::FLOOR, Argon2Params::DEFAULT, Argon2Params::CEILING];

        let checked = allowed.map(|params| Argon2Params::new(params.memory_kib, params.passes, params.lanes));

        assert_eq!(checked, allowed.map(Ok));
    }
}
