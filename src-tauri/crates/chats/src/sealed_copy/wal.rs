//! Copies a database together with what its write-ahead log has committed, as SQLite itself would read both.
//!
//! The log's format: sqlite.org/fileformat2.html, section 4. A frame counts when its salts are the header's, its running
//! checksum is right and a later (or its own) frame commits it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::ChatError;

const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;
const LOG_MAGIC: u32 = 0x377f_0682;
/// Begins a rollback journal that was not ended.
const JOURNAL_MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// Where page 1 says that the database has a write-ahead log: 2, else 1.
const VERSIONS: std::ops::Range<usize> = 18..20;

/// What tells that a database was written to in the meantime.
#[derive(PartialEq, Eq)]
pub(super) struct Stand([Option<(u64, Option<SystemTime>)>; 2]);

impl Stand {
    pub(super) fn of(path: &Path, log: &Path) -> io::Result<Self> {
        let main = fs::metadata(path)?;
        let log = fs::metadata(log).ok();
        let stand = |about: fs::Metadata| (about.len(), about.modified().ok());
        Ok(Self([Some(stand(main)), log.map(stand)]))
    }
}

pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Writes the database as it is with its log, and without one.
pub(super) fn copy(path: &Path, log: &Path, to: &mut dyn Write) -> Result<(), ChatError> {
    if is_half_written(path)? {
        return Err(ChatError::Changing);
    }
    let mut main = BufReader::with_capacity(1 << 18, File::open(path)?);
    let log = match File::open(log) {
        Ok(log) => Log::read(log)?,
        Err(_) => None,
    };
    match log {
        Some(mut log) => log.copy_over(&mut main, to)?,
        None => {
            let mut start = Vec::new();
            (&mut main).take(100).read_to_end(&mut start)?;
            without_log(&mut start);
            to.write_all(&start)?;
            io::copy(&mut main, to)?;
        }
    }
    Ok(())
}

/// A rollback journal lies beside it: its last writer was stopped in the middle.
fn is_half_written(path: &Path) -> io::Result<bool> {
    let Ok(mut journal) = File::open(beside(path, "-journal")) else { return Ok(false) };
    let mut start = Vec::new();
    (&mut journal).take(8).read_to_end(&mut start)?;
    Ok(start == JOURNAL_MAGIC)
}

fn without_log(page_1: &mut [u8]) {
    if page_1.starts_with(b"SQLite format 3\0")
        && let Some(versions) = page_1.get_mut(VERSIONS)
    {
        versions.fill(1);
    }
}

/// The committed pages of a write-ahead log.
struct Log {
    file: File,
    page: u64,
    /// Where the newest content of a page begins.
    places: BTreeMap<u32, u64>,
    /// Pages of the database after the last commit.
    pages: u32,
}

impl Log {
    /// `None` when nothing in it counts.
    fn read(file: File) -> io::Result<Option<Self>> {
        let mut input = BufReader::with_capacity(1 << 18, file);
        let mut header = [0_u8; 32];
        if input.read_exact(&mut header).is_err() {
            return Ok(None);
        }
        let magic = word(&header, 0);
        let page = u64::from(word(&header, 8));
        let is_known = magic & !1 == LOG_MAGIC && page.is_power_of_two() && (512..=65_536).contains(&page);
        let mut sum = Sum { is_big: magic & 1 == 1, values: (0, 0) };
        sum.add(&header[..24]);
        if !is_known || sum.values != (word(&header, 24), word(&header, 28)) {
            return Ok(None);
        }
        let (mut places, mut waiting, mut pages) = (BTreeMap::new(), BTreeMap::new(), 0);
        let mut at = LOG_HEADER;
        let mut frame = vec![0_u8; usize::try_from(FRAME_HEADER + page).unwrap_or(0)];
        while input.read_exact(&mut frame).is_ok() {
            let (head, content) = frame.split_at(24);
            sum.add(&head[..8]);
            sum.add(content);
            let is_of_this_log = head[8..16] == header[16..24];
            if !is_of_this_log || sum.values != (word(head, 16), word(head, 20)) {
                break;
            }
            waiting.insert(word(head, 0), at + FRAME_HEADER);
            let committed = word(head, 4);
            if committed > 0 {
                pages = committed;
                places.append(&mut waiting);
            }
            at += FRAME_HEADER + page;
        }
        let log = Self { file: input.into_inner(), page, places, pages };
        Ok((pages > 0).then_some(log))
    }

