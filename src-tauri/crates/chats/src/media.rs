//! Media sealed at rest: one file per content, record by record, under names only the key can tell.
//!
//! A file is `header ‖ record*`. The header is magic (8) ‖ salt (32) ‖ commitment (32) ‖ plain length (8, big endian)
//! ‖ seal (32). `key (32) ‖ base nonce (12) ‖ commitment (32) ‖ seal key (32)` = BLAKE3 keyed by the store's file key,
//! extended over the salt. The seal is BLAKE3 keyed by the seal key over everything before it and the content hash, so that a
//! file renamed to another one's place is refused. Record `i` holds up to 64 KiB: AES-256-GCM, nonce = base XOR `i`,
//! associated data = `i` ‖ 1 for the last record, 0 before it.

mod reader;
mod sealing;

pub use reader::MediaReader;

use crate::model::BlobHash;
use coffer_secret::{Entropy, Secret};
use sealing::{HEADER_BYTES, Header, Sealer};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much of a file's beginning is looked at to tell what it is.
const SNIFF_BYTES: usize = 4096;

/// The folder for files that are still being written.
const UNFINISHED: &str = "unfinished";

/// What went wrong with a sealed media file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// No file with this content is here (or another key sealed it).
    #[error("no media file {0} is here")]
    Missing(String),
    /// The file is here, but its bytes are not what was sealed.
    #[error("media file {hash} is damaged: {what}")]
    Damaged {
        /// Content hash.
        hash: String,
        /// Which part.
        what: &'static str,
    },
    /// The disk is full; nothing was added.
    #[error("the disk is full")]
    NoSpace,
    /// The source of the bytes could not be read; nothing was added.
    #[error("the media source could not be read")]
    Source(#[source] io::Error),
    /// The store's folder could not be read or written.
    #[error("the media store could not be read or written")]
    Io(#[source] io::Error),
}

impl From<io::Error> for MediaError {
    fn from(error: io::Error) -> Self {
        let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        if is_full { Self::NoSpace } else { Self::Io(error) }
    }
}

/// A file taken into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMedia {
    /// BLAKE3 of the content.
    pub hash: BlobHash,
    /// Bytes of the content.
    pub size: u64,
    /// MIME type told from the content; `application/octet-stream` when it does not tell.
    pub mime: String,
    /// False when the same content was here before.
    pub is_new: bool,
}

/// A folder of sealed media files.
///
/// Safe to use from several threads and by several owners at once: every file is written whole under a name that
/// depends on its content alone.
pub struct MediaStore {
    folder: PathBuf,
    names: Secret<32>,
    files: Secret<32>,
    entropy: Arc<dyn Entropy>,
}

