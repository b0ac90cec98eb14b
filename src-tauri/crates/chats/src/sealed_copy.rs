//! A private copy of an app's database that never lies on the disk in clear: sealed under a key that only this
//! process has and that ends with it.
//!
//! `src-tauri/docs/0011-sealed-copies.md` says why. The file is AES-256 in counter mode from block 0 under a key drawn
//! for it alone; every place is written once. SQLite reads it through [`vfs`].

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aes::Aes256;
use coffer_secret::{Entropy, Secret};
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use rusqlite::{Connection, OpenFlags};

use crate::error::ChatError;

mod vfs;
mod wal;

pub(crate) use vfs::SealedDatabase;

/// Bytes that are sealed and written at once.
const BUFFER: usize = 256 << 10;

/// How often a database that changes while it is copied is copied again.
const TRIES: usize = 3;

/// Where a reader may put a sealed copy, and where its key comes from.
#[derive(Clone)]
pub struct Workroom {
    folder: PathBuf,
    entropy: Arc<dyn Entropy>,
}

impl Workroom {
    /// Copies go to `folder`, which must be private to the person; it is made when it is needed.
    pub fn new(folder: &Path, entropy: Arc<dyn Entropy>) -> Self {
        Self { folder: folder.to_owned(), entropy }
    }

    /// Removes what an ended process left. What it left cannot be read by anybody: its key is gone.
    ///
    /// # Errors
    /// When the folder cannot be read or a file cannot be removed.
    pub fn sweep(&self) -> io::Result<()> {
        match fs::read_dir(&self.folder) {
            Ok(files) => {
                for file in files {
                    fs::remove_file(file?.path())?;
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// An empty sealed file, to be written from its beginning.
    pub(crate) fn begin(&self) -> io::Result<SealedWriter> {
        fs::create_dir_all(&self.folder)?;
        let mut name = [0_u8; 16];
        self.entropy.fill(&mut name);
        let path = self.folder.join(crate::record::hex(&name));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        // Where a file in use cannot lose its name, `Named` takes it away in the end.
        let named = if fs::remove_file(&path).is_ok() { None } else { Some(Named(path)) };
        let key = Secret::make(self.entropy.as_ref());
        let cipher = cipher(&key);
        Ok(SealedWriter { file, cipher, length: 0, buffer: Vec::with_capacity(BUFFER), named })
    }

    /// Copies a database with what the write-ahead log beside it adds.
    pub(crate) fn copy_database(&self, path: &Path) -> Result<SealedCopy, ChatError> {
        self.copy_with_log(path, &wal::beside(path, "-wal"))
    }

    /// Copies a database with what a write-ahead log adds that may lie elsewhere under another name, or not be there.
    pub(crate) fn copy_with_log(&self, path: &Path, log: &Path) -> Result<SealedCopy, ChatError> {
        for _ in 0..TRIES {
            let before = wal::Stand::of(path, log)?;
            let mut writer = self.begin()?;
            wal::copy(path, log, &mut writer)?;
            let copy = writer.finish()?;
            if wal::Stand::of(path, log)? == before {
                return Ok(copy);
            }
        }
        Err(ChatError::Changing)
    }
}

/// Opens a database where it lies, as it is without its log, to see what it is. Nothing is locked and nothing written.
pub(crate) fn peek(path: &Path) -> Option<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut name = String::from("file:");
    for byte in std::path::absolute(path).ok()?.to_str()?.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte);
        if is_plain {
            name.push(char::from(byte));
        } else if byte == b'\\' {
            name.push('/');
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    let connection = Connection::open_with_flags(name + "?immutable=1", flags).ok()?;
    vfs::harden(&connection).ok()?;
    Some(connection)
}

/// The files a database consists of.
pub(crate) fn files_of(path: &Path) -> Vec<PathBuf> {
    let log = wal::beside(path, "-wal");
    let has_log = fs::metadata(&log).is_ok_and(|about| about.is_file() && about.len() > 0);
    let mut files = vec![path.to_owned()];
    files.extend(has_log.then_some(log));
    files
}

impl fmt::Debug for Workroom {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Workroom")
    }
}

fn cipher(key: &Secret<32>) -> Ctr128BE<Aes256> {
    Ctr128BE::new(key.expose().into(), &[0_u8; 16].into())
}

/// A file that is removed in the end.
struct Named(PathBuf);

impl Drop for Named {
    fn drop(&mut self) {
        // Best effort; `Workroom::sweep` does it at the next start.
        drop(fs::remove_file(&self.0));
    }
}

/// A sealed file while it is written.
pub(crate) struct SealedWriter {
    file: File,
    cipher: Ctr128BE<Aes256>,
    length: u64,
    buffer: Vec<u8>,
    named: Option<Named>,
}

impl SealedWriter {
    /// Ends writing; from now on the content can be read.
    pub(crate) fn finish(mut self) -> io::Result<SealedCopy> {
        self.flush()?;
        let Self { file, cipher, length, named, .. } = self;
        Ok(SealedCopy { content: Mutex::new((file, cipher)), length, _named: named })
    }
}

impl Write for SealedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = BUFFER.saturating_sub(self.buffer.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.buffer.extend_from_slice(taken);
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.cipher.try_apply_keystream(&mut self.buffer).map_err(io::Error::other)?;
        self.file.write_all(&self.buffer)?;
        self.length += u64::try_from(self.buffer.len()).unwrap_or(0);
        self.buffer.clear();
        Ok(())
    }
}

/// A complete sealed file. Its key ends with it.
pub(crate) struct SealedCopy {
    content: Mutex<(File, Ctr128BE<Aes256>)>,
    length: u64,
    _named: Option<Named>,
}

impl SealedCopy {
    /// Bytes of the content.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Fills `buffer` from `offset` on; says how much there was.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut content = self.content.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, cipher) = &mut *content;
        file.seek(SeekFrom::Start(offset))?;
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read(rest)? {
                0 => break,
                count => read += count,
            }
        }
        cipher.try_seek(offset).map_err(io::Error::other)?;
        cipher.try_apply_keystream(buffer.get_mut(..read).unwrap_or_default()).map_err(io::Error::other)?;
        Ok(read)
    }

    /// The first bytes, for telling what it is.
    pub(crate) fn start(&self) -> io::Result<[u8; 100]> {
        let mut start = [0; 100];
        self.read_at(0, &mut start)?;
        Ok(start)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use coffer_secret::testing::SeededEntropy;

    pub(crate) fn workroom(folder: &Path) -> Workroom {
        Workroom::new(folder, Arc::new(SeededEntropy::new(7)))
    }

    #[test]
    fn any_range_reads_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..700_001_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();

        let mut writer = workroom(folder.path()).begin().unwrap();
        writer.write_all(&content).unwrap();
        let copy = writer.finish().unwrap();

        let mut part = vec![0; 5000];
        assert_eq!(copy.read_at(262_100, &mut part).unwrap(), 5000);
        assert_eq!(part, content[262_100..267_100]);
        assert_eq!(copy.read_at(700_000, &mut part).unwrap(), 1);
        assert_eq!((part[0], copy.length()), (content[700_000], 700_001));
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_shows_no_file_while_one_is_in_use() {
        let folder = tempfile::tempdir().unwrap();

        let mut writer = workroom(folder.path()).begin().unwrap();
        writer.write_all(b"hello").unwrap();
        let _copy = writer.finish().unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn sweeping_removes_what_another_process_left() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("00ff"), "left").unwrap();

        workroom(folder.path()).sweep().unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
