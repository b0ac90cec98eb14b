//! Names of things that are not secret: repositories, slots, data keys, keyslot files.

use crate::kdf;
use coffer_secret::Entropy;
use std::fmt;

/// Bytes of every random id.
pub(crate) const ID_LEN: usize = 16;

/// Declares a 16-byte random id that prints as lower-case hex.
macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; ID_LEN]);

        impl $name {
            /// Draws a fresh id.
            pub fn make(entropy: &dyn Entropy) -> Self {
                let mut bytes = [0_u8; ID_LEN];
                entropy.fill(&mut bytes);
                Self(bytes)
            }

            /// Takes the bytes of a known id.
            pub const fn from_bytes(bytes: [u8; ID_LEN]) -> Self {
                Self(bytes)
            }

            /// Reads the 32 hex digits that [`fmt::Display`] writes; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                parse_hex(text).map(Self)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; ID_LEN] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

random_id! {
    /// Names one repository for its whole life. In clear in every place; bound into every key.
    RepositoryId
}
random_id! {
    /// Names one slot of a keyslot file, in all versions of the file.
    SlotId
}
random_id! {
    /// Names one data key, so that two keys of one generation are told apart.
    KeyId
}

impl RepositoryId {
    /// What every passkey of this repository is evaluated with: one touch serves whichever of them is at hand.
    pub fn derive_passkey_input(&self) -> [u8; 32] {
        kdf::derive_passkey_input(self)
    }
}

/// BLAKE3 of the bytes of a keyslot file: its name in the place and its name as a parent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyslotFileHash([u8; 32]);

impl KeyslotFileHash {
    /// How the name of a keyslot file ends.
    const SUFFIX: &str = ".cks";

    /// Hashes the bytes of a file.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The file name: 64 hex digits and `.cks`.
    pub fn file_name(&self) -> String {
        format!("{self}{}", Self::SUFFIX)
    }

    /// Reads a file name, without or with the folders before it; `None` when it is not the name of a keyslot file.
    pub fn parse_file_name(name: &str) -> Option<Self> {
        let last = name.rsplit(['/', '\\']).next()?;
        parse_hex(last.strip_suffix(Self::SUFFIX)?).map(Self)
    }

    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyslotFileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for KeyslotFileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyslotFileHash({self})")
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads exactly `N` bytes of lower-case hex: one thing has one name.
fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N.checked_mul(2)? {
        return None;
    }
    let mut bytes = [0_u8; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_value(pair[0])? << 4 | hex_value(pair[1])?;
    }
    Some(bytes)
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = SlotId::from_bytes([0x0f; 16]);

        assert_eq!(SlotId::parse(&id.to_string()), Some(id));
        assert_eq!(id.to_string(), "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f");
    }

    #[test]
    fn an_id_in_upper_case_or_of_another_length_is_refused() {
        assert_eq!(SlotId::parse("0F0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"), None);
        assert_eq!(SlotId::parse("0f"), None);
    }

    #[test]
    fn a_file_name_is_the_hash_of_the_bytes() {
        // BLAKE3 of nothing: the first official test vector.
        let hash = KeyslotFileHash::of(b"");

        assert_eq!(hash.file_name(), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262.cks");
        assert_eq!(KeyslotFileHash::parse_file_name(&format!("keyslots/{}", hash.file_name())), Some(hash));
        assert_eq!(KeyslotFileHash::parse_file_name("keyslots/af13 (conflict copy).cks"), None);
    }
}