    fn copy_over(&mut self, main: &mut (impl Read + Seek), to: &mut dyn Write) -> io::Result<()> {
        let mut content = vec![0_u8; usize::try_from(self.page).unwrap_or(0)];
        let length = main.seek(SeekFrom::End(0))?;
        main.rewind()?;
        // A page that is in neither would be a hole; a log made for another file may claim any number of them.
        let known = length / self.page + u64::try_from(self.places.len()).unwrap_or(u64::MAX);
        let pages = u64::from(self.pages).min(known);
        for number in 1..=u32::try_from(pages).unwrap_or(u32::MAX) {
            let is_in_main = u64::from(number) * self.page <= length;
            if is_in_main {
                main.read_exact(&mut content)?;
            } else {
                content.fill(0);
            }
            if let Some(place) = self.places.get(&number) {
                self.file.seek(SeekFrom::Start(*place))?;
                self.file.read_exact(&mut content)?;
            }
            if number == 1 {
                without_log(&mut content);
            }
            to.write_all(&content)?;
        }
        Ok(())
    }
}

/// The log's running checksum.
struct Sum {
    is_big: bool,
    values: (u32, u32),
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let (one, two) = (self.word(pair, 0), self.word(pair, 4));
            self.values.0 = self.values.0.wrapping_add(one).wrapping_add(self.values.1);
            self.values.1 = self.values.1.wrapping_add(two).wrapping_add(self.values.0);
        }
    }

    fn word(&self, bytes: &[u8], at: usize) -> u32 {
        let value = word(bytes, at);
        if self.is_big { value } else { value.swap_bytes() }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(bytes.get(at..at + 4).unwrap_or(&[0; 4]));
    u32::from_be_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealed_copy::SealedDatabase;
    use crate::sealed_copy::tests::workroom;
    use rusqlite::Connection;

    /// A database with 50 rows in the file and `more` rows, and a changed one, only in the log; both copied while open.
    fn with_log(folder: &Path, more: u32) -> PathBuf {
        let live = folder.join("live.db");
        let connection = Connection::open(&live).unwrap();
        connection.query_row("PRAGMA journal_mode = wal", [], |_| Ok(())).unwrap();
        connection.execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)").unwrap();
        let add = |from: u32, to: u32| {
            connection.execute_batch("BEGIN").unwrap();
            for row in from..to {
                connection.execute("INSERT INTO t VALUES (?, ?)", (row, "y".repeat(300))).unwrap();
            }
            connection.execute_batch("COMMIT").unwrap();
        };
        add(0, 50);
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        add(50, 50 + more);
        connection.execute("UPDATE t SET b = 'changed' WHERE a = 7", []).unwrap();
        let copied = folder.join("copied.db");
        fs::copy(&live, &copied).unwrap();
        fs::copy(beside(&live, "-wal"), beside(&copied, "-wal")).unwrap();
        copied
    }

    fn rows(folder: &Path, path: &Path) -> (i64, String) {
        let copy = workroom(&folder.join("room")).copy_database(path).unwrap();
        let sealed = SealedDatabase::open(copy).unwrap();
        let get = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        sealed.query_row("SELECT count(*), (SELECT b FROM t WHERE a = 7) FROM t", [], get).unwrap()
    }

    #[test]
    fn what_only_the_log_has_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = with_log(folder.path(), 400);

        assert_eq!(rows(folder.path(), &path), (450, "changed".to_owned()));
        let own: i64 = Connection::open(&path)
            .unwrap()
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(own, 450, "SQLite itself sees the same");
    }

    #[test]
    fn a_log_that_is_cut_off_counts_up_to_its_last_whole_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = with_log(folder.path(), 400);
        let log = beside(&path, "-wal");
        let length = fs::metadata(&log).unwrap().len();
        File::options().write(true).open(&log).unwrap().set_len(length - 5).unwrap();

        let (count, seventh) = rows(folder.path(), &path);

        assert_eq!(count, 450);
        assert_eq!(seventh, "y".repeat(300), "the update was the last commit");
    }

    #[test]
    fn a_log_of_another_database_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = with_log(folder.path(), 10);
        let log = beside(&path, "-wal");
        let mut bytes = fs::read(&log).unwrap();
        bytes[17] ^= 1;
        fs::write(&log, bytes).unwrap();

        assert_eq!(rows(folder.path(), &path).0, 50);
    }

    #[test]
    fn a_database_that_is_being_written_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = with_log(folder.path(), 10);
        fs::write(beside(&path, "-journal"), JOURNAL_MAGIC).unwrap();

        let copied = workroom(folder.path()).copy_database(&path);

        assert!(matches!(copied.map(|_| ()), Err(ChatError::Changing)));
    }
}
