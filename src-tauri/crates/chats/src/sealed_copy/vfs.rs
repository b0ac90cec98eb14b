//! SQLite reads a sealed copy: a read-only file system with as many files as there are copies open.
//!
//! Only `xOpen`, `xRead` and `xFileSize` do anything. A copy never changes (`SQLITE_IOCAP_IMMUTABLE`), so there are no
//! locks, no journals and no shared memory; everything that would write, and every temporary file, is refused.
#![expect(unsafe_code, reason = "SQLite's file systems are C structs")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ops::Deref;
use std::ptr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rusqlite::ffi;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::SealedCopy;

/// The name SQLite knows the file system by.
const NAME: &CStr = c"coffer-sealed";

/// Longest value a row may hold: more than any message or thumbnail.
const MAX_VALUE: i32 = 64 << 20;

/// Open copies by their number, which is the name of the file.
static COPIES: Mutex<(u64, BTreeMap<u64, Arc<SealedCopy>>)> = Mutex::new((0, BTreeMap::new()));

/// A database inside a sealed copy, open for reading.
pub(crate) struct SealedDatabase {
    /// Before the ticket, so that it is closed first.
    connection: Connection,
    _ticket: Ticket,
}

impl SealedDatabase {
    /// Opens the copy as a database; that it is one shows with the first query.
    ///
    /// # Errors
    /// When SQLite cannot open it.
    pub(crate) fn open(copy: SealedCopy) -> rusqlite::Result<Self> {
        register()?;
        let ticket = Ticket::of(copy);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags_and_vfs(ticket.0.to_string(), flags, NAME)?;
        harden(&connection)?;
        Ok(Self { connection, _ticket: ticket })
    }
}

/// The file comes from a stranger: nothing in its schema may do more than hold rows.
pub(super) fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384; PRAGMA query_only = ON;",
    )
}

impl Deref for SealedDatabase {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// Keeps a copy in the list for as long as it may be opened.
struct Ticket(u64);

impl Ticket {
    fn of(copy: SealedCopy) -> Self {
        let mut copies = COPIES.lock().unwrap_or_else(PoisonError::into_inner);
        copies.0 += 1;
        let number = copies.0;
        copies.1.insert(number, Arc::new(copy));
        Self(number)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        COPIES.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.0);
    }
}

fn copy_named(name: &CStr) -> Option<Arc<SealedCopy>> {
    let number: u64 = name.to_str().ok()?.parse().ok()?;
    COPIES.lock().unwrap_or_else(PoisonError::into_inner).1.get(&number).cloned()
}

