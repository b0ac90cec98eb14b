//! An unlocked place: its files read and written by kind and hash, never by a key that somebody passed around.

use crate::aead::{FileCipher, RecordType};
use crate::damage::What;
use crate::error::ArchiveError;
use crate::names::{self, FileHash};
use crate::sealed::{
    FILE_LIMIT, HEADER_LENGTH, Header, Placed, Record, SealedFile, Sealer, is_written_length, open_record,
    place, read_layout,
};
use crate::snapshot::ChunkKind;
use crate::store::{Store, StoreError};
use coffer_keys::{FileKind, OpenKeyslots, RepositoryId};
use coffer_secret::Entropy;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Ciphers kept for the packs read last.
const CIPHERS_KEPT: usize = 256;

/// Why one file could not be read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The file is not what it should be.
    What(What),
    /// The place failed.
    Store(StoreError),
}

impl From<What> for Fault {
    fn from(what: What) -> Self {
        Self::What(what)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::What(What::Missing),
            StoreError::TooLarge { .. } => Self::What(What::Damaged),
            StoreError::Exists
            | StoreError::NoSpace
            | StoreError::ReadOnly
            | StoreError::PermissionDenied
            | StoreError::Unreachable
            | StoreError::BadName
            | StoreError::Io { .. } => Self::Store(error),
        }
    }
}

impl Fault {
    /// The fault as the error about one file.
    pub(crate) fn at(self, file: String) -> ArchiveError {
        match self {
            Self::What(what) => ArchiveError::Damaged { file, what },
            Self::Store(error) => ArchiveError::Store(error),
        }
    }

    /// The fault as a fact about one file: a device that fails on it is damage there. An error only when the
    /// place itself is gone.
    pub(crate) fn into_damage(self) -> Result<What, ArchiveError> {
        match self {
            Self::What(what) => Ok(what),
            Self::Store(StoreError::Io { .. } | StoreError::PermissionDenied) => Ok(What::Damaged),
            Self::Store(error) => Err(error.into()),
        }
    }
}

/// A place with its keys.
pub(crate) struct Place {
    store: Arc<dyn Store>,
    repository: RepositoryId,
    keys: Arc<RwLock<OpenKeyslots>>,
    ciphers: Mutex<HashMap<FileHash, Arc<FileCipher>>>,
}

impl Place {
    pub(crate) fn new(store: Arc<dyn Store>, keys: OpenKeyslots) -> Self {
        let repository = keys.repository();
        Self { store, repository, keys: Arc::new(RwLock::new(keys)), ciphers: Mutex::default() }
    }

    /// The same place with the same keys and nothing remembered of its files.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn afresh(&self) -> Self {
        let (store, keys) = (Arc::clone(&self.store), Arc::clone(&self.keys));
        Self { store, repository: self.repository, keys, ciphers: Mutex::default() }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn repository(&self) -> &RepositoryId {
        &self.repository
    }

    pub(crate) fn keys(&self) -> RwLockReadGuard<'_, OpenKeyslots> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keys_mut(&self) -> RwLockWriteGuard<'_, OpenKeyslots> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names a chunk.
    pub(crate) fn chunk_id(&self, kind: ChunkKind, content: &[u8]) -> [u8; 32] {
        self.keys().keyring().chunk_id_key().derive_chunk_id(kind.record().number(), content)
    }

    /// Begins a new file under the newest data key.
    pub(crate) fn sealer(&self, kind: FileKind, entropy: &dyn Entropy, capacity: usize) -> Sealer {
        Sealer::new(self.keys().keyring().newest(), &self.repository, kind, entropy, capacity)
    }

    /// Writes a finished file, durably.
    pub(crate) fn put(&self, kind: FileKind, file: &SealedFile) -> Result<(), StoreError> {
        self.store.put(&names::path(kind, &file.hash), &file.bytes)
    }

    /// Reads a whole file and compares its hash with its name.
    pub(crate) fn read_whole(&self, kind: FileKind, hash: &FileHash) -> Result<Vec<u8>, Fault> {
        let bytes = self.store.get(&names::path(kind, hash), FILE_LIMIT)?;
        if blake3::hash(&bytes) == *hash {
            return Ok(bytes);
        }
        // Index files and snapshots are padded: a length that padding never gives was cut short.
        let may_be_cut = match kind {
            FileKind::Index | FileKind::Snapshot | FileKind::Intent => !is_written_length(bytes.len()),
            FileKind::Pack => bytes.is_empty(),
        };
        Err(if may_be_cut { What::Partial } else { What::Damaged }.into())
    }

    /// The records of a file that is in memory.
    pub(crate) fn open_whole(&self, kind: FileKind, bytes: &[u8]) -> Result<(FileCipher, Vec<Record>), What> {
        let cipher = self.cipher_for(kind, bytes)?;
        let size = u64::try_from(bytes.len()).map_err(|_| What::Damaged)?;
        let records = read_layout(&cipher, kind, size, &mut |offset, length| cut(bytes, offset, length))?;
        Ok((cipher, records))
    }

