//! The log of a conversation: canonical records one after the other, cut into segments.
//!
//! A segment ends with the first record that brings it to [`CUT_BYTES`] or more; the last one may be shorter and grows.
//! The rule depends on the log alone, so the same log always gives the same segments.

use super::error::LibraryError;
use crate::record::Record;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A segment is full at this many bytes.
pub(super) const CUT_BYTES: usize = 64 * 1024;
/// No segment of a well-formed log is longer than one record (64 MiB of text and of raw bytes) on top of that.
const LONGEST_BYTES: usize = 256 << 20;
const ZSTD_LEVEL: i32 = 3;
/// Opened segments kept for reading.
const CACHED: usize = 48;

/// Where a record starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Row of the segment.
    pub(super) segment: i64,
    /// Byte in it.
    pub(super) start: i64,
}

/// Appends to one conversation's log.
pub(super) struct LogWriter {
    conversation: i64,
    row: i64,
    place: i64,
    records: i64,
    bytes: Vec<u8>,
    is_stored: bool,
}

impl LogWriter {
    /// Goes on where the log ends.
    pub(super) fn open(connection: &Connection, conversation: i64) -> Result<Self, LibraryError> {
        let last = connection
            .prepare_cached(
                "SELECT s, place, records, bytes, length FROM segment WHERE conversation = ? ORDER BY place DESC LIMIT 1",
            )?
            .query_row([conversation], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?, row.get::<_, i64>(4)?))
            })
            .optional()?;
        let mut log = Self { conversation, row: 0, place: 0, records: 0, bytes: Vec::new(), is_stored: true };
        match last {
            Some((row, place, records, bytes, length)) => {
                (log.row, log.place, log.records) = (row, place, records);
                log.bytes = unpack(&bytes, length)?;
                if log.bytes.len() >= CUT_BYTES {
                    log.begin_next(connection)?;
                }
            }
            None => log.row = next_row(connection)?,
        }
        Ok(log)
    }

    /// Appends one record.
    pub(super) fn append(&mut self, connection: &Connection, record: &[u8]) -> Result<Spot, LibraryError> {
        if self.bytes.len() >= CUT_BYTES {
            self.store(connection)?;
            self.begin_next(connection)?;
        }
        let spot = Spot { segment: self.row, start: number(self.bytes.len()) };
        self.bytes.extend_from_slice(record);
        self.records += 1;
        self.is_stored = false;
        Ok(spot)
    }

    /// Writes the open segment, before a commit.
    pub(super) fn store(&mut self, connection: &Connection) -> Result<(), LibraryError> {
        if self.is_stored {
            return Ok(());
        }
        let packed = zstd::bulk::compress(&self.bytes, ZSTD_LEVEL)?;
        connection
            .prepare_cached(
                "INSERT INTO segment (s, conversation, place, records, length, hash, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (s) DO UPDATE SET records = excluded.records, length = excluded.length,
                 hash = excluded.hash, bytes = excluded.bytes",
            )?
            .execute(params![
                self.row,
                self.conversation,
                self.place,
                self.records,
                number(self.bytes.len()),
                blake3::hash(&self.bytes).as_bytes(),
                packed
            ])?;
        self.is_stored = true;
        Ok(())
    }

    /// The record at `spot`, when it is in the open segment.
    pub(super) fn peek(&self, spot: Spot) -> Option<&[u8]> {
        if spot.segment != self.row {
            return None;
        }
        usize::try_from(spot.start).ok().and_then(|start| self.bytes.get(start..))
    }

    fn begin_next(&mut self, connection: &Connection) -> Result<(), LibraryError> {
        self.row = next_row(connection)?;
        self.place += 1;
        self.records = 0;
        self.bytes.clear();
        self.is_stored = true;
        Ok(())
    }
}

/// The next row number of `segment`; never one that was used before, so that cached segments stay right.
fn next_row(connection: &Connection) -> Result<i64, LibraryError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'segment'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0) + 1)
}

/// Opens a stored segment.
pub(super) fn unpack(packed: &[u8], length: i64) -> Result<Vec<u8>, LibraryError> {
    let damaged = LibraryError::Damaged { what: "a segment of the log does not unpack" };
    let capacity = usize::try_from(length).ok().filter(|length| *length <= LONGEST_BYTES);
    let Some(capacity) = capacity else { return Err(damaged) };
    match zstd::bulk::decompress(packed, capacity) {
        Ok(bytes) if bytes.len() == capacity => Ok(bytes),
        _ => Err(damaged),
    }
}

/// Segments that were opened lately. A segment only grows, so an older copy is right as far as it goes.
#[derive(Default)]
pub(super) struct SegmentCache(Mutex<(u64, Held)>);

/// Row to when it was last used, by counting, and its bytes.
type Held = HashMap<i64, (u64, Arc<Vec<u8>>)>;

impl SegmentCache {
    /// Reads the record at `spot`.
    pub(super) fn record(&self, connection: &Connection, spot: Spot) -> Result<Record, LibraryError> {
        let bytes = self.segment(connection, spot)?;
        let start = usize::try_from(spot.start).ok();
        let rest = start.and_then(|start| bytes.get(start..)).unwrap_or_default();
        Ok(Record::decode_first(rest)?.0)
    }

    /// Forgets everything: after a rollback, row numbers may come again with other bytes.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clear();
    }

    fn segment(&self, connection: &Connection, spot: Spot) -> Result<Arc<Vec<u8>>, LibraryError> {
        if let Some(found) = self.find(spot) {
            return Ok(found);
        }
        let (packed, length) = connection
            .prepare_cached("SELECT bytes, length FROM segment WHERE s = ?")?
            .query_row([spot.segment], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)))
            .optional()?
            .ok_or(LibraryError::Damaged { what: "a segment of the log is missing" })?;
        let bytes = Arc::new(unpack(&packed, length)?);
        self.keep(spot.segment, &bytes);
        Ok(bytes)
    }

    fn find(&self, spot: Spot) -> Option<Arc<Vec<u8>>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (clock, segments) = &mut *held;
        *clock += 1;
        let (used, bytes) = segments.get_mut(&spot.segment)?;
        *used = *clock;
        (number(bytes.len()) > spot.start).then(|| Arc::clone(bytes))
    }

    fn keep(&self, segment: i64, bytes: &Arc<Vec<u8>>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (clock, segments) = &mut *held;
        if segments.len() >= CACHED {
            let oldest = segments.iter().min_by_key(|(_, (used, _))| *used).map(|(segment, _)| *segment);
            if let Some(oldest) = oldest {
                segments.remove(&oldest);
            }
        }
        segments.insert(segment, (*clock, Arc::clone(bytes)));
    }
}

/// A length as SQLite counts it.
pub(super) fn number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