/// What SQLite keeps for an open file; it begins as the C struct does.
#[repr(C)]
struct OpenFile {
    base: ffi::sqlite3_file,
    /// From [`Arc::into_raw`]; given back by [`close`].
    copy: *const SealedCopy,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(flags_ok),
    xFileSize: Some(file_size),
    xLock: Some(flags_ok),
    xUnlock: Some(flags_ok),
    xCheckReservedLock: Some(no_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// Makes the file system known to SQLite, once.
fn register() -> rusqlite::Result<()> {
    static DONE: OnceLock<c_int> = OnceLock::new();
    let code = *DONE.get_or_init(|| {
        let size = c_int::try_from(size_of::<OpenFile>()).unwrap_or(c_int::MAX);
        let vfs = Box::new(ffi::sqlite3_vfs {
            iVersion: 1,
            szOsFile: size,
            mxPathname: 64,
            pNext: ptr::null_mut(),
            zName: NAME.as_ptr(),
            pAppData: ptr::null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_name),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: Some(last_error),
            xCurrentTimeInt64: None,
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        });
        // SAFETY: the struct is valid and lives for ever, as SQLite asks; `zName` is static.
        unsafe { ffi::sqlite3_vfs_register(Box::into_raw(vfs), 0) }
    });
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    _flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes; without methods it does not call `xClose` for a file that did not open.
    unsafe { (*file).pMethods = ptr::null() };
    if name.is_null() {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: not null, and SQLite's names end with a zero byte.
    let Some(copy) = copy_named(unsafe { CStr::from_ptr(name) }) else { return ffi::SQLITE_CANTOPEN };
    let open = file.cast::<OpenFile>();
    // SAFETY: `open` points to `szOsFile` bytes, as large as an `OpenFile` and aligned for one.
    unsafe {
        (*open).copy = Arc::into_raw(copy);
        (*open).base.pMethods = &raw const METHODS;
        if !out_flags.is_null() {
            *out_flags = ffi::SQLITE_OPEN_READONLY | ffi::SQLITE_OPEN_MAIN_DB;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let open = file.cast::<OpenFile>();
    // SAFETY: `open` was filled by `open`, and SQLite closes a file once.
    unsafe {
        drop(Arc::from_raw((*open).copy));
        (*open).copy = ptr::null();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let (Ok(length), Ok(offset)) = (usize::try_from(amount), u64::try_from(offset)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    // SAFETY: the file is open, and SQLite gives `amount` bytes of its own to fill, initialised or about to be.
    let (copy, buffer) = unsafe {
        ptr::write_bytes(to.cast::<u8>(), 0, length);
        (&*(*file.cast::<OpenFile>()).copy, std::slice::from_raw_parts_mut(to.cast::<u8>(), length))
    };
    match copy.read_at(offset, buffer) {
        Ok(count) if count == length => ffi::SQLITE_OK,
        Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(_) => ffi::SQLITE_IOERR_READ,
    }
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: the file is open and `size` is SQLite's to fill.
    unsafe {
        let copy = &*(*file.cast::<OpenFile>()).copy;
        *size = i64::try_from(copy.length()).unwrap_or(i64::MAX);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn write(
    _file: *mut ffi::sqlite3_file,
    _from: *const c_void,
    _amount: c_int,
    _offset: ffi::sqlite3_int64,
) -> c_int {
    ffi::SQLITE_READONLY
}

unsafe extern "C" fn truncate(_file: *mut ffi::sqlite3_file, _size: ffi::sqlite3_int64) -> c_int {
    ffi::SQLITE_READONLY
}

unsafe extern "C" fn flags_ok(_file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn no_reserved_lock(_file: *mut ffi::sqlite3_file, held: *mut c_int) -> c_int {
    // SAFETY: `held` is SQLite's to fill.
    unsafe { *held = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_file: *mut ffi::sqlite3_file, _op: c_int, _arg: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    4096
}

unsafe extern "C" fn device(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_IMMUTABLE
}

unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, _name: *const c_char, _sync: c_int) -> c_int {
    ffi::SQLITE_IOERR_DELETE
}

unsafe extern "C" fn access(
    _vfs: *mut ffi::sqlite3_vfs,
    _name: *const c_char,
    _flags: c_int,
    found: *mut c_int,
) -> c_int {
    // SAFETY: `found` is SQLite's to fill. No copy has a journal or a write-ahead log beside it.
    unsafe { *found = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_name(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite's names end with a zero byte.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if usize::try_from(room).is_ok_and(|room| bytes.len() <= room) {
        // SAFETY: `out` has `room` bytes, and the name with its zero byte fits in them.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), out.cast::<u8>(), bytes.len()) };
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_CANTOPEN
    }
}

// Only asked of the default file system; a reader draws nothing at random.
unsafe extern "C" fn randomness(_vfs: *mut ffi::sqlite3_vfs, _room: c_int, _out: *mut c_char) -> c_int {
    0
}

unsafe extern "C" fn sleep(_vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

// Only date functions ask; nothing here calls one.
unsafe extern "C" fn current_time(_vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: `out` is SQLite's to fill. 1970-01-01 as a Julian day.
    unsafe { *out = 2_440_587.5 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn last_error(_vfs: *mut ffi::sqlite3_vfs, _room: c_int, _out: *mut c_char) -> c_int {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealed_copy::tests::workroom;
    use std::path::Path;

    fn database(folder: &Path, rows: i64) -> std::path::PathBuf {
        let path = folder.join("source.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("BEGIN; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)").unwrap();
        let mut insert = connection.prepare("INSERT INTO t VALUES (?, ?)").unwrap();
        for row in 0..rows {
            insert.execute(rusqlite::params![row, "x".repeat(200)]).unwrap();
        }
        drop(insert);
        connection.execute_batch("COMMIT").unwrap();
        path
    }

    #[test]
    fn a_sealed_database_answers_as_the_source_does() {
        let folder = tempfile::tempdir().unwrap();
        let source = database(folder.path(), 3000);

        let copy = workroom(&folder.path().join("room")).copy_database(&source).unwrap();
        let sealed = SealedDatabase::open(copy).unwrap();

        let sum: i64 = sealed.query_row("SELECT sum(a) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(sum, 3000 * 2999 / 2);
        let check: String = sealed.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }

    #[test]
    fn a_sealed_database_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let copy = workroom(folder.path()).copy_database(&database(folder.path(), 1)).unwrap();
        let sealed = SealedDatabase::open(copy).unwrap();

        assert!(sealed.execute_batch("DELETE FROM t").is_err());
        assert!(sealed.execute_batch("ATTACH 'x.db' AS x").is_err());
    }

    #[test]
    fn a_copy_ends_with_its_database() {
        let folder = tempfile::tempdir().unwrap();
        let copy = workroom(folder.path()).copy_database(&database(folder.path(), 1)).unwrap();
        let sealed = SealedDatabase::open(copy).unwrap();
        let number = sealed._ticket.0.to_string();

        drop(sealed);

        assert!(copy_named(&std::ffi::CString::new(number).unwrap()).is_none());
    }
}
