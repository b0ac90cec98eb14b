//! Where a repository's files lie: named byte strings that are written once and never changed.

use std::fmt;
use std::io;

/// A file in a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectInfo {
    /// Its name, with `/` between folders: `packs/3f/3f9a….cpk`.
    pub name: String,
    /// Its bytes.
    pub size: u64,
}

/// A place for files.
///
/// Names are relative, in ASCII, with `/` between folders (see [`is_safe_name`]). A `put` that returned
/// `Ok` survives a power cut; one that did not may have left the whole file, or nothing under that name.
/// What a store hands back is untrusted: everything above checks it.
pub trait Store: Send + Sync {
    /// Reads a whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::TooLarge`] before anything large is allocated, or what the
    /// place says.
    fn get(&self, name: &str, limit: u64) -> Result<Vec<u8>, StoreError>;

    /// Reads up to `length` bytes from `offset`; fewer when the file ends earlier.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or what the place says.
    fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Vec<u8>, StoreError>;

    /// Writes a new file, durably. Writing the same bytes a second time is fine.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the name holds other bytes: nothing is ever replaced. Otherwise what
    /// the place says.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// Lists every file whose name starts with `prefix` (empty, or ending in `/`), in order of names.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when the place itself is gone; a missing folder is an empty list.
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError>;

    /// Removes a file; a file that is not there is fine.
    ///
    /// # Errors
    /// What the place says.
    fn delete(&self, name: &str) -> Result<(), StoreError>;

    /// Free bytes of the place, where it can tell.
    ///
    /// # Errors
    /// What the place says.
    fn free_space(&self) -> Result<Option<u64>, StoreError>;
}

/// What a place says instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No file of that name.
    #[error("no such file in the place")]
    NotFound,
    /// The name holds other bytes.
    #[error("the name is taken by other bytes")]
    Exists,
    /// The file is larger than any file of its kind may be.
    #[error("file of {size} bytes is larger than the {limit} allowed")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The most that is read.
        limit: u64,
    },
    /// The place is full.
    #[error("the place is full")]
    NoSpace,
    /// The place cannot be written.
    #[error("the place is read-only")]
    ReadOnly,
    /// The place refuses this user.
    #[error("the place refuses access")]
    PermissionDenied,
    /// The place is not there: unplugged, unmounted, offline.
    #[error("the place is not there")]
    Unreachable,
    /// The name cannot be a file of a repository.
    #[error("not a name of a repository file")]
    BadName,
    /// The device failed.
    #[error("the place failed: {kind}")]
    Io {
        /// What the system calls it.
        kind: io::ErrorKind,
    },
}

impl StoreError {
    /// True when trying again without a change of the place cannot help.
    pub fn is_final(&self) -> bool {
        match self {
            Self::NoSpace | Self::ReadOnly | Self::PermissionDenied | Self::Unreachable => true,
            Self::NotFound | Self::Exists | Self::TooLarge { .. } | Self::BadName | Self::Io { .. } => false,
        }
    }
}

/// Says whether `name` is one a repository may use: relative, ASCII letters, digits, `-`, `_`, `.` and `/`,
/// no empty part, no part that starts with a dot, at most 200 bytes.
pub fn is_safe_name(name: &str) -> bool {
    let part_is_safe = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    name.len() <= 200 && name.split('/').all(part_is_safe)
}

impl fmt::Display for ObjectInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.size)
    }
}

#[cfg(any(test, feature = "testing"))]
pub use memory::{Failure, MemoryStore};

#[cfg(any(test, feature = "testing"))]
mod memory;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_place_are_refused() {
        for name in
            ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/.hidden", "a\\b", "a b", "C:x", "a/", "\u{e9}"]
        {
            assert!(!is_safe_name(name), "{name:?}");
        }
        for name in ["coffer.json", "READ-ME.txt", "packs/ab/abcd.cpk"] {
            assert!(is_safe_name(name), "{name:?}");
        }
    }
}
