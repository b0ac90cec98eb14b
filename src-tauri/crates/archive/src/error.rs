//! What can go wrong with a repository, as facts.

use crate::damage::What;
use crate::store::StoreError;
use coffer_keys::KeyError;

/// Why the archive did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The place holds no repository.
    #[error("the place holds no repository")]
    NotARepository,
    /// The place already holds another repository, or parts of one.
    #[error("the place already holds a repository")]
    AlreadyARepository,
    /// Written by a newer version in a form this one cannot read.
    #[error("the repository has format {major}, newer than this version reads")]
    Newer {
        /// The format's major number.
        major: u16,
    },
    /// A snapshot needs a feature this version does not know.
    #[error("the snapshot needs a feature this version does not know")]
    UnknownFeature,
    /// Files that must be there did not arrive yet, or only in part.
    #[error("{missing} files are not there yet")]
    StillSyncing {
        /// How many at least.
        missing: u64,
    },
    /// No keyslot file is whole: the repository cannot be unlocked from this place.
    #[error("all {files} keyslot files are damaged")]
    DamagedKeyslots {
        /// How many there are.
        files: u64,
    },
    /// The way to unlock did not work, or the keyslot files are not what they should be.
    #[error("the keyslots did not open")]
    Keys(#[from] KeyError),
    /// One file, or one chunk in it, is not what was written.
    #[error("{file} is {what}")]
    Damaged {
        /// The file in the place.
        file: String,
        /// What is the matter with it.
        what: What,
    },
    /// No file of the place holds this chunk.
    #[error("a chunk is in no file of the place")]
    MissingChunk,
    /// No such snapshot.
    #[error("no such snapshot")]
    NoSuchSnapshot,
    /// The caller handed in something no repository can hold: a bound of FORMAT.md, section 9.
    #[error("{what} is beyond its bound")]
    TooLarge {
        /// What.
        what: &'static str,
    },
    /// An entry names a chunk that was not stored first.
    #[error("the entry names a chunk that is not stored")]
    UnknownChunk,
    /// Reading the input or writing the output failed; not the place.
    #[error("input or output failed: {kind}")]
    Stream {
        /// What the system calls it.
        kind: std::io::ErrorKind,
    },
    /// The place failed.
    #[error("the place failed")]
    Store(#[from] StoreError),
}
