//! The keys that protect content: the data key of each generation, what is derived from it, and the chunk-id key.

use crate::kdf::{self, Label};
use crate::{KeyId, RepositoryId};
use coffer_secret::{Entropy, Secret};

/// The random key of one generation. Never used directly: everything is sealed under keys derived from it.
#[derive(Debug)]
pub struct DataKey {
    generation: u32,
    key_id: KeyId,
    key: Secret<32>,
}

/// What kind of file of the repository a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// Many chunks in one object.
    Pack,
    /// Where each chunk lies.
    Index,
    /// One backup.
    Snapshot,
    /// An announced deletion.
    Intent,
}

/// What seals one file, and only that file.
#[derive(Debug)]
pub struct FileKey {
    /// The AES-256 key.
    pub key: Secret<32>,
    /// The nonce of record 0; record `i` uses it with `i` mixed in.
    pub base_nonce: [u8; 12],
    /// What the header of the file must say, compared in constant time before anything is opened.
    pub commitment: [u8; 32],
}

/// What a derived key of this computer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subkey {
    /// The database of the local library.
    LibraryDatabase,
    /// The media of the local library.
    LibraryMedia,
    /// What opens the local library's own keyslots for whoever has opened the repository. `repository` is the library's id.
    LibraryDoor,
    /// The pins: the newest states this computer has seen.
    Pins,
}

impl DataKey {
    /// Draws the data key of a generation.
    pub(crate) fn make(generation: u32, entropy: &dyn Entropy) -> Self {
        Self { generation, key_id: KeyId::make(entropy), key: Secret::make(entropy) }
    }

    /// Puts a data key back together from an unwrapped slot or a sealed list.
    pub(crate) const fn from_parts(generation: u32, key_id: KeyId, key: Secret<32>) -> Self {
        Self { generation, key_id, key }
    }

    /// The generation: 1 for the first key of a repository.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The random id of this key; no secret.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Derives what seals the file with this salt. The only way content keys are made.
    pub fn derive_file_key(&self, repository: &RepositoryId, kind: FileKind, salt: &[u8; 32]) -> FileKey {
        let bytes: Secret<76> = self.derive(kind.label(), &[repository.as_bytes(), salt]);
        let (key, rest) = bytes.expose().split_at(32);
        let (base_nonce, commitment) = rest.split_at(12);
        FileKey {
            key: Secret::copy_from(key).expect("the first 32 of 76 bytes"),
            base_nonce: base_nonce.try_into().expect("the next 12 of 76 bytes"),
            commitment: commitment.try_into().expect("the last 32 of 76 bytes"),
        }
    }

    /// Derives a key of this computer.
    pub fn derive_subkey(&self, purpose: Subkey, repository: &RepositoryId) -> Secret<32> {
        self.derive(purpose.label(), &[repository.as_bytes()])
    }

    pub(crate) fn derive<const N: usize>(&self, label: Label, fields: &[&[u8]]) -> Secret<N> {
        kdf::expand(&self.key, label, fields)
    }

    /// The key itself, to be wrapped or sealed.
    pub(crate) const fn key(&self) -> &Secret<32> {
        &self.key
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self { generation: self.generation, key_id: self.key_id, key: self.key.duplicate() }
    }
}

impl FileKind {
    const fn label(self) -> Label {
        match self {
            Self::Pack => Label::FilePack,
            Self::Index => Label::FileIndex,
            Self::Snapshot => Label::FileSnapshot,
            Self::Intent => Label::FileIntent,
        }
    }
}

impl Subkey {
    const fn label(self) -> Label {
        match self {
            Self::LibraryDatabase => Label::LibraryDatabase,
            Self::LibraryMedia => Label::LibraryMedia,
            Self::LibraryDoor => Label::LibraryDoor,
            Self::Pins => Label::Pins,
        }
    }
}

/// The key that names chunks. One per repository for its whole life, so that a new generation re-uploads nothing.
#[derive(Debug)]
pub struct ChunkIdKey(Secret<32>);

impl ChunkIdKey {
    pub(crate) fn make(entropy: &dyn Entropy) -> Self {
        Self(Secret::make(entropy))
    }

    pub(crate) const fn from_secret(key: Secret<32>) -> Self {
        Self(key)
    }

    pub(crate) const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    /// Derives the name of a chunk: BLAKE3 keyed, over its kind and its plain bytes.
    pub fn derive_chunk_id(&self, kind: u8, plaintext: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(self.0.expose());
        hasher.update(&[kind]).update(plaintext);
        *hasher.finalize().as_bytes()
    }
}