    /// The body of an index file or snapshot, and the generation it is sealed under.
    pub(crate) fn body(&self, kind: FileKind, hash: &FileHash) -> Result<(Vec<u8>, u32), Fault> {
        let bytes = self.read_whole(kind, hash)?;
        let (cipher, records) = self.open_whole(kind, &bytes)?;
        let wanted = match kind {
            FileKind::Snapshot => RecordType::SnapshotBody,
            FileKind::Index | FileKind::Pack | FileKind::Intent => RecordType::IndexBody,
        };
        let mut placed = place(&records);
        let (Some(only), None) = (placed.next(), placed.next()) else { return Err(What::Damaged.into()) };
        if only.record.record != wanted {
            return Err(What::Damaged.into());
        }
        let body = open_record(&cipher, kind, &only, cut_record(&bytes, &only)?)?;
        Ok((body, Header::read(kind, &bytes)?.generation))
    }

    /// The records of a pack of `size` bytes, of which only header, end and footer are read.
    pub(crate) fn pack_records(&self, hash: &FileHash, size: u64) -> Result<Vec<Record>, Fault> {
        let name = names::path(FileKind::Pack, hash);
        let read = || {
            let cipher = self.pack_cipher(hash)?;
            read_layout(&cipher, FileKind::Pack, size, &mut |offset, length| {
                let bytes = self.store.get_range(&name, offset, length)?;
                if bytes.len() == length { Ok(bytes) } else { Err(What::Partial.into()) }
            })
        };
        read().map_err(|fault| self.diagnose(hash, fault))
    }

    /// Reads one chunk out of a pack; every byte authenticated, its id derived again.
    pub(crate) fn read_chunk(&self, pack: &FileHash, placed: &Placed) -> Result<Vec<u8>, Fault> {
        let read = || {
            let cipher = self.pack_cipher(pack)?;
            let length = usize::try_from(placed.record.sealed).map_err(|_| What::Damaged)?;
            let sealed = self.store.get_range(&names::path(FileKind::Pack, pack), placed.offset, length)?;
            self.open_chunk(&cipher, placed, sealed)
        };
        read().map_err(|fault| self.diagnose(pack, fault))
    }

    /// Opens one chunk of a pack that is in memory.
    pub(crate) fn read_chunk_of(
        &self,
        cipher: &FileCipher,
        bytes: &[u8],
        placed: &Placed,
    ) -> Result<Vec<u8>, Fault> {
        self.open_chunk(cipher, placed, cut_record(bytes, placed)?)
    }

    /// The cipher of a file whose header is the beginning of `bytes`.
    pub(crate) fn cipher_for(&self, kind: FileKind, bytes: &[u8]) -> Result<FileCipher, What> {
        let header = Header::read(kind, bytes)?;
        let keys = self.keys();
        let ring = keys.keyring();
        let Some(key) = ring.data_key(header.generation) else {
            let is_newer = header.generation > ring.newest().generation();
            return Err(if is_newer { What::RolledBack } else { What::Foreign });
        };
        let cipher = FileCipher::new(&key.derive_file_key(&self.repository, kind, &header.salt));
        if cipher.is_committed(&header.commitment) { Ok(cipher) } else { Err(What::Foreign) }
    }

    fn open_chunk(&self, cipher: &FileCipher, placed: &Placed, sealed: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let content = open_record(cipher, FileKind::Pack, placed, sealed)?;
        let id =
            self.keys().keyring().chunk_id_key().derive_chunk_id(placed.record.record.number(), &content);
        if id == placed.record.chunk { Ok(content) } else { Err(What::Damaged.into()) }
    }

    fn pack_cipher(&self, hash: &FileHash) -> Result<Arc<FileCipher>, Fault> {
        let kept = || self.ciphers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cipher) = kept().get(hash) {
            return Ok(Arc::clone(cipher));
        }
        let header = self.store.get_range(&names::path(FileKind::Pack, hash), 0, HEADER_LENGTH)?;
        let cipher = Arc::new(self.cipher_for(FileKind::Pack, &header)?);
        let mut ciphers = kept();
        if ciphers.len() >= CIPHERS_KEPT {
            ciphers.clear();
        }
        ciphers.insert(*hash, Arc::clone(&cipher));
        Ok(cipher)
    }

    /// A range that does not open may lie in a damaged file or in a whole one of somebody else: the hash tells.
    fn diagnose(&self, hash: &FileHash, fault: Fault) -> Fault {
        match fault {
            Fault::What(What::Foreign | What::RolledBack | What::Newer) => {
                match self.read_whole(FileKind::Pack, hash) {
                    Ok(_) => fault,
                    Err(damage) => damage,
                }
            }
            Fault::What(What::Missing | What::Partial | What::Damaged | What::Extra) | Fault::Store(_) => {
                fault
            }
        }
    }
}

fn cut(bytes: &[u8], offset: u64, length: usize) -> Result<Vec<u8>, What> {
    let start = usize::try_from(offset).map_err(|_| What::Damaged)?;
    let end = start.checked_add(length).ok_or(What::Damaged)?;
    bytes.get(start..end).map(<[u8]>::to_vec).ok_or(What::Partial)
}

fn cut_record(bytes: &[u8], placed: &Placed) -> Result<Vec<u8>, What> {
    cut(bytes, placed.offset, usize::try_from(placed.record.sealed).map_err(|_| What::Damaged)?)
}
