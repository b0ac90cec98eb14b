//! Encrypted, deduplicated, verifiable storage of named entries.
//!
//! A tour of the format (`FORMAT.md` beside `src/` is normative): an *entry* is a named run of *chunks*; chunks
//! lie sealed in *packs*; *index* segments say where; a *snapshot* lists all entries of one backup and is
//! written last. Every file is written once, under the BLAKE3 hash of its bytes. [`Repository`] opens a place,
//! [`SnapshotWriter`] makes a backup, [`SnapshotReader`] reads one, [`Repository::check`] proves it.

mod aead;
mod cbor;
mod check;
mod compress;
mod damage;
mod error;
mod index;
mod keyslots;
mod names;
mod pack;
mod pieces;
mod place;
mod plain;
mod reader;
mod repository;
mod retention;
mod sealed;
mod snapshot;
mod store;
mod tree;
mod writer;

pub use check::{CheckDepth, CheckOutcome};
pub use damage::{Damage, What};
pub use error::ArchiveError;
pub use keyslots::{delete_keyslots_except, read_keyslots, write_keyslots};
pub use pieces::{MEDIA_PIECE, ORIGINAL_PIECE};
pub use reader::SnapshotReader;
pub use repository::{Locked, Repository, Unlocked};
pub use retention::{Candidate, Retention};
pub use snapshot::{
    ChunkKind, ChunkRef, Counts, Entry, Head, SnapshotId, SnapshotInfo, WriterId, WriterInfo,
};
#[cfg(any(test, feature = "testing"))]
pub use store::{Failure, MemoryStore};
pub use store::{ObjectInfo, Store, StoreError, is_safe_name};
pub use writer::{SealedSnapshot, SnapshotWriter};
