//! All data keys of a repository, newest first, and its chunk-id key.

use crate::{ChunkIdKey, DataKey, KeyId};
use coffer_secret::Entropy;

/// What an unlocked repository works with. Reading may need any generation; writing uses the newest.
#[derive(Debug)]
pub struct Keyring {
    newest: DataKey,
    /// Earlier generations, newest first.
    earlier: Vec<DataKey>,
    chunk_id_key: ChunkIdKey,
}

impl Keyring {
    /// Draws the keys of a new repository.
    pub fn make(entropy: &dyn Entropy) -> Self {
        Self {
            newest: DataKey::make(1, entropy),
            earlier: Vec::new(),
            chunk_id_key: ChunkIdKey::make(entropy),
        }
    }

    pub(crate) const fn from_parts(newest: DataKey, earlier: Vec<DataKey>, chunk_id_key: ChunkIdKey) -> Self {
        Self { newest, earlier, chunk_id_key }
    }

    /// This keyring with a newer data key in front.
    pub(crate) fn with_newer(&self, newest: DataKey) -> Self {
        let earlier = self.data_keys().map(DataKey::duplicate).collect();
        Self { newest, earlier, chunk_id_key: self.chunk_id_key.duplicate() }
    }

    /// The key that new files are sealed under.
    pub const fn newest(&self) -> &DataKey {
        &self.newest
    }

    /// The key of a generation; `None` when this keyring does not hold it.
    pub fn data_key(&self, generation: u32) -> Option<&DataKey> {
        self.data_keys().find(|key| key.generation() == generation)
    }

    /// The key with an id; `None` when this keyring does not hold it.
    pub fn data_key_by_id(&self, key_id: KeyId) -> Option<&DataKey> {
        self.data_keys().find(|key| key.key_id() == key_id)
    }

    /// Every key, newest generation first.
    pub fn data_keys(&self) -> impl Iterator<Item = &DataKey> {
        std::iter::once(&self.newest).chain(&self.earlier)
    }

    /// The key that names chunks.
    pub const fn chunk_id_key(&self) -> &ChunkIdKey {
        &self.chunk_id_key
    }

    pub(crate) fn earlier(&self) -> &[DataKey] {
        &self.earlier
    }
}
