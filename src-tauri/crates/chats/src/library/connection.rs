//! One writing connection, a few reading ones, all with the key; nothing plain reaches the disk.

use super::error::LibraryError;
use super::log::SegmentCache;
use super::schema;
use coffer_secret::Secret;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Reading connections kept open.
const KEPT_READERS: usize = 4;

/// Kibibytes of page cache of the writing connection.
const WRITER_CACHE: i64 = 48 * 1024;
/// Kibibytes of page cache of a reading connection.
const READER_CACHE: i64 = 8 * 1024;

/// Where connections come from.
pub(super) struct Connections {
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    file: Option<(PathBuf, Secret<32>)>,
    /// Opened segments, shared by the reading connections.
    pub(super) cache: SegmentCache,
}

impl Connections {
    /// Opens the database file, making it when there is none.
    pub(super) fn open(path: &Path, key: &Secret<32>) -> Result<Self, LibraryError> {
        let is_new = !path.try_exists()?;
        let is_proved = check_key(path, key, is_new)?;
        let writer = connect(path, key, WRITER_CACHE).map_err(|error| {
            let is_damage = is_proved && matches!(error, LibraryError::WrongKey);
            if is_damage { LibraryError::Damaged { what: "the first page does not open" } } else { error }
        })?;
        schema::prepare(&writer)?;
        if !is_proved {
            write_check(path, key)?;
        }
        Ok(Self::new(writer, Some((path.to_owned(), key.duplicate()))))
    }

    /// A database in memory.
    pub(super) fn open_in_memory() -> Result<Self, LibraryError> {
        let writer = Connection::open_in_memory()?;
        writer.pragma_update(None, "temp_store", "MEMORY")?;
        writer.set_prepared_statement_cache_capacity(64);
        schema::prepare(&writer)?;
        Ok(Self::new(writer, None))
    }

    fn new(writer: Connection, file: Option<(PathBuf, Secret<32>)>) -> Self {
        Self {
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
            file,
            cache: SegmentCache::default(),
        }
    }

    /// The writing connection, for one at a time.
    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Connection>, LibraryError> {
        match self.writer.try_lock() {
            Ok(guard) => Ok(guard),
            // A panic left the connection as SQLite left it: an open transaction is rolled back by the next owner.
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(LibraryError::Busy),
        }
    }

    /// Runs a read on a connection of its own, so that it goes on beside a write.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, LibraryError>,
    ) -> Result<T, LibraryError> {
        let Some((path, key)) = &self.file else { return read(&*self.writer()?) };
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(path, key, READER_CACHE)?,
        };
        connection.execute_batch("BEGIN")?;
        let result = read(&connection);
        let ended = connection.execute_batch("COMMIT");
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.is_ok() && readers.len() < KEPT_READERS {
            readers.push(connection);
        }
        result
    }
}

/// Opens a connection and tells it the key and the rules.
fn connect(path: &Path, key: &Secret<32>, cache: i64) -> Result<Connection, LibraryError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let mut pragma = Zeroizing::new(String::with_capacity(96));
    pragma.push_str("PRAGMA key = \"x'");
    for byte in key.expose() {
        // Writing to a string cannot fail.
        let _ = write!(pragma, "{byte:02x}");
    }
    pragma.push_str("'\"");
    connection.execute_batch(&pragma)?;
    connection
        .execute_batch(&format!("PRAGMA cipher_page_size = {PAGE_BYTES}; PRAGMA temp_store = MEMORY;"))?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    debug_assert_eq!(mode, "wal");
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA cache_size = -{cache}; PRAGMA secure_delete = OFF; PRAGMA trusted_schema = OFF;"
    ))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Bytes of a database page.
const PAGE_BYTES: u32 = 8192;

/// Compares the key with the check beside the database. `Ok(true)`: it is the right one.
fn check_key(path: &Path, key: &Secret<32>, is_new: bool) -> Result<bool, LibraryError> {
    match fs::read(check_path(path)) {
        Ok(found) if is_new || found.len() != 32 => Ok(false),
        Ok(found) if bool::from(found.as_slice().ct_eq(check_of(key).expose())) => Ok(true),
        Ok(_) => Err(LibraryError::WrongKey),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn write_check(path: &Path, key: &Secret<32>) -> Result<(), LibraryError> {
    let unfinished = path.with_extension("check-new");
    let mut file = File::create(&unfinished)?;
    file.write_all(check_of(key).expose())?;
    file.sync_all()?;
    fs::rename(unfinished, check_path(path))?;
    Ok(())
}

fn check_path(path: &Path) -> PathBuf {
    path.with_extension("check")
}

/// Tells a wrong key from a damaged file; says nothing about the key itself.
fn check_of(key: &Secret<32>) -> Secret<32> {
    Secret::take(&mut blake3::derive_key("coffer 2026 chats library key check", key.expose()))
}