impl MediaStore {
    /// Opens the store in `folder`, making the folder when there is none.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path, key: &Secret<32>, entropy: Arc<dyn Entropy>) -> Result<Self, MediaError> {
        fs::create_dir_all(folder.join(UNFINISHED))?;
        Ok(Self {
            folder: folder.to_owned(),
            names: sealing::derive("coffer 2026 chats media names", key),
            files: sealing::derive("coffer 2026 chats media files", key),
            entropy,
        })
    }

    /// Reads `source` to its end and keeps its content; the same content twice is kept once.
    ///
    /// # Errors
    /// When the source fails or the store cannot be written; nothing is added then.
    pub fn put(&self, source: &mut dyn Read) -> Result<StoredMedia, MediaError> {
        let (path, file) = self.make_unfinished()?;
        let stored = self.write(file, source).and_then(|stored| self.publish(&path, stored));
        if !matches!(&stored, Ok(stored) if stored.is_new) {
            // Best effort: what is left here is sealed, and `remove_unfinished` takes it away.
            drop(fs::remove_file(&path));
        }
        stored
    }

    /// Says whether this content is here, whole by its length and sealed for this name.
    pub fn has(&self, hash: &BlobHash) -> bool {
        self.open_file(hash).is_ok()
    }

    /// The length of the content.
    ///
    /// # Errors
    /// When it is not here or damaged.
    pub fn size(&self, hash: &BlobHash) -> Result<u64, MediaError> {
        self.open_file(hash).map(|(_, header)| header.length)
    }

    /// Opens the content for reading at any place.
    ///
    /// # Errors
    /// When it is not here or its header is damaged; damage further on is reported while reading.
    pub fn open_blob(&self, hash: &BlobHash) -> Result<MediaReader, MediaError> {
        let (file, header) = self.open_file(hash)?;
        Ok(MediaReader::new(file, header, hash))
    }

    /// Reads up to `length` bytes from `offset`; shorter only at the end of the content.
    ///
    /// # Errors
    /// When it is not here or a record of the range is damaged.
    pub fn read_range(&self, hash: &BlobHash, offset: u64, length: u64) -> Result<Vec<u8>, MediaError> {
        self.open_blob(hash)?.read_range(offset, length)
    }

    /// Removes every file whose content is not in `keep`; returns how many.
    ///
    /// # Errors
    /// When the folder cannot be read or a file cannot be removed.
    pub fn remove_unreferenced(&self, keep: &HashSet<BlobHash>) -> Result<u64, MediaError> {
        let kept: HashSet<String> = keep.iter().map(|hash| self.name(hash)).collect();
        let mut removed = 0;
        for shard in fs::read_dir(&self.folder)? {
            let shard = shard?;
            if shard.file_name() == UNFINISHED || !shard.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(shard.path())? {
                let file = file?;
                if !file.file_name().to_str().is_some_and(|name| kept.contains(name)) {
                    fs::remove_file(file.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// Removes what an interrupted [`MediaStore::put`] left behind. Only for the one owner of the folder, at its start.
    ///
    /// # Errors
    /// When the folder cannot be read or a file cannot be removed.
    pub fn remove_unfinished(&self) -> Result<(), MediaError> {
        for file in fs::read_dir(self.folder.join(UNFINISHED))? {
            fs::remove_file(file?.path())?;
        }
        Ok(())
    }

    fn make_unfinished(&self) -> Result<(PathBuf, File), MediaError> {
        let mut name = [0_u8; 16];
        self.entropy.fill(&mut name);
        let path = self.folder.join(UNFINISHED).join(crate::record::hex(&name));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok((path, file))
    }

    fn write(&self, mut file: File, source: &mut dyn Read) -> Result<StoredMedia, MediaError> {
        let mut salt = [0_u8; 32];
        self.entropy.fill(&mut salt);
        let sealer = Sealer::derive(&self.files, &salt);
        file.write_all(&[0; HEADER_BYTES])?;
        let content = sealing::seal_all(&sealer, source, &mut file, SNIFF_BYTES)?;
        let header = Header { salt, length: content.length };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header.encode(&sealer, content.hash.as_bytes()))?;
        file.sync_all()?;
        let mime = infer::get(&content.beginning).map_or("application/octet-stream", |kind| kind.mime_type());
        let hash = BlobHash(*content.hash.as_bytes());
        Ok(StoredMedia { hash, size: content.length, mime: mime.to_owned(), is_new: true })
    }

    fn publish(&self, unfinished: &Path, stored: StoredMedia) -> Result<StoredMedia, MediaError> {
        if self.has(&stored.hash) {
            return Ok(StoredMedia { is_new: false, ..stored });
        }
        let path = self.path(&stored.hash);
        let shard = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(shard)?;
        fs::rename(unfinished, &path)?;
        sync_folder(shard)?;
        Ok(stored)
    }

    fn open_file(&self, hash: &BlobHash) -> Result<(File, sealing::OpenHeader), MediaError> {
        let mut file = File::open(self.path(hash)).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                MediaError::Missing(hash.to_hex())
            } else {
                error.into()
            }
        })?;
        let damaged = |what| MediaError::Damaged { hash: hash.to_hex(), what };
        let mut bytes = [0_u8; HEADER_BYTES];
        file.read_exact(&mut bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                damaged("header cut short")
            } else {
                error.into()
            }
        })?;
        let header = Header::open(&bytes, &self.files, &hash.0).map_err(damaged)?;
        if sealing::sealed_length(header.length) != Some(file.metadata()?.len()) {
            return Err(damaged("length"));
        }
        Ok((file, header))
    }

    fn name(&self, hash: &BlobHash) -> String {
        blake3::keyed_hash(self.names.expose(), &hash.0).to_hex().to_string()
    }

    fn path(&self, hash: &BlobHash) -> PathBuf {
        let name = self.name(hash);
        self.folder.join(name.get(..2).unwrap_or_default()).join(name)
    }
}

/// Makes a rename lasting: the folder's own entry goes to the disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests;
