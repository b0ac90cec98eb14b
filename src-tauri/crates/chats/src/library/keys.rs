//! Row keys that follow time, so that the newest message has the largest key whatever conversation it is in.

use super::error::LibraryError;
use rusqlite::Connection;
use std::collections::HashMap;

/// Keys of one minute.
const SLOTS: i64 = 256;
const MINUTE_MS: i64 = 60_000;
/// 4096 years: far beyond any clock, far below overflow.
const LAST_MINUTE: i64 = 1 << 31;
/// Minutes whose last key is remembered.
const REMEMBERED: usize = 1 << 16;

/// The first key of the minute `utc_ms` is in.
pub(super) fn first_key(utc_ms: i64) -> i64 {
    utc_ms.div_euclid(MINUTE_MS).clamp(0, LAST_MINUTE) * SLOTS
}

/// The last key a message of this time may have.
pub(super) fn last_key(utc_ms: i64) -> i64 {
    first_key(utc_ms).saturating_add(SPILL)
}

/// The minute a key was made for, in keys; a key moves only when this changes.
pub(super) fn is_in_minute(key: i64, utc_ms: i64) -> bool {
    // A full minute spills into the ones after it, so a later key may still be right.
    key.div_euclid(SLOTS) >= first_key(utc_ms) / SLOTS && key < first_key(utc_ms) + SPILL
}

/// How far a key may stand behind its minute and still be in order for search: an hour.
const SPILL: i64 = 60 * SLOTS;

/// Hands out keys.
pub(super) struct KeyMaker {
    /// Largest key of the table when the run began, or made since.
    top: i64,
    /// Minute (as first key) to its largest key.
    tails: HashMap<i64, i64>,
    /// Full minute to the next one that may have room.
    full: HashMap<i64, i64>,
}

impl KeyMaker {
    /// Looks at the keys that are there.
    pub(super) fn open(connection: &Connection) -> Result<Self, LibraryError> {
        let top: Option<i64> = connection.query_row("SELECT max(key) FROM message", [], |row| row.get(0))?;
        Ok(Self { top: top.unwrap_or(-1), tails: HashMap::new(), full: HashMap::new() })
    }

    /// A free key for a message of this time.
    pub(super) fn make(&mut self, connection: &Connection, utc_ms: i64) -> Result<i64, LibraryError> {
        let wanted = first_key(utc_ms);
        let mut minute = wanted;
        let mut passed = Vec::new();
        loop {
            while let Some(next) = self.full.get(&minute) {
                passed.push(minute);
                minute = *next;
            }
            let key = self.tail(connection, minute)?.map_or(minute, |tail| tail + 1);
            if key < minute + SLOTS {
                self.tails.insert(minute, key);
                self.top = self.top.max(key);
                // The next one of a crowded minute goes straight to where there is room.
                for full in passed {
                    self.full.insert(full, minute);
                }
                return Ok(key);
            }
            self.full.insert(minute, minute + SLOTS);
        }
    }

    fn tail(&mut self, connection: &Connection, minute: i64) -> Result<Option<i64>, LibraryError> {
        if let Some(tail) = self.tails.get(&minute) {
            return Ok(Some(*tail));
        }
        if self.tails.len() >= REMEMBERED {
            self.tails.clear();
        }
        if minute > self.top {
            return Ok(None);
        }
        let tail = connection
            .prepare_cached("SELECT max(key) FROM message WHERE key BETWEEN ? AND ?")?
            .query_row([minute, minute + SLOTS - 1], |row| row.get(0))?;
        Ok(tail)
    }
}
